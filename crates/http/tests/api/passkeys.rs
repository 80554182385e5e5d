//! Passkeys, with an authenticator and a client in software that know nothing of this server.

use axum::http::Method;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

use crate::sign_in::{add, browse, cookie, own_path, sign_in};
use crate::support::{Answer, PASSWORD, PUBLIC_URL, Server};

/// The owner of a device, who is there, and whose finger it may know.
struct Owner {
    verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        _presence: bool,
        _verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: self.verified })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// What a device does: a macro, since the type of a client has many parameters.
macro_rules! device {
    ($passkey:expr) => {{
        let owner = Owner { verified: true };
        let mut device =
            Authenticator::new(Aaguid::new_empty(), $passkey, owner, RustCryptoBackend);
        device.set_make_credentials_with_signature_counter(true);
        Client::new(device).allows_insecure_localhost(true)
    }};
}

fn site() -> Url {
    Url::parse(PUBLIC_URL).unwrap()
}

async fn begin_sign_in(server: &Server) -> Value {
    let path = "/api/v1/session/passkey/begin";
    browse(server, Method::POST, path, "", &json!({})).await.expect(201).json()
}

async fn finish_sign_in(server: &Server, credential: &Value) -> Answer {
    browse(server, Method::POST, "/api/v1/session/passkey", "", credential).await
}

/// Has a device make a passkey of whoever is signed in.
macro_rules! register {
    ($server:expr, $device:expr, $session:expr, $path:expr) => {{
        let begin = format!("{}/begin", $path);
        let options = browse($server, Method::POST, &begin, $session, &json!({})).await;
        let options = serde_json::from_str(&options.expect(201).text).unwrap();
        let made = $device.register(&site(), options, DefaultClientData).await.unwrap();
        let mut made = serde_json::to_value(made).unwrap();
        made["name"] = "phone".into();
        made
    }};
}

/// Has a device sign what the server asks.
macro_rules! signed {
    ($server:expr, $device:expr) => {{
        let options = begin_sign_in($server).await.to_string();
        let options = serde_json::from_str(&options).unwrap();
        let signed = $device.authenticate(&site(), options, DefaultClientData).await.unwrap();
        serde_json::to_value(signed).unwrap()
    }};
}

#[test]
fn a_passkey_signs_in_without_login_password_or_code() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let path = format!("{bob}/passkeys");
        let mut device = device!(None::<Passkey>);
        let made = register!(server, device, &session, path);
        // Nobody but themselves, and once.
        server.post(&path, &made).await.expect(403);
        browse(server, Method::POST, &path, &session, &made).await.expect(204);
        browse(server, Method::POST, &path, &session, &made).await.expect(403);
        let answer = finish_sign_in(server, &signed!(server, device)).await.expect(201);
        assert_eq!(answer.json()["login"], "bob");
        assert_eq!(own_path(server, &cookie(&answer)).await, bob);
        let list = browse(server, Method::GET, &path, &session, &Value::Null).await.expect(200);
        let item = &list.json()["items"][0];
        assert_eq!((&item["name"], item["used_at"].is_string()), (&json!("phone"), true));
        let log = server.get("/api/v1/sign-in-log?outcome=signed_in&limit=1").await.expect(200);
        assert_eq!(log.json()["items"][0]["method"], "passkey");
        let one = format!("{path}/{}", item["id"].as_str().unwrap());
        browse(server, Method::DELETE, &one, &session, &json!({})).await.expect(204);
        finish_sign_in(server, &signed!(server, device)).await.expect(401);
    });
}

