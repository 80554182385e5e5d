//! Receivables by age.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tessera_kernel::{
    Aggregate, Cell, Code, Condition, Currency, Date, Fault, Form, Money, Object, ObjectId,
    Operator, Record, Ref, RowSource, Segment, Select, Tx, date_from_days, date_to_days,
};
use tessera_organisation::OrganisationSettings;
use tessera_partner::BusinessPartner;

use super::open_items::{column, uncleared};
use super::{in_calendar, money, page_size, partner};
use crate::segments::{Payment, PaymentAllocation, PaymentHeader, Receivable, ReceivableItem};
use crate::walk::read_id;
use crate::{FinanceError, today};

/// Which receivables.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct AgeingData {
    /// The company.
    #[field(code = "company_code")]
    pub company_code: Code,
    /// The day at whose end the items were open; today where empty.
    pub key_date: Option<Date>,
    /// Only this customer.
    pub partner: Option<Ref<BusinessPartner>>,
    /// Rows per page, at most 10,000.
    #[field(positive, default = 1000)]
    pub limit: u32,
    /// The last customer of the page before.
    pub after: Option<Ref<BusinessPartner>>,
}

/// Input of `ageing`.
#[derive(Form, Clone, Debug, PartialEq)]
pub struct AgeingForm {
    /// Which.
    #[form(flatten)]
    pub which: AgeingData,
}

/// Most rows of a page.
const MOST_ROWS: u32 = 10_000;

/// How many classes of age there are: not due, 1–30, 31–60, 61–90 and more days overdue.
pub(crate) const CLASSES: usize = 5;

/// What one customer owes in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeingRow {
    /// The customer.
    pub partner: Ref<BusinessPartner>,
    /// Currency.
    pub currency: Currency,
    /// Not due, 1–30, 31–60, 61–90 and more days overdue; credit memos are below zero.
    pub classes: [Money; 5],
    /// Payments on account, below zero.
    pub on_account: Money,
    /// All of it.
    pub total: Money,
}

/// Receivables of a company by age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ageing {
    /// The company.
    pub company_code: Code,
    /// The key date.
    pub key_date: Date,
    /// A page of rows, in order of customer and currency.
    pub rows: Vec<AgeingRow>,
    /// Totals by currency over all customers: classes, on account, total.
    pub totals: Vec<(Currency, [Money; CLASSES + 2])>,
    /// The last customer, where there is another page.
    pub next: Option<Ref<BusinessPartner>>,
}

/// Minor units by class, then on account.
type Amounts = [i64; CLASSES + 1];

struct Collector {
    key_date: Date,
    rows: BTreeMap<(ObjectId, Currency), Amounts>,
}

impl Collector {
    fn add(&mut self, partner: ObjectId, amount: Money, class: usize) {
        let sums = self.rows.entry((partner, amount.currency())).or_default();
        sums[class] = sums[class].saturating_add(amount.minor());
    }

    fn add_item(&mut self, partner: ObjectId, amount: Money, due: Date) {
        let class = match date_to_days(self.key_date) - date_to_days(due) {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        };
        self.add(partner, amount, class);
    }
}

/// Reads what customers owed at the end of a day, by how long it was overdue then. For a day in the
/// past, what was cleared or taken back since is taken back again. The totals are over all
/// customers; the rows come page by page.
pub fn ageing(tx: &mut Tx<'_>, which: &AgeingData) -> Result<Ageing, FinanceError> {
    tx.actor().require("receivable", "ageing")?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    page_size(which.limit, MOST_ROWS)?;
    in_calendar("key_date", which.key_date)?;
    let key_date = today(tx, organisation, which.company_code, which.key_date)?;
    let mut collector = Collector { key_date, rows: BTreeMap::new() };
    add_open_items(tx, which, &mut collector)?;
    add_on_account(tx, which, &mut collector)?;
    add_cancelled_since(tx, which, &mut collector)?;
    for (payment, row) in allocations_since(tx, key_date)? {
        take_back(tx, which, payment, &row, &mut collector)?;
    }
    Ok(page(which, collector))
}

fn read_currency(row: &mut dyn RowSource) -> Result<Currency, Fault> {
    let text = row.text()?.unwrap_or_default();
    Currency::parse(text).map_err(|error| Fault::corrupt(error.to_string()))
}

