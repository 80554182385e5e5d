//! The verbs of sales documents at the API.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Answer, Composite, Form, Kind as _, NoInput, Object, ObjectId, Problem, Record, Ref,
    Tx,
    json::{parse, stored_to_json},
};

use crate::draft::{SalesChange, SalesDraft};
use crate::{SalesDocument, change, create};

/// A reason.
#[derive(Form, Clone, Debug)]
pub(crate) struct Reason {
    /// The reason.
    #[form(flatten)]
    pub given: GivenReason,
}

/// A reason.
#[derive(Record, Clone, Debug)]
pub(crate) struct GivenReason {
    /// Why.
    #[field(max = 200)]
    pub reason: String,
}

pub(crate) fn actions() -> Vec<Action> {
    let object = SalesDocument::NAME;
    vec![
        Action::assigning::<SalesDocument>().answering(Answer::Head),
        Action::on_object(
            object,
            "release_credit",
            "Releases the credit block with a reason; stock is promised.",
            Reason::composite,
            &[],
            release_credit,
        )
        .answering(Answer::Object(object)),
        Action::on_object(
            object,
            "check_credit",
            "Checks a blocked document against the limit again.",
            NoInput::composite,
            &[],
            check_credit,
        )
        .answering(Answer::Object(object)),
        Action::on_object(
            object,
            "reschedule",
            "Promises what is open anew.",
            NoInput::composite,
            &[],
            reschedule,
        )
        .answering(Answer::Object(object)),
        Action::on_object(
            object,
            "explain_pricing",
            "Tells for every line of the procedure what the document has, where it is from, what was looked for, and what pricing anew would give.",
            NoInput::composite,
            &[],
            explain_pricing,
        )
        .with_right(object, "read")
        .reading(),
        Action::on_object(
            object,
            "item_status",
            "Ordered, confirmed, delivered and billed quantity of every item, and its status.",
            NoInput::composite,
            &[],
            item_status,
        )
        .with_right(object, "read")
        .telling_only(&[(SalesDocument::NAME, "items", "quantity")])
        .reading(),
    ]
}

/// Makes a document from JSON; answers its id.
pub(crate) fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let draft: SalesDraft = parse(body)?;
    tx.check_references(&draft)?;
    Ok(create::create_sales_document(tx, &draft)?.head.id)
}

/// Changes a document from JSON.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    let wanted: SalesChange = parse(body)?;
    tx.check_references(&wanted)?;
    change::change_sales_document(tx, Ref::new(id), version, &wanted)?;
    Ok(())
}

fn release_credit(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let reason: Reason = parse(body)?;
    let stored = change::release_credit(tx, Ref::new(id), &reason.given.reason)?;
    Ok(stored_to_json(&stored)?)
}

fn check_credit(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    Ok(stored_to_json(&change::check_credit(tx, Ref::new(id))?)?)
}

fn reschedule(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    Ok(stored_to_json(&change::reschedule(tx, Ref::new(id))?)?)
}

fn explain_pricing(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    tx.actor().require(SalesDocument::def().name, "read")?;
    Ok(crate::explain::explain(tx, Ref::new(id))?)
}

fn item_status(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    tx.actor().require(SalesDocument::def().name, "read")?;
    let items = crate::fulfilment::item_fulfilments(tx, Ref::new(id))?;
    Ok(json!({ "items": items.iter().map(crate::ItemFulfilment::to_json).collect::<Vec<_>>() }))
}
