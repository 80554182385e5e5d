//! A database with finance and what it stands on.

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_finance::{
    AllocateData, AllocateForm, AllocationData, Entry, FinanceError, JournalEntry, Line,
    NewReceivable, Payment, PaymentData, PaymentForm, Receivable, ReceivableItem, account_key,
    document_kind,
};
use tessera_kernel::{
    Actor, Cache, Code, Currency, Database, Date, Environment, Fault, Findings, FixedClock,
    Instant, Money, NumberRange, Numbering, ObjectId, Problem, RandomIds, Ref, Registry, Rounding,
    Settings, Source, Stored, Tx, parse_date,
};
use tessera_organisation::exchange;
use tessera_partner::BusinessPartner;
use tessera_store_sqlite::{Options, SqliteStore};

pub(crate) const COMPANY: Code = Code::literal("1000");
pub(crate) const RECEIVABLES: Code = Code::literal("140000");
const REVENUE: Code = Code::literal("800000");
const TAX: Code = Code::literal("175000");
const TAX_CODE: Code = Code::literal("A1");

pub(crate) struct Books {
    pub(crate) database: Database,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn actor() -> Actor {
    Actor::system(Source::System)
}

pub(crate) fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// An invoice (or, below zero, a credit memo) of 19 % tax.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invoice {
    pub(crate) partner: Ref<BusinessPartner>,
    pub(crate) gross: Money,
    pub(crate) date: Date,
    pub(crate) terms: &'static str,
}

impl Books {
    pub(crate) fn new() -> Self {
        let mut problems = Diagnostics::default();
        let configs = [
            tessera_organisation::CONFIG,
            tessera_partner::CONFIG,
            tessera_credit::CONFIG,
            tessera_finance::CONFIG,
        ];
        let customizing = Customizing::load(&configs, None, &mut problems);
        let mut settings = Settings::default();
        settings.insert(tessera_organisation::settings(&customizing, &mut problems));
        settings.insert(tessera_partner::settings(&customizing, &mut problems));
        settings.insert(tessera_credit::settings(&customizing, &mut problems));
        settings.insert(tessera_finance::settings(&customizing, &mut problems));
        assert_eq!(problems, Diagnostics::default());
        let folder = tempfile::tempdir().unwrap();
        let options = Options { create: true, sync: false, ..Options::default() };
        let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
        let environment = Environment {
            registry: Registry::new(vec![
                tessera_organisation::module(),
                tessera_partner::module(),
                tessera_credit::module(),
                tessera_finance::module(),
            ]),
            clock: Arc::new(FixedClock::at(Instant::parse("2026-06-15T10:00:00Z").unwrap())),
            ids: Arc::new(RandomIds::seeded(1)),
            homes: tessera_kernel::Homes::default(),
            settings,
            catalogues: customizing.codes(),
            numbering: Numbering::new([
                range("business_partner", "", 6, 100),
                range("payment", "", 10, 100),
                range("journal_entry", "{series}-", 7, 1),
            ]),
            cache: Cache::default(),
            extensions: tessera_kernel::CurrentExtensions::default(),
        };
        let books =
            Self { database: Database::open(Arc::new(store), environment).unwrap(), folder };
        books.rate(
            "USD/EUR",
            &[("2026-01-01", "2026-03-31", "0.9"), ("2026-04-01", "9999-12-31", "0.95")],
        );
        books.rate("JPY/EUR", &[("2026-01-01", "9999-12-31", "0.0062")]);
        books
    }

    pub(crate) fn run<R: Send + 'static, E: From<Fault> + Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        self.database.command(&actor(), run)
    }

    pub(crate) fn read<R>(&self, run: impl FnOnce(&mut Tx<'_>) -> Result<R, FinanceError>) -> R {
        self.database.read(&actor(), run).unwrap()
    }

    pub(crate) fn act(&self, object: &str, action: &str, body: Value) -> Result<Value, Problem> {
        self.act_on(ObjectId(Default::default()), (object, action), body)
    }

    pub(crate) fn act_on(
        &self,
        id: ObjectId,
        (object, action): (&str, &str),
        body: Value,
    ) -> Result<Value, Problem> {
        let action = *self.database.environment().registry.action(object, action).unwrap();
        self.run(move |tx| (action.run)(tx, id, &body))
    }

    fn create(&self, object: &str, body: Value) -> ObjectId {
        let entry = *self.database.environment().registry.object(object).unwrap();
        self.run(move |tx| (entry.create.unwrap())(tx, &body)).unwrap()
    }

    pub(crate) fn rate(&self, pair: &str, rates: &[(&str, &str, &str)]) {
        let rates: Vec<Value> = rates
            .iter()
            .map(|(from, to, rate)| json!({ "valid": { "from": from, "to": to }, "rate": rate }))
            .collect();
        let (from, to) = pair.split_once('/').unwrap();
        let pair = json!({ "from_currency": from, "to_currency": to });
        self.create("exchange_rate", json!({ "pair": pair, "rates": rates }));
    }

    pub(crate) fn partner(&self, name: &str) -> Ref<BusinessPartner> {
        let general = json!({
            "category": "organisation", "name": name, "language": "de", "country": "DE",
            "tax_classification": "full",
        });
        Ref::new(self.create("business_partner", json!({ "general": general })))
    }

    /// Posts an invoice, its open item and its credit exposure, as billing does.
    pub(crate) fn invoice(&self, invoice: Invoice) -> Result<Ref<Receivable>, FinanceError> {
        self.run(move |tx| post_invoice(tx, invoice).map(|(_, item)| item))
    }

    pub(crate) fn item(&self, id: Ref<Receivable>) -> ReceivableItem {
        self.read(|tx| Ok(tx.segment_one(id.id())?))
    }

    pub(crate) fn pay(
        &self,
        data: PaymentData,
        allocations: Vec<AllocationData>,
    ) -> Result<Stored<Payment>, FinanceError> {
        let form = PaymentForm { payment: data, allocations };
        self.run(move |tx| tessera_finance::pay(tx, &form))
    }

    pub(crate) fn allocate(
        &self,
        payment: Ref<Payment>,
        date: Date,
        allocations: Vec<AllocationData>,
    ) -> Result<Stored<Payment>, FinanceError> {
        let when = AllocateData { posting_date: Some(date) };
        let form = AllocateForm { when, allocations };
        self.run(move |tx| tessera_finance::allocate(tx, payment, &form))
    }

    /// Lines of an entry: account, debits above zero in both currencies.
    pub(crate) fn lines(&self, entry: Ref<JournalEntry>) -> Vec<(String, i64, i64)> {
        let entry = self.read(|tx| Ok(tx.load(entry)?));
        let line = |line: &tessera_finance::JournalLine| {
            let (amount, local) = line.signed();
            (line.account.to_string(), amount.minor(), local.minor())
        };
        entry.lines.iter().map(line).collect()
    }

    /// What the checks of every module find.
    pub(crate) fn verify(&self) -> Vec<String> {
        let checks: Vec<_> = self.database.environment().registry.checks().copied().collect();
        let mut findings = Findings::default();
        for check in checks {
            let run = |tx: &mut Tx<'_>| -> Result<(), Fault> { (check.run)(tx, &mut findings) };
            self.database.read(&actor(), run).unwrap();
        }
        findings.differences
    }
}