/// Receivables that are open now and were posted by the key date, summed by customer and due date.
fn add_open_items(
    tx: &mut Tx<'_>,
    which: &AgeingData,
    collector: &mut Collector,
) -> Result<(), Fault> {
    let amount = column("open_amount")?;
    let group = [column("partner")?, amount + 1, column("due_date")?];
    let posted = Cell::Date(date_to_days(collector.key_date));
    let mut query = Select::from(Receivable::def().head, &group)
        .equals(column("company_code")?, Cell::Text(which.company_code.to_string()))
        .filter(uncleared()?)
        .filter(Condition::compare(column("posting_date")?, Operator::Le, posted))
        .aggregate(Aggregate::Sum(amount));
    if let Some(partner) = which.partner {
        query = query.equals(column("partner")?, Cell::Uuid(partner.id().0));
    }
    tx.select(&query, &mut |row| {
        let partner = read_id(row)?;
        let currency = read_currency(row)?;
        let due = row.date()?.and_then(date_from_days);
        let due = due.ok_or_else(|| Fault::corrupt("an open item has no due date"))?;
        let amount = Money::from_minor(row.int()?.unwrap_or(0), currency);
        collector.add_item(partner, amount, due);
        Ok(())
    })
}

fn payment_column(name: &str) -> Result<usize, Fault> {
    let position = Payment::def().head.position(name);
    position.ok_or_else(|| Fault::corrupt(format!("payment has no column {name}")))
}

fn payments(which: &AgeingData, key_date: Date, columns: &[usize]) -> Result<Select, Fault> {
    let posted = Cell::Date(date_to_days(key_date));
    let query = Select::from(Payment::def().head, columns)
        .equals(payment_column("company_code")?, Cell::Text(which.company_code.to_string()))
        .filter(Condition::compare(payment_column("posting_date")?, Operator::Le, posted));
    Ok(match which.partner {
        Some(partner) => query.equals(payment_column("partner")?, Cell::Uuid(partner.id().0)),
        None => query,
    })
}

/// Money that is on account now.
fn add_on_account(
    tx: &mut Tx<'_>,
    which: &AgeingData,
    collector: &mut Collector,
) -> Result<(), Fault> {
    let amount = payment_column("unallocated")?;
    let open = ["on_account", "partly"].map(|status| Cell::Text(status.to_string()));
    let query = payments(which, collector.key_date, &[payment_column("partner")?, amount + 1])?
        .filter(Condition {
            column: payment_column("status")?,
            operator: Operator::In,
            values: open.to_vec(),
        })
        .aggregate(Aggregate::Sum(amount));
    tx.select(&query, &mut |row| {
        let partner = read_id(row)?;
        let currency = read_currency(row)?;
        let amount = Money::from_minor(row.int()?.unwrap_or(0), currency);
        collector.add(partner, amount.negated(), CLASSES);
        Ok(())
    })
}

/// Payments that counted on the key date and were cancelled since: all of their money was there;
/// what was allocated by then comes off with the allocations.
fn add_cancelled_since(
    tx: &mut Tx<'_>,
    which: &AgeingData,
    collector: &mut Collector,
) -> Result<(), Fault> {
    let amount = payment_column("amount")?;
    let since = Cell::Date(date_to_days(collector.key_date));
    let columns = [payment_column("partner")?, amount, amount + 1];
    let query = payments(which, collector.key_date, &columns)?.filter(Condition::compare(
        payment_column("cancelled_on")?,
        Operator::Gt,
        since,
    ));
    tx.select(&query, &mut |row| {
        let partner = read_id(row)?;
        let minor = row.int()?.unwrap_or(0);
        let amount = Money::from_minor(minor, read_currency(row)?);
        collector.add(partner, amount.negated(), CLASSES);
        Ok(())
    })
}

/// Allocations that were made or taken back after a day, each once, with their payment.
fn allocations_since(
    tx: &mut Tx<'_>,
    day: Date,
) -> Result<Vec<(ObjectId, PaymentAllocation)>, Fault> {
    let table = PaymentAllocation::def().table();
    let mut rows: Vec<(ObjectId, PaymentAllocation)> = Vec::new();
    for field in ["cleared_on", "reversed_on"] {
        let column = table.position(field).ok_or_else(|| Fault::corrupt("no such column"))?;
        let since = Cell::Date(date_to_days(day));
        let query = Select::all(table).filter(Condition::compare(column, Operator::Gt, since));
        tx.select(&query, &mut |row| {
            let id = read_id(row)?;
            let row = PaymentAllocation::read(row)?;
            // What was made after the day is there from the first round.
            if field == "cleared_on" || row.cleared_on <= day {
                rows.push((id, row));
            }
            Ok(())
        })?;
    }
    Ok(rows)
}

