//! Signing in, sessions, links and what is logged of it, on each engine.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, Server};

/// What a browser sends.
pub(crate) async fn browse(
    server: &Server,
    method: Method,
    path: &str,
    cookie: &str,
    body: &Value,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("user-agent", "a browser")
        .header("cookie", cookie);
    server.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Signs in; answers the cookie.
pub(crate) async fn sign_in(server: &Server, login: &str, password: &str) -> String {
    let body = json!({ "login": login, "password": password });
    let answer = browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(201);
    cookie(&answer)
}

/// The cookie that an answer sets.
pub(crate) fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_string()
}

/// The path of the user who is signed in.
pub(crate) async fn own_path(server: &Server, cookie: &str) -> String {
    let who = browse(server, Method::GET, "/api/v1/session", cookie, &Value::Null).await;
    format!("/api/v1/user/{}", who.expect(200).json()["user"].as_str().unwrap())
}

/// Adds a user who may nothing; answers their path.
pub(crate) async fn add(server: &Server, login: &str) -> String {
    let body = json!({ "profile": { "login": login, "name": login } });
    let user = server.post("/api/v1/user", &body).await.expect(201).json();
    let path = format!("/api/v1/user/{}", user["id"].as_str().unwrap());
    let password = json!({ "password": PASSWORD });
    server.post(&format!("{path}/password"), &password).await.expect(204);
    path
}

#[test]
fn users_see_and_end_their_own_sessions_and_nobody_elses() {
    Server::everywhere("", async |server| {
        add(server, "bob").await;
        let (one, two) =
            (sign_in(server, "bob", PASSWORD).await, sign_in(server, "bob", PASSWORD).await);
        let ada = own_path(server, &sign_in(server, "ada", PASSWORD).await).await;
        let bob = own_path(server, &one).await;
        let all = format!("{bob}/sessions");
        let list = browse(server, Method::GET, &all, &one, &Value::Null).await.expect(200);
        let items = list.json()["items"].as_array().cloned().unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(
            (&items[0]["agent"], &items[0]["method"]),
            (&json!("a browser"), &json!("password"))
        );
        assert!(!list.text.contains("tss_"), "{}", list.text);
        for path in [format!("{ada}/sessions"), format!("{ada}/tokens")] {
            browse(server, Method::GET, &path, &one, &Value::Null).await.expect(403);
        }
        browse(server, Method::DELETE, &format!("{ada}/sessions"), &one, &json!({}))
            .await
            .expect(403);
        // The newest comes first: it is the second one.
        let path = format!("{all}/{}", items[0]["id"].as_str().unwrap());
        browse(server, Method::DELETE, &path, &one, &json!({})).await.expect(204);
        browse(server, Method::DELETE, &path, &one, &json!({})).await.expect(404);
        browse(server, Method::GET, "/api/v1/session", &two, &Value::Null).await.expect(401);
        browse(server, Method::GET, "/api/v1/session", &one, &Value::Null).await.expect(200);
        // An administrator signs them out everywhere.
        let ended = server.call(Method::DELETE, &all, &[], "").await.expect(200);
        assert_eq!(ended.json()["ended"], 1);
        browse(server, Method::GET, "/api/v1/session", &one, &Value::Null).await.expect(401);
    });
}

#[test]
fn whoever_changes_their_password_is_signed_out_everywhere_else() {
    Server::everywhere("", async |server| {
        add(server, "bob").await;
        let (here, there) =
            (sign_in(server, "bob", PASSWORD).await, sign_in(server, "bob", PASSWORD).await);
        let path = "/api/v1/session/password";
        let wrong = json!({ "current": "nonsense", "password": "four yellow lamps" });
        browse(server, Method::POST, path, &here, &wrong).await.expect(401);
        let weak = json!({ "current": PASSWORD, "password": "Password123!" });
        let refused = browse(server, Method::POST, path, &here, &weak).await.expect(422);
        assert_eq!(refused.paths(), ["password"]);
        let right = json!({ "current": PASSWORD, "password": "four yellow lamps" });
        let answer = browse(server, Method::POST, path, &here, &right).await.expect(201);
        for old in [&here, &there] {
            browse(server, Method::GET, "/api/v1/session", old, &Value::Null).await.expect(401);
        }
        let own = own_path(server, &cookie(&answer)).await;
        browse(server, Method::GET, &own, &cookie(&answer), &Value::Null).await.expect(403);
        sign_in(server, "bob", "four yellow lamps").await;
        // A token is no person.
        server.post(path, &right).await.expect(403);
    });
}

#[test]
fn a_reset_link_sets_a_password_once_and_signs_nobody_in() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let first = server.post(&format!("{bob}/reset-link"), &json!({})).await.expect(201).json();
        let link = server.post(&format!("{bob}/reset-link"), &json!({})).await.expect(201).json();
        let secret = |link: &Value| {
            link["path"].as_str().unwrap().strip_prefix("/#reset=").unwrap().to_string()
        };
        let reset = |secret: String, password: &'static str| {
            let body = json!({ "secret": secret, "password": password });
            browse_owned(server, body)
        };
        reset(secret(&first), "four yellow lamps").await.expect(403);
        reset(secret(&link), "bob").await.expect(422);
        browse(server, Method::GET, "/api/v1/session", &session, &Value::Null).await.expect(200);
        let done = reset(secret(&link), "four yellow lamps").await.expect(204);
        assert_eq!(done.header("set-cookie"), "");
        reset(secret(&link), "five yellow lamps").await.expect(403);
        browse(server, Method::GET, "/api/v1/session", &session, &Value::Null).await.expect(401);
        sign_in(server, "bob", "four yellow lamps").await;
    });
}

