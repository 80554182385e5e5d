//! Makes a sales document.

use serde_json::json;
use tessera_document::{DocumentText, Fulfilled, Fulfilments};
use tessera_kernel::{Fault, Home, Kind, Quantity, Ref, Rule, Stored, Tx, from_micros, to_micros};
use tessera_organisation::OrganisationSettings;

use crate::customizing::DocumentType;
use crate::draft::{DraftItem, SalesDraft};
use crate::reference::Source;
use crate::resolve_item::ItemContext;
use crate::sent::Sent;
use crate::take::Taking;
use crate::{
    Category, SalesDocument, SalesError, SalesItem, SalesSettings, commitment, resolve,
    resolve_item,
};

/// What happens when a sales document is made, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may create sales documents." },
    Rule { name: "reference", help: "A reference is open, valid, and of a category that fits." },
    Rule {
        name: "header",
        help: "Sales area, terms and partner functions come from the draft, the reference or the customer.",
    },
    Rule {
        name: "items",
        help: "Products are sold here; quantities are counted as their units are and convert into the base unit; plants deliver here.",
    },
    Rule {
        name: "pricing",
        help: "Every item is priced by the procedure; manual conditions take part.",
    },
    Rule {
        name: "credit",
        help: "The value fits the payer's credit limit, or the document is blocked and holds nothing.",
    },
    Rule {
        name: "availability",
        help: "Stock is promised and reserved by day, unless the document is blocked.",
    },
    Rule {
        name: "fulfilment",
        help: "What the items take up of the referenced document is noted there.",
    },
    Rule { name: "status", help: "Status follows from the items." },
];

/// Makes a sales document from a draft; everything that the draft leaves out comes from the
/// document it refers to or from master data. A document beyond the credit limit is made too,
/// blocked.
pub fn create_sales_document(
    tx: &mut Tx<'_>,
    draft: &SalesDraft,
) -> Result<Stored<SalesDocument>, SalesError> {
    tx.actor().require(SalesDocument::NAME, "create")?;
    let settings = tx.settings::<SalesSettings>()?;
    let document_type = settings
        .document_types
        .require(draft.header.document_type)
        .map_err(|message| SalesError::field("header.document_type", message))?;
    let mut source = reference(tx, draft, document_type)?;
    let reference = source.get(tx)?;
    let stored = reference.as_ref().map(|reference| &reference.document);
    let mut document = resolve::document(tx, &draft.header, document_type, stored)?;
    document.texts = texts(draft)?;
    let sent = add_items(tx, &mut document, document_type, draft, reference.as_deref())?;
    crate::pricing::price(tx, &mut document, &draft.conditions, reference.as_deref())
        .map_err(|error| sent.locate(error))?;
    let taken = Fulfilments::default();
    commitment::commit_credit(tx, &mut document, 0, &taken).map_err(|error| sent.locate(error))?;
    let today = today(tx, &document)?;
    crate::promise::foresee(tx, &document, 0..document.items.len())?;
    for position in 0..document.items.len() {
        crate::promise::promise(tx, &mut document, position, 0, today)?;
    }
    crate::reference::take_up(tx, (None, &document), &taken, source, &sent)?;
    document.status = crate::status::of(settings, &document, &taken)?;
    let number = tx.next_number(document_type.number_range.as_str())?;
    let id = Ref::new(tx.new_id_at(Home::With(document.header.sold_to.id())));
    let stored = tx.insert_as(id, document, Some(number))?;
    let payload = json!({
        "number": stored.head.number,
        "document_type": stored.header.document_type.as_str(),
        "sold_to": stored.header.sold_to.to_string(),
    });
    tx.emit("sales_document.created", stored.head.id, &payload)?;
    Ok(stored)
}

/// The texts of a draft; one that says nothing is refused.
fn texts(draft: &SalesDraft) -> Result<Vec<DocumentText>, SalesError> {
    if let Some(position) = draft.texts.iter().position(|text| text.text.trim().is_empty()) {
        return Err(SalesError::field(format!("texts[{position}].text"), "must not be empty"));
    }
    Ok(draft.texts.clone())
}

/// Today in the zone of the document's company.
pub(crate) fn today(
    tx: &Tx<'_>,
    document: &SalesDocument,
) -> Result<tessera_kernel::Date, SalesError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(document.header.sales_organisation)
        .map_err(|message| SalesError::field("header.sales_organisation", message))?;
    Ok(tx.today(&company.zone))
}

/// The referenced document, loaded and checked: the new one may refer to it.
fn reference(
    tx: &mut Tx<'_>,
    draft: &SalesDraft,
    document_type: &DocumentType,
) -> Result<Source, SalesError> {
    let id = draft.header.reference.map(Ref::new);
    if id.is_none() && document_type.reference_required {
        let message = "this document type needs a document to refer to";
        return Err(SalesError::field("header.reference", message));
    }
    let mut source = Source::of_new(document_type.category, id);
    let found = source.get(tx).map_err(|error| match error {
        SalesError::Fault(Fault::Missing { .. }) => {
            let message = "is no sales document: a quotation or an order is referred to";
            SalesError::field("header.reference", message)
        }
        other => other,
    })?;
    if let Some(reference) = found {
        check_reference(tx, reference, draft, document_type)?;
    }
    Ok(source)
}

