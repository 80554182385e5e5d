use serde_json::json;
use tessera_finance::{
    AccountLinesData, AgeingData, AllocationData, OpenItemsData, ReversalData, TrialBalanceData,
    account_lines, ageing, cancel_payment, open_items, overdue_days, trial_balance,
};
use tessera_kernel::{Code, Currency, Money};

use crate::fixture::{Books, COMPANY, Invoice, RECEIVABLES, day, eur, money, usd};

fn which(key_date: &str) -> AgeingData {
    AgeingData {
        company_code: COMPANY,
        key_date: Some(day(key_date)),
        partner: None,
        limit: 10,
        after: None,
    }
}

/// Classes, on account and total of the only currency.
fn ages(books: &Books, key_date: &str) -> Vec<i64> {
    let report = books.read(|tx| ageing(tx, &which(key_date)));
    report.totals.first().map_or(vec![], |(_, row)| row.iter().map(Money::minor).collect())
}

#[test]
fn receivables_are_aged_as_they_were_at_the_key_date() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let invoice = |gross, date, terms| {
        books.invoice(Invoice { partner, gross: eur(gross), date: day(date), terms }).unwrap()
    };
    let first = invoice(10_000, "2026-01-01", "N30");
    let second = invoice(5_000, "2026-03-01", "N30");
    assert_eq!(ages(&books, "2026-01-31"), [10_000, 0, 0, 0, 0, 0, 10_000]);
    assert_eq!(ages(&books, "2026-03-31"), [5_000, 0, 10_000, 0, 0, 0, 15_000]);
    let data = vec![AllocationData::of(first)];
    let paid = books.pay(money(partner, eur(12_000), day("2026-04-10")), data).unwrap().id();
    assert_eq!(ages(&books, "2026-03-31"), [5_000, 0, 10_000, 0, 0, 0, 15_000]);
    assert_eq!(ages(&books, "2026-04-10"), [0, 5_000, 0, 0, 0, -2_000, 3_000]);
    books.allocate(paid, day("2026-04-20"), vec![AllocationData::of(second)]).unwrap();
    assert_eq!(ages(&books, "2026-04-10"), [0, 5_000, 0, 0, 0, -2_000, 3_000]);
    assert_eq!(ages(&books, "2026-06-30"), [0, 0, 0, 0, 3_000, 0, 3_000]);
    let back = ReversalData { posting_date: Some(day("2026-07-01")) };
    books.run(move |tx| cancel_payment(tx, paid, &back)).unwrap();
    assert_eq!(ages(&books, "2026-04-10"), [0, 5_000, 0, 0, 0, -2_000, 3_000]);
    assert_eq!(ages(&books, "2026-06-30"), [0, 0, 0, 0, 3_000, 0, 3_000]);
    assert_eq!(ages(&books, "2026-07-01"), [0, 0, 0, 0, 15_000, 0, 15_000]);

    let body = json!({ "company_code": "1000", "key_date": "2026-07-01" });
    let answer = books.act("receivable", "ageing", body).unwrap();
    assert_eq!(answer["rows"][0]["partner_name"], "Becker");
    assert_eq!(answer["totals"][0]["over_90"]["amount"], "150.00");
    let overdue =
        |area, on| books.read(|tx| overdue_days(tx, Code::literal(area), partner, day(on)));
    assert_eq!(overdue("1000", "2026-07-01"), 151);
    assert_eq!(overdue("1000", "2026-01-01"), 0);
    // What is owed to a company of another credit control area does not matter there.
    assert_eq!((overdue("1100", "2026-07-01"), overdue("NONE", "2026-07-01")), (0, 0));
}

#[test]
fn ageing_comes_page_by_page_with_the_totals_of_all() {
    let books = Books::new();
    let date = day("2026-01-01");
    for name in ["A", "B", "C"] {
        let partner = books.partner(name);
        for gross in [eur(100), usd(200)] {
            books.invoice(Invoice { partner, gross, date, terms: "N30" }).unwrap();
        }
    }
    let mut page = AgeingData { limit: 1, ..which("2026-02-01") };
    let mut names = 0;
    loop {
        let report = books.read(|tx| ageing(tx, &page));
        assert_eq!(report.rows.len(), 2, "both currencies of a customer are on one page");
        assert_eq!(report.totals[0].1[6], eur(300));
        names += 1;
        page.after = report.next;
        if report.next.is_none() {
            break;
        }
    }
    assert_eq!(names, 3);
}

