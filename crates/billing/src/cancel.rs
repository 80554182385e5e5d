//! Cancels a billing document: nothing is deleted, everything is taken back.

use serde_json::json;
use tessera_document::{DocumentFlow, FULFILMENT, Fulfilled, fulfilments, withdraw};
use tessera_finance::{NewReceivable, Receivable, ReceivableItem, clear_items, open_receivable};
use tessera_kernel::{Cell, Date, Home, Kind, Money, Ref, Rule, Stored, Tx, to_micros};
use tessera_sales::{Progress, SalesDocument, Taking};

use crate::create::{billing_date, finish};
use crate::post::{draw_number, kind_of, move_credit};
use crate::{BillingCategory, BillingDocument, BillingError, BillingHeader, BillingSettings};

/// What happens when a billing document is cancelled, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may cancel billing documents." },
    Rule {
        name: "status",
        help: "The document is no cancellation, not cancelled, and nothing of it is paid.",
    },
    Rule {
        name: "ledger",
        help: "The journal entry is reversed; both open items, where something is owed, clear each other.",
    },
    Rule { name: "exposure", help: "The credit value is back at the deliveries or orders." },
    Rule { name: "fulfilment", help: "Deliveries and orders can be billed again." },
];

/// Cancels a billing document. Answers the cancellation.
pub fn cancel_billing_document(
    tx: &mut Tx<'_>,
    id: Ref<BillingDocument>,
    on: Option<Date>,
    reason: &str,
) -> Result<Stored<BillingDocument>, BillingError> {
    tx.actor().require(BillingDocument::NAME, "cancel")?;
    if reason.trim().is_empty() {
        return Err(BillingError::field("reason", "must say why the document is cancelled"));
    }
    let original = tx.load(id)?;
    let open_item = check(tx, &original)?;
    let date = billing_date(tx, original.header.sales_organisation, on)?;
    if date < original.header.billing_date {
        return Err(BillingError::field("billing_date", "must not be before the document's own"));
    }
    let settings = tx.settings::<BillingSettings>()?;
    let not_cancellable =
        |reason| BillingError::NotCancellable { number: original.number(), reason };
    let code = settings
        .billing_types
        .get(original.header.billing_type)
        .and_then(|rule| rule.cancellation)
        .ok_or_else(|| not_cancellable("its billing type has no cancellation type"))?;
    let rule = settings
        .billing_types
        .require(code)
        .map_err(|message| BillingError::field("billing_type", message))?;
    let new_id: Ref<BillingDocument> = Ref::new(tx.new_id_at(Home::With(original.head.id)));
    let mut document = original.value.clone();
    document.header.billing_type = code;
    document.header.category = rule.category;
    document.header.billing_date = date;
    document.header.due_date = date;
    document.header.cancels = Some(id);
    document.header.reason = Some(reason.to_string());
    document.header.journal_entry = None;
    document.flow = vec![DocumentFlow {
        predecessor: original.head.id,
        predecessor_kind: kind_of(original.header.category),
        kind: kind_of(rule.category),
    }];
    give_back(tx, &original)?;
    let credit = match &open_item {
        Some((_, item)) if original.header.journal_entry.is_some() => item.credit_amount,
        _ => nothing_owed(tx, &original)?,
    };
    // Before the number: who waits for the customer's row holds none that everybody waits for.
    move_credit(tx, &original.value, credit, -1)?;
    let number = draw_number(tx, rule, original.header.company_code, date)?;
    let reversal = match original.header.journal_entry {
        Some(entry) => Some(tessera_finance::reverse(tx, Ref::new(entry), date)?),
        None => None,
    };
    document.header.journal_entry = reversal.as_ref().map(|reversal| reversal.head.id);
    if let (Some(reversal), Some((receivable, item))) = (&reversal, &open_item) {
        take_back_receivable(tx, (*receivable, item), reversal, (new_id, &number), date)?;
    }
    tx.edit::<BillingDocument, BillingHeader, ()>(id, |header| {
        header.cancelled_by = Some(new_id);
    })?;
    let stored = tx.insert_as(new_id, document, Some(number))?;
    let payload = json!({ "number": stored.head.number, "cancels": original.head.number });
    tx.emit("billing_document.cancelled", original.head.id, &payload)?;
    Ok(stored)
}

