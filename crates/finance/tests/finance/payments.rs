use tessera_finance::{
    AllocationData, ClearingData, ClearingForm, FinanceError, ItemStatus, PaymentForm,
    PaymentStatus, Receivable, Remainder, ReversalData, WriteOffData, cancel_payment, clear,
    clear_items, refund, write_off,
};
use tessera_kernel::{Code, Money, Ref};
use tessera_partner::BusinessPartner;

use crate::fixture::{Books, COMPANY, Invoice, day, eur, money, usd};

fn invoice(books: &Books, partner: Ref<BusinessPartner>, gross: Money) -> Ref<Receivable> {
    let (date, terms) = (day("2026-02-01"), "D10N30");
    books.invoice(Invoice { partner, gross, date, terms }).unwrap()
}

fn exposure(books: &Books, partner: Ref<BusinessPartner>) -> i64 {
    books
        .run(move |tx| {
            let key = [
                tessera_kernel::CellRef::Text("1000"),
                tessera_kernel::CellRef::Uuid(partner.id().0),
            ];
            Ok::<_, FinanceError>(tx.balance(&tessera_credit::CREDIT_EXPOSURE, &key)?[2])
        })
        .unwrap()
}

fn open(books: &Books, item: Ref<Receivable>) -> (i64, ItemStatus) {
    let item = books.item(item);
    (item.open_amount.minor(), item.status)
}

