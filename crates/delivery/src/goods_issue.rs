//! Goods issue of a delivery (of a returns delivery: goods receipt), and its reversal.

use std::collections::BTreeMap;

use serde_json::json;
use tessera_kernel::{
    Cell, Choice as _, Code, Date, END_OF_TIME, Kind, Quantity, Ref, Rule, Stored, Tx, business_day,
};
use tessera_product::Product;
use tessera_sales::{Progress, SalesHeader};
use tessera_stock::{
    GoodsMovement, MovementDraft, MovementLine, ReservationMove, StockError, StockSettings,
};

use crate::books::post_value;
use crate::create::today;
use crate::{
    Delivery, DeliveryDirection, DeliveryError, DeliveryHeader, DeliveryItem, DeliverySettings,
    DeliveryStatus, GoodsIssueStatus,
};

/// What happens when the goods issue is posted, in order.
pub(crate) const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may post the goods issue." },
    Rule { name: "status", help: "The delivery is open: not posted, not cancelled." },
    Rule { name: "day", help: "The posting date is not before the orders." },
    Rule {
        name: "promise",
        help: "Goods that leave before the day of their promise, or that nobody reserved, take nothing from what others were promised.",
    },
    Rule {
        name: "stock",
        help: "The goods leave their storage locations, which must hold them; the reservation is used up.",
    },
    Rule {
        name: "ledger",
        help: "Cost of goods sold is posted against inventory, in an open period.",
    },
];

/// The day on which something is posted: the one given, or today where the goods leave.
pub(crate) fn posting_date(
    tx: &Tx<'_>,
    header: &DeliveryHeader,
    given: Option<Date>,
) -> Result<Date, DeliveryError> {
    let date = given.map_or_else(|| today(tx, header.sales_organisation), Ok)?;
    business_day(date).map_err(|message| DeliveryError::field("posting_date", message))?;
    Ok(date)
}

/// Goods move when they were ordered, or later.
fn not_before_orders(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    date: Date,
) -> Result<(), DeliveryError> {
    for flow in &delivery.flow {
        let header: SalesHeader = tx.segment_one(flow.predecessor)?;
        if date < header.document_date {
            let message =
                format!("must not be before {}, when it was ordered", header.document_date);
            return Err(DeliveryError::field("posting_date", message));
        }
    }
    Ok(())
}

/// Posts the goods issue: stock, reservations and ledger, in one movement.
pub fn post_goods_issue(
    tx: &mut Tx<'_>,
    id: Ref<Delivery>,
    on: Option<Date>,
) -> Result<Ref<GoodsMovement>, DeliveryError> {
    tx.actor().require(Delivery::NAME, "post_goods_issue")?;
    let mut delivery = tx.load(id)?;
    require_status(
        &delivery,
        GoodsIssueStatus::Open,
        "only an open delivery can be posted; reverse its goods issue first",
    )?;
    let date = posting_date(tx, &delivery.header, on)?;
    not_before_orders(tx, &delivery, date)?;
    let settings = tx.settings::<DeliverySettings>()?;
    let rule = settings
        .delivery_types
        .require(delivery.header.delivery_type)
        .map_err(|message| DeliveryError::field("delivery_type", message))?;
    check_promises(tx, &delivery, rule.movement_type, date)?;
    let lines = delivery.items.iter().map(|item| MovementLine {
        storage_location: Some(item.storage_location),
        entered_quantity: Some(item.quantity),
        reservation_date: item.reserved_on,
        source_document: Some(item.order.id()),
        source_item: Some(item.order_item),
        ..MovementLine::new(item.product, item.plant, item.base_quantity)
    });
    let draft = MovementDraft {
        reference: Some(delivery.head.id),
        reference_number: delivery.head.number.clone(),
        ..MovementDraft::new(rule.movement_type, date, lines.collect())
    };
    let posted = tessera_stock::post_movement(tx, draft);
    let movement = posted.map_err(StockError::without_item)?;
    post_value(tx, &movement)?;
    edit_status(tx, &mut delivery, |status| {
        status.goods_issue_status = GoodsIssueStatus::Posted;
        status.goods_issue = Some(date);
        status.goods_movement = Some(movement.id());
    })?;
    let payload = json!({ "number": delivery.head.number, "movement": movement.head.number });
    tx.emit("delivery.goods_issued", delivery.head.id, &payload)?;
    Ok(movement.id())
}

/// What is promised for a later day, or was reserved by nobody, leaves now only where others still
/// get theirs. Stock has no date: whatever day is posted, the goods are gone today.
fn check_promises(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    movement_type: Code,
    date: Date,
) -> Result<(), DeliveryError> {
    if delivery.header.direction == DeliveryDirection::Returns {
        return Ok(());
    }
    let today = today(tx, delivery.header.sales_organisation)?;
    let mut early: BTreeMap<(Ref<Product>, Code), BTreeMap<Date, Quantity>> = BTreeMap::new();
    for item in &delivery.items {
        // What nobody reserved is asked for like a promise for the last day there is.
        let day = match item.reserved_on {
            Some(day) => day,
            None if is_limited(tx, item, movement_type)? => END_OF_TIME,
            None => continue,
        };
        if day > today {
            let days = early.entry((item.product, item.plant)).or_default();
            let sum = days.entry(day).or_insert(Quantity::zero(item.base_quantity.unit()));
            *sum = sum.plus(item.base_quantity)?;
        }
    }
    for ((product, plant), days) in early {
        // All of it is missing until the first of the days, what is promised later until the next.
        let mut to = date.min(today);
        for from in days.keys().copied() {
            let nothing = Quantity::zero(days[&from].unit());
            let quantity =
                days.range(from..).try_fold(nothing, |sum, (_, part)| sum.plus(*part))?;
            let movement = ReservationMove { product, plant, quantity, from, to, today };
            tessera_stock::check_earlier(tx, &movement)?;
            to = from;
        }
    }
    Ok(())
}

