//! Makes a delivery from one or several orders.

use serde_json::json;
use tessera_credit::Exposure;
use tessera_document::{Fulfilled, PAYER, partner_in};
use tessera_kernel::{
    Code, Date, Home, Kind, Money, Quantity, Ref, Rule, Stored, Tx, business_day, from_micros,
    to_micros,
};
use tessera_organisation::OrganisationSettings;
use tessera_sales::{
    BillingRelevance, Category, SalesDocument, SalesItem, SalesSettings, ScheduleLine, Taking,
};
use tessera_stock::ReservationMove;

use crate::assemble::assemble;
use crate::draft::{DeliveryDraft, DraftItem};
use crate::{Delivery, DeliveryError, DeliveryItem, DeliverySettings};

/// What happens when a delivery is made, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may create deliveries." },
    Rule {
        name: "credit",
        help: "No order is blocked, and the payer is within the limit or the order was released.",
    },
    Rule {
        name: "combination",
        help: "All orders go to one ship-to party, from one shipping point, on the same terms.",
    },
    Rule { name: "quantity", help: "No more than what is confirmed and not delivered yet." },
    Rule { name: "complete", help: "An order that wants one delivery is delivered as a whole." },
    Rule { name: "reservation", help: "The reservation moves from the order to the delivery." },
    Rule { name: "exposure", help: "The credit value moves from open orders to open deliveries." },
    Rule { name: "status", help: "The orders' status follows." },
];

/// Makes a delivery of what is open in the orders named: where no quantity is, of what is promised
/// until the planned goods issue.
pub fn create_delivery(
    tx: &mut Tx<'_>,
    draft: &DeliveryDraft,
) -> Result<Stored<Delivery>, DeliveryError> {
    tx.actor().require(Delivery::NAME, "create")?;
    if draft.items.is_empty() {
        return Err(DeliveryError::field("items", "must name at least one order"));
    }
    for (position, item) in draft.items.iter().enumerate() {
        if item.item.is_none() && item.quantity.is_some() {
            let message = "must be named with a quantity: an order has several items";
            return Err(DeliveryError::field(format!("items[{position}].item"), message));
        }
    }
    let mut orders = load_orders(tx, draft)?;
    let today = today(tx, orders[0].document.header.sales_organisation)?;
    let planned = planned(draft, &orders, today)?;
    let mut items = Vec::new();
    for (position, wanted) in draft.items.iter().enumerate() {
        let order = orders.iter_mut().find(|order| order.document.id() == wanted.order);
        let Some(order) = order else { continue };
        let path = format!("items[{position}]");
        take_items(tx, order, (draft, wanted), (planned, today), &path, &mut items)?;
    }
    if items.is_empty() {
        return Err(nothing_open(&orders[0], draft, planned, "items[0].order"));
    }
    for order in &orders {
        check_complete(tx, order).map_err(|error| error.at("items"))?;
    }
    // Orders that are delivered together have one customer, and so have one home.
    let id = Ref::new(tx.new_id_at(Home::With(orders[0].document.head.id)));
    let delivery = assemble(tx, &orders, items, planned).map_err(|error| error.at("items"))?;
    move_credit(tx, &mut orders, &delivery)?;
    for order in orders {
        order.finish(tx)?;
    }
    let settings = tx.settings::<DeliverySettings>()?;
    let rule = settings.delivery_types.require(delivery.header.delivery_type);
    let rule = rule.map_err(|message| DeliveryError::field("delivery_type", message))?;
    let number = tx.next_number(rule.number_range.as_str())?;
    let stored = tx.insert_as(id, delivery, Some(number))?;
    let payload = json!({ "number": stored.head.number });
    tx.emit("delivery.created", stored.head.id, &payload)?;
    Ok(stored)
}

/// The day on which the goods are to leave: not before any of the orders.
fn planned(draft: &DeliveryDraft, orders: &[Taking], today: Date) -> Result<Date, DeliveryError> {
    let Some(planned) = draft.header.planned_goods_issue else { return Ok(today) };
    let wrong = |message: String| DeliveryError::field("planned_goods_issue", message);
    business_day(planned).map_err(wrong)?;
    let ordered = orders.iter().map(|order| order.document.header.document_date).max();
    match ordered.filter(|ordered| planned < *ordered) {
        Some(ordered) => Err(wrong(format!("must not be before {ordered}, when it was ordered"))),
        None => Ok(planned),
    }
}

/// That nothing is due: because of the day where that was given, else of what was named.
fn nothing_open(
    order: &Taking,
    draft: &DeliveryDraft,
    planned: Date,
    named: &str,
) -> DeliveryError {
    let path = match draft.header.planned_goods_issue {
        Some(_) => "planned_goods_issue",
        None => named,
    };
    DeliveryError::NothingOpen { number: order.document.number(), planned }.at(path)
}

/// Today in the zone of the company that sells.
pub(crate) fn today(tx: &Tx<'_>, sales_organisation: Code) -> Result<Date, DeliveryError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (_, company) = organisation
        .company_of_sales_organisation(sales_organisation)
        .map_err(|message| DeliveryError::field("sales_organisation", message))?;
    Ok(tx.today(&company.zone))
}

