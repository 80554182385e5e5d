//! Change sets, former states, and how long a history is kept.

use serde_json::{Value, json};
use tessera_kernel::{
    ChangeSet, Deed, Fault, FoundChanges, HistoryQuery, Object, json as kernel_json,
};

use crate::sample::{Loan, LoanReminder, Member, day, euro, item, member};
use crate::tampering::{differences, seal, unchained};
use crate::town::{Town, ada, bob, instant, undone};

fn found(town: &Town, query: HistoryQuery) -> FoundChanges {
    town.read(|tx| tx.search_history(&HistoryQuery { limit: 100, ..query }, &|_| true))
}

fn told(found: &FoundChanges) -> Vec<String> {
    let row = |row: &tessera_kernel::FoundChange| {
        let fields: Vec<&str> = row.changes.iter().map(|change| change.field.as_str()).collect();
        let touched = &row.touched;
        let (deed, kind, version) = (touched.deed.name(), &touched.kind, touched.version);
        format!("{} {deed} {kind} v{version} {}", row.set.actor, fields.join(","))
    };
    found.rows.iter().map(row).collect()
}

fn sets(town: &Town) -> Vec<ChangeSet> {
    found(town, HistoryQuery::default()).rows.into_iter().map(|row| row.set).collect()
}

#[test]
fn a_command_tells_who_made_changed_and_deleted_what_where_from_and_in_which_request() {
    let town = Town::new();
    let actor = bob().through("till 7").for_request("r-1");
    town.database
        .command(&actor, |tx| {
            let mut made = tx.insert(member("Ada Lovelace", "A-1"))?;
            made.general.name = "Ada King".into();
            tx.save(&mut made)?;
            tx.delete(&made)
        })
        .map_err(|fault: Fault| fault)
        .unwrap();
    let found = found(&town, HistoryQuery::default());
    assert_eq!(
        told(&found),
        ["bob created member v1 ", "bob changed member v2 name", "bob deleted member v3 ,,,,"]
    );
    let set = &found.rows[0].set;
    assert_eq!((set.source.as_str(), set.via.as_deref()), ("token", Some("till 7")));
    assert_eq!(set.request.as_deref(), Some("r-1"));
    assert!(found.rows.iter().all(|row| row.set.id == set.id));
    assert_eq!(differences(&town), [""; 0]);
}

#[test]
fn an_undone_command_and_one_that_changes_nothing_leave_no_change_set() {
    let town = Town::new();
    let id = town.member();
    let before = sets(&town).len();
    let outcome = town.command(|tx| {
        tx.insert(member("Nobody", "N-1"))?;
        undone::<()>()
    });
    assert!(outcome.is_err());
    town.command(move |tx| tx.load(id).map(drop)).unwrap();
    assert!(!town.change(id, |_| ()).unwrap());
    assert_eq!(sets(&town).len(), before);
}

#[test]
fn each_state_that_an_object_had_is_told_by_version_and_by_time() {
    let town = Town::new();
    let id = town.loan();
    let shown = || {
        let stored = town.load(id);
        town.read(|_| kernel_json::stored_to_json(&stored))
    };
    let mut states: Vec<Value> = vec![shown()];
    let steps: [fn(&mut Loan); 5] = [
        |loan| loan.header.remark = Some("late".into()),
        |loan| {
            loan.items.remove(0);
            loan.items.push(item(9, "Ulysses"));
        },
        |loan| loan.reminder = Some(LoanReminder { reminded: Some(day("2024-06-02")) }),
        |loan| {
            loan.items[0].deposit = None;
            loan.items[1].deposit = Some(euro(999));
            loan.returns.clear();
        },
        |loan| {
            loan.reminder = None;
            loan.header.remark = None;
        },
    ];
    for (hour, step) in (11..).zip(steps) {
        town.clock.set(instant(&format!("2024-05-01T{hour}:00:00Z")));
        town.change(id, step).unwrap();
        states.push(shown());
    }
    for (version, state) in (1..).zip(&states) {
        let former = town.read(|tx| tx.state_of(Loan::def(), id.id(), version));
        assert_eq!((&former.value, former.unknown.len()), (state, 0), "version {version}");
    }
    let at = |text: &str| town.read(|tx| tx.version_at(Loan::def(), id.id(), instant(text)));
    assert_eq!(at("2024-05-01T09:59:59Z"), None);
    assert_eq!(at("2024-05-01T10:30:00Z"), Some(1));
    assert_eq!(at("2024-05-01T12:00:00Z"), Some(3));
    assert_eq!(at("2030-01-01T00:00:00Z"), Some(6));
    for version in [0, 7] {
        let outcome = town.database.read(&ada(), |tx| tx.state_of(Loan::def(), id.id(), version));
        assert!(matches!(outcome, Err(Fault::Missing { .. })), "{outcome:?}");
    }
    assert_eq!(differences(&town), [""; 0]);
}