async fn browse_owned(server: &Server, body: Value) -> Answer {
    browse(server, Method::POST, "/api/v1/password-reset", "", &body).await
}

#[test]
fn a_service_account_has_tokens_only() {
    Server::everywhere("", async |server| {
        let body = json!({ "profile": { "login": "shop", "name": "Shop", "service": true } });
        let shop = server.post("/api/v1/user", &body).await.expect(201).json();
        let shop = format!("/api/v1/user/{}", shop["id"].as_str().unwrap());
        let password = json!({ "password": PASSWORD });
        server.post(&format!("{shop}/password"), &password).await.expect(409);
        server.post(&format!("{shop}/reset-link"), &json!({})).await.expect(409);
        server.post(&format!("{shop}/tokens"), &json!({ "name": "x" })).await.expect(201);
        // Whoever becomes one can't sign in any more.
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        let change = json!({ "profile": { "service": true } });
        server.patch(&bob, "\"1\"", &change).await.expect(200);
        browse(server, Method::GET, "/api/v1/session", &session, &Value::Null).await.expect(401);
        let body = json!({ "login": "bob", "password": PASSWORD });
        browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(401);
    });
}

#[test]
fn a_token_does_no_more_than_its_scope_says() {
    Server::everywhere("", async |server| {
        let ada = own_path(server, &sign_in(server, "ada", PASSWORD).await).await;
        let tokens = format!("{ada}/tokens");
        let as_token = |scope: &str| {
            let body = json!({ "name": "x", "scope": scope });
            let tokens = &tokens;
            async move {
                let made = server.post(tokens, &body).await.expect(201).json();
                format!("Bearer {}", made["secret"].as_str().unwrap())
            }
        };
        let reader = as_token("*:read").await;
        let reader = [("authorization", reader.as_str())];
        for path in ["/api/v1/user", "/api/v1/business_partner?limit=1", "/api/v1/metadata", &ada] {
            server.call(Method::GET, path, &reader, "").await.expect(200);
        }
        let partner = crate::support::partner("x").to_string();
        for (method, path, body) in [
            (Method::POST, "/api/v1/business_partner", partner.as_str()),
            (Method::POST, "/api/v1/business_partner/bulk", "[]"),
            (Method::POST, &tokens, r#"{"name":"more"}"#),
            (Method::GET, &tokens, ""),
            (Method::GET, "/api/v1/sign-in-log", ""),
            (Method::POST, &format!("{ada}/reset-link"), "{}"),
            (Method::PATCH, &ada, r#"{"profile":{"name":"Eve"}}"#),
        ] {
            let headers = [reader[0], ("if-match", "*")];
            let answer = server.call(method, path, &headers, body).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        }
        let maker = as_token("business_partner:create,read").await;
        let maker = [("authorization", maker.as_str())];
        server.call(Method::POST, "/api/v1/business_partner", &maker, &partner).await.expect(201);
        server.call(Method::GET, "/api/v1/user", &maker, "").await.expect(403);
        let strange = server.post(&tokens, &json!({ "name": "x", "scope": "partner:read" })).await;
        assert_eq!(strange.expect(422).paths(), ["scope"]);
        let list = server.get(&tokens).await.expect(200).json();
        let scopes: Vec<&Value> =
            list["items"].as_array().unwrap().iter().map(|token| &token["scope"]).collect();
        assert_eq!(
            scopes,
            [&Value::Null, &json!("*:read"), &json!("business_partner:create,read")]
        );
    });
}

#[test]
fn the_sign_in_log_tells_who_when_how_and_how_it_ended_page_by_page() {
    Server::everywhere("", async |server| {
        let bob = add(server, "bob").await;
        let session = sign_in(server, "bob", PASSWORD).await;
        for login in ["bob", "a password in the wrong field", "bob"] {
            let body = json!({ "login": login, "password": "wrong wrong wrong" });
            browse(server, Method::POST, "/api/v1/session", "", &body).await.expect(401);
        }
        sign_in(server, "ada", PASSWORD).await;
        let mut path = "/api/v1/sign-in-log?limit=2".to_string();
        let mut entries = Vec::new();
        loop {
            let page = server.get(&path).await.expect(200);
            assert!(!page.text.contains("wrong field"), "{}", page.text);
            entries.extend(page.json()["items"].as_array().cloned().unwrap());
            match page.json()["next"].as_str() {
                Some(next) => path = format!("/api/v1/sign-in-log?limit=2&cursor={next}"),
                None => break,
            }
        }
        let told: Vec<_> =
            entries.iter().map(|e| (e["login"].clone(), e["outcome"].clone())).collect();
        let expected = [
            (json!("ada"), "signed_in"),
            (json!("bob"), "wrong"),
            (Value::Null, "wrong"),
            (json!("bob"), "wrong"),
            (json!("bob"), "signed_in"),
        ];
        assert_eq!(told, expected.map(|(login, outcome)| (login, json!(outcome))));
        let wrong =
            server.get("/api/v1/sign-in-log?outcome=wrong&since=2020-01-01T00:00:00Z").await;
        assert_eq!(wrong.expect(200).json()["items"].as_array().unwrap().len(), 3);
        // Others see their own only.
        let all = browse(server, Method::GET, "/api/v1/sign-in-log", &session, &Value::Null).await;
        all.expect(403);
        let own = format!("/api/v1/sign-in-log?user={}", bob.rsplit('/').next().unwrap());
        let own = browse(server, Method::GET, &own, &session, &Value::Null).await.expect(200);
        assert_eq!(own.json()["items"].as_array().unwrap().len(), 3);
        let bad = server.get("/api/v1/sign-in-log?limit=0&cursor=x&user=bob&since=now").await;
        assert_eq!(bad.expect(422).paths(), ["limit", "cursor", "user", "since"]);
    });
}
