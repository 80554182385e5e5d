//! The document flow: everything that a document came from and that came from it, with
//! quantities and amounts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use tessera_delivery::Delivery;
use tessera_document::{DocumentKind, predecessors, successors};
use tessera_finance::{JournalEntry, Payment, PaymentAllocation, Receivable};
use tessera_kernel::{
    Cell, Choice as _, Fault, Kind, Money, Object, ObjectDef, ObjectId, Quantity, Tx,
    format_decimal, json::head_row_to_json, read_cell,
};
use tessera_sales::SalesDocument;
use tessera_stock::{GoodsMovement, GoodsMovementHeader, GoodsMovementItem};

use crate::BillingDocument;

/// Documents that a flow shows at most; a chain of a frame contract could be endless.
const LIMIT: usize = 500;

/// Object type of a document kind.
fn definition(kind: DocumentKind) -> &'static ObjectDef {
    match kind {
        DocumentKind::Quotation
        | DocumentKind::Order
        | DocumentKind::ReturnOrder
        | DocumentKind::CreditRequest
        | DocumentKind::DebitRequest => SalesDocument::def(),
        DocumentKind::Delivery | DocumentKind::ReturnsDelivery => Delivery::def(),
        DocumentKind::GoodsMovement => GoodsMovement::def(),
        DocumentKind::Invoice | DocumentKind::CreditMemo | DocumentKind::Cancellation => {
            BillingDocument::def()
        }
        DocumentKind::JournalEntry => JournalEntry::def(),
        DocumentKind::Payment => Payment::def(),
    }
}

/// What the flow tells besides the documents: quantities taken up, and amounts that were paid.
pub(crate) const TELLS: &[(&str, &str, &str)] = &[
    (SalesDocument::NAME, "items", "base_quantity"),
    (Delivery::NAME, "items", "base_quantity"),
    (BillingDocument::NAME, "items", "base_quantity"),
    (Payment::NAME, "allocations", "amount"),
];

/// The flow around a document: nodes with their head rows, edges from predecessor to successor
/// with the quantities taken up, and the amount that a payment took of an invoice.
pub(crate) fn flow(tx: &mut Tx<'_>, id: ObjectId, kind: DocumentKind) -> Result<Value, Fault> {
    let mut nodes: BTreeMap<ObjectId, DocumentKind> = BTreeMap::from([(id, kind)]);
    let mut edges: Vec<(ObjectId, ObjectId)> = Vec::new();
    let mut waiting = VecDeque::from([id]);
    while let Some(id) = waiting.pop_front() {
        let after = later(tx, id, nodes[&id])?;
        let before = predecessors(tx, id)?;
        let links = after.iter().map(|(other, kind)| ((id, *other), *other, *kind));
        let links = links.chain(before.iter().map(|(other, kind)| ((*other, id), *other, *kind)));
        for (edge, other, kind) in links.collect::<Vec<_>>() {
            if !edges.contains(&edge) {
                edges.push(edge);
            }
            if nodes.len() < LIMIT && !nodes.contains_key(&other) {
                nodes.insert(other, kind);
                waiting.push_back(other);
            }
        }
    }
    let mut documents = Vec::new();
    let mut hidden = BTreeSet::new();
    for (id, kind) in &nodes {
        if tx.may_read(definition(*kind), *id)? {
            documents.push(node(tx, *id, *kind)?);
        } else {
            hidden.insert(*id);
        }
    }
    let mut links = Vec::new();
    for (from, to) in edges {
        if hidden.contains(&from) || hidden.contains(&to) {
            continue;
        }
        links.push(json!({
            "from": from.to_string(),
            "to": to.to_string(),
            "quantities": quantities(tx, from, (to, nodes.get(&to).copied()))?,
            "amount": paid(tx, from, (to, nodes.get(&to).copied()))?,
        }));
    }
    Ok(json!({ "documents": documents, "links": links }))
}

/// What came from a document: by document flow, and what refers to it in stock and finance.
fn later(
    tx: &mut Tx<'_>,
    id: ObjectId,
    kind: DocumentKind,
) -> Result<Vec<(ObjectId, DocumentKind)>, Fault> {
    let mut found = successors(tx, id)?;
    let reference = || Cell::Uuid(id.0);
    match kind {
        DocumentKind::Delivery | DocumentKind::ReturnsDelivery => {
            for movement in tx.find::<GoodsMovement>("reference", reference())? {
                found.push((movement.id(), DocumentKind::GoodsMovement));
            }
        }
        DocumentKind::Invoice | DocumentKind::CreditMemo => {
            for receivable in tx.find::<Receivable>("document", reference())? {
                let cleared = Cell::Uuid(receivable.id().0);
                for (payment, _) in tx.records_by::<PaymentAllocation>("receivable", cleared)? {
                    found.push((payment, DocumentKind::Payment));
                }
            }
        }
        _ => {}
    }
    if matches!(
        kind,
        DocumentKind::GoodsMovement
            | DocumentKind::Invoice
            | DocumentKind::CreditMemo
            | DocumentKind::Payment
    ) {
        for entry in tx.find::<JournalEntry>("reference", reference())? {
            found.push((entry.id(), DocumentKind::JournalEntry));
        }
    }
    Ok(found)
}

