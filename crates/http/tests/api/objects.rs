//! Master data through the generic surface.

use axum::http::Method;
use serde_json::json;

use crate::support::{Server, partner};

#[tokio::test]
async fn an_object_is_made_shown_changed_and_its_history_told() {
    let server = Server::start();
    let made = server.post("/api/v1/business_partner", &partner("Ada AG")).await.expect(201);
    let (id, number) = (made.json()["id"].clone(), made.json()["number"].clone());
    let path = format!("/api/v1/business_partner/{}", id.as_str().unwrap());
    assert_eq!((made.header("location"), made.header("etag")), (path.as_str(), "\"1\""));
    let shown = server.get(&path).await.expect(200);
    assert_eq!(shown.json(), made.json());
    let by_number = format!("/api/v1/business_partner/by-number/{}", number.as_str().unwrap());
    assert_eq!(server.get(&by_number).await.expect(200).json()["id"], id);
    let body = json!({ "general": { "name": "Ada SE" } });
    let changed = server.patch(&path, "\"1\"", &body).await.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.json()["general"]["name"], "Ada SE");
    assert_eq!(changed.json()["general"]["country"], "DE");
    let history = server.get(&format!("{path}/changes")).await.expect(200).json();
    let change = &history["items"][0];
    assert_eq!((&change["field"], &change["old"]), (&json!("name"), &json!("Ada AG")));
    assert_eq!((&change["actor"], &change["source"]), (&json!("ada"), &json!("token")));
    let later = server.get(&format!("{path}/changes?after=2")).await.expect(200).json();
    assert_eq!(later["items"], json!([]));
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let server = Server::start();
    let path = format!("/api/v1/business_partner/{}", server.partner("Ada AG").await);
    let known = server.call(Method::GET, &path, &[("if-none-match", "\"1\"")], "").await;
    assert_eq!((known.expect(304).text.as_str()), "");
    server.call(Method::GET, &path, &[("if-none-match", "\"2\"")], "").await.expect(200);
    server.call(Method::GET, &path, &[("if-none-match", "*")], "").await.expect(304);
}

#[tokio::test]
async fn a_stale_change_is_told_what_changed_and_by_whom() {
    let server = Server::start();
    let path = format!("/api/v1/business_partner/{}", server.partner("Ada AG").await);
    let body = json!({ "general": { "name": "First" } });
    server.patch(&path, "\"1\"", &body).await.expect(200);
    let body = json!({ "general": { "name": "Second" } });
    let stale = server.patch(&path, "\"1\"", &body).await.expect(412);
    let change = &stale.json()["changes"][0];
    assert_eq!((&change["new"], &change["actor"]), (&json!("First"), &json!("ada")));
    assert_eq!(server.get(&path).await.json()["general"]["name"], "First");
    let body = body.to_string();
    server.call(Method::PATCH, &path, &[], &body).await.expect(428);
    server.patch(&path, "first", &json!({})).await.expect(400);
    server.call(Method::PATCH, &path, &[("if-match", "*")], &body).await.expect(200);
}

#[tokio::test]
async fn a_product_has_the_number_that_it_was_given_and_no_other_has_it() {
    let server = Server::start();
    let body = json!({
        "number": "A-100/7",
        "general": {
            "product_type": "goods",
            "base_unit": "PC",
            "product_group": "general",
            "name": "Lamp",
        },
        "descriptions": [{ "language": "en", "name": "Lamp" }],
    });
    let made = server.post("/api/v1/product", &body).await;
    assert_eq!(made.expect(201).json()["number"], "A-100/7");
    server.get("/api/v1/product/by-number/A-100%2F7").await.expect(200);
    let again = server.post("/api/v1/product", &body).await;
    assert!(again.status.is_client_error(), "{}", again.text);
}

#[tokio::test]
async fn what_does_not_exist_is_404_and_what_can_not_be_done_405() {
    let server = Server::start();
    let id = "0199f3c2-0000-7000-8000-000000000000";
    for path in [
        format!("/api/v1/business_partner/{id}"),
        format!("/api/v1/business_partner/{id}/changes"),
        "/api/v1/business_partner/7".to_string(),
        "/api/v1/business_partner/by-number/none".to_string(),
        "/api/v1/unicorn".to_string(),
        "/api/v2/x".to_string(),
    ] {
        let answer = server.get(&path).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    let path = format!("/api/v1/business_partner/{id}");
    server.patch(&path, "\"1\"", &json!({})).await.expect(404);
    let delete = server.call(Method::DELETE, &path, &[("if-match", "*")], "").await.expect(405);
    assert_eq!(delete.header("allow"), "GET, HEAD, PATCH");
    let made = server.post("/api/v1/webhook", &json!({})).await.expect(405);
    assert!(made.json()["detail"].as_str().unwrap().contains("/api/v1/webhook/register"));
}

#[tokio::test]
async fn verbs_run_and_deleted_objects_are_gone() {
    let server = Server::start();
    let body = json!({
        "target": { "url": "http://a.example/hook" },
        "events": [{ "pattern": "*" }],
    });
    let made = server.post("/api/v1/webhook/register", &body).await.expect(200).json();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("/api/v1/webhook/{}", made["id"].as_str().unwrap());
    let shown = server.get(&path).await.expect(200);
    assert!(!shown.text.contains("whsec_"));
    let stale = [("if-match", "\"9\"")];
    let renew = format!("{path}/renew_secret");
    server.call(Method::POST, &renew, &stale, "").await.expect(412);
    server.call(Method::POST, &renew, &[], "").await.expect(200);
    server.get(&format!("{path}/deliveries")).await.expect(200);
    server.get(&format!("{path}/dead-letters")).await.expect(200);
    server.post(&format!("{path}/fly"), &json!({})).await.expect(404);
    server.call(Method::DELETE, &path, &[], "").await.expect(428);
    server.call(Method::DELETE, &path, &[("if-match", "\"1\"")], "").await.expect(204);
    server.get(&path).await.expect(404);
    let history = server.get(&format!("{path}/changes")).await.expect(200).json();
    assert_eq!((&history["version"], &history["deleted_by"]), (&json!(2), &json!("ada")));
    assert!(history["items"].to_string().contains("a.example"), "{history}");
    // It was a webhook and nothing else.
    let other = path.replace("webhook", "business_partner");
    server.get(&format!("{other}/changes")).await.expect(404);
}

#[tokio::test]
async fn changes_come_page_by_page() {
    let server = Server::start();
    let path = format!("/api/v1/business_partner/{}", server.partner("Name 1").await);
    for version in 1..=7 {
        let body = json!({ "general": { "name": format!("Name {}", version + 1) } });
        server.patch(&path, &format!("\"{version}\""), &body).await.expect(200);
    }
    let (mut seen, mut query) = (Vec::new(), "after=2&limit=2".to_string());
    loop {
        let page = server.get(&format!("{path}/changes?{query}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|change| change["version"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, [3, 4, 5, 6, 7, 8]);
    for wrong in ["limit=0", "after=x", "cursor=77", "page=2"] {
        server.get(&format!("{path}/changes?{wrong}")).await.expect(422);
    }
}
