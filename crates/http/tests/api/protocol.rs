//! HTTP itself, and the documents.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use tessera_http::{Api, Limits};
use tessera_identity::Identity;

use crate::support::{Server, partner};

const PATH: &str = "/api/v1/business_partner";

#[tokio::test]
async fn bodies_that_are_none_are_refused_with_the_reason() {
    let server = Server::with(Limits { body: 2_000, ..Limits::default() });
    let broken = server.call(Method::POST, PATH, &[], "{\n \"general\": ,\n}").await.expect(400);
    assert!(broken.text.contains("line 2 column"), "{}", broken.text);
    let twice = r#"{"general": {"name": "A", "name": "B"}}"#;
    let twice = server.call(Method::POST, PATH, &[], twice).await.expect(400);
    assert!(twice.text.contains("`name` stands twice"), "{}", twice.text);
    server.call(Method::POST, PATH, &[], "").await.expect(400);
    let list = server.call(Method::POST, PATH, &[], "[1]").await.expect(422);
    assert_eq!(list.json()["detail"], "the body must be a JSON object");
    server.call(Method::POST, PATH, &[], &"x".repeat(3_000)).await.expect(413);
    let text = [("content-type", "text/plain")];
    server.call(Method::POST, PATH, &text, "{}").await.expect(415);
    let deep = format!("{{\"general\": {}}}", "[".repeat(900));
    server.call(Method::POST, PATH, &[], &deep).await.expect(400);
}

#[tokio::test]
async fn parameters_that_are_not_known_or_stand_twice_are_refused_by_name() {
    let server = Server::start();
    let id = server.partner("Anna").await;
    let webhook = format!("/api/v1/webhook/{id}");
    for (method, target, path) in [
        (Method::GET, format!("{PATH}?name=A&name=B"), "name"),
        (Method::GET, format!("{PATH}?limit=1&limit=2"), "limit"),
        (Method::GET, format!("{PATH}/{id}?fields=name"), "fields"),
        (Method::GET, format!("{PATH}/{id}/changes?after=-1"), "after"),
        (Method::GET, format!("{PATH}/{id}/changes?limit=1&limit=1"), "limit"),
        (Method::POST, format!("{PATH}?dry_run=true"), "dry_run"),
        (Method::POST, format!("{PATH}/bulk?atomic=true&atomic=false"), "atomic"),
        (Method::POST, format!("{PATH}/bulk?atom=true"), "atom"),
        (Method::GET, format!("{webhook}/deliveries?limit=5"), "limit"),
        (Method::GET, format!("{webhook}/dead-letters?x="), "x"),
    ] {
        let answer = server.call(method, &target, &[], "[]").await.expect(422);
        assert_eq!(answer.paths(), [path], "{target}");
    }
}