/// Whether stock limits what leaves of an item.
fn is_limited(
    tx: &mut Tx<'_>,
    item: &DeliveryItem,
    movement_type: Code,
) -> Result<bool, DeliveryError> {
    let settings = tx.settings::<StockSettings>()?;
    let rule = settings.movement_types.get(movement_type);
    Ok(!rule.is_some_and(|rule| settings.may_go_negative(rule, item.plant)))
}

/// Takes the goods issue back: the goods are in stock again and held for the delivery, and the
/// ledger entry is reversed. Refused once the delivery is billed, or where less would have left of
/// its orders than came back.
pub fn reverse_goods_issue(
    tx: &mut Tx<'_>,
    id: Ref<Delivery>,
    on: Option<Date>,
) -> Result<(), DeliveryError> {
    tx.actor().require(Delivery::NAME, "reverse_goods_issue")?;
    let mut delivery = tx.load(id)?;
    require_status(&delivery, GoodsIssueStatus::Posted, "there is no goods issue to reverse")?;
    if !matches!(delivery.status.billing, Progress::Open | Progress::NotRelevant) {
        return Err(DeliveryError::WrongStatus {
            number: delivery.number(),
            status: "billed",
            hint: "cancel the billing document first",
        });
    }
    let date = posting_date(tx, &delivery.header, on)?;
    let Some(movement) = delivery.status.goods_movement else {
        return Err(
            tessera_kernel::Fault::corrupt("a posted delivery has no goods movement").into()
        );
    };
    not_before(date, delivery.status.goods_issue)?;
    tessera_stock::reverse_movement(tx, movement, date)?;
    reverse_entries(tx, movement, date)?;
    check_returned(tx, &delivery)?;
    edit_status(tx, &mut delivery, |status| {
        status.goods_issue_status = GoodsIssueStatus::Open;
        status.goods_issue = None;
        status.goods_movement = None;
    })?;
    let payload = json!({ "number": delivery.head.number });
    tx.emit("delivery.goods_issue_reversed", delivery.head.id, &payload)?;
    Ok(())
}

/// What came back of the orders has left.
fn check_returned(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<(), DeliveryError> {
    let mut orders: Vec<_> = delivery.items.iter().map(|item| item.order).collect();
    orders.sort_unstable();
    orders.dedup();
    for order in orders {
        let items = delivery.items.iter().filter(|item| item.order == order);
        let items: Vec<u32> = items.map(|item| item.order_item).collect();
        tessera_sales::check_issued(tx, order, &items)?;
    }
    Ok(())
}

/// Nothing is taken back before the day on which it was posted.
pub(crate) fn not_before(date: Date, posted: Option<Date>) -> Result<(), DeliveryError> {
    match posted.filter(|posted| date < *posted) {
        Some(posted) => {
            let message = format!("must not be before {posted}, when it was posted");
            Err(DeliveryError::field("posting_date", message))
        }
        None => Ok(()),
    }
}

/// Reverses the journal entries of a movement.
pub(crate) fn reverse_entries(
    tx: &mut Tx<'_>,
    movement: Ref<GoodsMovement>,
    date: Date,
) -> Result<(), DeliveryError> {
    let reference = Cell::Uuid(movement.id().0);
    for entry in tx.find::<tessera_finance::JournalEntry>("reference", reference)? {
        tessera_finance::reverse(tx, entry, date)?;
    }
    Ok(())
}

/// Refuses a delivery in another status.
pub(crate) fn require_status(
    delivery: &Stored<Delivery>,
    wanted: GoodsIssueStatus,
    hint: &'static str,
) -> Result<(), DeliveryError> {
    let status = delivery.status.goods_issue_status;
    if status == wanted {
        return Ok(());
    }
    Err(DeliveryError::WrongStatus { number: delivery.number(), status: status.code(), hint })
}

/// Notes how far a delivery is billed; for billing.
pub fn set_billing(
    tx: &mut Tx<'_>,
    delivery: &mut Stored<Delivery>,
    billing: Progress,
) -> Result<(), DeliveryError> {
    edit_status(tx, delivery, |status| status.billing = billing)
}

/// Changes the status of a delivery that was loaded.
pub(crate) fn edit_status(
    tx: &mut Tx<'_>,
    delivery: &mut Stored<Delivery>,
    change: impl FnOnce(&mut DeliveryStatus),
) -> Result<(), DeliveryError> {
    Ok(tx.edit_loaded(delivery, |delivery| &mut delivery.status, change)?)
}
