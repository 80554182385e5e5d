//! Codes of an authenticator app and recovery codes, on each engine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Method;
use data_encoding::BASE32_NOPAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::sign_in::{add, browse, cookie, own_path, sign_in};
use crate::support::{Answer, PASSWORD, Server};

/// The code of an app with this seed, so many steps from now (RFC 6238).
fn code(seed: &str, steps: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let step = i64::try_from(now / 30).unwrap() + steps;
    let seed = BASE32_NOPAD.decode(seed.as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// Waits where the next step is so near that a code could change between two calls.
fn away_from_the_next_step() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() % 30;
    if now > 20 {
        std::thread::sleep(Duration::from_secs(30 - now));
    }
}

async fn try_with(server: &Server, login: &str, code: &str) -> Answer {
    let body = json!({ "login": login, "password": PASSWORD, "code": code });
    browse(server, Method::POST, "/api/v1/session", "", &body).await
}

/// Enrols an app; answers its seed and the recovery codes.
async fn enrol(server: &Server, session: &str) -> (String, Vec<String>) {
    let totp = format!("{}/totp", own_path(server, session).await);
    let told = browse(server, Method::POST, &totp, session, &json!({})).await.expect(201).json();
    let seed = told["seed"].as_str().unwrap().to_string();
    let uri = told["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Tessera:") && uri.contains(&seed), "{uri}");
    assert!(told["svg"].as_str().unwrap().contains("<svg"));
    let confirm = format!("{totp}/confirm");
    let wrong = json!({ "code": "000000" });
    browse(server, Method::POST, &confirm, session, &wrong).await.expect(401);
    // The step before this one, so that those of this and the next can be used below.
    let right = json!({ "code": code(&seed, -1) });
    let codes = browse(server, Method::POST, &confirm, session, &right).await.expect(200).json();
    let codes: Vec<String> = serde_json::from_value(codes["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    (seed, codes)
}

#[test]
fn whoever_enrolled_an_app_signs_in_with_a_code_that_serves_once() {
    Server::everywhere("", async |server| {
        away_from_the_next_step();
        add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let (seed, codes) = enrol(server, &session).await;
        let body = json!({ "login": "bob", "password": PASSWORD });
        let asked = browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(401);
        assert!(asked.json()["type"].as_str().unwrap().ends_with("identity.code_needed"));
        let now = code(&seed, 0);
        let (wrong, old) = (code(&seed, 9), code(&seed, -1));
        try_with(server, "bob", &wrong).await.expect(401);
        try_with(server, "bob", &old).await.expect(401);
        try_with(server, "bob", &now).await.expect(201);
        let again = try_with(server, "bob", &now).await.expect(401);
        assert!(again.json()["type"].as_str().unwrap().ends_with("identity.wrong_code"));
        try_with(server, "bob", &codes[3]).await.expect(201);
        try_with(server, "bob", &codes[3]).await.expect(401);
        try_with(server, "bob", &codes[4].to_uppercase().replace('-', " ")).await.expect(201);
        // With a wrong password nobody is asked for a code.
        let wrong = json!({ "login": "bob", "password": "wrong wrong wrong" });
        let answer = browse(server, Method::POST, "/api/v1/session", "", &wrong).await.expect(401);
        assert!(answer.json()["type"].as_str().unwrap().ends_with("wrong_credentials"));
        let totp = format!("{}/totp", own_path(server, &session).await);
        let state = browse(server, Method::GET, &totp, &session, &Value::Null).await.expect(200);
        assert_eq!(state.json()["recovery_codes"], 8);
        assert!(!state.text.contains(&seed));
        let log = server.get("/api/v1/sign-in-log").await.expect(200);
        for told in ["password_and_code", "password_and_recovery_code", "code_needed"] {
            assert!(log.text.contains(told), "{told}: {}", log.text);
        }
        assert!(!log.text.contains(&codes[3]) && !log.text.contains(&now));
    });
}

#[test]
fn guessed_codes_count_like_guessed_passwords() {
    Server::everywhere("", async |server| {
        add(server, "bob").await;
        let (seed, _) = enrol(server, &sign_in(server, "bob", PASSWORD).await).await;
        let wrong = code(&seed, 9);
        for _ in 0..5 {
            // Asking without a code does not make good for wrong ones.
            let body = json!({ "login": "bob", "password": PASSWORD });
            browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(401);
            try_with(server, "bob", &wrong).await.expect(401);
        }
        try_with(server, "bob", &wrong).await.expect(429);
    });
}

#[test]
fn nobody_enrols_for_another_and_an_administrator_only_removes() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let ada = sign_in(server, "ada", PASSWORD).await;
        let totp = format!("{bob}/totp");
        browse(server, Method::POST, &totp, &ada, &json!({})).await.expect(403);
        server.post(&totp, &json!({})).await.expect(403);
        enrol(server, &session).await;
        browse(server, Method::POST, &totp, &session, &json!({})).await.expect(409);
        let renew = format!("{bob}/recovery-codes");
        browse(server, Method::POST, &renew, &ada, &json!({})).await.expect(403);
        browse(server, Method::POST, &renew, &session, &json!({})).await.expect(201);
        browse(server, Method::DELETE, &totp, &ada, &json!({})).await.expect(204);
        browse(server, Method::DELETE, &totp, &ada, &json!({})).await.expect(409);
        sign_in(server, "bob", PASSWORD).await;
    });
}

#[test]
fn where_everybody_must_have_a_second_factor_nothing_else_can_be_done_without() {
    let policy = "[sign_in_policy.MAIN]\nclient_tries = 50\nclient_refill_seconds = 30\n\
                  log_days = 180\nsecond_factor = \"everybody\"\n";
    Server::everywhere(policy, async |server| {
        away_from_the_next_step();
        let body = json!({ "login": "ada", "password": PASSWORD });
        let answer = browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(201);
        assert_eq!(answer.json()["must_enrol"], true);
        let limited = cookie(&answer);
        let own = own_path(server, &limited).await;
        for path in ["/api/v1/user", &own, "/api/v1/business_partner", "/api/v1/sign-in-log"] {
            browse(server, Method::GET, path, &limited, &Value::Null).await.expect(403);
        }
        let tokens = format!("{own}/tokens");
        browse(server, Method::POST, &tokens, &limited, &json!({ "name": "x" })).await.expect(403);
        let (seed, _) = enrol(server, &limited).await;
        browse(server, Method::GET, "/api/v1/session", &limited, &Value::Null).await.expect(401);
        let answer = try_with(server, "ada", &code(&seed, 0)).await.expect(201);
        assert_eq!(answer.json()["must_enrol"], false);
        browse(server, Method::GET, &own, &cookie(&answer), &Value::Null).await.expect(200);
    });
}

#[test]
fn a_single_user_can_be_asked_for_a_second_factor() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let change = json!({ "profile": { "second_factor": true } });
        server.patch(&bob, "*", &change).await.expect(200);
        for (login, must) in [("bob", true), ("ada", false)] {
            let body = json!({ "login": login, "password": PASSWORD });
            let answer = browse(server, Method::POST, "/api/v1/session", "", &body).await;
            assert_eq!(answer.expect(201).json()["must_enrol"], must, "{login}");
        }
    });
}
