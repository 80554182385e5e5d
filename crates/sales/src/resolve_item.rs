//! An item of a draft and master data become an item of a sales document.

use tessera_kernel::{Code, Money, ObjectId, Quantity, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;

use crate::customizing::DocumentType;
use crate::draft::DraftItem;
use crate::resolve::check_requested;
use crate::{Category, SalesDocument, SalesError, SalesItem, SalesSettings};

/// What an item is resolved against.
pub(crate) struct ItemContext<'a> {
    pub(crate) settings: &'a SalesSettings,
    pub(crate) document_type: &'a DocumentType,
    pub(crate) reference: Option<&'a Stored<SalesDocument>>,
}

/// An item of a document, not yet priced. `path` names it in messages.
pub(crate) fn item(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    context: &ItemContext<'_>,
    draft: &DraftItem,
    path: &str,
) -> Result<SalesItem, SalesError> {
    let from = referenced_item(context, draft, path)?;
    let product = draft
        .product
        .or(from.map(|item| item.product))
        .ok_or_else(|| SalesError::field(format!("{path}.product"), "is missing"))?;
    if let Some(from) = from.filter(|from| from.product != product) {
        let message = format!("must be that of item {} of the document referred to", from.item);
        return Err(SalesError::field(format!("{path}.product"), message));
    }
    let quantity = draft
        .quantity
        .or(from.map(|item| item.quantity))
        .ok_or_else(|| SalesError::field(format!("{path}.quantity"), "is missing"))?;
    let data = tx.shared(product)?;
    let field = |name: &str, message: String| SalesError::field(format!("{path}.{name}"), message);
    if data.general.blocked {
        return Err(field("product", format!("{} is blocked for sale", data.number())));
    }
    let organisation = tx.settings::<OrganisationSettings>()?;
    let base_quantity =
        data.counted(organisation, quantity).map_err(|message| field("quantity", message))?;
    if from.is_none() {
        crate::minimum::check(document, &data, base_quantity, path)?;
    }
    let item_category = item_category(document, context, (draft, from), &data, path)?;
    if let Some(day) = draft.requested_delivery {
        let path = format!("{path}.requested_delivery");
        check_requested(document.header.document_date, day, path)?;
    }
    let number = number(document, draft, path)?;
    let description = match (&draft.description, from) {
        (Some(text), _) => text.clone(),
        (None, Some(from)) => from.description.clone(),
        (None, None) => description(tx, &data)?,
    };
    let header = &document.header;
    Ok(SalesItem {
        item: number,
        product,
        description,
        item_category,
        quantity,
        base_quantity,
        plant: plant(
            tx,
            document,
            context,
            draft.plant.or(from.and_then(|f| f.plant)),
            &data,
            path,
        )?,
        net_value: Money::zero(header.currency),
        tax_value: Money::zero(header.currency),
        requested_delivery: draft.requested_delivery.unwrap_or(header.requested_delivery),
        credit_value: Money::zero(header.currency),
        rejection_reason: None,
        reference: from.and(header.reference),
        reference_item: from.map(|item| item.item),
    })
}

fn referenced_item<'a>(
    context: &ItemContext<'a>,
    draft: &DraftItem,
    path: &str,
) -> Result<Option<&'a SalesItem>, SalesError> {
    let Some(number) = draft.reference_item else { return Ok(None) };
    let path = format!("{path}.reference_item");
    let Some(reference) = context.reference else {
        return Err(SalesError::field(path, "needs header.reference"));
    };
    match reference.value.item(number) {
        Some(item) => Ok(Some(item)),
        None => {
            let message = format!("{} has no item {number}", reference.number());
            Err(SalesError::field(path, message))
        }
    }
}

fn item_category(
    document: &SalesDocument,
    context: &ItemContext<'_>,
    (draft, from): (&DraftItem, Option<&SalesItem>),
    product: &Stored<Product>,
    path: &str,
) -> Result<Code, SalesError> {
    let header = &document.header;
    let Some(sales) = product.sales(header.sales_organisation, header.distribution_channel) else {
        let message = format!(
            "{} is not sold in {}/{}: add sales data to the product first",
            product.number(),
            header.sales_organisation,
            header.distribution_channel
        );
        return Err(SalesError::field(format!("{path}.product"), message));
    };
    if sales.blocked {
        let message = format!("{} is blocked for sale in this channel", product.number());
        return Err(SalesError::field(format!("{path}.product"), message));
    }
    let (document_type, group) = (header.document_type, sales.item_category_group);
    let allowed = context.settings.item_categories_for(document_type, group);
    let charges = matches!(header.category, Category::CreditRequest | Category::DebitRequest);
    let free = from.filter(|from| !charges && is_free(context.settings, from.item_category));
    if let Some(from) = free {
        return free_category(context.settings, draft, from, allowed, path);
    }
    let Some(proposed) = allowed.first() else {
        let message = format!(
            "customizing has no item category for document type {document_type} and group {group}"
        );
        return Err(SalesError::field(format!("{path}.product"), message));
    };
    let category = draft.item_category.unwrap_or(*proposed);
    if allowed.contains(&category) {
        return Ok(category);
    }
    let names: Vec<&str> = allowed.iter().map(Code::as_str).collect();
    let message = format!(
        "{category} is not assigned to document type {document_type} and item category group \
         {group}; allowed are: {}",
        names.join(", ")
    );
    Err(SalesError::field(format!("{path}.item_category"), message))
}

