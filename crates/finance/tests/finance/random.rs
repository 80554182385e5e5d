//! Random postings, payments, allocations, clearings and cancellations keep the books true.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tessera_finance::{
    AgeingData, AllocationData, ClearingData, ClearingForm, FiscalPeriod, JournalEntry, Line,
    Payment, PaymentForm, Receivable, Remainder, ReversalData, TrialBalanceData, WriteOffData,
    account_key, ageing, cancel_payment, clear, refund, reverse, trial_balance, write_off,
};
use tessera_kernel::{Currency, Date, Money, Ref};
use tessera_partner::BusinessPartner;

use crate::fixture::{Books, COMPANY, Invoice, RECEIVABLES, account, day, money, post_plain};

const CURRENCIES: [Currency; 3] = [Currency::EUR, Currency::USD, Currency::JPY];

#[derive(Clone, Debug)]
enum Step {
    Plain { amounts: Vec<i64>, currency: usize },
    Reverse { entry: usize },
    Invoice { partner: usize, gross: i64, currency: usize },
    Pay { partner: usize, amount: i64, currency: usize, items: Vec<Pick> },
    Refund { partner: usize, amount: i64, items: Vec<Pick> },
    Allocate { payment: usize, items: Vec<Pick> },
    Clear { partner: usize, items: Vec<Pick> },
    Cancel { payment: usize },
    WriteOff { item: usize },
}

#[derive(Clone, Debug)]
struct Pick {
    item: usize,
    cash: Option<i64>,
    discount: Option<i64>,
    remainder: usize,
}

fn pick() -> impl Strategy<Value = Pick> {
    let cash = prop::option::weighted(0.1, -10_000..50_000_i64);
    let discount = prop::option::weighted(0.1, 0..300_i64);
    (any::<usize>(), cash, discount, prop_oneof![6 => Just(0), 2 => Just(1), 1 => Just(2)])
        .prop_map(|(item, cash, discount, remainder)| Pick { item, cash, discount, remainder })
}

fn step() -> impl Strategy<Value = Step> {
    let picks = || prop::collection::vec(pick(), 1..4);
    let (amount, index, partner, currency) =
        (|| 1..100_000_i64, any::<usize>, || 0..2_usize, || 0..CURRENCIES.len());
    prop_oneof![
        2 => (prop::collection::vec(amount(), 1..5), currency())
            .prop_map(|(amounts, currency)| Step::Plain { amounts, currency }),
        1 => index().prop_map(|entry| Step::Reverse { entry }),
        6 => (partner(), -60_000..100_000_i64, currency())
            .prop_map(|(partner, gross, currency)| Step::Invoice { partner, gross, currency }),
        5 => (partner(), amount(), currency(), picks()).prop_map(
            |(partner, amount, currency, items)| Step::Pay { partner, amount, currency, items }
        ),
        1 => (partner(), amount(), picks())
            .prop_map(|(partner, amount, items)| Step::Refund { partner, amount, items }),
        3 => (index(), picks()).prop_map(|(payment, items)| Step::Allocate { payment, items }),
        2 => (partner(), picks()).prop_map(|(partner, items)| Step::Clear { partner, items }),
        2 => index().prop_map(|payment| Step::Cancel { payment }),
        1 => index().prop_map(|item| Step::WriteOff { item }),
    ]
}

struct Run {
    books: Books,
    partners: Vec<Ref<BusinessPartner>>,
    entries: Vec<Ref<JournalEntry>>,
    items: Vec<Ref<Receivable>>,
    payments: Vec<Ref<Payment>>,
}

impl Run {
    fn new() -> Self {
        let books = Books::new();
        let partners = vec![books.partner("Becker"), books.partner("Smith")];
        Self { books, partners, entries: vec![], items: vec![], payments: vec![] }
    }

    /// What is picked of the open items of a partner in a currency.
    fn allocations(
        &self,
        partner: Ref<BusinessPartner>,
        currency: Currency,
        picks: &[Pick],
    ) -> Vec<AllocationData> {
        let open = |id: &&Ref<Receivable>| {
            let item = self.books.item(**id);
            item.partner == partner
                && item.open_amount.currency() == currency
                && !item.open_amount.is_zero()
        };
        let own: Vec<Ref<Receivable>> = self.items.iter().filter(open).copied().collect();
        let amount = |minor| Money::from_minor(minor, currency);
        let pick = |pick: &Pick| {
            Some(AllocationData {
                receivable: *own.get(pick.item % own.len().max(1))?,
                cash: pick.cash.map(amount),
                discount: pick.discount.map(amount),
                remainder: [Remainder::Keep, Remainder::Residual, Remainder::WriteOff]
                    [pick.remainder],
            })
        };
        let mut found: Vec<AllocationData> = picks.iter().filter_map(pick).collect();
        found.sort_by_key(|data| data.receivable);
        found.dedup_by_key(|data| data.receivable);
        found
    }

