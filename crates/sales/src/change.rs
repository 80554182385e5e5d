//! Changes a living sales document: nothing has to be cancelled to correct it.

use serde_json::json;
use tessera_document::DocumentText;
use tessera_kernel::{Kind, Ref, Rule, Stored, Tx};
use tessera_organisation::OrganisationSettings;

use crate::draft::{HeaderChange, SalesChange};
use crate::reference::Source;
use crate::resolve::{Area, check_binding, check_requested};
use crate::seller::Seller;
use crate::sent::Sent;
use crate::take::Taking;
use crate::{
    CreditStatus, SalesDocument, SalesError, SalesSettings, change_items, commitment, promise,
    takeover,
};

/// What happens when a sales document is changed, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may change sales documents." },
    Rule { name: "version", help: "Nobody else changed the document since the caller read it." },
    Rule {
        name: "fulfilled",
        help: "No item falls below what was delivered, billed or ordered of it.",
    },
    Rule {
        name: "reference",
        help: "A quotation has back what the document no longer takes up of it.",
    },
    Rule {
        name: "pricing",
        help: "Prices are found anew for items whose quantity, plant or conditions changed, and for all where the pricing date or the terms did; manual and agreed prices stay.",
    },
    Rule {
        name: "credit",
        help: "What the document needs more of the credit limit is checked, or it is blocked.",
    },
    Rule {
        name: "availability",
        help: "What moved to another day or plant is promised anew; what is promised of the rest stays promised.",
    },
    Rule { name: "status", help: "Status follows from the items." },
];

/// Changes header, items and conditions. `version` is the one that the caller saw, if any.
pub fn change_sales_document(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    version: Option<i64>,
    change: &SalesChange,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "change")?;
    let mut work = Taking::load(tx, id)?;
    if let Some(version) = version {
        tx.expect_version(&work.document, version)?;
    }
    let before = work.document.value.clone();
    let all = apply_header(&mut work.document.value, &change.header)?;
    set_seller(tx, &mut work.document.value, &change.header)?;
    set_texts(&mut work.document.value, &change.texts)?;
    let mut sent = Sent::change(change);
    let priced = change_items::apply(tx, &mut work, change, &mut sent)?;
    let locate = |error| sent.locate(error);
    let id = work.document.head.id;
    let mut source = Source::of_stored(id, &before);
    if all || !priced.is_empty() || !change.conditions.is_empty() {
        let (document, fulfilments) = (&mut work.document.value, &work.fulfilments);
        let stored = takeover::Stored { id, document: &before, fulfilments };
        let priced = (all, &priced[..]);
        crate::pricing::reprice(tx, document, stored, change, priced, &mut source)
            .map_err(locate)?;
    } else if !change.items.is_empty() {
        crate::pricing::set_values(tx, &mut work.document.value).map_err(locate)?;
    }
    let documents = (Some(&before), &work.document.value);
    crate::reference::take_up(tx, documents, &work.fulfilments, source, &sent)?;
    recommit(tx, &mut work, &before).map_err(locate)?;
    save(tx, work, "sales_document.changed")
}

/// Releases the credit block of a document, with a reason that stays on it. Its value counts in
/// the exposure from now on, and stock is promised.
pub fn release_credit(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
    reason: &str,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "release_credit")?;
    if reason.trim().is_empty() {
        return Err(SalesError::field("reason", "must say why the document is released"));
    }
    let mut work = Taking::load(tx, id)?;
    let was_blocked = work.document.status.credit == CreditStatus::Blocked;
    if !was_blocked && work.document.status.credit != CreditStatus::Approved {
        return Err(SalesError::NotBlocked { number: work.document.number() });
    }
    let value = work.document.header.net_value;
    tx.actor().require_amount(SalesDocument::NAME, "release_credit", value)?;
    let before = work.document.value.clone();
    let held = commitment::open_credit(&before, true, &work.fulfilments)?;
    work.document.status.credit = CreditStatus::Released;
    work.document.status.credit_release_reason = Some(reason.to_string());
    if was_blocked {
        let (area, payer) = commitment::account(&work.document)?;
        let open = commitment::open_credit(&work.document, true, &work.fulfilments)?;
        if let Some(item) = work.document.items.first() {
            let value =
                tessera_kernel::Money::from_minor(open - held, item.credit_value.currency());
            tessera_credit::shift(tx, area, payer, tessera_credit::Exposure::orders(value))?;
        }
        promise::anew(tx, &mut work, &before, &[])?;
    }
    save(tx, work, "sales_document.credit_released")
}

/// Checks a blocked document against the limit again: after a payment, or a raised limit.
pub fn check_credit(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "check_credit")?;
    let mut work = Taking::load(tx, id)?;
    if work.document.status.credit != CreditStatus::Blocked {
        return Ok(work.document);
    }
    let before = work.document.value.clone();
    recommit(tx, &mut work, &before)?;
    save(tx, work, "sales_document.credit_checked")
}

