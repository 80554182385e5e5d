//! A database with events, and a receiver of webhooks.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_events::EventsSettings;
use tessera_kernel::{
    Actor, Cache, Catalogues, Clock, Database, Environment, EventDef, Module, Numbering, ObjectId,
    Problem, RandomIds, Registry, Settings, Source, Store, SystemClock,
};
use tessera_store_sqlite::{Options, SqliteStore};

pub(crate) fn system() -> Actor {
    Actor::system(Source::System)
}

/// What the tests tell.
const EVENTS: &[EventDef] = &[
    EventDef::new("thing.happened", "Something happened."),
    EventDef::new("other.happened", "Something else happened."),
    EventDef::new("seen.noted", "A subscriber saw it."),
];

/// Opens a database with the events module, and another one under test.
pub(crate) fn open(path: &Path, attempts: u32, further: Module) -> Database {
    open_at(path, attempts, further, Arc::new(SystemClock))
}

/// The same with a clock of the test's own.
pub(crate) fn open_at(
    path: &Path,
    attempts: u32,
    further: Module,
    clock: Arc<dyn Clock>,
) -> Database {
    let store = SqliteStore::open(path, Options::creating()).unwrap();
    open_with(Arc::new(store), attempts, further, clock)
}

/// The same on another engine.
pub(crate) fn open_on(store: Arc<dyn Store>, attempts: u32, further: Module) -> Database {
    open_with(store, attempts, further, Arc::new(SystemClock))
}

fn open_with(
    store: Arc<dyn Store>,
    attempts: u32,
    further: Module,
    clock: Arc<dyn Clock>,
) -> Database {
    let mut problems = Diagnostics::default();
    let customizing = Customizing::load(&[tessera_events::CONFIG], None, &mut problems);
    let mut events: EventsSettings = tessera_events::settings(&customizing, &mut problems);
    assert!(problems.is_empty(), "{problems}");
    for policy in [&mut events.subscriber, &mut events.webhook] {
        (policy.attempts, policy.first_delay_ms, policy.longest_delay_ms) = (attempts, 10, 50);
    }
    // The receivers of these tests stand on this machine.
    events.policy.allowed_hosts = ["*", "127.0.0.1"].map(String::from).to_vec();
    let mut settings = Settings::default();
    settings.insert(events);
    let environment = Environment {
        registry: Registry::new(vec![
            tessera_events::module(),
            Module { events: EVENTS, ..further },
        ]),
        clock,
        ids: Arc::new(RandomIds::system()),
        homes: tessera_kernel::Homes::default(),
        settings,
        catalogues: Catalogues::default(),
        numbering: Numbering::default(),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    Database::open(store, environment).unwrap()
}

/// Emits events `NAME` with payloads `{"n": FROM..=TO}`.
pub(crate) fn emit(db: &Database, name: &'static str, from: i64, to: i64) {
    let emitted: Result<(), tessera_kernel::Fault> = db.command(&system(), move |tx| {
        for n in from..=to {
            let object = tx.new_id();
            tx.emit(name, object, &json!({ "n": n }))?;
        }
        Ok(())
    });
    emitted.unwrap();
}

/// Runs an action of webhooks.
pub(crate) fn act(db: &Database, name: &str, id: ObjectId, body: Value) -> Result<Value, Problem> {
    let run = db.environment().registry.action("webhook", name).unwrap().run;
    db.command(&system(), move |tx| run(tx, id, &body))
}

/// Registers a webhook; answers its id and secret.
pub(crate) fn register(db: &Database, url: &str, pattern: &str) -> (ObjectId, String) {
    let body = json!({ "target": { "url": url }, "events": [{ "pattern": pattern }] });
    let answer = act(db, "register", ObjectId(Default::default()), body).unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_string();
    (text("id").parse().unwrap(), text("secret"))
}

/// Waits until `condition` holds, at most ten seconds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a receiver got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) signature: String,
    pub(crate) delivery: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn n(&self) -> i64 {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["payload"]["n"].as_i64().unwrap_or(-1)
    }
}

/// An HTTP server that answers what `status` says of the n-th call, and keeps what it got.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) fn start(status: impl Fn(usize, &Received) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let kept = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(call) = read_call(&mut stream) else { continue };
                let count = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(call.clone());
                    kept.len()
                };
                let status = status(count, &call);
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n");
                let _ = stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes());
            }
        });
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn read_call(stream: &mut std::net::TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).to_string();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
            })
        };
        let length: usize = header("content-length")?.parse().ok()?;
        if body.len() >= length {
            return Some(Received {
                signature: header("tessera-signature")?,
                delivery: header("tessera-delivery")?,
                body: body.to_string(),
            });
        }
    }
}