fn load_orders(tx: &mut Tx<'_>, draft: &DeliveryDraft) -> Result<Vec<Taking>, DeliveryError> {
    let mut orders: Vec<Taking> = Vec::new();
    for (position, item) in draft.items.iter().enumerate() {
        if orders.iter().any(|order| order.document.id() == item.order) {
            continue;
        }
        let order = load_order(tx, item.order);
        orders.push(order.map_err(|error| error.at(format!("items[{position}].order")))?);
    }
    Ok(orders)
}

fn load_order(tx: &mut Tx<'_>, id: Ref<SalesDocument>) -> Result<Taking, DeliveryError> {
    let order = Taking::load(tx, id)?;
    let category = order.document.header.category;
    if !matches!(category, Category::Order | Category::ReturnOrder) {
        return Err(DeliveryError::NotDeliverable { number: order.document.number() });
    }
    tessera_sales::check_deliverable(tx, &order.document)?;
    Ok(order)
}

/// Takes one line of the draft: one item of an order, or all that is open in it.
fn take_items(
    tx: &mut Tx<'_>,
    order: &mut Taking,
    (draft, wanted): (&DeliveryDraft, &DraftItem),
    days: (Date, Date),
    path: &str,
    items: &mut Vec<DeliveryItem>,
) -> Result<(), DeliveryError> {
    let settings = tx.settings::<SalesSettings>()?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let field = |name: &str| format!("{path}.{name}");
    let numbers: Vec<u32> = match wanted.item {
        Some(number) if order.document.item(number).is_some() => vec![number],
        Some(number) => {
            let message = format!("{} has no item {number}", order.document.number());
            return Err(DeliveryError::field(field("item"), message));
        }
        None => order.document.items.iter().map(|item| item.item).collect(),
    };
    for number in numbers {
        let item = order.item(number)?.clone();
        let open = order.open(settings, &item, Fulfilled::Delivered)?;
        let quantity = match wanted.quantity {
            Some(quantity) => counted(organisation, &item, quantity)
                .map_err(|message| DeliveryError::field(field("quantity"), message))?,
            None => due(order, number, days.0)?.min(open),
        };
        if quantity == 0 && wanted.item.is_none() {
            continue;
        }
        if quantity == 0 {
            return Err(nothing_open(order, draft, days.0, &field("item")));
        }
        let line = u32::try_from(items.len() + 1).unwrap_or(u32::MAX).saturating_mul(10);
        let location = match wanted.storage_location {
            Some(location) => Some(located(tx, &item, location, path)?),
            None => None,
        };
        items.push(take_item(tx, order, &item, (quantity, line, location), days, path)?);
    }
    Ok(())
}

/// A quantity of an item in micro-units: in its base unit, with no more decimals than that has.
fn counted(
    organisation: &OrganisationSettings,
    item: &SalesItem,
    quantity: Quantity,
) -> Result<i64, String> {
    let base = item.base_quantity.unit();
    if quantity.unit() != base {
        return Err(format!("must be in {base}"));
    }
    organisation.quantity_fits(quantity)?;
    to_micros(quantity.value()).map_err(|error| error.to_string())
}

/// A storage location that is in the plant of the item.
fn located(
    tx: &Tx<'_>,
    item: &SalesItem,
    location: Code,
    path: &str,
) -> Result<Code, DeliveryError> {
    if let Some(plant) = item.plant {
        check_location(tx, plant, location, &format!("{path}.storage_location"))?;
    }
    Ok(location)
}

/// Refuses a storage location that is not in the plant.
pub(crate) fn check_location(
    tx: &Tx<'_>,
    plant: Code,
    location: Code,
    path: &str,
) -> Result<(), DeliveryError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    organisation
        .storage_location_in(plant, location)
        .map_err(|message| DeliveryError::field(path, message))
}

/// What is promised of an item until a day and not delivered, in micro-units of the base unit.
fn due(order: &Taking, number: u32, planned: Date) -> Result<i64, DeliveryError> {
    let delivered = order.fulfilments.of(number).delivered;
    let open = tessera_sales::open_schedule(&order.document, number, delivered)?;
    Ok(open.iter().filter(|(line, _)| line.date <= planned).map(|(_, open)| open).sum())
}

