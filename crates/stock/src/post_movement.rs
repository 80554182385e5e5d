//! Posting a goods movement.

use serde_json::json;
use tessera_kernel::{
    CellRef, Code, Currency, Date, Fault, Home, Kind, Money, ObjectId, Quantity, Ref, Stored, Tx,
    business_day, to_micros,
};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;

use crate::availability::{base_unit_only, in_plant, positive, quantity_of};
use crate::balances::{STOCK, adjust_on_hand, hold};
use crate::planned_receipt::{fulfil, reopen};
use crate::settings::MovementType;
use crate::valuation::StandardPrice;
use crate::{
    Direction, GoodsMovement, GoodsMovementHeader, GoodsMovementItem, PlannedReceipt, StockError,
    StockSettings, release, reserve_unchecked,
};

/// A goods movement to be posted.
#[derive(Clone, Debug)]
pub struct MovementDraft {
    /// Movement type.
    pub movement_type: Code,
    /// Day on which it counts in the books.
    pub posting_date: Date,
    /// Day of the paper that it rests on; the posting date where absent.
    pub document_date: Option<Date>,
    /// Document that caused it.
    pub reference: Option<ObjectId>,
    /// Number of the paper that it rests on.
    pub reference_number: Option<String>,
    /// Note.
    pub text: Option<String>,
    /// What moves.
    pub items: Vec<MovementLine>,
}

impl MovementDraft {
    /// A movement without a reference.
    pub fn new(movement_type: Code, posting_date: Date, items: Vec<MovementLine>) -> Self {
        Self {
            movement_type,
            posting_date,
            document_date: None,
            reference: None,
            reference_number: None,
            text: None,
            items,
        }
    }
}

/// One product of a movement to be posted.
#[derive(Clone, Copy, Debug)]
pub struct MovementLine {
    /// Product.
    pub product: Ref<Product>,
    /// Plant whose stock changes; of a transfer, the one that gives.
    pub plant: Code,
    /// Storage location; where absent, the one that the product has in the plant.
    pub storage_location: Option<Code>,
    /// Of a transfer, the plant that gets it; where absent, the same.
    pub to_plant: Option<Code>,
    /// Of a transfer, the storage location that gets it; where absent, the one that the product
    /// has in the plant that gets it.
    pub to_storage_location: Option<Code>,
    /// Quantity in the base unit.
    pub quantity: Quantity,
    /// Quantity as it was counted; the base quantity where absent.
    pub entered_quantity: Option<Quantity>,
    /// Day of the reservation that the movement uses up.
    pub reservation_date: Option<Date>,
    /// Planned receipt that the movement fulfils.
    pub planned_receipt: Option<Ref<PlannedReceipt>>,
    /// Document that the line comes from.
    pub source_document: Option<ObjectId>,
    /// Item of that document.
    pub source_item: Option<u32>,
}

impl MovementLine {
    /// A line for the storage location that the product has in the plant.
    pub const fn new(product: Ref<Product>, plant: Code, quantity: Quantity) -> Self {
        Self {
            product,
            plant,
            storage_location: None,
            to_plant: None,
            to_storage_location: None,
            quantity,
            entered_quantity: None,
            reservation_date: None,
            planned_receipt: None,
            source_document: None,
            source_item: None,
        }
    }
}

/// Posts a goods movement: changes the stock, uses up reservations, fulfils planned receipts and
/// values every line at standard price. The ledger is the caller's: the answer has the values,
/// the movement type the account keys.
///
/// [`StockError::NotEnough`] where a storage location would be left with less than nothing,
/// unless the movement type or the plant allows that.
pub fn post_movement(
    tx: &mut Tx<'_>,
    draft: MovementDraft,
) -> Result<Stored<GoodsMovement>, StockError> {
    tx.actor().require(GoodsMovement::NAME, "post")?;
    let settings = tx.settings::<StockSettings>()?;
    let movement = settings
        .movement_types
        .require(draft.movement_type)
        .map_err(|message| StockError::organisation("movement_type", message))?;
    business_day(draft.posting_date)
        .map_err(|message| StockError::organisation("posting_date", message))?;
    let mut items = Vec::with_capacity(draft.items.len());
    for (position, (number, line)) in (1..).zip(&draft.items).enumerate() {
        let item = within_one_company(tx, draft.items[0].plant, line.plant)
            .and_then(|()| complete(tx, movement.direction, number, line));
        items.push(item.map_err(|error| error.of_item(position))?);
    }
    let header = GoodsMovementHeader {
        movement_type: draft.movement_type,
        posting_date: draft.posting_date,
        document_date: draft.document_date.unwrap_or(draft.posting_date),
        reference: draft.reference,
        reference_number: draft.reference_number,
        reversed_by: None,
        reverses: None,
        text: draft.text,
    };
    book(tx, header, items)
}

