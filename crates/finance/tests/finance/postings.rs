use serde_json::json;
use tessera_finance::{
    FinanceError, Line, PeriodData, account_key, close_period, open_period, reverse,
};
use tessera_kernel::{Code, Currency, Money, Tx};

use crate::fixture::{
    Books, COMPANY, Invoice, RECEIVABLES, account, bank, day, eur, post_invoice, post_plain, usd,
};

const A: Code = Code::literal("113100");
const B: Code = Code::literal("399999");

#[test]
fn an_entry_has_a_gapless_number_per_company_and_year_and_makes_ledger_totals() {
    let books = Books::new();
    let post = |date: &'static str| {
        books.run(move |tx| {
            let lines = [Line::debit(A, eur(100)), Line::credit(B, eur(100))];
            post_plain(tx, day(date), &lines).map(|entry| entry.number())
        })
    };
    assert_eq!(post("2026-01-31").unwrap(), "1000-2026-0000001");
    assert_eq!(post("2026-12-31").unwrap(), "1000-2026-0000002");
    assert_eq!(post("2027-01-01").unwrap(), "1000-2027-0000001");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_refused_entry_draws_no_number_and_leaves_no_total() {
    let books = Books::new();
    let post = |lines: Vec<Line<'static>>| {
        books.run(move |tx| post_plain(tx, day("2026-02-01"), &lines)).map(|entry| entry.number())
    };
    let refused = post(vec![Line::debit(A, eur(100)), Line::credit(B, eur(99))]);
    assert!(matches!(refused, Err(FinanceError::Unbalanced { .. })));
    let refused = post(vec![Line::debit(A, eur(0)), Line::credit(B, eur(0))]).unwrap_err();
    assert_eq!(refused.to_string(), "line 1 (account 113100): has no amount");
    let refused = post(vec![Line::debit(A, eur(5)), Line::credit(B, usd(5))]).unwrap_err();
    assert!(refused.to_string().contains("in USD, the document in EUR"), "{refused}");
    let refused = post(vec![Line::debit(RECEIVABLES, eur(5)), Line::credit(B, eur(5))]);
    assert!(refused.unwrap_err().to_string().contains("needs a partner"));
    let unknown = Code::literal("4711");
    let refused = post(vec![Line::debit(unknown, eur(5)), Line::credit(B, eur(5))]).unwrap_err();
    assert!(refused.to_string().contains("4711 is no account; allowed are"), "{refused}");
    assert!(matches!(post(vec![Line::debit(A, eur(5))]), Err(FinanceError::NoLines)));
    let number = post(vec![Line::debit(A, eur(5)), Line::credit(B, eur(5))]).unwrap();
    assert_eq!(number, "1000-2026-0000001");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_closed_period_takes_no_postings_until_it_is_opened() {
    let books = Books::new();
    let post = || {
        books.run(|tx| {
            let lines = [Line::debit(A, eur(100)), Line::credit(B, eur(100))];
            post_plain(tx, day("2026-03-31"), &lines)
        })
    };
    let march = PeriodData { company_code: COMPANY, fiscal_year: 2026, period: 3 };
    post().unwrap();
    let period = march.clone();
    books.run(move |tx| close_period(tx, &period)).unwrap();
    let refused = post().unwrap_err().to_string();
    assert!(refused.contains("period 3 of 2026 of company 1000 is closed"), "{refused}");
    let period = march.clone();
    books.run(move |tx| open_period(tx, &period)).unwrap();
    post().unwrap();
    books.run(move |tx| close_period(tx, &march)).unwrap();
    assert!(matches!(post(), Err(FinanceError::PeriodClosed { .. })));
    let wrong = json!({ "company_code": "1000", "fiscal_year": 2026, "period": 13 });
    assert_eq!(books.act("posting_period", "close", wrong).unwrap_err().code, "finance.report");
}

