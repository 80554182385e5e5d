//! What came out.

use std::fmt;

use tessera_billing::{BillingCategory, BillingDocument};
use tessera_delivery::Delivery;
use tessera_finance::{JournalEntry, Payment, Receivable};
use tessera_kernel::{Cell, Choice, Date, Fault, Object, Problem, Tx, date_to_days};
use tessera_partner::BusinessPartner;
use tessera_product::Product;
use tessera_sales::{Category, CreditStatus, Progress, SalesDocument};
use tessera_stock::{GoodsMovement, PlannedReceipt};

/// Figures of the demo company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What was counted, with how many there are.
    pub counts: Vec<(&'static str, usize)>,
}

impl Summary {
    /// Counts everything.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    pub(crate) fn read(tx: &mut Tx<'_>, today: Date) -> Result<Self, Problem> {
        let mut counts = vec![
            ("customers", tx.all::<BusinessPartner>()?.len()),
            ("products", tx.all::<Product>()?.len()),
        ];
        sales(tx, &mut counts)?;
        for (name, progress) in [
            ("deliveries, goods not issued", "open"),
            ("deliveries, goods issued", "posted"),
            ("deliveries, cancelled", "cancelled"),
        ] {
            counts.push((name, count::<Delivery>(tx, "goods_issue_status", progress)?));
        }
        for (name, category) in [
            ("invoices", BillingCategory::Invoice),
            ("credit memos", BillingCategory::CreditMemo),
            ("cancelled invoices", BillingCategory::InvoiceCancellation),
        ] {
            counts.push((name, count::<BillingDocument>(tx, "category", category.code())?));
        }
        receivables(tx, today, &mut counts)?;
        counts.push(("payments", tx.all::<Payment>()?.len()));
        counts.push(("goods movements", tx.all::<GoodsMovement>()?.len()));
        counts.push(("planned receipts", tx.all::<PlannedReceipt>()?.len()));
        counts.push(("journal entries", tx.all::<JournalEntry>()?.len()));
        Ok(Self { counts })
    }

    /// How many there are of something.
    pub fn count(&self, what: &str) -> usize {
        self.counts.iter().find(|(name, _)| *name == what).map_or(0, |(_, count)| *count)
    }
}

fn count<T: Object>(tx: &mut Tx<'_>, field: &str, code: &str) -> Result<usize, Fault> {
    Ok(tx.find::<T>(field, Cell::Text(code.to_string()))?.len())
}

fn sales(tx: &mut Tx<'_>, counts: &mut Vec<(&'static str, usize)>) -> Result<(), Fault> {
    let mut found = [0; 11];
    for id in tx.all::<SalesDocument>()? {
        let document = tx.load(id)?;
        let (status, rejected) =
            (&document.status, document.items.iter().all(|item| item.rejection_reason.is_some()));
        let kind = match (document.header.category, status.overall) {
            (Category::Quotation, Progress::Open) => 0,
            (Category::Quotation, Progress::Partial) => 1,
            (Category::Quotation, _) => 2,
            (Category::Order, _) if rejected => 7,
            (Category::Order, _) if status.credit == CreditStatus::Blocked => 3,
            (Category::Order, Progress::Open) => 4,
            (Category::Order, Progress::Partial) => 5,
            (Category::Order, _) => 6,
            (Category::ReturnOrder, _) => 8,
            (Category::CreditRequest, _) => 9,
            (Category::DebitRequest, _) => 10,
        };
        found[kind] += 1;
    }
    let names = [
        "quotations, open",
        "quotations, ordered in part",
        "quotations, done",
        "orders, blocked by credit",
        "orders, open",
        "orders, in part",
        "orders, done",
        "orders, withdrawn",
        "returns",
        "credit memo requests",
        "debit memo requests",
    ];
    counts.extend(names.into_iter().zip(found));
    Ok(())
}

fn receivables(
    tx: &mut Tx<'_>,
    today: Date,
    counts: &mut Vec<(&'static str, usize)>,
) -> Result<(), Fault> {
    let (mut open, mut overdue) = (0, 0);
    for status in ["open", "partly"] {
        for id in tx.find::<Receivable>("status", Cell::Text(status.to_string()))? {
            let item = tx.load(id)?.value.item;
            open += 1;
            let late = date_to_days(item.due_date) < date_to_days(today);
            overdue += usize::from(late && item.open_amount.is_positive());
        }
    }
    counts.push(("open items", open));
    counts.push(("open items, overdue", overdue));
    Ok(())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (name, count)) in self.counts.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{count:>8} {name}")?;
        }
        Ok(())
    }
}
