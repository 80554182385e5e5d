//! Balance rows of an object that the command makes are those that a database would have kept.

use proptest::prelude::*;
use tessera_kernel::{Balance, Cell, CellRef, Fault, ObjectId, Select, StoreError, Tx};

use crate::sample::{LENT, REMINDED, loan, member};
use crate::town::Town;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Adds to the measures of an item, which must not fall below zero in sum.
    Adjust(i64, [i64; 2]),
    /// The same without a bound.
    Add(i64, [i64; 2]),
    /// Reads one row.
    One(i64),
    /// Reads the rows of the loan.
    Rows,
    /// Reads every row.
    All,
    /// Queries the table.
    Query,
}

fn step() -> impl Strategy<Value = Step> {
    let deltas = || [-3..4_i64, -3..4_i64];
    prop_oneof![
        4 => (1..4_i64, deltas()).prop_map(|(item, deltas)| Step::Adjust(item, deltas)),
        2 => (1..4_i64, deltas()).prop_map(|(item, deltas)| Step::Add(item, deltas)),
        1 => (1..4_i64).prop_map(Step::One),
        1 => Just(Step::Rows),
        1 => Just(Step::All),
        1 => Just(Step::Query),
    ]
}

fn rows(
    tx: &mut Tx<'_>,
    balance: &'static Balance,
    prefix: &[CellRef<'_>],
) -> Result<String, Fault> {
    let mut rows = Vec::new();
    tx.balances(balance, prefix, &mut |key, measures| {
        rows.push((key[1].clone(), measures.to_vec()));
    })?;
    Ok(format!("{rows:?}"))
}

fn lend(tx: &mut Tx<'_>) -> Result<ObjectId, Fault> {
    let member = tx.insert(member("Anna", "C1"))?.id();
    Ok(tx.insert(loan(member, "2024-06-01"))?.id().id())
}

/// What the step answers.
fn take(
    tx: &mut Tx<'_>,
    balance: &'static Balance,
    loan: ObjectId,
    step: Step,
) -> Result<String, Fault> {
    let id = CellRef::Uuid(loan.0);
    let mut adjust = |item, [lent, lost]: [i64; 2], guard| {
        let deltas = [(0, lent), (1, lost)];
        tx.adjust(balance, &[id, CellRef::Int(item)], &deltas, guard).map(|held| held.to_string())
    };
    match step {
        Step::Adjust(item, deltas) => {
            adjust(item, deltas, Some(&balance.at_least(&[(0, 1), (1, 1)], 0)))
        }
        Step::Add(item, deltas) => adjust(item, deltas, None),
        Step::One(item) => Ok(format!("{:?}", tx.balance(balance, &[id, CellRef::Int(item)])?)),
        Step::Rows => rows(tx, balance, &[id]),
        Step::All => rows(tx, balance, &[]),
        Step::Query => {
            let mut items = Vec::new();
            tx.select(&Select::from(balance.table(), &[1, 2, 3]), &mut |row| {
                items.push((row.int()?, row.int()?, row.int()?));
                Ok(())
            })?;
            Ok(format!("{items:?}"))
        }
    }
}

/// The answers to the steps and the rows in the end: of a loan that the same command made, or one before.
fn outcome(balance: &'static Balance, steps: &[Step], at_once: bool) -> (Vec<String>, String) {
    let (town, steps) = (Town::new(), steps.to_vec());
    let take_all = move |tx: &mut Tx<'_>, loan| {
        steps.iter().map(|step| take(tx, balance, loan, *step)).collect::<Result<Vec<_>, _>>()
    };
    let answers = if at_once {
        town.command(move |tx| {
            let made = lend(tx)?;
            take_all(tx, made)
        })
    } else {
        let made = town.command(lend).unwrap();
        town.command(move |tx| take_all(tx, made))
    };
    (answers.unwrap(), town.read(|tx| rows(tx, balance, &[])))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn it_makes_no_difference_whether_the_command_made_the_object(
        steps in prop::collection::vec(step(), 1..12)
    ) {
        for balance in [&LENT, &REMINDED] {
            prop_assert_eq!(outcome(balance, &steps, true), outcome(balance, &steps, false));
        }
    }
}

#[test]
fn rows_of_a_new_object_are_written_once_and_those_of_others_each_time() {
    let town = Town::new();
    let adjust_thrice = |tx: &mut Tx<'_>, loan: ObjectId| {
        for item in [1, 2, 1] {
            tx.adjust(&LENT, &[CellRef::Uuid(loan.0), CellRef::Int(item)], &[(0, 1)], None)?;
        }
        Ok::<_, Fault>(loan)
    };
    town.log.take();
    let made = town.command(move |tx| {
        let made = lend(tx)?;
        adjust_thrice(tx, made)
    });
    let of_lent = |writes: Vec<String>| -> Vec<String> {
        writes.into_iter().filter(|write| write.ends_with(" lent")).collect()
    };
    assert_eq!(of_lent(town.log.take()), ["insert lent", "insert lent"]);
    let made = made.unwrap();
    town.command(move |tx| adjust_thrice(tx, made)).unwrap();
    assert_eq!(of_lent(town.log.take()), ["adjust lent"; 3]);
    let figures = town.read(|tx| rows(tx, &LENT, &[CellRef::Uuid(made.0)]));
    assert_eq!(figures, format!("{:?}", [(Cell::Int(1), vec![4, 0]), (Cell::Int(2), vec![2, 0])]));
}

#[test]
fn a_counter_of_a_new_object_never_leaves_its_range() {
    let town = Town::new();
    let beyond = town.command(|tx| {
        let key = [CellRef::Uuid(lend(tx)?.0), CellRef::Int(1)];
        tx.adjust(&LENT, &key, &[(0, i64::MAX)], None)?;
        tx.adjust(&LENT, &key, &[(0, 1)], None)
    });
    assert!(matches!(beyond, Err(Fault::Store(StoreError::OutOfRange(_)))), "{beyond:?}");
}