fn range(name: &str, prefix: &str, width: usize, block: i64) -> NumberRange {
    let (name, prefix) = (name.to_string(), prefix.to_string());
    NumberRange { name, prefix, from: 1, to: 999_999, width, block }
}

/// Money of a partner on a day.
pub(crate) fn money(partner: Ref<BusinessPartner>, amount: Money, date: Date) -> PaymentData {
    PaymentData {
        company_code: COMPANY,
        partner,
        amount,
        value_date: None,
        posting_date: Some(date),
        house_bank: None,
        reference: Some("Transfer".into()),
    }
}

pub(crate) fn post_invoice(
    tx: &mut Tx<'_>,
    invoice: Invoice,
) -> Result<(Stored<JournalEntry>, Ref<Receivable>), FinanceError> {
    let gross = invoice.gross;
    let tax =
        gross.amount() * tessera_kernel::Decimal::from(19) / tessera_kernel::Decimal::from(119);
    let tax = Money::round(tax, gross.currency(), Rounding::HalfUp)?;
    let net = gross.minus(tax)?;
    let document = tx.new_id();
    let number = document.to_string()[24..].to_string();
    let lines = [
        Line::signed(RECEIVABLES, gross).of(invoice.partner),
        Line::signed(REVENUE, net.negated()),
        Line::signed(TAX, tax.negated()).taxed(Some(TAX_CODE)),
    ];
    let lines: Vec<Line<'_>> = lines.into_iter().filter(|line| !line.amount.is_zero()).collect();
    let entry = Entry {
        company_code: COMPANY,
        kind: document_kind::BILLING,
        posting_date: invoice.date,
        document_date: invoice.date,
        currency: gross.currency(),
        reference: Some(document),
        reference_number: Some(&number),
        text: None,
        lines: &lines,
    };
    let entry = tessera_finance::post(tx, &entry)?;
    let credit_amount = exchange(tx, gross, Currency::EUR, invoice.date, Rounding::HalfUp)?;
    let exposure = tessera_credit::Exposure::invoices(credit_amount);
    tessera_credit::shift(tx, COMPANY, invoice.partner, exposure)?;
    let item = NewReceivable {
        document,
        document_number: &number,
        payment_terms: Some(Code::parse(invoice.terms).unwrap()),
        baseline_date: invoice.date,
        credit_control_area: COMPANY,
        credit_amount,
    };
    let item = tessera_finance::open_receivable(tx, &entry, &item)?.id();
    Ok((entry, item))
}

/// A general ledger entry between two accounts.
pub(crate) fn post_plain(
    tx: &mut Tx<'_>,
    date: Date,
    lines: &[Line<'_>],
) -> Result<Stored<JournalEntry>, FinanceError> {
    let entry = Entry {
        company_code: COMPANY,
        kind: document_kind::GENERAL,
        posting_date: date,
        document_date: date,
        currency: lines.first().map_or(Currency::EUR, |line| line.amount.currency()),
        reference: None,
        reference_number: Some("voucher; \"7\""),
        text: Some("by hand"),
        lines,
    };
    tessera_finance::post(tx, &entry)
}

/// The account of a key.
pub(crate) fn account(tx: &Tx<'_>, key: Code) -> Code {
    let settings = tx.settings::<tessera_finance::FinanceSettings>().unwrap();
    settings.determination.account(Code::literal("INT"), key, None, None).unwrap()
}

pub(crate) fn bank(tx: &Tx<'_>) -> Code {
    account(tx, account_key::BANK)
}