/// Promises what is open anew: after receipts came in, or dates moved.
pub fn reschedule(
    tx: &mut Tx<'_>,
    id: Ref<SalesDocument>,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "reschedule")?;
    let mut work = Taking::load(tx, id)?;
    let before = work.document.value.clone();
    let all: Vec<u32> = before.items.iter().map(|item| item.item).collect();
    promise::anew(tx, &mut work, &before, &all)?;
    save(tx, work, "sales_document.rescheduled")
}

/// Applies the header; answers whether every price must be found anew.
fn apply_header(document: &mut SalesDocument, change: &HeaderChange) -> Result<bool, SalesError> {
    let header = &mut document.header;
    let mut reprice = change.new_pricing;
    if let Some(reference) = &change.customer_reference {
        header.customer_reference = Some(reference.clone());
    }
    if let Some(date) = change.pricing_date {
        reprice |= header.pricing_date != date;
        header.pricing_date = date;
    }
    if let Some(date) = change.requested_delivery {
        check_requested(header.document_date, date, "requested_delivery")?;
        let former = std::mem::replace(&mut header.requested_delivery, date);
        for item in document.items.iter_mut().filter(|item| item.requested_delivery == former) {
            item.requested_delivery = date;
        }
    }
    let header = &mut document.header;
    if let Some(terms) = change.payment_terms {
        reprice |= header.payment_terms != terms;
        header.payment_terms = terms;
    }
    if change.incoterms.is_some_and(|incoterms| header.incoterms != Some(incoterms)) {
        reprice = true;
        header.incoterms = change.incoterms;
    }
    header.delivery_priority = change.delivery_priority.unwrap_or(header.delivery_priority);
    header.complete_delivery = change.complete_delivery.unwrap_or(header.complete_delivery);
    if let Some(valid_to) = change.valid_to {
        check_binding(header.category, "valid_to")?;
        if valid_to < header.document_date {
            return Err(SalesError::field("valid_to", "must not be before the document date"));
        }
        header.valid_to = Some(valid_to);
    }
    Ok(reprice)
}

/// Sets sales office and sales group, which must fit the sales area.
fn set_seller(
    tx: &Tx<'_>,
    document: &mut SalesDocument,
    change: &HeaderChange,
) -> Result<(), SalesError> {
    let given = Seller { office: change.sales_office, group: change.sales_group };
    if given.office.or(given.group).is_none() {
        return Ok(());
    }
    let header = &mut document.header;
    let area = Area {
        organisation: header.sales_organisation,
        channel: header.distribution_channel,
        division: header.division,
    };
    let former = Seller { office: header.sales_office, group: header.sales_group };
    let organisation = tx.settings::<OrganisationSettings>()?;
    let seller = given.resolve(organisation, area, Some(former), "")?;
    (header.sales_office, header.sales_group) = (seller.office, seller.group);
    Ok(())
}

/// Sets texts by kind and language; an empty one removes the text.
fn set_texts(document: &mut SalesDocument, texts: &[DocumentText]) -> Result<(), SalesError> {
    for (position, text) in texts.iter().enumerate() {
        let at = (text.kind, text.language);
        if texts[..position].iter().any(|other| (other.kind, other.language) == at) {
            let message = format!("{} in {} stands there twice", text.kind, text.language);
            return Err(SalesError::field(format!("texts[{position}]"), message));
        }
        document.texts.retain(|known| (known.kind, known.language) != at);
        if !text.text.trim().is_empty() {
            document.texts.push(text.clone());
        }
    }
    Ok(())
}

/// Moves credit and stock from what the former document held to what the new one needs.
fn recommit(tx: &mut Tx<'_>, work: &mut Taking, before: &SalesDocument) -> Result<(), SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    let checked = settings
        .document_types
        .get(before.header.document_type)
        .is_some_and(|document_type| document_type.credit_check);
    let held = commitment::open_credit(before, checked, &work.fulfilments)?;
    commitment::commit_credit(tx, &mut work.document.value, held, &work.fulfilments)?;
    promise::anew(tx, work, before, &[])
}

fn save(
    tx: &mut Tx<'_>,
    mut work: Taking,
    event: &str,
) -> Result<Stored<SalesDocument>, SalesError> {
    let settings = tx.settings::<SalesSettings>()?;
    work.document.status = crate::status::of(settings, &work.document.value, &work.fulfilments)?;
    if tx.save(&mut work.document)? {
        let payload = json!({ "number": work.document.head.number });
        tx.emit(event, work.document.head.id, &payload)?;
    }
    Ok(work.document)
}
