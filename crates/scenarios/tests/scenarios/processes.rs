//! Several processes on one database.

use serde_json::json;
use tessera_installation::Installation;
use tessera_kernel::{Fault, Problem, Ref};
use tessera_organisation::ExchangeRate;
use tessera_partner::BusinessPartner;

use crate::shop::Shop;
use crate::world::actor;

/// Another process, or a word on why there is none.
fn beside(shop: &Shop, number: u64) -> Option<Installation> {
    let other = shop.beside(number);
    if other.is_none() {
        eprintln!("skipped: only a server database has several processes");
    }
    other
}

fn name_in(process: &Installation, id: Ref<BusinessPartner>) -> String {
    let name = process
        .db()
        .command(&actor(), move |tx| Ok::<_, Fault>(tx.shared(id)?.general.name.clone()));
    name.unwrap()
}

fn rename(process: &Installation, id: Ref<BusinessPartner>, name: &str) {
    let body = json!({ "general": { "name": name } });
    let renamed: Result<(), Problem> = process.db().command(&actor(), move |tx| {
        let entry = tx.environment().registry.object("business_partner").unwrap();
        entry.change.unwrap()(tx, id.id(), None, &body)
    });
    renamed.unwrap();
}

#[test]
fn what_one_process_changed_every_command_that_begins_later_knows() {
    let shop = Shop::new();
    let Some(there) = beside(&shop, 1) else { return };
    let (here, id) = (&shop.installation, shop.partner("free"));
    for round in 0..40 {
        let name = format!("Free & Easy {round}");
        rename(if round % 2 == 0 { here } else { &there }, id, &name);
        std::thread::scope(|scope| {
            let readers: Vec<_> = [here, &there, here, &there]
                .map(|process| scope.spawn(move || name_in(process, id)))
                .into();
            for reader in readers {
                assert_eq!(reader.join().unwrap(), name);
            }
        });
    }
}

#[test]
fn no_process_goes_on_with_what_was_true_before_a_change_that_it_reads_beside() {
    let shop = Shop::new();
    let Some(there) = beside(&shop, 1) else { return };
    let (here, id) = (&shop.installation, shop.partner("free"));
    std::thread::scope(|scope| {
        for process in [here, &there, here, &there, here, &there] {
            scope.spawn(move || (0..200).for_each(|_| drop(name_in(process, id))));
        }
        scope.spawn(|| (0..60).for_each(|round| rename(here, id, &format!("Name {round}"))));
    });
    assert_eq!((name_in(here, id), name_in(&there, id)), ("Name 59".into(), "Name 59".into()));
}

#[test]
fn what_did_not_exist_for_one_process_is_found_when_another_made_it() {
    let shop = Shop::new();
    let Some(there) = beside(&shop, 1) else { return };
    let find = |process: &Installation| {
        let lookup =
            |tx: &mut tessera_kernel::Tx<'_>| tx.lookup::<ExchangeRate>("number", "CHF/EUR");
        process.db().command(&actor(), lookup).unwrap()
    };
    assert_eq!((find(&shop.installation), find(&there)), (None, None));
    let body = json!({
        "pair": { "from_currency": "CHF", "to_currency": "EUR" },
        "rates": [{ "valid": { "from": "2026-01-01", "to": "9999-12-31" }, "rate": "1.05" }],
    });
    let made = shop.create("exchange_rate", body).unwrap();
    let found = Some(Ref::new(made));
    assert_eq!((find(&shop.installation), find(&there)), (found, found));
}

#[test]
fn a_block_of_numbers_is_drawn_without_waiting_for_a_command_that_drew_one_and_is_kept_whatever_becomes_of_it()
 {
    let shop = Shop::new();
    let Some(there) = beside(&shop, 1) else { return };
    let draw = |process: &Installation| -> String {
        let drawn = process.db().command(&actor(), |tx| tx.next_number("sales_order"));
        drawn.map_err(|fault: Fault| fault).unwrap()
    };
    let (says, said) = std::sync::mpsc::channel();
    let (lets, goes_on) = std::sync::mpsc::channel();
    let goes_on = std::sync::Mutex::new(goes_on);
    let open = move |tx: &mut tessera_kernel::Tx<'_>| -> Result<(), Fault> {
        // Whoever listened may be gone after a failure, which is told there.
        says.send(tx.next_number("sales_order")?).ok();
        goes_on.lock().unwrap().recv().ok();
        Err(Fault::ReadOnly)
    };
    let (ends, ended) = std::sync::mpsc::channel();
    shop.installation.db().submit(actor(), open, move |outcome| {
        ends.send(outcome.is_err()).ok();
    });
    assert_eq!(said.recv().unwrap(), "0000000001");
    assert_eq!(draw(&there), "0000001001", "the command is still open");
    lets.send(()).unwrap();
    assert!(ended.recv().unwrap());
    assert_eq!(draw(&shop.installation), "0000000002", "the block is there, the command is not");
}
