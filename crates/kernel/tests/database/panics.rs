//! A command that panics leaves no trace, and the next one works.

use tessera_kernel::{CellRef, Fault, Problem, ProblemKind};

use crate::sample::{Member, SHELF, member};
use crate::town::{Town, ada, bob};

fn shelf(town: &Town) -> Vec<i64> {
    town.read(|tx| tx.balance(&SHELF, &[CellRef::Text("A")]))
}

#[test]
fn nothing_of_a_panicking_command_stays() {
    let town = Town::new();
    let id = town.member();
    let outcome = town.command(move |tx| -> Result<(), Fault> {
        let made = tx.insert(member("Grace", "G-1"))?;
        let mut stored = tx.load(id)?;
        stored.general.name = "Ada King".into();
        tx.save(&mut stored)?;
        tx.adjust(&SHELF, &[CellRef::Text("A")], &[(0, 5)], None)?;
        tx.emit("member.made", made.id().id(), &serde_json::json!({}))?;
        panic!("on purpose")
    });
    let Err(Fault::Panicked(message)) = outcome else { panic!("{outcome:?}") };
    assert!(message.contains("on purpose"), "{message}");
    assert_eq!(town.ids::<Member>(), [id]);
    assert_eq!(town.load(id).value, member("Ada Lovelace", "A-1"));
    assert_eq!(shelf(&town), [0, 0]);
    assert!(crate::events::outbox(&town).is_empty());
    assert!(town.read(|tx| tx.changes(id.id(), 0)).is_empty());
    let name = town.command(move |tx| Ok(tx.shared(id)?.general.name.clone())).unwrap();
    assert_eq!(name, "Ada Lovelace");
    town.insert(member("Grace", "G-1"));
}

#[test]
fn a_panic_is_an_internal_problem() {
    let town = Town::new();
    let outcome: Result<(), Problem> =
        town.database.command(&ada(), |_| -> Result<(), Problem> { panic!("on purpose") });
    let problem = outcome.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Internal);
    assert_eq!(
        problem.detail,
        "the command failed inside and left no trace: the command panicked: on purpose"
    );
}

#[test]
fn commands_of_others_in_the_same_commit_are_kept() {
    let town = Town::new();
    std::thread::scope(|scope| {
        for number in 0..32 {
            let town = &town;
            scope.spawn(move || {
                let outcome = town.database.command(&bob(), move |tx| {
                    let stored = tx.insert(member("Member", &format!("C-{number}")))?;
                    assert!(number % 4 != 0, "on purpose");
                    Ok::<_, Fault>(stored.id())
                });
                assert_eq!(outcome.is_err(), number % 4 == 0);
            });
        }
    });
    assert_eq!(town.ids::<Member>().len(), 24);
}

#[test]
fn a_read_that_panics_disturbs_nobody() {
    let town = Town::new();
    let id = town.member();
    for _ in 0..20 {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            town.database.read(&ada(), |_| -> Result<(), Fault> { panic!("on purpose") })
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(town.load(id).general.card, "A-1");
    town.change(id, |member| member.general.card = "A-2".into()).unwrap();
}
