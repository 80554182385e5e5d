//! An installation moves to another engine, and back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tessera_installation::{Installation, InstallationError, Options, content_hash};
use tessera_kernel::Database;
use tessera_testing_postgres::database;

use crate::shop::Shop;

/// A shop with documents in several states.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.receive("bolt", 100);
    let delivery = shop.ship(shop.order("free", &[("bolt", 10)]));
    shop.invoice(delivery);
    shop.deliver(shop.order("acme", &[("bolt", 5)]));
    shop.order("free", &[("bolt", 95)]);
    shop
}

fn file(folder: &Path, name: &str) -> Options {
    Options::creating(&format!("sqlite:{}", folder.join(name).display()))
}

fn hash(db: &Database) -> String {
    content_hash(db, &mut |_, _| {}).unwrap().to_string()
}

#[test]
fn an_installation_is_the_same_on_another_engine_and_back() {
    let Some(server) = database() else { return };
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let there = Installation::open_target(Options::creating(&server.url(""))).unwrap();
    let (rows, copied) = shop.installation.copy_to(&there, &mut |_, _| {}).unwrap();
    assert!(rows > 100, "{rows}");
    assert_eq!(copied.to_string(), hash(shop.installation.db()));
    assert_eq!(there.verify().unwrap().differences, [""; 0]);
    let back = Installation::open_target(file(folder.path(), "back.db")).unwrap();
    let (rows_back, copied_back) = there.copy_to(&back, &mut |_, _| {}).unwrap();
    assert_eq!((rows_back, copied_back), (rows, copied));
    assert_eq!(hash(back.db()), copied.to_string());
    assert_eq!(back.verify().unwrap().differences, [""; 0]);
}

#[test]
fn a_copy_that_broke_off_is_opened_by_nobody_and_goes_on() {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let target = || file(folder.path(), "copy.db");
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let to = Installation::open_target(target()).unwrap();
        let mut tables = 0;
        shop.installation.copy_to(&to, &mut |_, _| {
            tables += 1;
            assert!(tables < 12, "the power goes");
        })
    }));
    assert!(broken.is_err());
    let refused = Installation::open(target()).unwrap_err();
    assert!(matches!(refused, InstallationError::Unfinished { .. }), "{refused}");
    let to = Installation::open_target(target()).unwrap();
    let (rest, copied) = shop.installation.copy_to(&to, &mut |_, _| {}).unwrap();
    drop(to);
    let whole = Installation::open_target(file(folder.path(), "whole.db")).unwrap();
    let (rows, whole_copied) = shop.installation.copy_to(&whole, &mut |_, _| {}).unwrap();
    assert!(rest < rows, "{rest} of {rows} rows were left");
    assert_eq!(copied, whole_copied);
    let copy = Installation::open(target()).unwrap();
    assert_eq!(copy.verify().unwrap().differences, [""; 0]);
}

#[test]
fn a_copy_goes_only_into_an_empty_database() {
    let (shop, other) = (shop(), self::shop());
    let refused = shop.installation.copy_to(&other.installation, &mut |_, _| {}).unwrap_err();
    assert!(matches!(refused, InstallationError::NotEmpty(_)), "{refused}");
    shop.verify();
    other.verify();
}

#[test]
fn a_source_that_is_written_while_a_copy_rests_is_noticed() {
    let (shop, folder) = (shop(), tempfile::tempdir().unwrap());
    let target = || file(folder.path(), "copy.db");
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let to = Installation::open_target(target()).unwrap();
        shop.installation.copy_to(&to, &mut |table, _| {
            assert!(table != "checking", "the power goes");
        })
    }));
    assert!(broken.is_err());
    // An invoice changes the status of what is copied already.
    shop.receive("bolt", 1);
    shop.issue(shop.deliver(shop.order("free", &[("bolt", 1)])));
    let to = Installation::open_target(target()).unwrap();
    let outcome = shop.installation.copy_to(&to, &mut |_, _| {});
    assert!(matches!(outcome, Err(InstallationError::CopyDiffers)), "{outcome:?}");
}
