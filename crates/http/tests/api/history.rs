//! What was: who changed what, where from, how it looked, and back again.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Server, apart, partner};

/// A partner with two more versions; its path.
async fn changed(server: &Server) -> String {
    let path = format!("/api/v1/business_partner/{}", server.partner("Ada AG").await);
    let body = json!({ "general": { "name": "Ada SE", "country": "FR" } });
    let known = [("if-match", "\"1\""), ("x-request-id", "change-1")];
    server.call(Method::PATCH, &path, &known, &body.to_string()).await.expect(200);
    let body = json!({
        "general": { "name": "Ada plc" },
        "addresses": [{ "kind": "main", "street": "High Street", "postal_code": "1", "city": "York",
            "country": "GB" }],
    });
    server.patch(&path, "\"2\"", &body).await.expect(200);
    path
}

fn versions(history: &Value) -> Vec<(i64, String)> {
    let items = history["items"].as_array().unwrap();
    let of = |it: &Value| (it["version"].as_i64().unwrap(), it["deed"].as_str().unwrap().into());
    items.iter().map(of).collect()
}

fn text(value: &str) -> String {
    value.to_string()
}

#[tokio::test]
async fn the_history_of_an_object_says_who_what_when_where_from_and_in_which_request() {
    let server = Server::start();
    let path = changed(&server).await;
    let history = server.get(&format!("{path}/history")).await.expect(200).json();
    let expected = [(3, text("changed")), (2, text("changed")), (1, text("created"))];
    assert_eq!(versions(&history), expected);
    let second = &history["items"][1];
    assert_eq!(
        (&second["actor"], &second["source"], &second["via"], &second["request"]),
        (&json!("ada"), &json!("token"), &json!("test"), &json!("change-1"))
    );
    let change = second["changes"].as_array().unwrap().iter().find(|it| it["field"] == "name");
    let change = change.unwrap();
    assert_eq!((&change["part"], &change["label"]), (&json!("general"), &json!("Name")));
    assert_eq!((&change["old"], &change["new_text"]), (&json!("Ada AG"), &json!("Ada SE")));
    let came = history["items"][0]["changes"].to_string();
    assert!(came.contains("Street: High Street"), "{came}");
    let made = &history["items"][2];
    assert_eq!((&made["source"], &made["changes"]), (&json!("token"), &json!([])));
    assert!(made["request"].is_string(), "{made}");
}

#[tokio::test]
async fn the_history_of_an_object_comes_page_by_page_also_after_its_end() {
    let server = Server::start();
    let body =
        json!({ "target": { "url": "http://a.example/hook" }, "events": [{ "pattern": "*" }] });
    let made = server.post("/api/v1/webhook/register", &body).await.expect(200).json();
    let path = format!("/api/v1/webhook/{}", made["id"].as_str().unwrap());
    server.call(Method::DELETE, &path, &[("if-match", "*")], "").await.expect(204);
    let first = server.get(&format!("{path}/history?limit=1")).await.expect(200).json();
    assert_eq!(versions(&first), [(2, text("deleted"))]);
    let next = first["next"].as_str().unwrap();
    let rest = server.get(&format!("{path}/history?limit=1&cursor={next}")).await.expect(200);
    assert_eq!(versions(&rest.json()), [(1, text("created"))]);
    assert_eq!(
        (&rest.json()["next"], &rest.json()["items"][0]["source"]),
        (&Value::Null, &json!("token"))
    );
    let was = server.get(&format!("{path}/as-of?version=1")).await.expect(200).json();
    assert_eq!(was["object"]["target"]["url"], "http://a.example/hook");
    server.get(&format!("{path}/as-of?version=2")).await.expect(404);
}