#[test]
fn the_trial_balance_carries_balances_forward_and_sums_to_zero() {
    let books = Books::new();
    let partner = books.partner("Becker");
    for (gross, date) in
        [(eur(11_900), "2025-12-31"), (usd(2_380), "2026-02-01"), (eur(1_190), "2026-03-01")]
    {
        books.invoice(Invoice { partner, gross, date: day(date), terms: "N30" }).unwrap();
    }
    let which =
        TrialBalanceData { company_code: COMPANY, fiscal_year: 2026, from_period: 2, to_period: 2 };
    let report = books.read(|tx| trial_balance(tx, &which));
    let row = |account: Option<Code>, currency| {
        let found = report.rows.iter().find(|r| r.account == account && r.currency == currency);
        found.map(|r| [r.opening.minor(), r.debit.minor(), r.credit.minor(), r.closing.minor()])
    };
    assert_eq!(row(Some(RECEIVABLES), Currency::EUR), Some([11_900, 0, 0, 11_900]));
    assert_eq!(row(Some(RECEIVABLES), Currency::USD), Some([0, 2_380, 0, 2_380]));
    assert_eq!(row(None, Currency::EUR), Some([-10_000, 0, 0, -10_000]));
    assert_eq!(row(Some(Code::literal("800000")), Currency::EUR), None);
    for pick in [0, 3] {
        let sum: i64 = report.rows.iter().map(|row| row.local[pick].minor()).sum();
        assert_eq!(sum, 0);
    }
    let wrong = TrialBalanceData { from_period: 3, ..which };
    let body = json!({
        "company_code": "1000", "fiscal_year": 2026, "from_period": wrong.from_period,
        "to_period": 2,
    });
    assert_eq!(
        books.act("journal_entry", "trial_balance", body).unwrap_err().code,
        "finance.report"
    );
}

#[test]
fn the_lines_of_an_account_and_the_items_of_a_customer_come_page_by_page() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let items: Vec<_> = (1..=5)
        .map(|gross| {
            let (gross, date) = (eur(gross * 1_000), day("2026-06-10"));
            books.invoice(Invoice { partner, gross, date, terms: "D10N30" }).unwrap()
        })
        .collect();
    books
        .pay(money(partner, eur(1_000), day("2026-06-10")), vec![AllocationData::of(items[0])])
        .unwrap();

    let mut whose = OpenItemsData { partner, company_code: None, limit: 3, after: None };
    let page = books.read(|tx| open_items(tx, &whose));
    assert_eq!(page.items.iter().map(|item| item.id).collect::<Vec<_>>(), items[1..4]);
    assert_eq!((page.items[0].discount_today, page.items[0].overdue_days), (eur(40), -25));
    whose.after = page.next;
    let page = books.read(|tx| open_items(tx, &whose));
    assert_eq!((page.items.len(), page.next), (1, None));

    let mut which = AccountLinesData {
        account: RECEIVABLES,
        company_code: Some(COMPANY),
        from: Some(day("2026-06-01")),
        to: None,
        limit: 4,
        after_entry: None,
        after_line: None,
    };
    let page = books.read(|tx| account_lines(tx, &which));
    let amounts = |page: &tessera_finance::AccountLines| -> Vec<i64> {
        page.lines.iter().map(|line| line.line.signed().0.minor()).collect()
    };
    assert_eq!(amounts(&page), [1_000, 2_000, 3_000, 4_000]);
    let (entry, line) = page.next.unwrap();
    (which.after_entry, which.after_line) = (Some(entry), Some(line));
    let page = books.read(|tx| account_lines(tx, &which));
    assert_eq!((amounts(&page), page.next), (vec![5_000, -1_000], None));
}
