//! Goods movements that no delivery causes: receipts, write-offs, transfers, opening stock.
//!
//! They live here because a movement is stock and ledger in one, and both are below deliveries.

use tessera_kernel::{Code, Date, Form, Kind, Quantity, Record, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;
use tessera_stock::{GoodsMovement, MovementDraft, MovementLine, PlannedReceipt};

use crate::DeliveryError;
use crate::books::post_value;
use crate::goods_issue::{not_before, reverse_entries};

/// A goods movement to post.
#[derive(Form, Clone, Debug)]
pub struct MovementForm {
    /// Header.
    #[form(flatten)]
    pub header: MovementHeader,
    /// What moves.
    pub items: Vec<MovementItem>,
}

/// Header of a goods movement to post.
#[derive(Record, Clone, Debug)]
pub struct MovementHeader {
    /// Movement type; only those that stand for themselves, not those of deliveries.
    #[field(code = "movement_type")]
    pub movement_type: Code,
    /// Posting date; else today.
    pub posting_date: Option<Date>,
    /// Number of the paper that it rests on.
    #[field(max = 40)]
    pub reference_number: Option<String>,
    /// Note.
    #[field(max = 200)]
    pub text: Option<String>,
}

/// Item of a goods movement to post.
#[derive(Record, Clone, Debug)]
pub struct MovementItem {
    /// Product.
    pub product: Ref<Product>,
    /// Plant.
    #[field(code = "plant")]
    pub plant: Code,
    /// Storage location; else the product's own in the plant.
    #[field(code = "storage_location")]
    pub storage_location: Option<Code>,
    /// Of a transfer: the plant that gets it.
    #[field(code = "plant")]
    pub to_plant: Option<Code>,
    /// Of a transfer: the storage location that gets it.
    #[field(code = "storage_location")]
    pub to_storage_location: Option<Code>,
    /// Quantity, in any unit of the product.
    #[field(positive)]
    pub quantity: Quantity,
    /// Planned receipt that it fulfils.
    pub planned_receipt: Option<Ref<PlannedReceipt>>,
}

/// Posts a goods movement with its journal entry.
pub fn post_goods_movement(
    tx: &mut Tx<'_>,
    form: &MovementForm,
) -> Result<Stored<GoodsMovement>, DeliveryError> {
    tx.actor().require(GoodsMovement::NAME, "post")?;
    let settings = tx.settings::<crate::DeliverySettings>()?;
    let code = form.header.movement_type;
    let of_delivery = settings.delivery_types.iter().any(|(_, rule)| rule.movement_type == code);
    let types = &tx.settings::<tessera_stock::StockSettings>()?.movement_types;
    // Types that reverse each other (surplus and shortage) stand for themselves, too.
    let only_reverses = types.iter().any(|(_, rule)| rule.reversal == Some(code))
        && types.get(code).is_some_and(|rule| rule.reversal.is_none());
    if of_delivery || only_reverses {
        let message = format!("{code} is posted by deliveries and reversals only");
        return Err(DeliveryError::field("movement_type", message));
    }
    let Some(first) = form.items.first() else {
        return Err(DeliveryError::field("items", "must have at least one item"));
    };
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_plant(first.plant)
        .map_err(|message| DeliveryError::field("items[0].plant", message))?;
    let date = form.header.posting_date.unwrap_or_else(|| tx.today(&company.zone));
    let mut lines = Vec::with_capacity(form.items.len());
    for (position, item) in form.items.iter().enumerate() {
        let product = tx.shared(item.product)?;
        let quantity = product.counted(organisation, item.quantity).map_err(|message| {
            DeliveryError::field(format!("items[{position}].quantity"), message)
        })?;
        lines.push(MovementLine {
            storage_location: item.storage_location,
            to_plant: item.to_plant,
            to_storage_location: item.to_storage_location,
            entered_quantity: Some(item.quantity),
            planned_receipt: item.planned_receipt,
            ..MovementLine::new(item.product, item.plant, quantity)
        });
    }
    let draft = MovementDraft {
        reference_number: form.header.reference_number.clone(),
        text: form.header.text.clone(),
        ..MovementDraft::new(code, date, lines)
    };
    let movement = tessera_stock::post_movement(tx, draft)?;
    let path = format!("items[{}].quantity", most_valuable(&movement));
    post_value(tx, &movement).map_err(|error| error.computed_of(&path))?;
    Ok(movement)
}

/// The position of the item that makes the most of the entry.
fn most_valuable(movement: &GoodsMovement) -> usize {
    let values = movement.items.iter().map(|item| item.value.minor()).enumerate();
    values.max_by_key(|(_, value)| *value).map_or(0, |(position, _)| position)
}

/// Reverses a goods movement and its journal entries. Those of deliveries are reversed at the
/// delivery.
pub fn reverse_goods_movement(
    tx: &mut Tx<'_>,
    id: Ref<GoodsMovement>,
    on: Option<Date>,
) -> Result<Stored<GoodsMovement>, DeliveryError> {
    tx.actor().require(GoodsMovement::NAME, "reverse")?;
    let movement = tx.load(id)?;
    let settings = tx.settings::<crate::DeliverySettings>()?;
    let code = movement.header.movement_type;
    if settings.delivery_types.iter().any(|(_, rule)| rule.movement_type == code) {
        return Err(DeliveryError::OfDelivery { number: movement.number() });
    }
    let date = on.unwrap_or(movement.header.posting_date);
    not_before(date, Some(movement.header.posting_date))?;
    let reversal = tessera_stock::reverse_movement(tx, id, date)?;
    reverse_entries(tx, id, date)?;
    Ok(reversal)
}
