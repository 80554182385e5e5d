//! Bulk calls.

use axum::http::Method;
use serde_json::{Value, json};
use tessera_http::Limits;

use crate::support::{Server, partner};

const PATH: &str = "/api/v1/business_partner/bulk";

async fn count(server: &Server) -> usize {
    let page = server.get("/api/v1/business_partner?limit=200").await.json();
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn each_record_succeeds_or_fails_on_its_own() {
    let server = Server::start();
    let body = json!([partner("A"), { "general": { "name": 7 } }, partner("B"), "x"]);
    let answer = server.post(PATH, &body).await.expect(200).json();
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(2)));
    let statuses: Vec<&Value> =
        answer["results"].as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, [201, 422, 201, 422]);
    assert!(answer["results"][1].to_string().contains("general.name"), "{answer}");
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn an_atomic_call_does_all_or_nothing() {
    let server = Server::start();
    let path = format!("{PATH}?atomic=true");
    let mut unknown = partner("B");
    unknown["general"]["country"] = "XX".into();
    let refused = server.post(&path, &json!([partner("A"), unknown])).await.expect(422);
    assert_eq!(refused.paths(), ["[1].general.country"]);
    let refused = server.post(&path, &json!([partner("A"), {}])).await.expect(422);
    assert_eq!(refused.paths(), ["[1].general"]);
    assert_eq!(count(&server).await, 0);
    let done = server.post(&path, &json!([partner("A"), partner("B")])).await.expect(200);
    assert_eq!(done.json()["created"], 2);
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn lines_are_taken_one_by_one_and_a_broken_one_is_told() {
    let server = Server::start();
    let body = format!("{}\n{{broken\n\n{}\n", partner("A"), partner("B"));
    let lines = [("content-type", "application/x-ndjson")];
    let answer = server.call(Method::POST, PATH, &lines, &body).await.expect(200).json();
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(1)));
    assert_eq!(answer["results"][1]["status"], 400);
}

#[tokio::test]
async fn a_repeated_call_makes_no_record_twice() {
    let server = Server::start();
    let body = json!([partner("A"), {}, partner("B")]).to_string();
    for atomic in ["", "?atomic=false"] {
        let key = [("idempotency-key", "import-1")];
        let path = format!("{PATH}{atomic}");
        let answer = server.call(Method::POST, &path, &key, &body).await.expect(200).json();
        assert_eq!(answer["created"], 2);
    }
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn too_much_is_refused() {
    let server = Server::with(Limits { bulk_records: 3, bulk_body: 4_096, ..Limits::default() });
    let four = json!([partner("A"), partner("A"), partner("A"), partner("A")]);
    server.post(PATH, &four).await.expect(413);
    server.post(PATH, &json!(["x".repeat(5_000)])).await.expect(413);
    server.post(PATH, &json!({})).await.expect(422);
    server.call(Method::POST, PATH, &[("content-type", "text/csv")], "").await.expect(415);
    server.post(&format!("{PATH}?atomic=maybe"), &json!([])).await.expect(422);
    let stray = server.post(&format!("{PATH}?atomic=true"), &json!([7])).await.expect(422);
    assert_eq!(stray.paths(), ["[0]"]);
    server.post("/api/v1/webhook/bulk", &json!([])).await.expect(405);
    assert_eq!(count(&server).await, 0);
}
