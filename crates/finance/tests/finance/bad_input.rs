//! Input that contradicts itself or the books is refused, and the refusal names its field.

use serde_json::{Value, json};
use tessera_kernel::{Code, Money, ObjectId, Problem, Ref};
use tessera_partner::{BusinessPartner, PartnerCompany};

use crate::fixture::{Books, Invoice, day, eur, money, usd};

#[track_caller]
fn refused(outcome: Result<Value, Problem>, path: &str, says: &str) {
    let problem = outcome.expect_err(path);
    let found: Vec<&str> = problem.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(found, [path], "{problem}");
    assert!(problem.detail.contains(says), "{problem} does not say: {says}");
}

fn merged(mut body: Value, changes: Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(changes);
    body
}

fn entry(amount: &str, changes: Value) -> Value {
    let line = |account: &str, side: &str| {
        json!({
            "account": account, "side": side, "amount": { "amount": amount, "currency": "EUR" },
        })
    };
    let lines = [line("113100", "debit"), line("399999", "credit")];
    let body = json!({
        "company_code": "1000", "currency": "EUR", "posting_date": "2026-02-01", "lines": lines,
    });
    merged(body, changes)
}

#[test]
fn days_of_postings_are_in_the_calendar_and_the_value_date_is_near() {
    let books = Books::new();
    let partner = books.partner("Becker").to_string();
    let paid = |changes: Value| {
        let amount = json!({ "amount": "5.00", "currency": "EUR" });
        let body = json!({ "company_code": "1000", "partner": partner, "amount": amount });
        books.act("payment", "pay", merged(body, changes))
    };
    for wrong in ["0000-01-01", "0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"] {
        let posting = json!({ "posting_date": wrong });
        refused(paid(posting.clone()), "posting_date", "between 1900-01-01 and 2199-12-31");
        let posted = books.act("journal_entry", "post", entry("5", posting));
        refused(posted, "posting_date", "between 1900-01-01 and 2199-12-31");
        let document = entry("5", json!({ "document_date": wrong }));
        let posted = books.act("journal_entry", "post", document);
        refused(posted, "document_date", "between 1900-01-01 and 2199-12-31");
        refused(paid(json!({ "value_date": wrong })), "value_date", "between 1900-01-01");
    }
    let far = json!({ "posting_date": "2026-06-15", "value_date": "2025-06-13" });
    refused(paid(far), "value_date", "posting date 2026-06-15");
    paid(json!({ "posting_date": "2026-06-15", "value_date": "2025-06-14" })).unwrap();
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn amounts_that_the_books_can_not_hold_name_the_line_or_the_field() {
    let books = Books::new();
    // One dinar is 10,000 euros, so that the largest amount of input nearly fills a total.
    books.rate("KWD/EUR", &[("2026-01-01", "2026-06-30", "10000")]);
    books.rate("OMR/EUR", &[("2026-01-01", "2026-06-30", "10001")]);
    let most = "9223372036854";
    let in_currency = |amount: &str, currency: &str| {
        let mut body = entry(amount, json!({ "currency": currency }));
        for line in body["lines"].as_array_mut().unwrap() {
            line["amount"]["currency"] = json!(currency);
        }
        body
    };
    let post = |body: Value| books.act("journal_entry", "post", body);
    post(in_currency(most, "KWD")).unwrap();
    refused(post(in_currency("1", "KWD")), "lines[0].amount", "too large");
    refused(post(in_currency(most, "OMR")), "lines", "too large");
    refused(post(in_currency("1", "CHF")), "currency", "no exchange rate CHF/EUR");
    let other = entry("5", json!({ "currency": "USD" }));
    refused(post(other), "lines[0].amount", "in EUR");
    let mut unknown = entry("5", json!({}));
    unknown["lines"][1]["account"] = json!("140000");
    refused(post(unknown), "lines[1].account", "is a reconciliation account");

    let partner = books.partner("Becker").to_string();
    let pay = |amount: &str, currency: &str| {
        let amount = json!({ "amount": amount, "currency": currency });
        let body = json!({
            "company_code": "1000", "partner": partner, "amount": amount,
            "posting_date": "2026-02-01",
        });
        books.act("payment", "pay", body)
    };
    pay(most, "KWD").unwrap();
    refused(pay("1", "KWD"), "amount", "too large");
    refused(pay(most, "OMR"), "amount", "too large");
    refused(pay("1", "CHF"), "amount", "no exchange rate CHF/EUR");
    assert_eq!(books.verify(), [""; 0]);
}

fn invoice(books: &Books, partner: Ref<BusinessPartner>, gross: Money, date: &str) -> String {
    let invoice = Invoice { partner, gross, date: day(date), terms: "D10N30" };
    books.invoice(invoice).unwrap().to_string()
}

/// Fifty euros for open items.
fn payment(partner: Ref<BusinessPartner>, allocations: Value) -> Value {
    json!({
        "company_code": "1000", "partner": partner.to_string(), "posting_date": "2026-03-01",
        "amount": { "amount": "50.00", "currency": "EUR" }, "allocations": allocations,
    })
}

#[test]
fn an_allocation_that_can_not_be_made_names_its_field() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let item = invoice(&books, partner, eur(10_000), "2026-02-01");
    let late = invoice(&books, partner, eur(10_000), "2026-05-01");
    let dollars = invoice(&books, partner, usd(10_000), "2026-02-01");
    let other = invoice(&books, books.partner("Adler"), eur(10_000), "2026-02-01");
    let of = |receivable: &str| json!([{ "receivable": receivable }]);
    let with = |field: &str, amount: &str, currency: &str| {
        let amount = json!({ "amount": amount, "currency": currency });
        json!([{ "receivable": item, field: amount }])
    };
    let written_off = json!([{ "receivable": item, "remainder": "write_off" }]);
    let twice = json!([{ "receivable": item }, { "receivable": item }]);
    for (allocations, path, says) in [
        (of(&other), "allocations[0].receivable", "another customer"),
        (of(&dollars), "allocations[0].receivable", "is in USD"),
        (of(&late), "posting_date", "was posted on 2026-05-01"),
        (twice, "allocations[1].receivable", "twice"),
        (with("cash", "1", "USD"), "allocations[0].cash", "in EUR, not in USD"),
        (with("discount", "1", "USD"), "allocations[0].discount", "in EUR, not in USD"),
        (with("cash", "100.01", "EUR"), "allocations[0].cash", "100.00 EUR is open"),
        (with("cash", "-1", "EUR"), "allocations[0].cash", "can't be cleared"),
        (with("discount", "1", "EUR"), "allocations[0].discount", "allows a cash discount of"),
        (written_off, "allocations[0].remainder", "can't be written off"),
        (with("cash", "51", "EUR"), "allocations", "came in"),
    ] {
        refused(books.act("payment", "pay", payment(partner, allocations)), path, says);
    }
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn money_on_account_refunds_and_clearings_name_what_does_not_fit_them() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let item = invoice(&books, partner, eur(10_000), "2026-02-01");
    let ten = json!({ "amount": "10", "currency": "EUR" });
    let part = json!([{ "receivable": item, "cash": ten }]);
    let refund = books.act("payment", "refund", payment(partner, part.clone()));
    refused(refund, "allocations", "go back");
    let clear = |allocations: Value| {
        let mut clearing = payment(partner, allocations);
        clearing.as_object_mut().unwrap().remove("amount");
        books.act("payment", "clear", clearing)
    };
    refused(clear(json!([])), "allocations", "name the open items");
    refused(clear(part), "allocations", "do not come out even");

    let paid = books.pay(money(partner, eur(5_000), day("2026-03-01")), Vec::new()).unwrap();
    let act = |action, body| books.act_on(paid.head.id, ("payment", action), body);
    refused(act("allocate", json!({})), "allocations", "name the open items");
    let early = json!({ "posting_date": "2026-02-28", "allocations": [{ "receivable": item }] });
    refused(act("allocate", early), "posting_date", "was posted on 2026-03-01");
    let cancelled = act("cancel", json!({ "posting_date": "2026-02-28" }));
    refused(cancelled, "posting_date", "choose that day or a later one");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn nothing_is_taken_back_or_given_up_before_its_day_or_without_a_reason() {
    let books = Books::new();
    let posted = books.act("journal_entry", "post", entry("5", json!({}))).unwrap();
    let id: ObjectId = posted["id"].as_str().unwrap().parse().unwrap();
    let early = json!({ "posting_date": "2026-01-31" });
    let reversed = books.act_on(id, ("journal_entry", "reverse"), early.clone());
    refused(reversed, "posting_date", "before 2026-02-01");
    let same = json!({ "posting_date": "2026-02-01" });
    books.act_on(id, ("journal_entry", "reverse"), same).unwrap();

    let partner = books.partner("Becker");
    let invoice = Invoice { partner, gross: eur(10_000), date: day("2026-02-01"), terms: "D10N30" };
    let item = books.invoice(invoice).unwrap().id();
    let write_off = |body| books.act_on(item, ("receivable", "write_off"), body);
    refused(write_off(json!({ "reason": "  " })), "reason", "must say why");
    refused(write_off(merged(early, json!({ "reason": "gone" }))), "posting_date", "2026-02-01");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn periods_and_reports_name_what_there_is_not() {
    let books = Books::new();
    let period = |action: &str, year: u64, period: u64| {
        let body = json!({ "company_code": "1000", "fiscal_year": year, "period": period });
        books.act("posting_period", action, body)
    };
    refused(period("open", 2026, 7), "period", "was never closed: it is open");
    refused(period("close", 2026, 13), "period", "1 to 12");
    refused(period("close", 4_294_967_295, 1), "fiscal_year", "between 1900 and 2199");
    period("close", 2026, 2).unwrap();
    period("open", 2026, 2).unwrap();
    period("open", 2026, 2).unwrap();
    period("close", 2026, 2).unwrap();
    let posted = books.act("journal_entry", "post", entry("5", json!({})));
    refused(posted, "posting_date", "is closed");

    let balance = |year: u64, from: u64, to: u64| {
        let body = json!({
            "company_code": "1000", "fiscal_year": year, "from_period": from, "to_period": to,
        });
        books.act("journal_entry", "trial_balance", body)
    };
    refused(balance(4_294_967_295, 1, 12), "fiscal_year", "between 1900 and 2199");
    refused(balance(2026, 13, 13), "from_period", "1 to 12");
    refused(balance(2026, 1, 13), "to_period", "1 to 12");
    refused(balance(2026, 4, 3), "from_period", "after to_period");

    let lines = |changes: Value| {
        let body = merged(json!({ "account": "113100" }), changes);
        books.act("journal_entry", "account_lines", body)
    };
    refused(lines(json!({ "limit": 1_001 })), "limit", "at most 1000");
    refused(lines(json!({ "from": "2026-02-01", "to": "2026-01-31" })), "from", "after to");
    refused(lines(json!({ "to": "9999-12-31" })), "to", "between 1900-01-01 and 2199-12-31");
    refused(lines(json!({ "after_line": 1 })), "after_line", "after_entry");
    let ageing = |changes: Value| {
        books.act("receivable", "ageing", merged(json!({ "company_code": "1000" }), changes))
    };
    refused(ageing(json!({ "limit": 10_001 })), "limit", "at most 10000");
    refused(
        ageing(json!({ "key_date": "0001-01-01" })),
        "key_date",
        "between 1900-01-01 and 2199-12-31",
    );
}

#[test]
fn a_partner_whose_account_carries_no_open_items_is_named_with_it() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let company = PartnerCompany {
        company_code: Code::literal("1000"),
        reconciliation_account: Code::literal("113100"),
        payment_terms: None,
        dunning_block: false,
    };
    books
        .run(move |tx| {
            let mut partner = tx.load(partner)?;
            partner.value.companies.push(company.clone());
            tx.save(&mut partner)
        })
        .unwrap();
    let amount = json!({ "amount": "50.00", "currency": "EUR" });
    let body = json!({ "company_code": "1000", "partner": partner.to_string(), "amount": amount });
    let says = "account 113100 of partner 000001 in company 1000 is no reconciliation account";
    refused(books.act("payment", "pay", body), "partner", says);
}