    /// Does a step; a refusal is an answer too, and must leave no trace.
    fn step(&mut self, step: &Step, date: Date) {
        match step {
            Step::Plain { amounts, currency } => self.plain(amounts, CURRENCIES[*currency], date),
            Step::Reverse { entry } => {
                if let Some(entry) = self.entries.get(entry % self.entries.len().max(1)).copied() {
                    let _ = self.books.run(move |tx| reverse(tx, entry, date));
                }
            }
            Step::Invoice { partner, gross, currency } => {
                let gross = Money::from_minor(*gross, CURRENCIES[*currency]);
                let terms = ["N00", "D10N30"][usize::from(gross.minor() % 2 == 0)];
                let invoice = Invoice { partner: self.partners[*partner], gross, date, terms };
                self.items.extend(self.books.invoice(invoice));
            }
            Step::Pay { partner, amount, currency, items } => {
                let (partner, currency) = (self.partners[*partner], CURRENCIES[*currency]);
                let items = self.allocations(partner, currency, items);
                let amount = Money::from_minor(*amount, currency);
                let paid = self.books.pay(money(partner, amount, date), items);
                self.payments.extend(paid.map(|payment| payment.id()));
            }
            Step::Refund { partner, amount, items } => {
                let partner = self.partners[*partner];
                let form = PaymentForm {
                    payment: money(partner, Money::from_minor(*amount, Currency::EUR), date),
                    allocations: self.allocations(partner, Currency::EUR, items),
                };
                let paid = self.books.run(move |tx| refund(tx, &form));
                self.payments.extend(paid.map(|payment| payment.id()));
            }
            Step::Allocate { payment, items } => {
                if let Some(id) = self.payments.get(payment % self.payments.len().max(1)) {
                    let header = self.books.read(|tx| Ok(tx.load(*id)?)).value.header;
                    let currency = header.amount.currency();
                    let items = self.allocations(header.partner, currency, items);
                    let _ = self.books.allocate(*id, date, items);
                }
            }
            Step::Clear { partner, items } => self.clear(*partner, items, date),
            Step::Cancel { payment } => {
                if let Some(id) = self.payments.get(payment % self.payments.len().max(1)).copied() {
                    let back = ReversalData { posting_date: Some(date) };
                    let _ = self.books.run(move |tx| cancel_payment(tx, id, &back));
                }
            }
            Step::WriteOff { item } => {
                if let Some(item) = self.items.get(item % self.items.len().max(1)).copied() {
                    let data =
                        WriteOffData { posting_date: Some(date), reason: "Insolvent".into() };
                    let paid = self.books.run(move |tx| write_off(tx, item, &data));
                    self.payments.extend(paid.map(|payment| payment.id()));
                }
            }
        }
    }

    fn plain(&mut self, amounts: &[i64], currency: Currency, date: Date) {
        let amounts: Vec<Money> =
            amounts.iter().map(|minor| Money::from_minor(*minor, currency)).collect();
        let posted = self.books.run(move |tx| {
            let (stock, cost) =
                (account(tx, account_key::INVENTORY), account(tx, account_key::COST_OF_GOODS_SOLD));
            let total = Money::sum(amounts.iter().copied(), currency)?;
            let mut lines = vec![Line::credit(stock, total)];
            lines.extend(amounts.iter().map(|amount| Line::debit(cost, *amount)));
            post_plain(tx, date, &lines).map(|entry| entry.id())
        });
        self.entries.extend(posted);
    }

    fn clear(&mut self, partner: usize, items: &[Pick], date: Date) {
        let partner = self.partners[partner];
        let posting_date = Some(date);
        let clearing =
            ClearingData { company_code: COMPANY, partner, posting_date, reference: None };
        let allocations = self.allocations(partner, Currency::EUR, items);
        let form = ClearingForm { clearing, allocations };
        let paid = self.books.run(move |tx| clear(tx, &form));
        self.payments.extend(paid.map(|payment| payment.id()));
    }
}

/// The trial balance is zero in every currency, and what customers owe is the balance of their
/// account at the end of every month.
fn check_reports(books: &Books) {
    for period in 1..=9 {
        let which = TrialBalanceData {
            company_code: COMPANY,
            fiscal_year: 2026,
            from_period: 1,
            to_period: period,
        };
        let report = books.read(|tx| trial_balance(tx, &which));
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        let mut owed: BTreeMap<Currency, i64> = BTreeMap::new();
        for row in &report.rows {
            *sums.entry(row.currency).or_default() += row.closing.minor();
            if row.account == Some(RECEIVABLES) {
                owed.insert(row.currency, row.closing.minor());
            }
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        assert_eq!(report.rows.iter().map(|row| row.local[3].minor()).sum::<i64>(), 0);
        owed.retain(|_, minor| *minor != 0);
        let last = FiscalPeriod { year: 2026, period }.last_day(1).unwrap();
        let which = AgeingData {
            company_code: COMPANY,
            key_date: Some(last),
            partner: None,
            limit: 100,
            after: None,
        };
        let ages = books.read(|tx| ageing(tx, &which));
        let totals = ages.totals.iter().map(|(currency, row)| (*currency, row[6].minor()));
        let totals: BTreeMap<_, _> = totals.filter(|(_, minor)| *minor != 0).collect();
        assert_eq!(totals, owed, "at the end of period {period}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn debits_are_credits_and_open_items_explain_the_accounts_after_any_steps(
        steps in prop::collection::vec((step(), 0..5_i32), 1..120),
    ) {
        let mut run = Run::new();
        let mut date = day("2026-01-01");
        for (step, days) in &steps {
            let next = tessera_kernel::date_to_days(date) + days;
            date = tessera_kernel::date_from_days(next).unwrap();
            run.step(step, date);
        }
        prop_assert_eq!(run.books.verify(), Vec::<String>::new());
        check_reports(&run.books);
    }
}