#[test]
fn a_foreign_entry_balances_in_the_companys_currency_to_the_cent() {
    let books = Books::new();
    // 3 × 0.33 USD at 0.9 is 0.297 EUR each: converted one by one they would make 0.90, not 0.89.
    let entry = books
        .run(|tx| {
            let third = || Line::credit(B, usd(33));
            let lines = [Line::debit(A, usd(99)), third(), third().about("2"), third().about("3")];
            post_plain(tx, day("2026-02-01"), &lines).map(|entry| entry.id())
        })
        .unwrap();
    let locals: Vec<i64> = books.lines(entry).into_iter().map(|(_, _, local)| local).collect();
    assert_eq!(locals, [89, -30, -30, -29]);
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn an_entry_is_reversed_once_at_its_own_rate_and_both_name_each_other() {
    let books = Books::new();
    let entry = books
        .run(|tx| {
            let lines = [Line::debit(A, usd(100)), Line::credit(B, usd(100))];
            post_plain(tx, day("2026-02-01"), &lines).map(|entry| entry.id())
        })
        .unwrap();
    let back = books.run(move |tx| reverse(tx, entry, day("2026-05-01"))).unwrap().id();
    assert_eq!(books.lines(back), [("113100".into(), -100, -90), ("399999".into(), 100, 90)]);
    let original = books.read(|tx| Ok(tx.load(entry)?));
    assert_eq!(original.header.reversed_by, Some(back));
    let again = books.run(move |tx| reverse(tx, entry, day("2026-05-01"))).unwrap_err();
    assert!(again.to_string().contains("1000-2026-0000002"), "{again}");
    assert!(books.run(move |tx| reverse(tx, back, day("2026-05-01"))).is_err());
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn by_hand_nothing_is_posted_to_reconciliation_accounts_nor_reversed_that_has_a_document() {
    let books = Books::new();
    let amount = json!({ "amount": "12.50", "currency": "EUR" });
    let entry = |account: &str| {
        json!({
            "company_code": "1000", "currency": "EUR", "posting_date": "2026-02-01",
            "lines": [
                { "account": account, "side": "debit", "amount": amount },
                { "account": "399999", "side": "credit", "amount": amount },
            ],
        })
    };
    let made = books.act("journal_entry", "post", entry("113100")).unwrap();
    assert_eq!(made["number"], "1000-2026-0000001");
    let refused = books.act("journal_entry", "post", entry("140000")).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.fields[0].path.as_str()),
        ("finance.line", "lines[0].account")
    );
    let refused = books.act("journal_entry", "post", entry("nope")).unwrap_err();
    assert_eq!(refused.fields[0].path, "lines[0].account");

    let partner = books.partner("Becker");
    let invoice = Invoice { partner, gross: eur(11_900), date: day("2026-02-01"), terms: "N30" };
    let entry =
        books.run(move |tx| post_invoice(tx, invoice).map(|(entry, _)| entry.id())).unwrap();
    let action = *books.database.environment().registry.action("journal_entry", "reverse").unwrap();
    let refused = books.run(move |tx| (action.run)(tx, entry.id(), &json!({}))).unwrap_err();
    assert_eq!(refused.code, "finance.not_reversible");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_damaged_total_and_a_missing_number_are_found() {
    let books = Books::new();
    books
        .run(|tx: &mut Tx<'_>| {
            let lines = [Line::debit(A, eur(100)), Line::credit(B, eur(100))];
            post_plain(tx, day("2026-02-01"), &lines)?;
            // A number that is drawn and lost.
            tx.next_in_series("journal_entry", "1000-2026")?;
            let lines = [Line::debit(bank(tx), eur(7)), Line::credit(B, eur(7))];
            post_plain(tx, day("2026-02-01"), &lines)?;
            let key = ["1000", "113100", "EUR"].map(tessera_kernel::CellRef::Text);
            let [company, account, currency] = key;
            let period = [2026, 2].map(tessera_kernel::CellRef::Int);
            let key = [company, account, currency, period[0], period[1]];
            tx.adjust(&tessera_finance::LEDGER_TOTAL, &key, &[(0, 1)], None)?;
            Ok::<_, FinanceError>(())
        })
        .unwrap();
    let found = books.verify().join("\n");
    assert!(found.contains("account 113100, EUR, 2026/2"), "{found}");
    assert!(found.contains("the series 1000-2026 of journal_entry lacks 2"), "{found}");
}

#[test]
fn a_customer_without_company_data_stands_on_the_account_of_the_key() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let found = books
        .run(move |tx| tessera_finance::reconciliation_account(tx, partner, COMPANY, None))
        .unwrap();
    let expected = books.read(|tx| Ok(account(tx, account_key::RECEIVABLES)));
    assert_eq!(found, expected);
    let yen = Money::from_minor(1, Currency::JPY);
    let invoice = Invoice { partner, gross: yen, date: day("2026-02-01"), terms: "N30" };
    // One yen is 0.62 cents.
    let item = books.invoice(invoice).unwrap();
    assert_eq!(books.item(item).local_amount, eur(1));
}
