//! The verbs of deliveries at the API.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Answer, Composite, Kind, NoInput, ObjectId, Problem, Ref, Tx,
    json::{parse, stored_to_json},
};
use tessera_sales::SalesDocument;
use tessera_stock::GoodsMovement;

use crate::draft::{DeliveryChange, DeliveryDraft, DraftItem, OrderDelivery, Posting};
use crate::movements::MovementForm;
use crate::{Delivery, cancel, change, create, goods_issue, movements, price_change};

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::assigning::<Delivery>().answering(Answer::Head),
        Action::on_object(
            SalesDocument::NAME,
            "deliver",
            "Makes a delivery of what is open in the order.",
            OrderDelivery::composite,
            create::RULES,
            deliver_order,
        )
        .with_right(Delivery::NAME, "create")
        .answering(Answer::Object(Delivery::NAME)),
        Action::on_object(
            Delivery::NAME,
            "post_goods_issue",
            "Posts the goods issue: stock leaves and cost of goods sold is posted.",
            Posting::composite,
            goods_issue::RULES,
            post_goods_issue,
        )
        .answering(Answer::Object(Delivery::NAME)),
        Action::on_object(
            Delivery::NAME,
            "reverse_goods_issue",
            "Takes the goods issue back.",
            Posting::composite,
            &[],
            reverse_goods_issue,
        )
        .answering(Answer::Object(Delivery::NAME)),
        Action::on_object(
            Delivery::NAME,
            "cancel",
            "Cancels an open delivery; its orders are open again.",
            NoInput::composite,
            &[],
            cancel_delivery,
        )
        .answering(Answer::Object(Delivery::NAME)),
        Action::on_collection(
            GoodsMovement::NAME,
            "post",
            "Posts a goods movement that stands for itself: receipt, write-off, transfer …",
            MovementForm::composite,
            &[],
            post_movement,
        )
        .answering(Answer::Object(GoodsMovement::NAME)),
        Action::on_object(
            GoodsMovement::NAME,
            "reverse",
            "Reverses a goods movement and its journal entry.",
            Posting::composite,
            &[],
            reverse_movement,
        )
        .answering(Answer::Member("reversal", GoodsMovement::NAME)),
        price_change::ACTION,
    ]
}

/// Makes a delivery from JSON; answers its id.
pub(crate) fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let draft: DeliveryDraft = parse(body)?;
    tx.check_references(&draft)?;
    Ok(create::create_delivery(tx, &draft)?.head.id)
}

/// Changes a delivery from JSON.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let wanted: DeliveryChange = parse(body)?;
    tx.check_references(&wanted)?;
    change::change_delivery(tx, Ref::new(id), version, &wanted)?;
    Ok(())
}

fn deliver_order(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let wanted: OrderDelivery = parse(body)?;
    let order = Ref::new(id);
    let named = !wanted.items.is_empty();
    let items = if wanted.items.is_empty() {
        vec![DraftItem::all_of(order)]
    } else {
        let item = |wanted: crate::draft::OrderDeliveryItem| DraftItem {
            order,
            item: Some(wanted.item),
            quantity: wanted.quantity,
            storage_location: wanted.storage_location,
        };
        wanted.items.into_iter().map(item).collect()
    };
    let draft = DeliveryDraft { header: wanted.header, items };
    let delivery = create::create_delivery(tx, &draft).map_err(|error| {
        Problem::from(error).known_as(|path| is_known(path, named).then(|| path.to_string()))
    })?;
    Ok(stored_to_json(&delivery)?)
}

/// Whether a field of the draft of a delivery is one of the input at the order, which names no order
/// and perhaps no items.
fn is_known(path: &str, named_items: bool) -> bool {
    !path.ends_with(".order") && (named_items || !path.starts_with("items"))
}

fn reload(tx: &mut Tx<'_>, id: ObjectId) -> Result<Value, Problem> {
    let delivery = tx.load::<Delivery>(Ref::new(id))?;
    Ok(stored_to_json(&delivery)?)
}

fn post_goods_issue(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let posting: Posting = parse(body)?;
    goods_issue::post_goods_issue(tx, Ref::new(id), posting.on.posting_date)?;
    reload(tx, id)
}

fn reverse_goods_issue(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let posting: Posting = parse(body)?;
    goods_issue::reverse_goods_issue(tx, Ref::new(id), posting.on.posting_date)?;
    reload(tx, id)
}

fn cancel_delivery(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    cancel::cancel_delivery(tx, Ref::new(id))?;
    reload(tx, id)
}

fn post_movement(tx: &mut Tx<'_>, _id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let form: MovementForm = parse(body)?;
    tx.check_references(&form)?;
    Ok(stored_to_json(&movements::post_goods_movement(tx, &form)?)?)
}

fn reverse_movement(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let posting: Posting = parse(body)?;
    let on = posting.on.posting_date;
    let reversal = movements::reverse_goods_movement(tx, Ref::new(id), on)?;
    Ok(json!({ "reversal": stored_to_json(&reversal)? }))
}
