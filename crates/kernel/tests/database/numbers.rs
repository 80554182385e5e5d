//! Number ranges: no number twice, whatever happens to the commands that draw.

use std::collections::HashSet;
use std::sync::mpsc::channel;

use proptest::prelude::*;
use tessera_kernel::{Cell, Fault, Tx};

use crate::sample::{Member, member};
use crate::town::{Town, ada, undone};

fn draw(town: &Town, keep: bool) -> Option<String> {
    town.command(move |tx| {
        let number = tx.next_number("loan")?;
        if keep { Ok(number) } else { undone() }
    })
    .ok()
}

fn draws(town: &Town, count: usize) -> Vec<String> {
    (0..count).map(|_| draw(town, true).unwrap()).collect()
}

#[test]
fn numbers_of_a_block_are_handed_out_in_order_with_one_write_per_block() {
    let town = Town::new();
    town.log.take();
    assert_eq!(draws(&town, 6), ["L0001", "L0002", "L0003", "L0004", "L0005", "L0006"]);
    assert_eq!(town.log.take(), ["adjust number_range", "adjust number_range"]);
}

#[test]
fn an_undone_command_that_reserved_a_block_leaves_no_duplicate_and_no_gap() {
    let town = Town::new();
    draws(&town, 3);
    assert_eq!(draw(&town, false), None);
    assert_eq!(draws(&town, 4), ["L0004", "L0005", "L0006", "L0007"]);
}

#[test]
fn a_block_survives_an_undone_command_that_only_drew_from_it() {
    let town = Town::new();
    draws(&town, 1);
    assert_eq!(draw(&town, false), None);
    town.log.take();
    // L0002 is lost with the command, the block is not.
    assert_eq!(draws(&town, 1), ["L0003"]);
    assert!(town.log.take().is_empty());
}

#[test]
fn a_batch_that_begins_anew_for_an_undone_command_repeats_no_number_and_leaves_no_gap() {
    let town = Town::new();
    let (open, gate) = channel::<()>();
    // While the writer waits, the others come into one batch behind it.
    let mut gate = Some(gate);
    town.database.submit(
        ada(),
        move |_| Ok::<_, Fault>(gate.take().map(|gate| gate.recv())),
        |done| _ = done.unwrap(),
    );
    let (answer, answers) = channel();
    for nth in 0..9 {
        let answer = answer.clone();
        let run = move |tx: &mut Tx<'_>| {
            let numbers = [tx.next_number("loan")?, tx.next_number("loan")?];
            tx.insert(member("Ada", &format!("C{nth}")))?;
            if nth % 4 == 3 { undone() } else { Ok(numbers) }
        };
        town.database.submit(ada(), run, move |outcome: Result<_, Fault>| {
            let _ = answer.send(outcome.ok());
        });
    }
    drop(answer);
    open.send(()).unwrap();
    let answered: Vec<Option<[String; 2]>> = answers.iter().collect();
    let kept: Vec<String> = answered.iter().flatten().flatten().cloned().collect();
    assert_eq!(answered.iter().filter(|answer| answer.is_none()).count(), 2);
    assert_eq!(kept.len(), 14);
    let distinct: HashSet<&String> = kept.iter().collect();
    assert_eq!(distinct.len(), 14, "{kept:?}");
    let is_there =
        |card: &str| town.read(|tx| tx.find::<Member>("card", Cell::Text(card.into()))).len() == 1;
    assert!(is_there("C2") && is_there("C4") && !is_there("C3") && !is_there("C7"));
    // The next number is behind all of them.
    let next = draws(&town, 1).remove(0);
    assert!(kept.iter().all(|number| *number < next), "{next} after {kept:?}");
}

#[test]
fn a_command_may_draw_more_than_a_block() {
    let town = Town::new();
    let draw_five = |keep: bool| {
        town.command(move |tx| {
            let numbers: Result<Vec<String>, Fault> =
                (0..5).map(|_| tx.next_number("loan")).collect();
            if keep { numbers } else { undone() }
        })
    };
    assert!(draw_five(false).is_err());
    assert_eq!(draw_five(true).unwrap(), ["L0001", "L0002", "L0003", "L0004", "L0005"]);
    assert_eq!(draws(&town, 2), ["L0006", "L0007"]);
}

#[test]
fn a_restart_loses_the_rest_of_a_block_and_repeats_nothing() {
    let town = Town::new();
    assert_eq!(draws(&town, 2), ["L0001", "L0002"]);
    let town = town.reopened();
    assert_eq!(draws(&town, 1), ["L0004"]);
}

#[test]
fn a_panic_repeats_nothing() {
    let town = Town::new();
    draws(&town, 3);
    let outcome = town.command(|tx| -> Result<(), Fault> {
        tx.next_number("loan")?;
        panic!("on purpose")
    });
    assert!(matches!(outcome, Err(Fault::Panicked(_))), "{outcome:?}");
    assert_eq!(draws(&town, 2), ["L0004", "L0005"]);
}

#[test]
fn each_series_counts_on_its_own_and_names_itself() {
    let town = Town::new();
    let receipt = |series: &'static str| {
        town.command(move |tx| tx.next_in_series("receipt", series)).unwrap()
    };
    assert_eq!(receipt("2024"), "R2024-0001");
    assert_eq!(receipt("2025"), "R2025-0001");
    assert_eq!(receipt("2024"), "R2024-0002");
}

#[test]
fn a_range_ends_and_an_unknown_one_is_named() {
    let town = Town::new();
    let short = || town.command(|tx| tx.next_number("short"));
    assert_eq!((short().unwrap(), short().unwrap()), ("0001".into(), "0002".into()));
    assert_eq!(short().unwrap_err().to_string(), "number range short: has no number left");
    assert_eq!(short().unwrap_err().to_string(), "number range short: has no number left");
    let unknown = town.command(|tx| tx.next_number("colour")).unwrap_err();
    assert_eq!(unknown.to_string(), "number range colour: is not defined");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_number_comes_twice(
        steps in proptest::collection::vec((1..6_usize, 0..4_u8), 1..40)
    ) {
        let town = Town::new();
        let mut seen = HashSet::new();
        for (count, fate) in steps {
            let outcome = town.command(move |tx| {
                let numbers: Result<Vec<String>, Fault> =
                    (0..count).map(|_| tx.next_number("loan")).collect();
                match fate {
                    0 => undone(),
                    1 => panic!("on purpose"),
                    _ => numbers,
                }
            });
            for number in outcome.into_iter().flatten() {
                prop_assert!(seen.insert(number.clone()), "{number} came twice");
            }
        }
    }
}

#[test]
fn a_number_given_from_outside_is_passed_over() {
    let town = Town::new();
    let first = town.insert(member("Ada", "A-1")).head.number.unwrap();
    let (digits, width) = (first.trim_start_matches('M'), first.len() - 1);
    // The next one, and the first one of a later block.
    for (card, ahead) in [("B-1", 1), ("B-2", 5)] {
        let number = format!("M{:0width$}", digits.parse::<usize>().unwrap() + ahead);
        let value = member("Grace", card);
        let given = move |tx: &mut Tx<'_>| tx.insert_numbered(value.clone(), Some(number.clone()));
        town.command(given).unwrap();
    }
    let numbers: HashSet<String> = (0..10)
        .map(|n| town.insert(member("Eve", &format!("E-{n}"))).head.number.unwrap())
        .collect();
    assert_eq!(numbers.len(), 10);
}