#[tokio::test]
async fn a_number_is_taken_only_where_the_documentation_has_one() {
    let server = Server::start();
    let document = server.get("/api/openapi.json").await.expect(200).json();
    for object in ["user", "condition_record", "exchange_rate", "business_partner", "product"] {
        let input = &document["components"]["schemas"][format!("{object}_input")];
        let listed = input["properties"].get("number").is_some();
        let body = serde_json::json!({ "number": null });
        let answer = server.post(&format!("/api/v1/{object}"), &body).await.expect(422);
        assert_eq!(answer.paths().contains(&"number".to_string()), !listed, "{object}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_405_and_lists_those_it_knows() {
    let server = Server::start();
    let answer = server.call(Method::PUT, PATH, &[], "{}").await.expect(405);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
}

#[tokio::test]
async fn every_answer_has_an_id_and_headers_for_safety() {
    let server = Server::start();
    let given = [("x-request-id", "shop-17")];
    let answer = server.call(Method::GET, PATH, &given, "").await;
    assert_eq!(answer.header("x-request-id"), "shop-17");
    let evil = [("x-request-id", "a b\" c")];
    let answer = server.call(Method::GET, "/nowhere", &evil, "").await;
    assert_eq!(answer.header("x-request-id").len(), 32);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn health_figures_and_the_page_are_there_for_everybody() {
    let server = Server::start();
    server.partner("Ada AG").await;
    for (path, part) in [
        ("/livez", "ok"),
        ("/readyz", "ok"),
        ("/", "<title>Tessera</title>"),
        ("/page.js", "\"use strict\""),
        ("/page.css", ":root"),
        ("/metrics", "tessera_http_requests_total{operation=\"business_partner.create\""),
        ("/metrics", "tessera_command_duration_seconds_count{} "),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = server.send(request).await.expect(200);
        assert!(answer.text.contains(part), "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_api_documents_every_object_and_verb_and_refers_to_nothing_that_is_missing() {
    let server = Server::start();
    let document = server.get("/api/openapi.json").await.expect(200).json();
    let registry = &server.installation.db().environment().registry;
    for entry in registry.objects() {
        let path = format!("/api/v1/{}", (entry.def)().name);
        assert!(document["paths"][&path]["get"].is_object(), "{path}");
        assert_eq!(document["paths"][&path]["post"].is_object(), entry.create.is_some(), "{path}");
    }
    for action in registry.actions() {
        let short = format!("/api/v1/{}/{}", action.object, action.name);
        let long = format!("/api/v1/{}/{{id}}/{}", action.object, action.name);
        let paths = &document["paths"];
        assert!(paths[&short]["post"].is_object() || paths[&long]["post"].is_object(), "{short}");
    }
    let list = &document["paths"]["/api/v1/business_partner"]["get"]["parameters"];
    for name in ["number.prefix", "created_at.gte", "name", "name.prefix", "version.in"] {
        let listed = list.as_array().unwrap().iter().any(|parameter| parameter["name"] == name);
        assert!(listed, "{name} is no parameter");
        let value = if name.starts_with("created") { "2026-01-01T00:00:00Z" } else { "1" };
        server.get(&format!("{PATH}?number=1&{name}={value}")).await.expect(200);
    }
    let schemas = &document["components"]["schemas"];
    let change = &schemas["business_partner_change"]["properties"]["general"];
    assert!(change["properties"]["name"].is_object() && change["required"].is_null(), "{change}");
    let verb = &document["paths"]["/api/v1/delivery/{id}/post_goods_issue"]["post"];
    let answer = &verb["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(answer, "#/components/schemas/delivery");
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let mut ids: Vec<&str> = text.split("\"operationId\":\"").skip(1).collect();
    ids.iter_mut().for_each(|id| *id = id.split('"').next().unwrap());
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an operationId stands twice");
}

#[tokio::test]
async fn a_panic_is_an_answer_without_details() {
    let server = Server::with(Limits { request_time: Duration::ZERO, ..Limits::default() });
    // The writer is busy, so that the answer can't come before the time is over.
    let busy = tessera_kernel::Actor::system(tessera_kernel::Source::System);
    let wait = |_: &mut tessera_kernel::Tx<'_>| {
        std::thread::sleep(Duration::from_millis(300));
        Ok::<(), tessera_kernel::Fault>(())
    };
    server.installation.db().submit(busy, wait, |_| {});
    let answer = server.post(PATH, &partner("Ada AG")).await.expect(503);
    assert!(answer.text.contains("Idempotency-Key"), "{}", answer.text);
    let server = Server::with(Limits { requests: 0, ..Limits::default() });
    assert_eq!(server.get(PATH).await.expect(503).header("retry-after"), "1");
}

/// A conversation over a socket.
fn converse(address: std::net::SocketAddr, text: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_server_listens_and_stops_when_asked() {
    let server = Server::start();
    let identity = Arc::new(Identity::new(server.installation.db().clone()));
    let api = Arc::new(Api::new(&server.installation, identity, Limits::default()));
    let listening = tessera_http::Server::listen("127.0.0.1:0").unwrap();
    let address = listening.address();
    assert!(tessera_http::Server::listen(&address.to_string()).is_err());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = std::thread::spawn(move || {
        listening.serve(api, async {
            let _ = stopped.await;
        });
    });
    let request = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(converse(address, request).starts_with("HTTP/1.1 200 OK"));
    assert!(converse(address, "NONSENSE\r\n\r\n").starts_with("HTTP/1.1 400"));
    // A connection that stays open does not hold up the end.
    let _idle = std::net::TcpStream::connect(address).unwrap();
    stop.send(()).unwrap();
    running.join().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}