#[test]
fn what_a_passkey_signed_counts_once_for_this_site_and_its_owner() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let mut device = device!(None::<Passkey>);
        let path = format!("{bob}/passkeys");
        let made = register!(server, device, &session, path);
        browse(server, Method::POST, &path, &session, &made).await.expect(204);
        let mut copy = device!(device.authenticator().store().clone());
        let signed = signed!(server, device);
        finish_sign_in(server, &signed).await.expect(201);
        finish_sign_in(server, &signed).await.expect(403);
        // A part of another answer fits nothing.
        let (one, two) = (signed!(server, device), signed!(server, device));
        let mut mixed = one.clone();
        mixed["response"]["signature"] = two["response"]["signature"].clone();
        finish_sign_in(server, &mixed).await.expect(401);
        let mut stranger = two.clone();
        stranger["response"]["userHandle"] = "AAAAAAAAAAAAAAAAAAAAAA".into();
        finish_sign_in(server, &stranger).await.expect(401);
        // What was made at another site, or to make a passkey, does not sign in.
        let mut elsewhere = signed!(server, device);
        let data = json!({
            "type": "webauthn.get",
            "challenge": begin_sign_in(server).await["publicKey"]["challenge"],
            "origin": "https://example.com",
        });
        let encode =
            |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        elsewhere["response"]["clientDataJSON"] = encode(&data).into();
        finish_sign_in(server, &elsewhere).await.expect(403);
        finish_sign_in(server, &made).await.expect(403);
        finish_sign_in(server, &json!({})).await.expect(403);
        // A copy of the device is found out by its counter, when the other one was used meanwhile.
        finish_sign_in(server, &signed!(server, device)).await.expect(201);
        finish_sign_in(server, &signed!(server, copy)).await.expect(403);
        let log = server.get("/api/v1/sign-in-log?limit=1").await.expect(200).json();
        let last = (&log["items"][0]["method"], &log["items"][0]["outcome"]);
        assert_eq!(last, (&json!("passkey"), &json!("wrong")));
        let locked = json!({ "profile": { "active": false } });
        server.patch(&bob, "*", &locked).await.expect(200);
        finish_sign_in(server, &signed!(server, device)).await.expect(401);
    });
}

/// Somebody tells the server by password alone.
async fn by_password(server: &Server, login: &str) -> Answer {
    let body = json!({ "login": login, "password": PASSWORD });
    browse(server, Method::POST, "/api/v1/session", "", &body).await
}

#[test]
fn a_user_has_several_passkeys_and_nobody_elses() {
    Server::everywhere("", async |server| {
        let (bob, eve) = (add(server, "bob").await, add(server, "eve").await);
        let (bobs, eves) =
            (sign_in(server, "bob", PASSWORD).await, sign_in(server, "eve", PASSWORD).await);
        let (mut phone, mut stick) = (device!(None::<Passkey>), device!(None::<Passkey>));
        let (path, other) = (format!("{bob}/passkeys"), format!("{eve}/passkeys"));
        let mut made = register!(server, phone, &bobs, path);
        made["name"] = " ".into();
        let nameless = browse(server, Method::POST, &path, &bobs, &made).await.expect(422);
        assert_eq!(nameless.paths(), ["name"]);
        made["name"] = "phone".into();
        browse(server, Method::POST, &path, &bobs, &made).await.expect(204);
        // What was asked of one user is nothing for another.
        let mut made = register!(server, stick, &bobs, path);
        made["name"] = "stick".into();
        browse(server, Method::POST, &other, &eves, &made).await.expect(403);
        browse(server, Method::POST, &format!("{path}/begin"), &eves, &json!({})).await.expect(403);
        browse(server, Method::POST, &path, &bobs, &made).await.expect(204);
        for device in [&mut phone, &mut stick] {
            let answer = finish_sign_in(server, &signed!(server, device)).await.expect(201);
            assert_eq!(answer.json()["login"], "bob");
        }
        let list = server.get(&path).await.expect(200).json();
        let names: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["phone", "stick"]);
        // Nobody takes those of others, nor by their own address.
        let id = list["items"][0]["id"].as_str().unwrap();
        browse(server, Method::GET, &path, &eves, &Value::Null).await.expect(403);
        for (path, status) in [(&path, 403), (&other, 404)] {
            let one = format!("{path}/{id}");
            browse(server, Method::DELETE, &one, &eves, &json!({})).await.expect(status);
        }
        // An administrator does.
        server.call(Method::DELETE, &format!("{path}/{id}"), &[], "").await.expect(204);
        finish_sign_in(server, &signed!(server, phone)).await.expect(401);
        finish_sign_in(server, &signed!(server, stick)).await.expect(201);
        // The key of a user that signs for another is nobody's.
        let mut foreign = signed!(server, stick);
        let user = uuid::Uuid::parse_str(eve.rsplit('/').next().unwrap()).unwrap();
        foreign["response"]["userHandle"] =
            data_encoding::BASE64URL_NOPAD.encode(user.as_bytes()).into();
        finish_sign_in(server, &foreign).await.expect(401);
    });
}

