//! Webhooks against a receiver on this machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Received, Receiver, act, emit, open, register, system, until};
use serde_json::json;
use tessera_events::{Sender, dead_letters, deliveries, lag, queue_name, verify};
use tessera_kernel::{Module, ProblemKind};

fn seconds() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

#[test]
fn what_is_sent_bears_a_signature_that_verifies_and_comes_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let receiver = Receiver::start(|_, _| 200);
    let (id, secret) = register(&db, &receiver.url, "thing.*");
    emit(&db, "other.happened", 1, 3);
    emit(&db, "thing.happened", 1, 120);
    let _sender = Sender::start(db.clone()).unwrap();
    until("every delivery", || receiver.received().len() == 120);
    let received = receiver.received();
    let order: Vec<i64> = received.iter().map(Received::n).collect();
    assert_eq!(order, (1..=120).collect::<Vec<i64>>());
    for call in &received {
        assert!(verify(&secret, &call.signature, call.body.as_bytes(), seconds()));
        assert!(!verify("whsec_guess", &call.signature, call.body.as_bytes(), seconds()));
        assert!(call.body.contains(&call.delivery));
    }
    until("the log", || db.read(&system(), |tx| deliveries(tx, id, 500)).unwrap().len() == 120);
}

#[test]
fn a_receiver_that_fails_is_tried_again_and_the_order_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let receiver = Receiver::start(|call, _| if call <= 2 { 500 } else { 204 });
    let (id, _) = register(&db, &receiver.url, "thing.happened");
    emit(&db, "thing.happened", 1, 3);
    let _sender = Sender::start(db.clone()).unwrap();
    until("five calls", || receiver.received().len() == 5);
    let order: Vec<i64> = receiver.received().iter().map(Received::n).collect();
    assert_eq!(order, [1, 1, 1, 2, 3]);
    until("the log", || db.read(&system(), |tx| deliveries(tx, id, 9)).unwrap().len() == 5);
    let log = db.read(&system(), |tx| deliveries(tx, id, 9)).unwrap();
    let tries: Vec<(u32, Option<u16>)> = log.iter().rev().map(|d| (d.attempt, d.status)).collect();
    let (failed, done) = (Some(500), Some(204));
    assert_eq!(tries, [(1, failed), (2, failed), (3, done), (1, done), (1, done)]);
}

#[test]
fn what_is_refused_too_often_becomes_a_dead_letter_and_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 3, Module::default());
    let healed = Arc::new(AtomicBool::new(false));
    let heard = healed.clone();
    let receiver =
        Receiver::start(
            move |_, call| {
                if call.n() == 2 && !heard.load(Ordering::Relaxed) { 500 } else { 200 }
            },
        );
    let (id, _) = register(&db, &receiver.url, "thing.happened");
    let nothing = act(&db, "replay", id, json!({})).unwrap_err();
    assert_eq!(nothing.kind, ProblemKind::Conflict);
    emit(&db, "thing.happened", 1, 3);
    let _sender = Sender::start(db.clone()).unwrap();
    let queue = queue_name(id);
    let letters = || db.read(&system(), |tx| dead_letters(tx, Some(&queue))).unwrap();
    until("a dead letter", || letters().len() == 1);
    assert_eq!((letters()[0].failures, letters()[0].replay), (3, false));
    until("the event behind it", || receiver.received().len() == 5);
    healed.store(true, Ordering::Relaxed);
    act(&db, "replay", id, json!({})).unwrap();
    until("no dead letter", || letters().is_empty());
    let order: Vec<i64> = receiver.received().iter().map(Received::n).collect();
    assert_eq!(order, [1, 2, 2, 2, 3, 2]);
}

#[test]
fn what_was_not_sent_is_sent_after_a_restart_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let receiver = Receiver::start(|_, _| 200);
    {
        let db = open(&path, 5, Module::default());
        register(&db, &receiver.url, "thing.happened");
        let sender = Sender::start(db.clone()).unwrap();
        emit(&db, "thing.happened", 1, 2);
        until("the first two", || receiver.received().len() == 2);
        drop(sender);
        emit(&db, "thing.happened", 3, 4);
    }
    let db = open(&path, 5, Module::default());
    let _sender = Sender::start(db.clone()).unwrap();
    until("the other two", || receiver.received().len() >= 4);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let order: Vec<i64> = receiver.received().iter().map(Received::n).collect();
    assert_eq!(order, [1, 2, 3, 4]);
}

