//! The history of a business: what documents were, what may be set back, and what is kept how long.

use serde_json::json;
use tessera_installation::HistoryKeeper;
use tessera_kernel::{
    CHANGE_DOCUMENT, Cell, CellRef, Fault, HistoryQuery, Kind as _, Object, ObjectId, Problem,
    Restore, RestoreHeader, RestoreOnly, Select,
};
use tessera_partner::BusinessPartner;
use tessera_sales::SalesDocument;

use crate::shop::Shop;

fn restore(
    shop: &Shop,
    object: &'static str,
    id: ObjectId,
    only: &[(&str, &str)],
) -> Result<(), Problem> {
    let only = only.iter().map(|(part, field)| RestoreOnly {
        part: (*part).to_string(),
        record: None,
        field: Some((*field).to_string()),
    });
    let header = RestoreHeader { version: 1, dry_run: false };
    let what = Restore { header, only: only.collect() };
    shop.run(move |tx| {
        let entry = *tx.environment().registry.object(object).unwrap();
        tx.restore(&entry, id, None, &what)
    })
}

#[test]
fn an_order_is_told_as_it_was_before_it_was_changed_delivered_and_billed() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10), ("nut", 5)]);
    let first = shop.json(order);
    shop.set_quantity(order, 10, 12).unwrap();
    let version = shop.load(order).head.version;
    let second = shop.json(order);
    shop.invoice(shop.ship(order));
    assert!(shop.load(order).head.version > version);
    let state =
        |version| shop.read(|tx| Ok(tx.state_of(SalesDocument::def(), order.id(), version)?)).value;
    assert_eq!(state(1), first);
    assert_eq!(state(version), second);
    shop.verify();
}

#[test]
fn documents_are_not_set_back_and_master_data_only_to_what_its_rules_allow() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.set_quantity(order, 10, 12).unwrap();
    let refused = restore(&shop, SalesDocument::NAME, order.id(), &[]).unwrap_err();
    assert_eq!(refused.code, "history.not_restored");
    assert!(refused.detail.contains("by its own verbs"), "{refused}");
    let acme = shop.partner("acme");
    let name = shop.json(acme)["general"]["name"].clone();
    shop.change(acme, json!({ "general": { "name": "Other" } })).unwrap();
    restore(&shop, BusinessPartner::NAME, acme.id(), &[("general", "name")]).unwrap();
    let partner = shop.json(acme);
    assert_eq!((&partner["general"]["name"], &partner["version"]), (&name, &json!(3)));
    shop.verify();
}

/// Names of the partner day by day.
fn rename(shop: &Shop, partner: tessera_kernel::Ref<BusinessPartner>, days: [&str; 3]) {
    for day in days {
        shop.on(day);
        shop.change(partner, json!({ "general": { "name": format!("On {day}") } })).unwrap();
    }
}

fn lines(shop: &Shop, id: ObjectId) -> Vec<i64> {
    shop.read(|tx| Ok(tx.changes(id, 0)?)).iter().map(|change| change.version).collect()
}

#[test]
fn changes_older_than_customizing_keeps_go_but_for_those_that_a_legal_hold_keeps() {
    let number = Shop::new();
    let number = number.load(number.partner("acme")).number();
    let customizing = format!(
        "[history_retention.partners]\nobject = \"business_partner\"\ndays = 30\n\
         [legal_hold.case_1]\nobject = \"business_partner\"\nnumbers = [\"{number}\"]\n\
         reason = \"Lawsuit\"\n"
    );
    let shop = Shop::with(&customizing);
    let (held, free) = (shop.partner("acme"), shop.partner("free"));
    assert_eq!(shop.load(held).number(), number);
    for partner in [held, free] {
        rename(&shop, partner, ["2026-03-10", "2026-03-20", "2026-05-01"]);
    }
    let before = lines(&shop, held.id());
    shop.on("2026-05-10");
    let mut keeper = HistoryKeeper::default();
    let db = shop.installation.db();
    assert!(keeper.keep(db).unwrap() >= 2);
    assert_eq!(lines(&shop, held.id()), before);
    let left = lines(&shop, free.id());
    assert_eq!(left.len(), 2, "a mark, and the last change: {left:?}");
    shop.verify();
    assert_eq!(keeper.keep(db).unwrap(), 0, "once a day");
    shop.on("2026-05-12");
    assert_eq!(keeper.keep(db).unwrap(), 0, "nothing more is old enough");
    // The mark itself can't be moved.
    shop.run(move |tx| {
        let cut = left[0];
        let key = [CellRef::Uuid(free.id().0), CellRef::Int(cut), CellRef::Int(0)];
        tx.connection().delete(&CHANGE_DOCUMENT, &key).map_err(Fault::from)?;
        Ok(())
    })
    .unwrap();
    assert!(!shop.differences().is_empty());
}

#[test]
fn a_history_is_searched_over_all_kinds_of_documents() {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.invoice(shop.ship(order));
    let search = |kind: &str| {
        let query = HistoryQuery { kind: Some(kind.into()), limit: 200, ..HistoryQuery::default() };
        shop.read(|tx| Ok(tx.search_history(&query, &|_| true)?)).rows
    };
    let orders = search("sales_document");
    assert!(orders.len() > 1 && orders.iter().all(|row| row.set.actor == "clerk"));
    for kind in ["delivery", "billing_document", "journal_entry"] {
        assert!(!search(kind).is_empty(), "{kind}");
    }
    // The order and what it changed are one command.
    let made = orders.iter().find(|row| row.touched.version == 1).unwrap();
    assert_eq!(made.touched.id, order.id());
    shop.verify();
}

#[test]
fn a_line_that_is_changed_in_the_database_is_named_with_its_document() {
    let shop = Shop::new();
    let order = shop.order("acme", &[("bolt", 10)]);
    shop.set_quantity(order, 10, 12).unwrap();
    let number = shop.load(order).number();
    shop.run(move |tx| {
        let id = Cell::Uuid(order.id().0);
        let mut key = None;
        tx.select(&Select::from(&CHANGE_DOCUMENT, &[1, 2]).equals(0, id).limit(1), &mut |row| {
            key = row.int()?.zip(row.int()?);
            Ok(())
        })?;
        let (version, line) = key.unwrap();
        let key = [CellRef::Uuid(order.id().0), CellRef::Int(version), CellRef::Int(line)];
        let eve = [(4, CellRef::Text("eve"))];
        let is_set = tx.connection().set(&CHANGE_DOCUMENT, &key, None, &eve);
        assert!(is_set.map_err(Fault::from)?);
        Ok(())
    })
    .unwrap();
    let found = shop.differences();
    let expected = format!("history: sales_document {number}, version 2, line");
    assert!(found.iter().any(|it| it.starts_with(&expected)), "{found:?}");
}