fn take_item(
    tx: &mut Tx<'_>,
    order: &mut Taking,
    item: &SalesItem,
    (quantity, line, location): (i64, u32, Option<Code>),
    (planned, today): (Date, Date),
    path: &str,
) -> Result<DeliveryItem, DeliveryError> {
    let before = order.fulfilments.of(item.item).delivered;
    let schedule = tessera_sales::open_schedule(&order.document, item.item, before)?;
    let credit = order.credit_of_next(tx, item.item, Fulfilled::Delivered, quantity)?;
    order
        .take(tx, item.item, Fulfilled::Delivered, quantity, credit)
        .map_err(|error| DeliveryError::from(error).at(format!("{path}.quantity")))?;
    let unit = item.base_quantity.unit();
    let plant = item
        .plant
        .ok_or_else(|| DeliveryError::field("plant", format!("item {} has no plant", item.item)))?;
    let product = tx.shared(item.product)?;
    let reserved_on = hold(tx, (item, plant), &schedule, quantity, (planned, today))?;
    let base_quantity = Quantity::new(from_micros(quantity), unit)?;
    let storage_location = product
        .plant(plant)
        .map(|data| location.unwrap_or(data.storage_location))
        .ok_or_else(|| DeliveryError::NoPlantData { product: product.number(), plant })?;
    let settings = tx.settings::<SalesSettings>()?;
    let rule = settings.item_categories.get(item.item_category);
    Ok(DeliveryItem {
        item: line,
        product: item.product,
        description: item.description.clone(),
        plant,
        storage_location,
        quantity: sales_quantity(item, base_quantity)?,
        base_quantity,
        reserved_on,
        billable: rule.is_some_and(|rule| rule.billing == BillingRelevance::Delivery),
        credit_value: Money::from_minor(credit, item.credit_value.currency()),
        order: order.document.id(),
        order_item: item.item,
    })
}

/// Moves what the order holds of a quantity to the day of the delivery; answers that day, or none
/// where nothing is held. What was promised without a reservation, beside what has one, is held from
/// now on, too, where it is free.
fn hold(
    tx: &mut Tx<'_>,
    (item, plant): (&SalesItem, Code),
    schedule: &[(ScheduleLine, i64)],
    quantity: i64,
    (planned, today): (Date, Date),
) -> Result<Option<Date>, DeliveryError> {
    let unit = item.base_quantity.unit();
    let early = |error| DeliveryError::Stock(error).at("planned_goods_issue");
    let (mut left, mut loose) = (quantity, 0);
    for (promise, open) in schedule {
        let part = (*open).min(left);
        left -= part;
        if !promise.reserved {
            loose += part;
        } else if part > 0 && promise.date != planned {
            let (product, from, to) = (item.product, promise.date, planned);
            let quantity = Quantity::new(from_micros(part), unit)?;
            let movement = ReservationMove { product, plant, quantity, from, to, today };
            tessera_stock::move_reservation(tx, &movement).map_err(early)?;
        }
    }
    loose += left;
    if loose == quantity {
        return Ok(None);
    }
    if loose > 0 {
        let loose = Quantity::new(from_micros(loose), unit)?;
        tessera_stock::check_free(tx, item.product, plant, loose, today).map_err(early)?;
        tessera_stock::reserve_unchecked(tx, item.product, plant, planned, loose)?;
    }
    Ok(Some(planned))
}

/// The quantity in the unit of the sale where that is exact, else in the base unit.
fn sales_quantity(item: &SalesItem, base: Quantity) -> Result<Quantity, DeliveryError> {
    if item.base_quantity == base {
        return Ok(item.quantity);
    }
    let value = item.quantity.value() * base.value() / item.base_quantity.value();
    Ok(Quantity::new(value.normalize(), item.quantity.unit()).unwrap_or(base))
}

/// An order that wants one delivery has nothing left after it.
fn check_complete(tx: &Tx<'_>, order: &Taking) -> Result<(), DeliveryError> {
    if !order.document.header.complete_delivery {
        return Ok(());
    }
    let settings = tx.settings::<SalesSettings>()?;
    for item in &order.document.items {
        let delivers = settings.item_categories.get(item.item_category).is_some_and(|c| c.delivery);
        let whole = to_micros(item.base_quantity.value())?;
        let delivered = order.fulfilments.of(item.item).delivered;
        if delivers && item.rejection_reason.is_none() && delivered < whole {
            return Err(DeliveryError::Incomplete {
                number: order.document.number(),
                item: item.item,
            });
        }
    }
    Ok(())
}

/// The delivery counts in the exposure for what its orders no longer count for.
fn move_credit(
    tx: &mut Tx<'_>,
    orders: &mut [Taking],
    delivery: &Delivery,
) -> Result<(), DeliveryError> {
    for order in orders {
        let id = order.document.id();
        let items = delivery.items.iter().filter(|item| item.order == id);
        let value: i64 = items.map(|item| item.credit_value.minor()).sum();
        shift_credit(tx, order, value)?;
    }
    Ok(())
}

/// Deliveries of an order count for `more` minor units; the order for what has changed in it.
pub(crate) fn shift_credit(
    tx: &mut Tx<'_>,
    order: &mut Taking,
    more: i64,
) -> Result<(), DeliveryError> {
    let Some(item) = order.document.items.first() else { return Ok(()) };
    let deliveries = Exposure::deliveries(Money::from_minor(more, item.credit_value.currency()));
    let payer = partner_in(&order.document.partners, PAYER)
        .ok_or_else(|| DeliveryError::NotDeliverable { number: order.document.number() })?;
    let area = order.document.header.credit_control_area;
    let change = match order.credit_change(tx)? {
        Some((_, _, orders)) => Exposure { orders, ..deliveries },
        None => deliveries,
    };
    Ok(tessera_credit::shift(tx, area, payer, change)?)
}