#[test]
fn everything_after_an_event_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let receiver = Receiver::start(|_, _| 200);
    let (id, _) = register(&db, &receiver.url, "thing.happened");
    let _sender = Sender::start(db.clone()).unwrap();
    emit(&db, "thing.happened", 1, 3);
    until("three calls", || receiver.received().len() == 3);
    let first = receiver.received()[0].delivery.clone();
    act(&db, "replay", id, json!({ "after": first })).unwrap();
    until("two more", || receiver.received().len() == 5);
    let order: Vec<i64> = receiver.received().iter().map(Received::n).collect();
    assert_eq!(order, [1, 2, 3, 2, 3]);
    let unknown = act(&db, "replay", id, json!({ "after": id.to_string() })).unwrap_err();
    assert_eq!(unknown.fields[0].path, "after");
}

#[test]
fn a_slow_receiver_delays_nobody_else_and_an_inactive_one_hears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let held = gate.clone();
    let slow = Receiver::start(move |_, _| {
        drop(held.lock());
        200
    });
    let (quick, silent) = (Receiver::start(|_, _| 200), Receiver::start(|_, _| 200));
    register(&db, &slow.url, "thing.*");
    register(&db, &quick.url, "*");
    let (id, _) = register(&db, &silent.url, "thing.*");
    let change = db.environment().registry.object("webhook").unwrap().change.unwrap();
    let body = json!({ "target": { "active": false } });
    db.command(&system(), move |tx| change(tx, id, Some(1), &body)).unwrap();
    emit(&db, "thing.happened", 1, 10);
    let sender = Sender::start(db.clone()).unwrap();
    let happened = |receiver: &Receiver| receiver.received().iter().filter(|c| c.n() > 0).count();
    until("the quick one", || happened(&quick) == 10);
    assert_eq!(silent.received().len(), 0);
    drop(closed);
    until("the slow one", || happened(&slow) == 10);
    drop(sender);
}

#[test]
fn a_deleted_webhook_leaves_nothing_behind_and_a_bad_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let (id, secret) = register(&db, "http://127.0.0.1:9/hook", "*");
    let renewed = act(&db, "renew_secret", id, json!({})).unwrap();
    assert_ne!(renewed["secret"], secret.as_str());
    let entry = *db.environment().registry.object("webhook").unwrap();
    let object = db.read(&system(), |tx| (entry.get)(tx, id)).unwrap();
    assert!(!object.to_string().contains("whsec"), "{object}");
    let delete = entry.delete.unwrap();
    db.command(&system(), move |tx| delete(tx, id, Some(1), &json!({}))).unwrap();
    assert!(act(&db, "renew_secret", id, json!({})).is_err());
    let here = "http://a.example/";
    for (url, pattern, path) in [
        ("nowhere", "*", "target.url"),
        ("http://a.example:99999/", "*", "target.url"),
        (here, "Bad Pattern", "events[0].pattern"),
        (here, "thing.happens", "events[0].pattern"),
        (here, "things.*", "events[0].pattern"),
        (here, "", "events[0].pattern"),
    ] {
        let body = json!({ "target": { "url": url }, "events": [{ "pattern": pattern }] });
        let problem = act(&db, "register", id, body).unwrap_err();
        assert_eq!(problem.fields[0].path, path);
    }
}

fn offsets(db: &tessera_kernel::Database) -> Vec<String> {
    db.read(&system(), lag).unwrap().into_iter().map(|lag| lag.queue).collect()
}