/// A policy with one line more.
fn policy(line: &str) -> String {
    format!(
        "[sign_in_policy.MAIN]\nclient_tries = 50\nclient_refill_seconds = 30\nlog_days = 180\n{line}\n"
    )
}

/// Goes the way of somebody who must have a second factor, and takes a passkey.
async fn enrols_a_passkey(server: &Server) {
    let answer = by_password(server, "ada").await.expect(201);
    assert_eq!(answer.json()["must_enrol"], true);
    let own = own_path(server, &cookie(&answer)).await;
    // A new password is no way around.
    let change = json!({ "current": PASSWORD, "password": "correct donkey battery" });
    let own_password = "/api/v1/session/password";
    let changed =
        browse(server, Method::POST, own_password, &cookie(&answer), &change).await.expect(201);
    assert_eq!(changed.json()["must_enrol"], true);
    let back = json!({ "current": "correct donkey battery", "password": PASSWORD });
    let limited = browse(server, Method::POST, own_password, &cookie(&changed), &back).await;
    let limited = cookie(&limited.expect(201));
    browse(server, Method::GET, "/api/v1/user", &limited, &Value::Null).await.expect(403);
    let mut device = device!(None::<Passkey>);
    let path = format!("{own}/passkeys");
    let made = register!(server, device, &limited, path);
    browse(server, Method::POST, &path, &limited, &made).await.expect(204);
    browse(server, Method::GET, "/api/v1/session", &limited, &Value::Null).await.expect(401);
    // Who knows the password gets no further with it: not even to enrol something else.
    let asked = by_password(server, "ada").await.expect(401);
    assert!(asked.json()["type"].as_str().unwrap().ends_with("identity.passkey_needed"));
    let answer = finish_sign_in(server, &signed!(server, device)).await.expect(201);
    assert_eq!(answer.json()["must_enrol"], false);
    browse(server, Method::GET, "/api/v1/user", &cookie(&answer), &Value::Null).await.expect(200);
    let log = server.get("/api/v1/sign-in-log?outcome=passkey_needed").await.expect(200).json();
    assert_eq!(log["items"].as_array().unwrap().len(), 1);
    // Who lost the device begins anew.
    let list = server.get(&path).await.expect(200).json();
    let one = format!("{path}/{}", list["items"][0]["id"].as_str().unwrap());
    server.call(Method::DELETE, &one, &[], "").await.expect(204);
    assert_eq!(by_password(server, "ada").await.expect(201).json()["must_enrol"], true);
}

#[test]
fn a_passkey_is_a_second_factor() {
    Server::everywhere(&policy("second_factor = \"everybody\""), enrols_a_passkey);
}

#[test]
fn a_passkey_can_be_demanded_by_itself() {
    let line = "second_factor = \"nobody\"\npasskey = \"administrators\"";
    Server::everywhere(&policy(line), async |server| {
        add(server, "bob").await;
        assert_eq!(by_password(server, "bob").await.expect(201).json()["must_enrol"], false);
        enrols_a_passkey(server).await;
    });
}