/// What a document without an open item counts for in the exposure: nothing, in the currency of
/// the credit control area.
fn nothing_owed(
    tx: &mut Tx<'_>,
    document: &Stored<BillingDocument>,
) -> Result<Money, BillingError> {
    let header = &document.header;
    if !header.gross_value.is_zero() {
        let reason = format!("billing document {} has no open item", document.number());
        return Err(tessera_kernel::Fault::corrupt(reason).into());
    }
    let (area, nothing) = (header.credit_control_area, header.gross_value);
    Ok(tessera_credit::credit_value(tx, area, nothing, header.billing_date)?)
}

type OpenItem = Option<(Ref<Receivable>, ReceivableItem)>;

/// The open item of a document that may be cancelled.
fn check(tx: &mut Tx<'_>, document: &Stored<BillingDocument>) -> Result<OpenItem, BillingError> {
    let refused = |reason| Err(BillingError::NotCancellable { number: document.number(), reason });
    let header = &document.header;
    if !matches!(header.category, BillingCategory::Invoice | BillingCategory::CreditMemo) {
        return refused("it is a cancellation itself: bill its deliveries or orders again");
    }
    if header.cancelled_by.is_some() {
        return refused("it is cancelled already");
    }
    let found = tx.find::<Receivable>("document", Cell::Uuid(document.head.id.0))?;
    let Some(receivable) = found.first().copied() else { return Ok(None) };
    let item: ReceivableItem = tx.segment_one(receivable.id())?;
    if item.open_amount != item.amount {
        return refused("something of it is paid or cleared: cancel the payment first");
    }
    Ok(Some((receivable, item)))
}

/// Opens the item of the reversal and clears it against the original's.
fn take_back_receivable(
    tx: &mut Tx<'_>,
    (receivable, item): (Ref<Receivable>, &ReceivableItem),
    reversal: &Stored<tessera_finance::JournalEntry>,
    (id, number): (Ref<BillingDocument>, &str),
    date: Date,
) -> Result<(), BillingError> {
    let new = NewReceivable {
        document: id.id(),
        document_number: number,
        payment_terms: None,
        baseline_date: date,
        credit_control_area: item.credit_control_area,
        credit_amount: item.credit_amount.negated(),
    };
    let opposite = open_receivable(tx, reversal, &new)?.id();
    clear_items(tx, &[receivable, opposite], date, Some(number))?;
    Ok(())
}

/// Deliveries and orders can be billed again, and count in the exposure for what they are.
fn give_back(tx: &mut Tx<'_>, document: &Stored<BillingDocument>) -> Result<(), BillingError> {
    let mut orders: Vec<Ref<SalesDocument>> =
        document.items.iter().map(|item| item.order).collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders {
        let mut work = Taking::load(tx, order)?;
        for item in document.items.iter().filter(|item| item.order == order) {
            let quantity = to_micros(item.base_quantity.value())?;
            let delivered = if item.delivery.is_some() { item.credit_value.minor() } else { 0 };
            work.give_back(tx, item.order_item, Fulfilled::Billed, quantity, -delivered)?;
        }
        finish(tx, work)?;
    }
    let mut deliveries = Vec::new();
    for item in &document.items {
        let Some((delivery, number)) = item.delivery.zip(item.delivery_item) else { continue };
        let quantity = to_micros(item.base_quantity.value())?;
        withdraw(tx, (delivery.id(), number), Fulfilled::Billed, quantity, 0)?;
        if !deliveries.contains(&delivery) {
            deliveries.push(delivery);
        }
    }
    for delivery in deliveries {
        let mut delivery = tx.load_with(delivery, &FULFILMENT)?;
        let billed = fulfilments(tx, delivery.head.id)?;
        let any = delivery.items.iter().any(|item| billed.of(item.item).billed > 0);
        let status = if any { Progress::Partial } else { Progress::Open };
        tessera_delivery::set_billing(tx, &mut delivery, status)?;
    }
    Ok(())
}