fn check_reference(
    tx: &Tx<'_>,
    reference: &Taking,
    draft: &SalesDraft,
    document_type: &DocumentType,
) -> Result<(), SalesError> {
    let stored = &reference.document;
    let (from, to) = (stored.header.category, document_type.category);
    let fits = match to {
        Category::Quotation | Category::Order => from == Category::Quotation,
        _ => from == Category::Order,
    };
    if !fits {
        let hint = match to {
            Category::Quotation | Category::Order => "an order refers to a quotation",
            _ => "a return, credit memo request or debit memo request refers to an order",
        };
        let (number, category) = (stored.number(), from.with_article());
        return Err(SalesError::WrongCategory { number, category, hint }.at("header.reference"));
    }
    check_seller_and_customer(stored, draft)?;
    let day = draft.header.document_date.map_or_else(|| today(tx, stored), Ok)?;
    if let Some(valid_to) = stored.header.valid_to.filter(|valid_to| *valid_to < day) {
        let message = format!("{} was valid until {valid_to}", stored.number());
        return Err(SalesError::field("header.reference", message));
    }
    Ok(())
}

/// What follows a document is between the same two: who orders and who sells.
fn check_seller_and_customer(
    reference: &Stored<SalesDocument>,
    draft: &SalesDraft,
) -> Result<(), SalesError> {
    let (of, given) = (&reference.header, &draft.header);
    let (field, rule) = if given.sold_to.is_some_and(|sold_to| sold_to != of.sold_to) {
        ("sold_to", "must be the sold-to party")
    } else if given.sales_organisation.is_some_and(|own| own != of.sales_organisation) {
        ("sales_organisation", "must be the sales organisation")
    } else {
        return Ok(());
    };
    let message = format!("{rule} of {}, which is referred to: leave it out", reference.number());
    Err(SalesError::field(format!("header.{field}"), message))
}

/// Adds the items of a draft, or of what is open of the document referred to; answers which field
/// they come from.
fn add_items<'d>(
    tx: &mut Tx<'_>,
    document: &mut SalesDocument,
    document_type: &DocumentType,
    draft: &'d SalesDraft,
    reference: Option<&Taking>,
) -> Result<Sent<'d>, SalesError> {
    let mut sent = Sent::new(draft);
    let context = ItemContext {
        settings: tx.settings::<SalesSettings>()?,
        document_type,
        reference: reference.map(|reference| &reference.document),
    };
    let copied;
    let items: &[DraftItem] = match reference {
        Some(reference) if draft.items.is_empty() => {
            let settings = (context.settings, tx.settings::<OrganisationSettings>()?);
            let to = document_type.category;
            copied = resolve_item::open_items(&reference.document, |item| {
                open_quantity(settings, reference, to, item)
            });
            &copied
        }
        _ => &draft.items,
    };
    if items.is_empty() {
        let Some(reference) = reference else {
            return Err(SalesError::field("items", "must have at least one item"));
        };
        let message = format!("{} has nothing left to take up", reference.document.number());
        return Err(SalesError::field("header.reference", message));
    }
    for (position, given) in items.iter().enumerate() {
        let path = format!("items[{position}]");
        let item = resolve_item::item(tx, document, &context, given, &path)?;
        if document.item(item.item).is_some() {
            let message = format!("item {} stands there twice", item.item);
            return Err(SalesError::field(format!("{path}.item"), message));
        }
        if !draft.items.is_empty() {
            sent.add(item.item, &path, given);
        }
        document.items.push(item);
    }
    document.items.sort_by_key(|item| item.item);
    Ok(sent)
}

/// What is left of an item of the referenced document: of a quotation what was not ordered, of an
/// order what a return may bring back or a credit memo request may claim, or all that a debit memo
/// request may be about. In the unit of the sale where that is exact and counted so.
fn open_quantity(
    settings: (&SalesSettings, &OrganisationSettings),
    reference: &Taking,
    to: Category,
    item: &SalesItem,
) -> Option<Quantity> {
    if to == Category::DebitRequest {
        // What was free of charge is charged for only where somebody asks for it.
        let is_free = resolve_item::is_free(settings.0, item.item_category);
        return (item.rejection_reason.is_none() && !is_free).then_some(item.quantity);
    }
    let whole = to_micros(item.base_quantity.value()).ok()?;
    let open = match to {
        Category::CreditRequest => reference.claimable(item.item),
        _ => reference.open(settings.0, item, Fulfilled::Referenced).ok()?,
    };
    if open <= 0 || open == whole {
        return (open > 0).then_some(item.quantity);
    }
    let value = item.quantity.value() * from_micros(open) / from_micros(whole);
    let exact = Quantity::new(value.normalize(), item.quantity.unit()).ok();
    let counted = exact.filter(|exact| settings.1.quantity_fits(*exact).is_ok());
    counted.or_else(|| Quantity::new(from_micros(open), item.base_quantity.unit()).ok())
}