/// Takes back the difference between what an allocation does now and what it did on the key date.
fn take_back(
    tx: &mut Tx<'_>,
    which: &AgeingData,
    payment: ObjectId,
    row: &PaymentAllocation,
    collector: &mut Collector,
) -> Result<(), FinanceError> {
    let now = i64::from(row.reversed_on.is_none());
    let then = i64::from(row.is_active_on(collector.key_date));
    let wanted = |company: Code, partner: Ref<BusinessPartner>, posted: Date| {
        company == which.company_code
            && which.partner.is_none_or(|only| only == partner)
            && posted <= collector.key_date
    };
    let item: ReceivableItem = tx.segment_one(row.receivable.id())?;
    let counts = wanted(item.company_code, item.partner, item.posting_date);
    let header: PaymentHeader = tx.segment_one(payment)?;
    let money_counts = wanted(header.company_code, header.partner, header.posting_date);
    if now == then {
        return Ok(());
    }
    if counts {
        let amount = row.amount.times(now - then)?;
        collector.add_item(item.partner.id(), amount, item.due_date);
    }
    if money_counts {
        let cash = row.cash.times(now - then)?;
        collector.add(header.partner.id(), cash.negated(), CLASSES);
    }
    Ok(())
}

fn page(which: &AgeingData, collector: Collector) -> Ageing {
    let limit = which.limit.clamp(1, MOST_ROWS) as usize;
    let mut totals: BTreeMap<Currency, Amounts> = BTreeMap::new();
    let (mut rows, mut next) = (Vec::new(), None);
    for ((partner, currency), amounts) in collector.rows {
        if amounts == Amounts::default() {
            continue;
        }
        let sums = totals.entry(currency).or_default();
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum = sum.saturating_add(amount);
        }
        let partner = Ref::new(partner);
        if which.after.is_some_and(|after| partner <= after) {
            continue;
        }
        // A customer with several currencies stays on one page.
        let same = rows.last().is_some_and(|row: &AgeingRow| row.partner == partner);
        if rows.len() < limit || (same && next.is_none()) {
            rows.push(row(partner, currency, &amounts));
        } else if next.is_none() {
            next = rows.last().map(|row| row.partner);
        }
    }
    let total = |(currency, amounts): (Currency, Amounts)| {
        let row = with_total(&amounts);
        (currency, row.map(|minor| Money::from_minor(minor, currency)))
    };
    Ageing {
        company_code: which.company_code,
        key_date: collector.key_date,
        rows,
        totals: totals.into_iter().map(total).collect(),
        next,
    }
}

fn with_total(amounts: &Amounts) -> [i64; CLASSES + 2] {
    let mut row = [0; CLASSES + 2];
    row[..=CLASSES].copy_from_slice(amounts);
    row[CLASSES + 1] = amounts.iter().fold(0, |sum, amount| sum.saturating_add(*amount));
    row
}

fn row(partner: Ref<BusinessPartner>, currency: Currency, amounts: &Amounts) -> AgeingRow {
    let [a, b, c, d, e, on_account, total] =
        with_total(amounts).map(|minor| Money::from_minor(minor, currency));
    AgeingRow { partner, currency, classes: [a, b, c, d, e], on_account, total }
}

const NAMES: [&str; CLASSES + 2] =
    ["not_due", "days_1_30", "days_31_60", "days_61_90", "over_90", "on_account", "total"];

impl Ageing {
    /// The report as JSON, with numbers and names of the customers.
    pub fn to_json(&self, tx: &mut Tx<'_>) -> Result<Value, FinanceError> {
        let named = |amounts: &[Money]| {
            let members = NAMES.iter().zip(amounts);
            members.map(|(name, amount)| (name.to_string(), money(*amount))).collect()
        };
        let mut rows = Vec::with_capacity(self.rows.len());
        for found in &self.rows {
            let (number, name) = partner(tx, found.partner)?;
            let [a, b, c, d, e] = found.classes;
            let mut row: serde_json::Map<String, Value> =
                named(&[a, b, c, d, e, found.on_account, found.total]);
            row.insert("partner".into(), found.partner.to_string().into());
            row.insert("partner_number".into(), number.into());
            row.insert("partner_name".into(), name.into());
            rows.push(Value::Object(row));
        }
        let totals = self.totals.iter().map(|(_, amounts)| Value::Object(named(amounts)));
        Ok(json!({
            "company_code": self.company_code.as_str(),
            "key_date": self.key_date.to_string(),
            "rows": rows,
            "totals": totals.collect::<Vec<_>>(),
            "after": self.next.map(|partner| partner.to_string()),
        }))
    }
}