/// A movement is where its goods are: stock, books, and whoever may see them are those of one company.
fn within_one_company(tx: &Tx<'_>, first: Code, plant: Code) -> Result<(), StockError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let wrong = |message| StockError::organisation("plant", message);
    let (first_company, _) = organisation.company_of_plant(first).map_err(wrong)?;
    let (company, _) = organisation.company_of_plant(plant).map_err(wrong)?;
    if first_company == company {
        return Ok(());
    }
    Err(StockError::TwoCompanies { first, first_company, plant, company })
}

/// Checks a line and fills in what it left out, and its value.
fn complete(
    tx: &mut Tx<'_>,
    direction: Direction,
    item: u32,
    line: &MovementLine,
) -> Result<GoodsMovementItem, StockError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let wrong = |field: &'static str| move |message| StockError::organisation(field, message);
    let (_, company) = organisation.company_of_plant(line.plant).map_err(wrong("plant"))?;
    let product = tx.shared(line.product)?;
    // It is valued at a price that must not change before it is in stock.
    tx.rely_on(line.product)?;
    let kept = in_plant(&product, line.plant)?;
    positive(line.quantity)?;
    base_unit_only(&product, line.quantity)?;
    organisation.quantity_fits(line.quantity).map_err(wrong("quantity"))?;
    let storage_location = line.storage_location.unwrap_or(kept.storage_location);
    let place = organisation.storage_location_in(line.plant, storage_location);
    place.map_err(wrong("storage_location"))?;
    let to = destination(organisation, &product, direction, line, storage_location)?;
    let value = value_in(&product, line.plant, line.quantity, company.currency)?;
    let to_value = match to {
        Some((plant, _)) => Some(value_in(&product, plant, line.quantity, company.currency)?),
        None => None,
    };
    Ok(GoodsMovementItem {
        item,
        product: line.product,
        plant: line.plant,
        storage_location,
        direction,
        to_plant: to.map(|(plant, _)| plant),
        to_storage_location: to.map(|(_, location)| location),
        quantity: line.quantity,
        entered_quantity: line.entered_quantity.unwrap_or(line.quantity),
        value,
        to_value,
        reservation_date: line.reservation_date,
        planned_receipt: line.planned_receipt,
        planned_quantity: None,
        source_document: line.source_document,
        source_item: line.source_item,
    })
}

/// Plant and storage location that a transfer gives to: another place of the same company.
fn destination(
    organisation: &OrganisationSettings,
    product: &Stored<Product>,
    direction: Direction,
    line: &MovementLine,
    from: Code,
) -> Result<Option<(Code, Code)>, StockError> {
    let wrong = |field: &'static str| move |message| StockError::organisation(field, message);
    if direction != Direction::Transfer {
        let fields = [
            ("to_plant", line.to_plant.is_some()),
            ("to_storage_location", line.to_storage_location.is_some()),
        ];
        return match fields.into_iter().find(|(_, given)| *given) {
            Some((field, _)) => Err(wrong(field)("only a transfer has a destination".to_string())),
            None => Ok(None),
        };
    }
    let plant = line.to_plant.unwrap_or(line.plant);
    let (company, _) = organisation.company_of_plant(line.plant).map_err(wrong("plant"))?;
    let (to_company, _) = organisation.company_of_plant(plant).map_err(wrong("to_plant"))?;
    if to_company != company {
        let (from, to_plant) = (line.plant, plant);
        return Err(StockError::OtherCompany { plant: from, company, to_plant, to_company });
    }
    let kept = product.plant(plant).ok_or_else(|| {
        let (product, to_plant) = (product.number(), plant);
        StockError::NotInDestination { product, to_plant }
    })?;
    let location = line.to_storage_location.unwrap_or(kept.storage_location);
    let place = organisation.storage_location_in(plant, location);
    place.map_err(wrong("to_storage_location"))?;
    if location == from {
        let message = format!("{location} is where the goods are already");
        return Err(wrong("to_storage_location")(message));
    }
    Ok(Some((plant, location)))
}

