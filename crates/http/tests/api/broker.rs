//! What a message broker is told, by the rights of a user.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use tessera_events::{Broker, BrokerError, Forwarder, Published};
use tessera_identity::{Identity, TokenRequest};
use tessera_kernel::{Actor, Event, ObjectId, Source};

use crate::support::Server;

/// A broker in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Event>>>);

impl Broker for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        Ok(self.0.lock().unwrap().last().map(|event| event.id))
    }

    fn publish(&mut self, events: &[Event]) -> Published {
        self.0.lock().unwrap().extend_from_slice(events);
        Published { kept: events.len(), stopped: None }
    }
}

impl Memory {
    /// Names and payloads, when there are so many.
    fn told(&self, count: usize) -> Vec<String> {
        let started = Instant::now();
        while self.0.lock().unwrap().len() < count {
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", self.0.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
        let events = self.0.lock().unwrap();
        events.iter().map(|event| format!("{} {}", event.name, event.payload)).collect()
    }
}

async fn set_active(server: &Server, user: &str, active: bool) {
    let body = json!({ "profile": { "active": active } }).to_string();
    let path = format!("/api/v1/user/{user}");
    server.call(Method::PATCH, &path, &[("if-match", "*")], &body).await.expect(200);
}

async fn user(server: &Server, login: &str) {
    let body = json!({ "profile": { "login": login, "name": login } });
    server.post("/api/v1/user", &body).await.expect(201);
}

#[tokio::test]
async fn a_broker_hears_of_what_its_user_may_read() {
    let server = Server::start();
    let grant = |line: u32, (object, action): (&str, &str), scope: &str| json!({ "line": line, "object_type": object, "action": action, "scope": scope });
    let role = json!({
        "header": { "name": "feed" },
        "grants": [
            grant(1, ("user", "read"), "all"),
            grant(2, ("webhook", "read"), "own"),
            grant(3, ("webhook", "register"), "all"),
            grant(4, ("webhook", "change"), "own"),
        ],
        "fields": [
            { "line": 1, "object_type": "webhook", "field": "target.active", "visibility": "hidden" },
        ],
    });
    let role = server.post("/api/v1/role", &role).await.expect(201).json()["id"].clone();
    let body = json!({
        "profile": { "login": "feed", "name": "Feed" },
        "roles": [{ "line": 1, "role": role }],
    });
    let feed = server.post("/api/v1/user", &body).await.expect(201).json()["id"].clone();
    let feed = feed.as_str().unwrap();
    let (memory, db) = (Memory::default(), server.installation.db().clone());
    let broker = Box::new(memory.clone());
    let _forwarder = Forwarder::start_for(db, broker, Some("feed".into())).unwrap();

    let webhook =
        json!({ "target": { "url": "https://example.com/a" }, "events": [{ "pattern": "*" }] });
    // Of the administrator's webhook it does not hear, and of its user's without the field that is withheld.
    server.post("/api/v1/webhook/register", &webhook).await.expect(200);
    user(&server, "carl").await;
    assert_eq!(memory.told(1), [r#"user.created {"login":"carl"}"#]);
    let identity = Identity::new(server.installation.db().clone());
    let (system, request) = (Actor::system(Source::CommandLine), TokenRequest::new("test", 1));
    let token = identity.create_token(&system, feed.parse().unwrap(), &request).unwrap().secret;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let body = webhook.to_string();
    let own = server.call(Method::POST, "/api/v1/webhook/register", &headers, &body).await;
    let path = format!("/api/v1/webhook/{}", own.expect(200).json()["id"].as_str().unwrap());
    let headers = [headers[0], ("if-match", "*")];
    let body = json!({ "target": { "description": "feed" } }).to_string();
    server.call(Method::PATCH, &path, &headers, &body).await.expect(200);
    let told = memory.told(3);
    let own = [r#"webhook.registered {"url":"https://example.com/a"}"#, "webhook.changed {}"];
    assert_eq!(told[told.len() - 2..], own);
    // While the user may not sign in, events wait.
    let seen = told.len();
    set_active(&server, feed, false).await;
    user(&server, "dora").await;
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(memory.told(0).len(), seen, "{:?}", memory.told(0));
    set_active(&server, feed, true).await;
    let told = memory.told(seen + 3);
    assert_eq!(told[seen + 1], r#"user.created {"login":"dora"}"#, "{told:?}");
}
