//! What a command wrote it loads without reading it, just as reading would give it.

use proptest::prelude::*;
use tessera_kernel::{Fault, Object, Ref, Tx};

use crate::sample::{
    Loan, LoanHeader, LoanItem, LoanReminder, LoanReturn, day, item, loan, pieces,
};
use crate::town::Town;

/// The loan as the database has it, segment by segment, and as the command loads it.
fn check_loaded(tx: &mut Tx<'_>, id: Ref<Loan>) -> Result<(), Fault> {
    let loaded = tx.load(id)?;
    assert_eq!(loaded.head, tx.head(Loan::def(), id.id())?);
    assert_eq!(loaded.header, tx.segment_one::<LoanHeader>(id.id())?);
    assert_eq!(loaded.items, tx.segment::<LoanItem>(id.id())?);
    assert_eq!(loaded.returns, tx.segment::<LoanReturn>(id.id())?);
    assert_eq!(loaded.reminder, tx.segment::<LoanReminder>(id.id())?.pop());
    Ok(())
}

#[derive(Clone, Debug)]
enum Write {
    /// Saves a loan with these items, in this order, and a return of the last one.
    Items(Vec<u32>),
    /// Changes the header alone.
    Edit(u8),
    /// The same of a loan that is loaded.
    EditLoaded(u8),
    /// Remarks of a loan that is loaded and whose other changes are never saved.
    EditBesideOthers(u8),
    Remind(bool),
}

fn write() -> impl Strategy<Value = Write> {
    let numbers = prop::collection::hash_set(1..6_u32, 1..5);
    prop_oneof![
        2 => numbers.prop_map(|numbers| Write::Items(numbers.into_iter().collect())),
        1 => any::<u8>().prop_map(Write::Edit),
        1 => any::<u8>().prop_map(Write::EditLoaded),
        1 => any::<u8>().prop_map(Write::EditBesideOthers),
        1 => any::<bool>().prop_map(Write::Remind),
    ]
}

fn remark(header: &mut LoanHeader, mark: u8) {
    header.remark = (mark > 20).then(|| format!("remark {mark}"));
}

fn apply(tx: &mut Tx<'_>, id: Ref<Loan>, write: &Write) -> Result<(), Fault> {
    let mut stored = tx.load(id)?;
    match write {
        Write::Items(numbers) => {
            stored.items = numbers.iter().map(|number| item(*number, "Emma")).collect();
            let last = numbers[numbers.len() - 1];
            stored.returns = vec![LoanReturn { item: last, part: 1, copies: pieces(1) }];
            tx.save(&mut stored)?;
        }
        Write::Edit(mark) => {
            tx.edit(id, |header: &mut LoanHeader| remark(header, *mark))?;
        }
        Write::EditLoaded(mark) => {
            tx.edit_loaded(&mut stored, |loan| &mut loan.header, |header| remark(header, *mark))?;
        }
        Write::EditBesideOthers(mark) => {
            stored.items.clear();
            tx.edit_loaded(&mut stored, |loan| &mut loan.header, |header| remark(header, *mark))?;
        }
        Write::Remind(is_set) => {
            let reminded = Some(day("2024-06-02"));
            stored.reminder = is_set.then_some(LoanReminder { reminded });
            tx.save(&mut stored)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_command_wrote_it_loads_as_it_stands_in_the_database(
        writes in prop::collection::vec(write(), 1..8),
    ) {
        let town = Town::new();
        let borrower = town.member();
        let id = town
            .command(move |tx| {
                let id = tx.insert(loan(borrower, "2024-06-01"))?.id();
                check_loaded(tx, id)?;
                for write in &writes {
                    apply(tx, id, write)?;
                    check_loaded(tx, id)?;
                }
                Ok(id)
            })
            .unwrap();
        // Another command, which wrote nothing, reads all of it.
        town.command(move |tx| check_loaded(tx, id)).unwrap();
    }
}

#[test]
fn what_a_command_wrote_it_loads_without_reading() {
    let town = Town::new();
    let borrower = town.member();
    let log = town.log.clone();
    town.command(move |tx| {
        let id = tx.insert(loan(borrower, "2024-06-01"))?.id();
        log.take_reads();
        let mut stored = tx.load(id)?;
        stored.items.push(item(9, "Emma"));
        tx.save(&mut stored)?;
        tx.edit_loaded(&mut stored, |loan| &mut loan.header, |header| remark(header, 40))?;
        assert_eq!(tx.load(id)?.items.len(), stored.items.len());
        assert_eq!(log.take_reads(), Vec::<String>::new());
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_a_command_deleted_it_does_not_load() {
    let town = Town::new();
    let borrower = town.member();
    town.command(move |tx| {
        let stored = tx.insert(loan(borrower, "2024-06-01"))?;
        tx.delete(&stored)?;
        assert!(matches!(tx.load(stored.id()), Err(Fault::Missing { .. })));
        Ok(())
    })
    .unwrap();
}
