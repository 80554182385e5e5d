//! What sales documents hold, recomputed from the documents.

use std::collections::HashMap;

use tessera_document::{Fulfilments, Taken, fulfilments};
use tessera_kernel::{Cell, Choice as _, Code, Date, Fault, Findings, ObjectId, Ref, Stored, Tx};
use tessera_product::Product;

use crate::reference::{source_of, taken_up};
use crate::{
    CreditStatus, Progress, SalesDocument, SalesHeader, SalesItem, SalesSettings, commitment,
};

/// Reserved quantity by product, plant and day, in micro-units of the base unit.
pub type Reserved = HashMap<(Ref<Product>, Code, Date), i64>;

/// Adds what the open schedule lines of every sales document hold in stock.
pub fn add_reserved(tx: &mut Tx<'_>, reserved: &mut Reserved) -> Result<(), Fault> {
    for id in open_documents(tx)? {
        let document = tx.load(id)?;
        let taken = fulfilments(tx, id.id())?;
        for item in document.items.iter().filter(|item| item.rejection_reason.is_none()) {
            let Some(plant) = item.plant else { continue };
            let delivered = taken.of(item.item).delivered;
            for (line, open) in crate::promise::open_schedule(&document, item.item, delivered)? {
                if line.reserved {
                    *reserved.entry((item.product, plant, line.date)).or_default() += open;
                }
            }
        }
    }
    Ok(())
}

/// Checks the credit exposure of open orders, over every document of a type that counts in it:
/// whatever its status says.
pub(crate) fn check_open_orders(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<SalesSettings>()?;
    let mut expected: HashMap<(Code, ObjectId), i64> = HashMap::new();
    for (code, document_type) in settings.document_types.iter() {
        if !document_type.credit_check {
            continue;
        }
        for id in tx.find("document_type", Cell::Text(code.to_string()))? {
            let document: Stored<SalesDocument> = tx.load(id)?;
            let taken = fulfilments(tx, id.id())?;
            let open = commitment::open_credit(&document, true, &taken)?;
            if open != 0 {
                let Ok((area, payer)) = commitment::account(&document) else { continue };
                *expected.entry((area, payer.id())).or_default() += open;
            }
        }
    }
    tessera_credit::compare_exposure(tx, tessera_credit::Measure::OpenOrders, &expected, findings)
}

/// Checks that the status of every document follows from its items and their fulfilment, and
/// that its totals are those of its items.
pub(crate) fn check_documents(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<SalesSettings>()?;
    let ids = tx.all::<SalesDocument>()?;
    findings.compared("sales_documents", ids.len());
    for id in ids {
        let document = tx.load(id)?;
        let taken = fulfilments(tx, id.id())?;
        let number = document.number();
        if crate::status::of(settings, &document, &taken)? != document.status {
            findings.differs(format!("sales document {number}: its status does not follow"));
        }
        let mut net = tessera_kernel::Money::zero(document.header.currency);
        let mut tax = net;
        for item in document.items.iter().filter(|item| item.rejection_reason.is_none()) {
            net = net.plus(item.net_value)?;
            tax = tax.plus(item.tax_value)?;
        }
        if net != document.header.net_value || tax != document.header.tax_value {
            findings.differs(format!(
                "sales document {number}: net {} and tax {}, its items have {net} and {tax}",
                document.header.net_value, document.header.tax_value
            ));
        }
        if document.status.credit == CreditStatus::Blocked && holds_stock(&document, &taken)? {
            findings.differs(format!("sales document {number} is blocked and holds stock"));
        }
    }
    Ok(())
}

/// Whether anything that is still open is reserved.
fn holds_stock(document: &SalesDocument, taken: &Fulfilments) -> Result<bool, Fault> {
    for item in &document.items {
        let delivered = taken.of(item.item).delivered;
        let open = crate::promise::open_schedule(document, item.item, delivered)?;
        if open.iter().any(|(line, _)| line.reserved) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks that no number range is behind the highest number of its documents.
pub(crate) fn check_numbers(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let types = &tx.settings::<SalesSettings>()?.document_types;
    let range_of = |code| types.get(code).map(|rule| rule.number_range);
    let def = <SalesDocument as tessera_kernel::Object>::def();
    tessera_kernel::compare_last_numbers(tx, def, "document_type", &range_of, findings)
}

/// Checks the quantity that documents take up of each item of quotations and orders.
pub(crate) fn check_referenced(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut referenced: HashMap<(Ref<SalesDocument>, u32), i64> = HashMap::new();
    for id in tx.all::<SalesDocument>()? {
        let header: SalesHeader = tx.segment_one(id.id())?;
        if header.reference.is_none() {
            continue;
        }
        let taken = fulfilments(tx, id.id())?;
        for item in tx.segment::<SalesItem>(id.id())? {
            if let Some(source) = source_of(header.category, &item) {
                *referenced.entry(source).or_default() += taken_up(&item, taken.of(item.item))?;
            }
        }
    }
    compare_fulfilment(tx, "referenced_quantities", |taken| taken.referenced, &referenced, findings)
}

/// Compares what successors take up of the items of sales documents with what is noted there;
/// `measure` says which of it.
pub fn compare_fulfilment(
    tx: &mut Tx<'_>,
    check: &str,
    measure: fn(Taken) -> i64,
    expected: &HashMap<(Ref<SalesDocument>, u32), i64>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let mut compared = 0;
    for id in tx.all::<SalesDocument>()? {
        let taken = fulfilments(tx, id.id())?;
        for item in tx.segment::<SalesItem>(id.id())? {
            let noted = measure(taken.of(item.item));
            let found = expected.get(&(id, item.item)).copied().unwrap_or(0);
            compared += 1;
            if noted != found {
                let number = tx.head(<SalesDocument as tessera_kernel::Object>::def(), id.id())?;
                let number = number.number.unwrap_or_default();
                findings.differs(format!(
                    "{check}: item {} of {number} notes {noted}, its documents have {found}",
                    item.item
                ));
            }
        }
    }
    findings.compared(check, compared);
    Ok(())
}

/// Documents that may hold something.
fn open_documents(tx: &mut Tx<'_>) -> Result<Vec<Ref<SalesDocument>>, Fault> {
    let mut open = tx.find("overall", Cell::Text(Progress::Open.code().into()))?;
    open.extend(tx.find("overall", Cell::Text(Progress::Partial.code().into()))?);
    Ok(open)
}