/// What a quantity is worth in a plant, whose company keeps its books in this currency.
fn value_in(
    product: &Stored<Product>,
    plant: Code,
    quantity: Quantity,
    wanted: Currency,
) -> Result<Money, StockError> {
    let value = StandardPrice::of(in_plant(product, plant)?).value_of(quantity)?;
    if value.currency() == wanted {
        return Ok(value);
    }
    let (product, found) = (product.number(), value.currency());
    Err(StockError::ValuationCurrency { product, plant, found, wanted })
}

/// Books complete items: balances, planned receipts, the document, its event.
pub(crate) fn book(
    tx: &mut Tx<'_>,
    header: GoodsMovementHeader,
    mut items: Vec<GoodsMovementItem>,
) -> Result<Stored<GoodsMovement>, StockError> {
    if items.is_empty() {
        return Err(StockError::NoItems);
    }
    let settings = tx.settings::<StockSettings>()?;
    let movement = settings
        .movement_types
        .require(header.movement_type)
        .map_err(|message| StockError::organisation("movement_type", message))?;
    let reversal = header.reverses.is_some();
    for (position, item) in items.iter_mut().enumerate() {
        move_stock(tx, settings, movement, item)
            .and_then(|()| move_requirement(tx, item, reversal))
            .map_err(|error| error.of_item(position))?;
    }
    let plant = items[0].plant;
    let home = Home::At("plant", plant.as_str());
    let stored = tx.insert_at(home, GoodsMovement { header, items })?;
    let header = &stored.header;
    let payload = json!({
        "number": stored.head.number,
        "movement_type": header.movement_type.as_str(),
        "posting_date": header.posting_date.to_string(),
        "reference": header.reference.map(|id| id.to_string()),
        "reverses": header.reverses.map(|id| id.to_string()),
        "items": stored.items.len(),
    });
    tx.emit("goods_movement.posted", stored.head.id, &payload)?;
    Ok(stored)
}

fn move_stock(
    tx: &mut Tx<'_>,
    settings: &StockSettings,
    movement: &MovementType,
    item: &GoodsMovementItem,
) -> Result<(), StockError> {
    let micros = to_micros(item.quantity.value()).map_err(Fault::from)?;
    let place = (item.plant, item.storage_location);
    // A promise that is being made meanwhile must not count what leaves now, and a change of price not
    // miss what comes.
    hold(tx, item.product, item.plant)?;
    if item.direction == Direction::Receipt {
        adjust_on_hand(tx, item.product, place, micros, true)?;
        return Ok(());
    }
    let negative = settings.may_go_negative(movement, item.plant);
    if !adjust_on_hand(tx, item.product, place, -micros, negative)? {
        return Err(not_enough(tx, item)?);
    }
    if let (Some(plant), Some(location)) = (item.to_plant, item.to_storage_location) {
        hold(tx, item.product, plant)?;
        adjust_on_hand(tx, item.product, (plant, location), micros, true)?;
    }
    Ok(())
}

fn not_enough(tx: &mut Tx<'_>, item: &GoodsMovementItem) -> Result<StockError, StockError> {
    let key = [
        CellRef::Uuid(item.product.id().0),
        CellRef::Text(item.plant.as_str()),
        CellRef::Text(item.storage_location.as_str()),
    ];
    let on_hand = tx.balance(&STOCK, &key)?[0];
    Ok(StockError::NotEnough {
        product: tx.shared(item.product)?.number(),
        plant: item.plant,
        location: item.storage_location,
        wanted: item.quantity,
        available: quantity_of(on_hand, item.quantity.unit())?,
    })
}

/// Reservations and planned receipts: used up, or brought back by a reversal.
fn move_requirement(
    tx: &mut Tx<'_>,
    item: &mut GoodsMovementItem,
    reversal: bool,
) -> Result<(), StockError> {
    if let Some(date) = item.reservation_date {
        let (product, quantity) = (item.product, item.quantity);
        // The reservation was where the goods came from; a reversed transfer brings them back.
        let came_from = if reversal { item.to_plant } else { None };
        let plant = came_from.unwrap_or(item.plant);
        if reversal {
            reserve_unchecked(tx, product, plant, date, quantity)?;
        } else {
            release(tx, product, plant, date, quantity)?;
        }
    }
    match (item.planned_receipt, item.planned_quantity) {
        (Some(receipt), Some(quantity)) if reversal => reopen(tx, receipt, quantity)?,
        (Some(receipt), _) if !reversal => {
            item.planned_quantity = Some(fulfil(tx, receipt, item)?);
        }
        _ => {}
    }
    Ok(())
}