#[test]
fn a_deleted_object_is_told_as_it_was() {
    let town = Town::new();
    let id = town.member();
    let shown = town.read(|tx| kernel_json::stored_to_json(&tx.load(id)?));
    town.command(move |tx| {
        let stored = tx.load(id)?;
        tx.delete(&stored)
    })
    .unwrap();
    let former = town.read(|tx| tx.state_of(Member::def(), id.id(), 1));
    assert_eq!(former.value, shown);
    let outcome = town.database.read(&ada(), |tx| tx.state_of(Member::def(), id.id(), 2));
    assert!(matches!(outcome, Err(Fault::Missing { .. })), "{outcome:?}");
    assert_eq!(differences(&town), [""; 0]);
}

#[test]
fn the_history_is_searched_by_user_time_type_field_value_source_and_request() {
    let town = Town::new();
    let (loan, member) = (town.loan_of("B-1"), town.member());
    town.clock.set(instant("2024-05-02T10:00:00Z"));
    let actor = bob().for_request("r-2");
    town.database
        .command(&actor, move |tx| {
            let mut stored = tx.load(loan)?;
            stored.header.remark = Some("sent to Kiel".into());
            tx.save(&mut stored)
        })
        .map_err(|fault: Fault| fault)
        .unwrap();
    town.clock.set(instant("2024-05-03T10:00:00Z"));
    town.change(member, |member| member.general.name = "Ada King".into()).unwrap();
    let query = HistoryQuery::default;
    let text = |text: &str| Some(text.to_string());
    let cases = [
        (HistoryQuery { actor: text("bob"), ..query() }, 1),
        (HistoryQuery { source: text("token"), ..query() }, 1),
        (HistoryQuery { request: text("r-2"), ..query() }, 1),
        (HistoryQuery { from: Some(instant("2024-05-02T00:00:00Z")), ..query() }, 2),
        (HistoryQuery { until: Some(instant("2024-05-03T00:00:00Z")), ..query() }, 4),
        (HistoryQuery { kind: text("loan"), ..query() }, 2),
        (HistoryQuery { object: Some(member.id()), ..query() }, 2),
        (HistoryQuery { field: text("name"), ..query() }, 1),
        (HistoryQuery { old: text("Lovelace"), ..query() }, 1),
        (HistoryQuery { new: text("Kiel"), field: text("remark"), ..query() }, 1),
        (HistoryQuery { new: text("Kiel"), field: text("name"), ..query() }, 0),
        (query(), 5),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&town, query.clone()).rows.len(), expected, "{query:?}");
    }
    let seen = town.read(|tx| {
        let all = HistoryQuery { limit: 100, ..HistoryQuery::default() };
        tx.search_history(&all, &|kind| kind == "loan")
    });
    assert!(seen.rows.iter().all(|row| row.touched.kind == "loan") && seen.rows.len() == 2);
}

#[test]
fn a_search_goes_on_where_its_page_ended_also_within_a_change_set() {
    let town = Town::new();
    town.command(|tx| {
        for number in 0..7 {
            tx.insert(member("Ada", &format!("A-{number}")))?;
        }
        Ok(())
    })
    .unwrap();
    for number in 7..450 {
        town.insert(member("Ada", &format!("A-{number}")));
    }
    let (mut seen, mut query) = (Vec::new(), HistoryQuery { limit: 97, ..HistoryQuery::default() });
    loop {
        let page = town.read(|tx| tx.search_history(&query, &|_| true));
        seen.extend(page.rows.iter().map(|row| row.touched.id));
        if page.next.is_none() {
            break;
        }
        query.after = page.next;
    }
    assert_eq!(seen.len(), 450);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 450);
}

fn remark(town: &Town, id: tessera_kernel::Ref<Loan>, days: std::ops::RangeInclusive<u8>) {
    for day in days {
        town.clock.set(instant(&format!("2024-05-{day:02}T10:00:00Z")));
        town.change(id, move |loan| loan.header.remark = Some(format!("day {day}"))).unwrap();
    }
}

