use tessera_finance::outside::{compare, missing, tell_skipped};
use tessera_finance::{AllocationData, FinanceError, LedgerFormat, Line, export_ledger};
use tessera_kernel::{Code, Currency, Money};

use crate::fixture::{Books, Invoice, actor, day, eur, money, post_plain, usd};

fn sample() -> Books {
    let books = Books::new();
    let partner = books.partner("Smith \"& Sons\"; Inc");
    let mut items = Vec::new();
    for (gross, date) in [
        (eur(11_900), "2026-01-05"),
        (usd(10_001), "2026-02-01"),
        (usd(333), "2026-03-01"),
        (eur(-100), "2026-03-01"),
        (Money::from_minor(101, Currency::JPY), "2026-03-02"),
    ] {
        let date = day(date);
        items.push(books.invoice(Invoice { partner, gross, date, terms: "D10N30" }).unwrap());
    }
    let all = vec![AllocationData::of(items[1]), AllocationData::of(items[2])];
    let paid = books.pay(money(partner, usd(20_000), day("2026-04-01")), all).unwrap();
    assert!(paid.header.unallocated.is_positive());
    books.pay(money(partner, eur(4_000), day("2026-04-02")), vec![]).unwrap();
    // A cent of dollars that is no cent of euros, and a line with a text that must be quoted.
    books
        .run(|tx| {
            let (a, b) = (Code::literal("113100"), Code::literal("399999"));
            let lines = [
                Line { local: Some(eur(0)), ..Line::debit(a, usd(1)) },
                Line { local: Some(eur(0)), ..Line::credit(b, usd(1)) },
            ];
            post_plain(tx, day("2025-11-30"), &lines)?;
            let lines = [Line::debit(a, eur(7)).about("x; \"y\" \\"), Line::credit(b, eur(7))];
            post_plain(tx, day("2026-05-01"), &lines)?;
            Ok::<_, FinanceError>(())
        })
        .unwrap();
    books
}

fn compare_with(format: LedgerFormat, test: &str) {
    if let Some(why) = missing(format) {
        return tell_skipped(test, &why);
    }
    let books = sample();
    let folder = books.folder.path().to_path_buf();
    let found = books.database.read(&actor(), |tx| compare(tx, format, &folder)).unwrap();
    assert_eq!(found.differences, [""; 0]);
    assert!(found.balances >= 12, "{found:?}");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn hledger_agrees_with_every_balance() {
    compare_with(LedgerFormat::Hledger, "hledger_agrees_with_every_balance");
}

#[test]
fn beancount_agrees_with_every_balance() {
    compare_with(LedgerFormat::Beancount, "beancount_agrees_with_every_balance");
}

#[test]
fn an_empty_ledger_can_be_exported() {
    let books = Books::new();
    for format in [LedgerFormat::Hledger, LedgerFormat::Beancount] {
        let mut out = Vec::new();
        books.read(|tx| export_ledger(tx, format, &mut out));
        assert!(String::from_utf8(out).unwrap().contains("Ledger of Tessera"));
    }
}