#[test]
fn a_webhook_deleted_while_it_is_called_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 1, Module::default());
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let held = gate.clone();
    let receiver = Receiver::start(move |_, call| {
        drop(held.lock());
        if call.n() == 1 { 200 } else { 500 }
    });
    let (id, _) = register(&db, &receiver.url, "thing.*");
    emit(&db, "thing.happened", 1, 3);
    let sender = Sender::start(db.clone()).unwrap();
    until("the call", || receiver.received().len() == 1);
    let delete = db.environment().registry.object("webhook").unwrap().delete.unwrap();
    db.command(&system(), move |tx| delete(tx, id, None, &json!({}))).unwrap();
    drop(closed);
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(sender);
    assert_eq!(offsets(&db), Vec::<String>::new());
    assert_eq!(db.read(&system(), |tx| deliveries(tx, id, 9)).unwrap(), []);
    assert_eq!(db.read(&system(), |tx| dead_letters(tx, None)).unwrap(), []);
}

#[test]
fn a_replay_holds_also_while_the_queue_is_being_served() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let gate = Arc::new(Mutex::new(()));
    let held = gate.clone();
    let receiver = Receiver::start(move |_, call| {
        if call.n() == 3 {
            drop(held.lock());
        }
        200
    });
    let (id, _) = register(&db, &receiver.url, "thing.*");
    let closed = gate.lock().unwrap();
    emit(&db, "thing.happened", 1, 4);
    let _sender = Sender::start(db.clone()).unwrap();
    until("the third call", || receiver.received().len() == 3);
    let first = receiver.received()[0].delivery.clone();
    act(&db, "replay", id, json!({ "after": first })).unwrap();
    drop(closed);
    until("the replay", || receiver.received().len() >= 6);
    let order: Vec<i64> = receiver.received().iter().map(Received::n).collect();
    assert_eq!(order[..6], [1, 2, 3, 2, 3, 4]);
}

#[test]
fn each_webhook_has_its_turn_however_much_the_others_have_to_send() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    let slow = || {
        Receiver::start(|_, _| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            200
        })
    };
    let busy: Vec<Receiver> = (0..8).map(|_| slow()).collect();
    for receiver in &busy {
        register(&db, &receiver.url, "thing.*");
    }
    let last = slow();
    register(&db, &last.url, "thing.*");
    // Half a minute for each.
    emit(&db, "thing.happened", 1, 300);
    let sender = Sender::start(db.clone()).unwrap();
    until("the ninth one's turn", || !last.received().is_empty());
    assert!(busy.iter().all(|receiver| receiver.received().len() < 100));
    drop(sender);
}

#[test]
fn a_webhook_never_connects_to_what_stands_inside() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 1, Module::default());
    let receiver = Receiver::start(|_, _| 200);
    // Not the host that the settings of these tests list, and known only once it is looked up.
    let port = receiver.url.split(':').nth(2).unwrap().to_string();
    let (id, _) = register(&db, &format!("http://0x7f.1:{port}"), "thing.*");
    emit(&db, "thing.happened", 1, 1);
    let _sender = Sender::start(db.clone()).unwrap();
    until("a refusal", || {
        let tries = db.read(&system(), |tx| deliveries(tx, id, 9)).unwrap();
        tries.iter().any(|d| d.error.as_ref().is_some_and(|e| e.contains("no public address")))
    });
    assert_eq!(receiver.received().len(), 0);
}

#[test]
fn senders_without_a_lease_leave_no_event_out_and_bring_each_first_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), 5, Module::default());
    // Now and then a call fails, so that tries of several senders meet.
    let receiver = Receiver::start(|call, _| if call % 17 == 0 { 500 } else { 200 });
    let (id, _) = register(&db, &receiver.url, "thing.happened");
    // In a database of one process nobody asks for leases: these do not know of each other.
    let _senders: Vec<Sender> = (0..3).map(|_| Sender::start(db.clone()).unwrap()).collect();
    for n in 0..20 {
        emit(&db, "thing.happened", n * 5 + 1, n * 5 + 5);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let queue = queue_name(id);
    let is_done = |lag: &tessera_events::Lag| lag.queue == queue && lag.behind == 0;
    until("every call", || db.read(&system(), lag).unwrap().iter().any(is_done));
    let mut first: Vec<i64> = Vec::new();
    for n in receiver.received().iter().map(Received::n) {
        if !first.contains(&n) {
            first.push(n);
        }
    }
    assert_eq!(first, (1..=100).collect::<Vec<i64>>());
    assert_eq!(db.read(&system(), |tx| dead_letters(tx, None)).unwrap(), []);
}