#[test]
fn a_payment_clears_items_in_the_order_given_and_the_rest_stays_on_account() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let items = [invoice(&books, partner, eur(10_000)), invoice(&books, partner, eur(5_000))];
    assert_eq!(exposure(&books, partner), 15_000);
    let all = items.map(AllocationData::of).to_vec();
    let first = books.pay(money(partner, eur(12_000), day("2026-03-01")), all.clone()).unwrap();
    assert_eq!(open(&books, items[0]), (0, ItemStatus::Cleared));
    assert_eq!(open(&books, items[1]), (3_000, ItemStatus::Partly));
    assert_eq!(first.header.status, PaymentStatus::Allocated);
    let lines = books.lines(first.header.journal_entry.unwrap());
    assert_eq!(lines, [("113109".into(), 12_000, 12_000), ("140000".into(), -12_000, -12_000)]);
    assert_eq!(exposure(&books, partner), 3_000);

    let twice = books.pay(money(partner, eur(1), day("2026-03-01")), all);
    assert!(twice.unwrap_err().to_string().contains("is cleared already"));
    let rest = vec![AllocationData::of(items[1])];
    let second = books.pay(money(partner, eur(4_000), day("2026-03-02")), rest).unwrap();
    assert_eq!(
        (second.header.unallocated, second.header.status),
        (eur(1_000), PaymentStatus::Partly)
    );
    assert_eq!(exposure(&books, partner), -1_000);

    let third = invoice(&books, partner, eur(1_500));
    let data = vec![AllocationData::of(third)];
    let allocated = books.allocate(second.id(), day("2026-03-03"), data.clone()).unwrap();
    assert_eq!(allocated.header.unallocated, eur(0));
    assert_eq!(allocated.allocations[1].journal_entry, None, "nothing moves on any account");
    assert_eq!((open(&books, third), exposure(&books, partner)), ((500, ItemStatus::Partly), 500));
    let refused = books.allocate(second.id(), day("2026-03-03"), data).unwrap_err();
    assert!(refused.to_string().contains("can't be cleared"), "{refused}");
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_cash_discount_is_what_the_terms_give_and_lowers_the_tax() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let item = invoice(&books, partner, eur(11_900));
    let with =
        |discount| vec![AllocationData { discount: Some(discount), ..AllocationData::of(item) }];
    let late = books.pay(money(partner, eur(11_662), day("2026-02-15")), with(eur(238)));
    let message = late.unwrap_err().to_string();
    assert!(
        message.contains("a cash discount of 0.00 EUR on 2026-02-15 (until 2026-02-11)"),
        "{message}"
    );
    let much = books.pay(money(partner, eur(11_661), day("2026-02-14")), with(eur(239)));
    assert!(much.unwrap_err().to_string().contains("a cash discount of 2.38 EUR"));
    let paid = books.pay(money(partner, eur(11_662), day("2026-02-14")), with(eur(238))).unwrap();
    assert_eq!(paid.allocations[0].tax_correction, eur(38));
    let lines = books.lines(paid.header.journal_entry.unwrap());
    let expected = [("113109", 11_662), ("140000", -11_900), ("175000", 38), ("880000", 200)];
    assert_eq!(lines, expected.map(|(account, minor)| (account.to_string(), minor, minor)));
    assert_eq!((open(&books, item), exposure(&books, partner)), ((0, ItemStatus::Cleared), 0));
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_residual_stays_open_without_discount_and_a_small_rest_is_written_off() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let item = invoice(&books, partner, eur(10_000));
    let data = |remainder| vec![AllocationData { remainder, ..AllocationData::of(item) }];
    let on = day("2026-02-05");
    let part = books.pay(money(partner, eur(4_000), on), data(Remainder::Residual)).unwrap();
    assert!(books.item(item).discount_ended);
    let discount = vec![AllocationData { discount: Some(eur(1)), ..AllocationData::of(item) }];
    assert!(books.pay(money(partner, eur(5_999), on), discount).is_err());

    let refused = books.pay(money(partner, eur(5_800), on), data(Remainder::WriteOff)).unwrap_err();
    assert!(refused.to_string().contains("2.00 EUR can't be written off"), "{refused}");
    let paid = books.pay(money(partner, eur(5_901), on), data(Remainder::WriteOff)).unwrap();
    let lines = books.lines(paid.header.journal_entry.unwrap());
    assert_eq!(lines[2], ("881000".into(), 99, 99));
    assert_eq!(open(&books, item), (0, ItemStatus::Cleared));

    let back = ReversalData { posting_date: Some(on) };
    let id = part.id();
    books.run(move |tx| cancel_payment(tx, id, &back)).unwrap();
    assert_eq!(open(&books, item), (4_000, ItemStatus::Partly));
    assert!(!books.item(item).discount_ended);
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn what_two_rates_leave_goes_to_exchange_differences() {
    let books = Books::new();
    let partner = books.partner("Smith Inc");
    let item = invoice(&books, partner, usd(10_000));
    let on = day("2026-04-10");
    let paid = books.pay(money(partner, usd(12_000), on), vec![AllocationData::of(item)]).unwrap();
    let lines = books.lines(paid.header.journal_entry.unwrap());
    // 100.00 USD at 0.90 and 20.00 USD at 0.95 lie on one account, 120.00 USD at 0.95 came in.
    let expected = [("113109", 12_000, 11_400), ("140000", -12_000, -10_900), ("230000", 0, -500)];
    assert_eq!(
        lines,
        expected.map(|(account, amount, local)| (account.to_string(), amount, local))
    );

    let later = books.invoice(Invoice {
        partner,
        gross: usd(2_000),
        date: day("2026-03-31"),
        terms: "N00",
    });
    let data = vec![AllocationData::of(later.unwrap())];
    let paid = books.allocate(paid.id(), day("2026-05-01"), data).unwrap();
    let lines = books.lines(paid.allocations[1].journal_entry.unwrap());
    assert_eq!(lines, [("140000".into(), 0, 100), ("230000".into(), 0, -100)]);
    let euros = books.pay(money(partner, eur(100), on), vec![AllocationData::of(item)]);
    assert!(euros.unwrap_err().to_string().contains("pay it in USD"));
    assert_eq!(exposure(&books, partner), 0);
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_credit_memo_clears_an_invoice_without_money_and_the_rest_goes_back() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let (owed, credit) =
        (invoice(&books, partner, eur(6_000)), invoice(&books, partner, eur(-10_000)));
    let on = day("2026-03-01");
    let clearing =
        ClearingData { company_code: COMPANY, partner, posting_date: Some(on), reference: None };
    let one_sided = ClearingForm {
        clearing: clearing.clone(),
        allocations: vec![AllocationData { cash: Some(eur(5)), ..AllocationData::of(owed) }],
    };
    let refused = books.run(move |tx| clear(tx, &one_sided)).unwrap_err();
    assert!(refused.to_string().contains("do not come out even"), "{refused}");
    let form =
        ClearingForm { clearing, allocations: [owed, credit].map(AllocationData::of).into() };
    let cleared = books.run(move |tx| clear(tx, &form)).unwrap();
    assert_eq!(cleared.header.journal_entry, None);
    assert_eq!(open(&books, owed), (0, ItemStatus::Cleared));
    assert_eq!(open(&books, credit), (-4_000, ItemStatus::Partly));

    let back = |amount| PaymentForm {
        payment: money(partner, amount, on),
        allocations: vec![AllocationData::of(credit)],
    };
    let (much, exact) = (back(eur(4_001)), back(eur(4_000)));
    assert!(books.run(move |tx| refund(tx, &much)).is_err());
    let paid = books.run(move |tx| refund(tx, &exact)).unwrap();
    assert_eq!(paid.header.amount, eur(-4_000));
    let lines = books.lines(paid.header.journal_entry.unwrap());
    assert_eq!(lines, [("113109".into(), -4_000, -4_000), ("140000".into(), 4_000, 4_000)]);
    assert_eq!((open(&books, credit).0, exposure(&books, partner)), (0, 0));
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn cancelling_a_document_clears_as_far_as_both_items_reach() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let (owed, credit) =
        (invoice(&books, partner, eur(6_000)), invoice(&books, partner, eur(-6_000)));
    let on = day("2026-03-01");
    let data = vec![AllocationData::of(owed)];
    books.pay(money(partner, eur(1_000), on), data).unwrap();
    books.run(move |tx| clear_items(tx, &[owed, credit], on, Some("90000001"))).unwrap();
    assert_eq!((open(&books, owed).0, open(&books, credit).0), (0, -1_000));
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_cancelled_payment_leaves_items_exposure_and_accounts_as_they_were() {
    let books = Books::new();
    let partner = books.partner("Smith Inc");
    let item = invoice(&books, partner, usd(10_000));
    let before = books.item(item);
    let data = vec![AllocationData { discount: Some(usd(200)), ..AllocationData::of(item) }];
    let paid = books.pay(money(partner, usd(15_000), day("2026-02-10")), data).unwrap().id();
    let early = ReversalData { posting_date: Some(day("2026-02-09")) };
    let refused = books.run(move |tx| cancel_payment(tx, paid, &early)).unwrap_err();
    assert!(refused.to_string().contains("was posted on 2026-02-10"), "{refused}");
    let back = ReversalData { posting_date: Some(day("2026-05-01")) };
    let again = back.clone();
    books.run(move |tx| cancel_payment(tx, paid, &back)).unwrap();
    assert_eq!(books.item(item), before);
    assert_eq!(exposure(&books, partner), before.credit_amount.minor());
    assert!(books.run(move |tx| cancel_payment(tx, paid, &again)).is_err());
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn a_bad_debt_is_written_off_with_its_tax() {
    let books = Books::new();
    let partner = books.partner("Becker");
    let item = invoice(&books, partner, eur(11_900));
    let data = WriteOffData { posting_date: Some(day("2026-05-01")), reason: "Insolvent".into() };
    let payment = books.run(move |tx| write_off(tx, item, &data)).unwrap();
    let lines = books.lines(payment.header.journal_entry.unwrap());
    let expected = [("140000", -11_900), ("175000", 1_900), ("231000", 10_000)];
    assert_eq!(lines, expected.map(|(account, minor)| (account.to_string(), minor, minor)));
    assert_eq!((open(&books, item).0, exposure(&books, partner)), (0, 0));
    assert_eq!(books.verify(), [""; 0]);
}

#[test]
fn items_of_others_and_money_that_is_not_there_are_refused() {
    let books = Books::new();
    let (partner, other) = (books.partner("Becker"), books.partner("Other"));
    let item = invoice(&books, partner, eur(10_000));
    let on = day("2026-03-01");
    let refused = |who, amount, cash: Option<Money>, date| {
        let data = vec![AllocationData { cash, ..AllocationData::of(item) }];
        books.pay(money(who, amount, date), data).unwrap_err().to_string()
    };
    assert!(refused(other, eur(1), None, on).contains("owed by another customer"));
    let much = refused(partner, eur(1), Some(eur(2)), on);
    assert!(much.contains("0.02 EUR are allocated, but only 0.01 EUR came in"), "{much}");
    assert!(refused(partner, eur(20_000), Some(eur(10_001)), on).contains("can't be cleared"));
    assert!(refused(partner, eur(1), Some(eur(-1)), on).contains("can't be cleared"));
    assert!(refused(partner, eur(1), None, day("2026-01-01")).contains("was posted on 2026-02-01"));
    let bank = tessera_finance::PaymentData {
        house_bank: Some(Code::literal("BANK-1100")),
        ..money(partner, eur(1), on)
    };
    let wrong = books.pay(bank, vec![]).unwrap_err().to_string();
    assert!(wrong.contains("belongs to company 1100"), "{wrong}");
    assert_eq!(exposure(&books, partner), 10_000);
    assert_eq!(books.verify(), [""; 0]);
}
