//! The outbox: written in the commit of the change.

use serde_json::json;
use tessera_kernel::{Event, Fault, OUTBOX, Select};

use crate::sample::member;
use crate::town::{Town, instant, undone};

pub(crate) fn outbox(town: &Town) -> Vec<Event> {
    let mut events = Vec::new();
    town.read(|tx| {
        tx.select(&Select::all(&OUTBOX), &mut |row| {
            events.push(Event::read(row)?);
            Ok(())
        })
    });
    events
}

#[test]
fn an_event_comes_with_the_change_and_goes_with_it() {
    let town = Town::new();
    let emit = |card: &'static str, keep: bool| {
        town.command(move |tx| {
            let stored = tx.insert(member("Grace", card))?;
            tx.emit("member.made", stored.id().id(), &json!({ "card": card }))?;
            if keep { Ok(stored.id()) } else { undone() }
        })
    };
    assert!(emit("G-1", false).is_err());
    assert!(outbox(&town).is_empty());
    let id = emit("G-2", true).unwrap();
    let events = outbox(&town);
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!((event.name.as_str(), event.object), ("member.made", id.id()));
    assert_eq!((event.actor.as_str(), &event.payload), ("ada", &json!({ "card": "G-2" })));
    assert_eq!(event.at, instant("2024-05-01T10:00:00Z"));
    assert_eq!(town.load(id).general.card, "G-2");
}

#[test]
fn an_event_is_no_commit_of_its_own() {
    let town = Town::new();
    let before = town.database.store().statistics().commits;
    town.command(|tx| {
        let stored = tx.insert(member("Grace", "G-1"))?;
        tx.emit("member.made", stored.id().id(), &json!({}))
    })
    .unwrap();
    assert_eq!(town.database.store().statistics().commits, before + 1);
}

#[test]
fn events_are_in_the_order_of_their_commands_although_the_clock_goes_back() {
    let town = Town::new();
    let id = town.member().id();
    for (hour, name) in [("10", "a"), ("12", "b"), ("09", "c"), ("11", "d")] {
        town.clock.set(instant(&format!("2024-05-01T{hour}:00:00Z")));
        town.command(move |tx| {
            tx.emit("member.made", id, &json!(format!("{name}.1")))?;
            tx.emit("member.made", id, &json!(format!("{name}.2")))
        })
        .unwrap();
    }
    let told = outbox(&town).into_iter().map(|event| event.payload.as_str().map(String::from));
    let told: Vec<String> = told.flatten().collect();
    assert_eq!(told, ["a.1", "a.2", "b.1", "b.2", "c.1", "c.2", "d.1", "d.2"]);
}

#[test]
fn an_event_as_json_is_what_a_webhook_sends() {
    let town = Town::new();
    let id = town.member().id();
    town.command(move |tx| tx.emit("member.made", id, &json!({ "a": "1.50" }))).unwrap();
    let body = outbox(&town)[0].to_json();
    assert_eq!(body["name"], "member.made");
    assert_eq!(body["object"], id.to_string());
    assert_eq!(body["payload"], json!({ "a": "1.50" }));
}

#[test]
fn a_command_knows_one_moment() {
    let town = Town::new();
    let clock = town.clock.clone();
    let moments = town
        .command(move |tx| {
            let first = tx.now();
            clock.set(instant("2030-01-01T00:00:00Z"));
            Ok::<_, Fault>((first, tx.now()))
        })
        .unwrap();
    assert_eq!(moments.0, moments.1);
}
