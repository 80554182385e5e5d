//! Who may call.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tessera_kernel::{ActionTarget, Actor, ObjectId, ProblemKind, Source};

use crate::support::{PASSWORD, Server};

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn sign_in(server: &Server) -> String {
    let body = json!({ "login": "ada", "password": PASSWORD }).to_string();
    let request = request(Method::POST, "/api/v1/session", &[JSON], &body);
    let answer = server.send(request).await.expect(201);
    let cookie = answer.header("set-cookie").to_string();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap().to_string()
}

/// Every documented path refuses strangers, but for signing in and setting up.
#[tokio::test]
async fn strangers_are_refused_everywhere() {
    let server = Server::start();
    let openapi = server.send(request(Method::GET, "/api/openapi.json", &[], "")).await;
    let openapi: Value = openapi.expect(200).json();
    let mut asked = 0;
    for (path, item) in openapi["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "0199f3c2-0000-7000-8000-000000000000");
        let path = path.replace("{number}", "1").replace("{token}", "x");
        let path = path.replace("{session}", "x").replace("{provider}", "CORP");
        let path = path.replace("{passkey}", "x");
        for (method, operation) in item.as_object().unwrap() {
            if operation["security"] == json!([]) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let bad = ("authorization", "Bearer tsr_0000");
            for headers in [vec![JSON], vec![JSON, bad]] {
                let answer = server.send(request(method.clone(), &path, &headers, "{}")).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
                asked += 1;
            }
        }
    }
    assert!(asked > 50, "only {asked} operations are documented");
}

#[tokio::test]
async fn a_session_reads_and_writes_but_not_on_behalf_of_another_site() {
    let server = Server::start();
    let cookie = sign_in(&server).await;
    let cookie = ("cookie", cookie.as_str());
    let who = server.send(request(Method::GET, "/api/v1/session", &[cookie], "")).await;
    assert_eq!(who.expect(200).json()["login"], "ada");
    let path = "/api/v1/webhook/register";
    let plain = ("content-type", "text/plain");
    server.send(request(Method::POST, path, &[cookie, plain], "{}")).await.expect(403);
    server.send(request(Method::POST, path, &[cookie, JSON], "{}")).await.expect(422);
    server.send(request(Method::DELETE, "/api/v1/session", &[cookie], "")).await.expect(403);
    let page = ("x-requested-with", "page");
    server.send(request(Method::DELETE, "/api/v1/session", &[cookie, page], "")).await.expect(204);
    server.send(request(Method::GET, "/api/v1/session", &[cookie], "")).await.expect(401);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_too_many_have_to_wait() {
    let server = Server::start();
    for attempt in 0..7 {
        let body = json!({ "login": "ada", "password": "wrong wrong wrong" }).to_string();
        let answer = server.send(request(Method::POST, "/api/v1/session", &[JSON], &body)).await;
        if attempt < 5 {
            answer.expect(401);
        } else {
            assert!(!answer.expect(429).header("retry-after").is_empty());
        }
    }
    let bad = server.send(request(Method::POST, "/api/v1/session", &[JSON], "{}")).await;
    assert_eq!(bad.expect(422).paths(), ["login", "password"]);
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_and_told_once() {
    let server = Server::start();
    let users = server.get("/api/v1/user?login=ada").await.expect(200).json();
    let user = format!("/api/v1/user/{}", users["items"][0]["id"].as_str().unwrap());
    let body = json!({ "name": "shop" });
    let token = server.post(&format!("{user}/tokens"), &body).await.expect(201).json();
    let bearer = format!("Bearer {}", token["secret"].as_str().unwrap());
    let as_shop = [("authorization", bearer.as_str())];
    server.call(Method::GET, "/api/v1/user", &as_shop, "").await.expect(200);
    let list = server.get(&format!("{user}/tokens")).await.expect(200);
    assert!(list.text.contains("shop") && !list.text.contains("tsr_"), "{}", list.text);
    let path = format!("{user}/tokens/{}", token["id"].as_str().unwrap());
    server.call(Method::DELETE, &path, &[], "").await.expect(204);
    server.call(Method::DELETE, &path, &[], "").await.expect(404);
    server.call(Method::GET, "/api/v1/user", &as_shop, "").await.expect(401);
    for body in [json!({ "name": "" }), json!({ "name": "x", "days": 0 }), json!({})] {
        server.post(&format!("{user}/tokens"), &body).await.expect(422);
    }
}

#[tokio::test]
async fn a_user_without_rights_may_do_nothing_and_a_deactivated_one_is_out_at_once() {
    let server = Server::start();
    let body = json!({ "profile": { "login": "bob", "name": "Bob" } });
    let bob = server.post("/api/v1/user", &body).await.expect(201).json();
    let user = format!("/api/v1/user/{}", bob["id"].as_str().unwrap());
    let weak = json!({ "password": "short" });
    let refused = server.post(&format!("{user}/password"), &weak).await.expect(422);
    assert_eq!(refused.paths(), ["password"]);
    let token = server.post(&format!("{user}/tokens"), &json!({ "name": "x" })).await.json();
    let bearer = format!("Bearer {}", token["secret"].as_str().unwrap());
    let as_bob = [("authorization", bearer.as_str())];
    for path in ["/api/v1/user", "/api/v1/business_partner", "/api/v1/webhook"] {
        server.call(Method::GET, path, &as_bob, "").await.expect(403);
    }
    let partner = crate::support::partner("x").to_string();
    server.call(Method::POST, "/api/v1/business_partner", &as_bob, &partner).await.expect(403);
    let change = json!({ "profile": { "active": false } });
    server.patch(&user, "\"1\"", &change).await.expect(200);
    server.call(Method::GET, "/api/v1/user", &as_bob, "").await.expect(401);
}

#[tokio::test]
async fn the_setup_link_is_refused_where_there_is_a_user() {
    let server = Server::start();
    let body = json!({
        "secret": "setup_guess",
        "login": "eve",
        "name": "Eve",
        "password": PASSWORD,
    });
    let answer = server.send(request(Method::POST, "/api/v1/setup", &[JSON], &body.to_string()));
    answer.await.expect(403);
}

/// The old and new values in the answer to a stale call are for those only who may make it.
#[tokio::test]
async fn whoever_may_not_do_it_is_not_told_either_what_changed() {
    let server = Server::start();
    let partner = server.partner("Ada AG").await;
    let actions: Vec<_> =
        server.installation.db().environment().registry.actions().copied().collect();
    let server = server.seen_by_a_clerk();
    for action in actions {
        let path = match action.target {
            ActionTarget::Object => {
                format!("/api/v1/{}/{partner}/{}", action.object, action.name)
            }
            ActionTarget::Collection => format!("/api/v1/{}/{}", action.object, action.name),
        };
        let stale = [("if-match", "\"0\"")];
        let answer = server.call(Method::POST, &path, &stale, "{}").await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_verb_demands_the_right_that_it_is_listed_with() {
    let server = Server::start();
    let db = server.installation.db();
    let clerk = Actor::user("bob", Source::Token, false);
    for action in db.environment().registry.actions() {
        let listed = action.permit(&clerk).unwrap_err().detail;
        let run = action.run;
        let target = ObjectId(Default::default());
        let demanded = db.command(&clerk, move |tx| run(tx, target, &json!({}))).unwrap_err();
        if demanded.kind == ProblemKind::Forbidden {
            assert_eq!(demanded.detail, listed, "{}.{}", action.object, action.name);
        } else {
            // The input was read first, and lacks something.
            assert_eq!(demanded.kind, ProblemKind::Invalid, "{}.{}", action.object, action.name);
        }
    }
}