#[test]
fn what_is_older_than_kept_goes_and_the_rest_is_still_checked() {
    let town = Town::new();
    let id = town.loan();
    remark(&town, id, 2..=9);
    let cut = |text: &'static str| {
        town.command(move |tx| tx.cut_history(Loan::def(), id.id(), instant(text))).unwrap()
    };
    assert_eq!(cut("2024-05-05T00:00:00Z"), 3);
    assert_eq!(cut("2024-05-05T00:00:00Z"), 0);
    assert_eq!(differences(&town), [""; 0]);
    let changes = town.read(|tx| tx.changes(id.id(), 0));
    assert_eq!((changes[0].version, changes[0].field.as_str()), (4, "cut"));
    assert_eq!(changes.len(), 6);
    let state = town.read(|tx| tx.state_of(Loan::def(), id.id(), 4));
    assert_eq!(state.value["header"]["remark"], json!("day 4"));
    let outcome = town.database.read(&ada(), |tx| tx.state_of(Loan::def(), id.id(), 3));
    assert!(outcome.unwrap_err().to_string().contains("not kept"));
    // Cut once more, up to the last change, and changed again.
    remark(&town, id, 10..=10);
    assert_eq!(cut("2024-06-01T00:00:00Z"), 7);
    remark(&town, id, 11..=12);
    assert_eq!(differences(&town), [""; 0]);
    // A mark that somebody else writes is none.
    let forged = town.read(|tx| tx.changes(id.id(), 0));
    assert!(forged.iter().filter(|change| change.line == 0).count() == 1);
}

#[test]
fn the_chain_of_an_earlier_version_begins_with_a_mark() {
    let town = Town::new();
    let (id, other) = (town.loan_of("B-1"), town.member());
    remark(&town, id, 2..=3);
    unchained(&town);
    town.change(id, |loan| loan.header.remark = Some("in between".into())).unwrap();
    assert_eq!(differences(&town), [""; 0]);
    let migration =
        tessera_kernel::Actor::system(tessera_kernel::Source::Migration).through("history");
    for def in [Loan::def(), Member::def()] {
        let begun = town
            .database
            .command(&migration, move |tx| tx.begin_histories(def, None, 100))
            .map_err(|fault: Fault| fault)
            .unwrap();
        assert!(begun.0 > 0 && begun.1.is_none(), "{begun:?}");
    }
    let mark = town.read(|tx| tx.changes(id.id(), 3)).into_iter().find(|c| c.line == 0).unwrap();
    assert_eq!(
        (mark.field.as_str(), mark.source.as_str(), mark.version),
        ("begun", "migration", 4)
    );
    assert_eq!(town.load(other).head.version, 1);
    town.change(id, |loan| loan.items[0].title = "Emma, annotated".into()).unwrap();
    town.change(other, |member| member.general.name = "Ada King".into()).unwrap();
    assert_eq!(differences(&town), [""; 0]);
    let rows = found(&town, HistoryQuery::default()).rows;
    assert!(rows.iter().any(|row| row.touched.deed == Deed::Begun));
    // Old lines without a chain go without a mark, and no state is told for which they are missing.
    town.command(move |tx| tx.cut_history(Loan::def(), id.id(), instant("2024-05-03T00:00:00Z")))
        .unwrap();
    assert_eq!(differences(&town), [""; 0]);
    let outcome = town.database.read(&ada(), |tx| tx.state_of(Loan::def(), id.id(), 1));
    assert!(outcome.unwrap_err().to_string().contains("not kept"));
}

fn newest_seal(town: &Town) -> tessera_kernel::Seal {
    town.read(|tx| {
        let newest = tx.newest_seal()?;
        Ok(newest)
    })
    .unwrap()
}

#[test]
fn seals_cover_what_is_old_enough_each_once() {
    let town = Town::new();
    town.loan();
    let seal = || seal(&town);
    assert_eq!(seal(), 0, "nothing is old enough");
    town.clock.set(instant("2024-05-01T11:00:00Z"));
    assert_eq!(seal(), 2);
    assert_eq!(seal(), 0);
    town.loan_of("B-1");
    town.clock.set(instant("2024-05-01T12:00:00Z"));
    assert_eq!(seal(), 2);
    let newest = newest_seal(&town);
    assert_eq!((newest.number, newest.sets), (2, 2));
    assert_eq!(differences(&town), [""; 0]);
}
