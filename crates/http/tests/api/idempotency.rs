//! `Idempotency-Key`.

use axum::http::Method;
use serde_json::json;

use crate::support::{Server, partner};

const PATH: &str = "/api/v1/business_partner";

async fn count(server: &Server) -> usize {
    server.get(PATH).await.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_repeated_call_has_its_effect_once_and_the_same_answer() {
    let server = Server::start();
    let (key, body) = ([("idempotency-key", "k-1")], partner("Ada AG").to_string());
    let first = server.call(Method::POST, PATH, &key, &body).await.expect(201);
    let second = server.call(Method::POST, PATH, &key, &body).await.expect(201);
    assert_eq!(first.text, second.text);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.header("etag"), second.header("etag"));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(count(&server).await, 1);
    let other = partner("Other AG").to_string();
    let refused = server.call(Method::POST, PATH, &key, &other).await.expect(422);
    assert_eq!(refused.paths(), ["Idempotency-Key"]);
    let key = [("idempotency-key", "k-2")];
    server.call(Method::POST, PATH, &key, &body).await.expect(201);
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn simultaneous_calls_have_one_effect() {
    let server = Server::start();
    let body = partner("Ada AG").to_string();
    let key = [("idempotency-key", "k-1")];
    let one = || server.call(Method::POST, PATH, &key, &body);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    for answer in [&b, &c, &d] {
        assert_eq!((answer.status, &answer.text), (a.status, &a.text));
    }
    assert_eq!((a.status.as_u16(), count(&server).await), (201, 1));
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again() {
    let server = Server::start();
    let key = [("idempotency-key", "k-1")];
    let mut bad = partner("Ada AG");
    bad["general"]["country"] = "XX".into();
    server.call(Method::POST, PATH, &key, &bad.to_string()).await.expect(422);
    let good = partner("Ada AG").to_string();
    server.call(Method::POST, PATH, &key, &good).await.expect(201);
}

#[tokio::test]
async fn verbs_have_keys_too_and_a_secret_is_told_once_and_kept_nowhere() {
    let server = Server::start();
    let body = json!({ "target": { "url": "http://a.example/" }, "events": [{ "pattern": "*" }] });
    let (path, body) = ("/api/v1/webhook/register", body.to_string());
    let key = [("idempotency-key", "k-1")];
    let first = server.call(Method::POST, path, &key, &body).await.expect(200).json();
    let again = server.call(Method::POST, path, &key, &body).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["id"], first["id"]);
    assert!(first["secret"].is_string() && again.json()["secret"].is_null(), "{}", again.text);
    let path = format!("/api/v1/webhook/{}/renew_secret", first["id"].as_str().unwrap());
    let key = [("idempotency-key", "k-2")];
    let first = server.call(Method::POST, &path, &key, "{}").await.expect(200).json();
    let again = server.call(Method::POST, &path, &key, "{}").await.expect(200).json();
    assert!(first["secret"].is_string() && again["secret"].is_null(), "{again}");
    let empty = [("idempotency-key", "")];
    server.call(Method::POST, &path, &empty, "{}").await.expect(400);
}

#[tokio::test]
async fn the_key_of_a_bulk_call_belongs_to_the_whole_call() {
    let server = Server::start();
    let path = format!("{PATH}/bulk");
    let key = [("idempotency-key", "k-1")];
    let both = json!([partner("Ada AG"), partner("Bob AG")]).to_string();
    let first = server.call(Method::POST, &path, &key, &both).await.expect(200);
    let again = server.call(Method::POST, &path, &key, &both).await.expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(count(&server).await, 2);
    // Records that the first call had too are no reason to take another call for it.
    let longer = json!([partner("Ada AG"), partner("Bob AG"), partner("Cyd AG")]).to_string();
    let refused = server.call(Method::POST, &path, &key, &longer).await.expect(422);
    assert_eq!(refused.paths(), ["Idempotency-Key"]);
    let atomic = format!("{path}?atomic=true");
    server.call(Method::POST, &atomic, &key, &both).await.expect(422);
    server.call(Method::POST, PATH, &key, &partner("Ada AG").to_string()).await.expect(422);
    // What looks like the key of a record is a key like any other.
    let own = [("idempotency-key", "k-1#0")];
    server.call(Method::POST, PATH, &own, &partner("Ada AG").to_string()).await.expect(201);
    assert_eq!(count(&server).await, 3);
}