fn node(tx: &mut Tx<'_>, id: ObjectId, kind: DocumentKind) -> Result<Value, Fault> {
    let def = definition(kind);
    let mut head = Value::Null;
    let mut cells = Vec::with_capacity(def.head.columns.len());
    tx.connection().rows(def.head, &[tessera_kernel::CellRef::Uuid(id.0)], &mut |row| {
        for column in &def.head.columns {
            cells.push(read_cell(row, column.ty)?);
        }
        Ok(())
    })?;
    if !cells.is_empty() {
        head = head_row_to_json(def, &cells)?;
        if let (Some(mask), Some(head)) = (tx.actor().mask(def), head.as_object_mut()) {
            mask.cover(head);
        }
    }
    Ok(json!({ "id": id.to_string(), "kind": kind.code(), "type": def.name, "head": head }))
}

/// Quantities in base units that `to` takes up of the items of `from`.
fn quantities(
    tx: &mut Tx<'_>,
    from: ObjectId,
    (to, kind): (ObjectId, Option<DocumentKind>),
) -> Result<Vec<Value>, Fault> {
    let line = |item: u32, quantity: Quantity| {
        json!({
            "item": item,
            "quantity": format_decimal(quantity.value()),
            "unit": quantity.unit().code(),
        })
    };
    let Some(kind) = kind else { return Ok(Vec::new()) };
    Ok(match definition(kind).name {
        SalesDocument::NAME => tx
            .segment::<tessera_sales::SalesItem>(to)?
            .iter()
            .filter(|item| item.reference == Some(from))
            .filter_map(|item| Some(line(item.reference_item?, item.base_quantity)))
            .collect(),
        Delivery::NAME => tx
            .segment::<tessera_delivery::DeliveryItem>(to)?
            .iter()
            .filter(|item| item.order.id() == from)
            .map(|item| line(item.order_item, item.base_quantity))
            .collect(),
        BillingDocument::NAME => tx
            .segment::<crate::BillingItem>(to)?
            .iter()
            .filter_map(|item| match item.delivery {
                Some(delivery) if delivery.id() == from => {
                    Some(line(item.delivery_item?, item.base_quantity))
                }
                None if item.order.id() == from => Some(line(item.order_item, item.base_quantity)),
                _ => None,
            })
            .collect(),
        GoodsMovement::NAME => {
            // A movement has an item for each of the delivery, in their order.
            let header: GoodsMovementHeader = tx.segment_one(to)?;
            let delivered = tx.segment::<tessera_delivery::DeliveryItem>(from)?;
            let moved = tx.segment::<GoodsMovementItem>(to)?;
            let signed = |quantity: Quantity| match header.reverses {
                Some(_) => quantity.negated(),
                None => quantity,
            };
            let items = delivered.iter().zip(&moved);
            items.map(|(item, moved)| line(item.item, signed(moved.quantity))).collect()
        }
        _ => Vec::new(),
    })
}

/// What a payment took of the open item of a billing document, with its discount and what was
/// written off; nothing where the payment was taken back. Null for other links.
fn paid(
    tx: &mut Tx<'_>,
    from: ObjectId,
    (to, kind): (ObjectId, Option<DocumentKind>),
) -> Result<Value, Fault> {
    if kind != Some(DocumentKind::Payment) {
        return Ok(Value::Null);
    }
    let items = tx.find::<Receivable>("document", Cell::Uuid(from.0))?;
    let mut sum: Option<Money> = None;
    for row in tx.segment::<PaymentAllocation>(to)? {
        if items.contains(&row.receivable) {
            let nothing = Money::zero(row.amount.currency());
            let part = if row.reversed_on.is_none() { row.amount } else { nothing };
            sum = Some(sum.unwrap_or(nothing).plus(part)?);
        }
    }
    let money = |sum: Money| json!({ "amount": sum.amount().to_string(), "currency": sum.currency().code() });
    Ok(sum.map_or(Value::Null, money))
}
