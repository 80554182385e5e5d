//! What sales documents hold, recomputed from the documents.

use std::collections::HashMap;

use tessera_document::fulfilments;
use tessera_kernel::{Code, Date, Fault, Findings, ObjectId, Ref, Tx};
use tessera_product::Product;

use crate::{CreditStatus, Progress, SalesDocument, SalesSettings, commitment};

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
            for (line, open) in commitment::open_schedule(&document, item.item, delivered)? {
                if line.reserved {
                    *reserved.entry((item.product, plant, line.date)).or_default() += open;
                }
            }
        }
    }
    Ok(())
}

/// Checks the credit exposure of open orders.
pub(crate) fn check_open_orders(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<SalesSettings>()?;
    let mut expected: HashMap<(Code, ObjectId), i64> = HashMap::new();
    for id in open_documents(tx)? {
        let document = tx.load(id)?;
        let checked = settings
            .document_types
            .get(document.header.document_type)
            .is_some_and(|document_type| document_type.credit_check);
        let taken = fulfilments(tx, id.id())?;
        let open = commitment::open_credit(&document, checked, &taken);
        if open != 0 {
            let Ok((area, payer)) = commitment::account(&document) else { continue };
            *expected.entry((area, payer.id())).or_default() += open;
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
        let blocked = document.status.credit == CreditStatus::Blocked;
        if blocked && document.schedule.iter().any(|line| line.reserved) {
            findings.differs(format!("sales document {number} is blocked and holds stock"));
        }
    }
    Ok(())
}

/// Documents that may hold something.
fn open_documents(tx: &mut Tx<'_>) -> Result<Vec<Ref<SalesDocument>>, Fault> {
    use tessera_kernel::{Cell, Choice as _};
    let mut open = tx.find("overall", Cell::Text(Progress::Open.code().into()))?;
    open.extend(tx.find("overall", Cell::Text(Progress::Partial.code().into()))?);
    Ok(open)
}