/// Whether items of a category have no price.
pub(crate) fn is_free(settings: &SalesSettings, category: Code) -> bool {
    settings.item_categories.get(category).is_some_and(|rule| !rule.pricing)
}

/// What takes up an item that is free of charge is free too: nothing was paid for it.
fn free_category(
    settings: &SalesSettings,
    draft: &DraftItem,
    from: &SalesItem,
    allowed: &[Code],
    path: &str,
) -> Result<Code, SalesError> {
    let free: Vec<Code> =
        allowed.iter().copied().filter(|category| is_free(settings, *category)).collect();
    let reason = format!("item {} of the document referred to is free of charge", from.item);
    let Some(proposed) = free.first() else {
        let message = format!("{reason}: this document type has no item category without price");
        return Err(SalesError::field(format!("{path}.reference_item"), message));
    };
    let category = draft.item_category.unwrap_or(*proposed);
    if free.contains(&category) {
        return Ok(category);
    }
    let names: Vec<&str> = free.iter().map(Code::as_str).collect();
    let message = format!("{reason}; allowed are: {}", names.join(", "));
    Err(SalesError::field(format!("{path}.item_category"), message))
}

fn description(tx: &mut Tx<'_>, product: &Product) -> Result<String, SalesError> {
    let language = tx.settings::<OrganisationSettings>()?.installation.language;
    Ok(product.description(language).chars().take(120).collect())
}

/// The largest number of an item: six digits, as on every form.
const LAST_ITEM: u32 = 999_999;

/// The number given, or the next ten.
fn number(document: &SalesDocument, draft: &DraftItem, path: &str) -> Result<u32, SalesError> {
    let last = document.items.iter().map(|item| item.item).max().unwrap_or(0);
    let number = draft.item.unwrap_or_else(|| (last / 10).saturating_add(1).saturating_mul(10));
    if number <= LAST_ITEM {
        return Ok(number);
    }
    let message = match draft.item {
        Some(_) => format!("must be at most {LAST_ITEM}"),
        None => format!("is missing: there is no ten after {last}, the last item"),
    };
    Err(SalesError::field(format!("{path}.item"), message))
}

/// Refuses a plant that does not deliver in the sales area of the document.
pub(crate) fn check_plant(
    tx: &Tx<'_>,
    document: &SalesDocument,
    plant: Code,
    path: &str,
) -> Result<(), SalesError> {
    let header = &document.header;
    let allowed = tx
        .settings::<OrganisationSettings>()?
        .plants_for(header.sales_organisation, header.distribution_channel);
    if allowed.contains(&plant) {
        return Ok(());
    }
    let names: Vec<&str> = allowed.iter().map(Code::as_str).collect();
    let message = match names.is_empty() {
        true => format!("{plant} does not deliver here, and no other plant does"),
        false => format!("{plant} does not deliver here; allowed are: {}", names.join(", ")),
    };
    Err(SalesError::field(format!("{path}.plant"), message))
}

/// The plant named, or the customer's, or the product's, or the first of the channel.
fn plant(
    tx: &mut Tx<'_>,
    document: &SalesDocument,
    context: &ItemContext<'_>,
    given: Option<Code>,
    product: &Stored<Product>,
    path: &str,
) -> Result<Option<Code>, SalesError> {
    if context.document_type.delivery_type.is_none() {
        return Ok(given);
    }
    let header = &document.header;
    let (organisation, channel) = (header.sales_organisation, header.distribution_channel);
    let allowed = tx.settings::<OrganisationSettings>()?.plants_for(organisation, channel);
    if let Some(plant) = given {
        check_plant(tx, document, plant, path)?;
        return Ok(given);
    }
    let customer = tx.shared(header.sold_to)?;
    let of_customer = customer
        .sales_area_on(organisation, channel, header.division, header.document_date)
        .and_then(|area| area.delivering_plant);
    let of_product = product.sales(organisation, channel).and_then(|sales| sales.delivering_plant);
    let proposals = [of_customer, of_product];
    let proposed = proposals.into_iter().flatten().find(|plant| allowed.contains(plant));
    Ok(proposed.or_else(|| allowed.first().copied()))
}

/// Items for everything that is open in the referenced document.
pub(crate) fn open_items(
    reference: &Stored<SalesDocument>,
    open: impl Fn(&SalesItem) -> Option<Quantity>,
) -> Vec<DraftItem> {
    let items = reference.value.items.iter();
    items
        .filter_map(|item| {
            open(item).map(|quantity| DraftItem {
                item: Some(item.item),
                reference_item: Some(item.item),
                quantity: Some(quantity),
                ..DraftItem::default()
            })
        })
        .collect()
}

/// Id of the document that an item was made with reference to, with the item's number.
pub(crate) fn reference_of(item: &SalesItem) -> Option<(ObjectId, u32)> {
    item.reference.zip(item.reference_item)
}
