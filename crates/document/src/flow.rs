//! Document flow: which document came from which.

use tessera_kernel::{Cell, Choice, Fault, ObjectId, Segment, Tx};

/// Kinds of documents in a flow.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Quotation.
    Quotation,
    /// Sales order.
    Order,
    /// Return order.
    ReturnOrder,
    /// Credit memo request.
    CreditRequest,
    /// Debit memo request.
    DebitRequest,
    /// Outbound delivery.
    Delivery,
    /// Returns delivery.
    ReturnsDelivery,
    /// Goods movement.
    GoodsMovement,
    /// Invoice.
    Invoice,
    /// Credit memo.
    CreditMemo,
    /// Cancellation of an invoice or a credit memo.
    Cancellation,
    /// Journal entry.
    JournalEntry,
    /// Incoming payment.
    Payment,
}

/// A predecessor of the document.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "document_flow", many(predecessor))]
pub struct DocumentFlow {
    /// The document that this one came from.
    #[field(index)]
    pub predecessor: ObjectId,
    /// Kind of the predecessor.
    pub predecessor_kind: DocumentKind,
    /// Kind of this document.
    pub kind: DocumentKind,
}

/// The documents that came from a document, oldest first.
pub fn successors(tx: &mut Tx<'_>, id: ObjectId) -> Result<Vec<(ObjectId, DocumentKind)>, Fault> {
    let mut found: Vec<_> = tx
        .records_by::<DocumentFlow>("predecessor", Cell::Uuid(id.0))?
        .into_iter()
        .map(|(successor, flow)| (successor, flow.kind))
        .collect();
    found.sort_by_key(|(successor, _)| *successor);
    Ok(found)
}

/// The documents that a document came from.
pub fn predecessors(tx: &mut Tx<'_>, id: ObjectId) -> Result<Vec<(ObjectId, DocumentKind)>, Fault> {
    let flows = tx.segment::<DocumentFlow>(id)?;
    Ok(flows.into_iter().map(|flow| (flow.predecessor, flow.predecessor_kind)).collect())
}