#[tokio::test]
async fn a_request_has_one_id_in_answer_problem_and_history() {
    let server = Server::start();
    let own = [("x-request-id", "order-77.a_b")];
    let body = partner("Ada AG").to_string();
    let made = server.call(Method::POST, "/api/v1/business_partner", &own, &body).await.expect(201);
    assert_eq!(made.header("x-request-id"), "order-77.a_b");
    let found = server.get("/api/v1/history?request=order-77.a_b").await.expect(200).json();
    assert_eq!(found["items"][0]["id"], made.json()["id"]);
    let refused =
        server.call(Method::POST, "/api/v1/business_partner", &own, "{}").await.expect(422);
    assert_eq!(refused.json()["request"], "order-77.a_b");
    // One that could hide or break something is replaced.
    for wrong in ["a b", "x\"y", &"x".repeat(65)] {
        let answer =
            server.call(Method::GET, "/api/v1/nothing/x", &[("x-request-id", wrong)], "").await;
        assert_ne!(answer.header("x-request-id"), wrong);
        assert_eq!(answer.json()["request"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn the_history_of_all_is_searched_by_what_somebody_remembers() {
    let server = Server::start();
    let path = changed(&server).await;
    let id = path.rsplit('/').next().unwrap();
    let count = async |query: &str| {
        let found = server.get(&format!("/api/v1/history?{query}")).await.expect(200).json();
        found["items"].as_array().unwrap().len()
    };
    assert_eq!(count("actor=ada").await, 3);
    assert_eq!(count("actor=eve").await, 0);
    assert_eq!(count("type=business_partner&field=name").await, 2);
    assert_eq!(count("old=Ada%20AG").await, 1);
    assert_eq!(count("new=York&source=token").await, 1);
    assert_eq!(count(&format!("object={id}&via=test&limit=200")).await, 3);
    assert_eq!(count("from=2020-01-01T00:00:00Z&until=2021-01-01T00:00:00Z").await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z&type=business_partner").await, 3);
    let found =
        server.get("/api/v1/history?type=business_partner&limit=2").await.expect(200).json();
    assert!(found["items"][0]["name"].as_str().unwrap().ends_with("Ada plc"), "{found}");
    let next = found["next"].as_str().unwrap();
    let rest = format!("/api/v1/history?type=business_partner&limit=2&cursor={next}");
    assert_eq!(server.get(&rest).await.expect(200).json()["items"].as_array().unwrap().len(), 1);
    for (wrong, path) in [
        ("type=unicorn", "type"),
        ("from=yesterday", "from"),
        ("limit=0", "limit"),
        ("object=7", "object"),
        ("cursor=77", "cursor"),
        ("user=ada", "user"),
    ] {
        let refused = server.get(&format!("/api/v1/history?{wrong}")).await.expect(422);
        assert_eq!(refused.paths(), [path]);
    }
}

#[tokio::test]
async fn whoever_may_not_read_objects_reads_no_history_of_them() {
    let server = Server::start();
    let path = changed(&server).await;
    let server = server.seen_by_a_clerk();
    let found = server.get("/api/v1/history").await.expect(200).json();
    assert_eq!(found, json!({ "items": [], "next": null }));
    for what in ["history", "changes", "as-of?version=1"] {
        server.get(&format!("{path}/{what}")).await.expect(403);
    }
    let body = json!({ "version": 1 });
    let restore = format!("{path}/restore");
    server.call(Method::POST, &restore, &[("if-match", "*")], &body.to_string()).await.expect(403);
}

#[tokio::test]
async fn an_object_is_shown_as_it_was_at_a_version_or_a_time() {
    let server = Server::start();
    let path = changed(&server).await;
    let first = server.get(&format!("{path}/as-of?version=1")).await.expect(200).json();
    let object = &first["object"];
    assert_eq!((&object["general"]["name"], &object["version"]), (&json!("Ada AG"), &json!(1)));
    assert_eq!((&object["addresses"], &first["unknown"]), (&json!([]), &json!([])));
    let now = server.get(&format!("{path}/as-of?at=2999-01-01T00:00:00Z")).await.expect(200).json();
    assert_eq!(now["object"], server.get(&path).await.json());
    server.get(&format!("{path}/as-of?at=1999-01-01T00:00:00Z")).await.expect(404);
    server.get(&format!("{path}/as-of?version=9")).await.expect(404);
    for wrong in ["", "version=0", "at=then", "version=1&at=2999-01-01T00:00:00Z"] {
        server.get(&format!("{path}/as-of?{wrong}")).await.expect(422);
    }
}

#[tokio::test]
async fn former_values_are_set_again_as_a_change_of_their_own() {
    let server = Server::start();
    let path = changed(&server).await;
    let restore = async |etag: &str, body: Value| {
        let path = format!("{path}/restore");
        server.call(Method::POST, &path, &[("if-match", etag)], &body.to_string()).await
    };
    let tried = restore("\"3\"", json!({ "version": 1, "dry_run": true })).await.expect(200);
    assert!(tried.json()["changes"].to_string().contains("Ada plc"), "{}", tried.text);
    assert_eq!(server.get(&path).await.header("etag"), "\"3\"");
    let only = json!([{ "part": "general", "field": "name" }]);
    let one = restore("\"3\"", json!({ "version": 1, "only": only })).await.expect(200).json();
    assert_eq!(
        (&one["general"]["name"], &one["general"]["country"]),
        (&json!("Ada AG"), &json!("FR"))
    );
    let only = json!([{ "part": "addresses", "record": "main" }]);
    let gone = restore("\"4\"", json!({ "version": 2, "only": only })).await.expect(200).json();
    assert_eq!((&gone["addresses"], &gone["version"]), (&json!([]), &json!(5)));
    let back = restore("\"5\"", json!({ "version": 3, "only": only })).await.expect(200).json();
    assert_eq!(back["addresses"][0]["city"], "York");
    let all = restore("\"6\"", json!({ "version": 1 })).await.expect(200).json();
    assert_eq!((&all["general"]["country"], &all["addresses"]), (&json!("DE"), &json!([])));
    let history = server.get(&format!("{path}/history")).await.expect(200).json();
    assert_eq!(history["items"][0]["via"], "test, restore of version 1");
    // Nothing to do is no version.
    let same = restore("\"7\"", json!({ "version": 7 })).await.expect(200);
    assert_eq!(same.header("etag"), "\"7\"");
    restore("\"6\"", json!({ "version": 1 })).await.expect(412);
    restore("\"7\"", json!({ "version": 8 })).await.expect(404);
    for (only, path) in [
        (json!([{ "part": "unicorn" }]), "only[0].part"),
        (json!([{ "part": "general", "field": "x" }]), "only[0].field"),
        (json!([{ "part": "addresses", "field": "city" }]), "only[0].record"),
        (json!([{ "part": "addresses", "record": "none" }]), "only[0].record"),
    ] {
        let refused = restore("\"7\"", json!({ "version": 3, "only": only })).await.expect(422);
        assert_eq!(refused.paths(), [path]);
    }
    let findings = apart(|| server.installation.verify().unwrap());
    assert!(findings.differences.is_empty(), "{:?}", findings.differences);
}

#[tokio::test]
async fn a_restore_names_the_version_that_it_is_based_on() {
    let server = Server::start();
    let path = changed(&server).await;
    let restore = format!("{path}/restore");
    server.call(Method::POST, &restore, &[], "{\"version\": 1}").await.expect(428);
    for body in ["{}", "{\"version\": 0}", "{\"version\": 1, \"really\": true}"] {
        server.call(Method::POST, &restore, &[("if-match", "*")], body).await.expect(422);
    }
}

#[tokio::test]
async fn records_of_a_bulk_call_are_in_the_history_each_with_the_request() {
    let server = Server::start();
    let records = json!([partner("Ada"), partner("Bob"), partner("Eve")]).to_string();
    let known = [("x-request-id", "bulk-1")];
    server.call(Method::POST, "/api/v1/business_partner/bulk", &known, &records).await.expect(200);
    let found = server.get("/api/v1/history?request=bulk-1").await.expect(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 3, "{found}");
}
