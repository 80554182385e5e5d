//! The verbs of billing at the API.

use serde_json::{Value, json};
use tessera_delivery::{Delivery, DeliveryHeader};
use tessera_document::DocumentKind;
use tessera_kernel::{
    Action, Answer, Composite, Kind, NoInput, ObjectId, Problem, Ref, Tx,
    json::{parse, stored_to_json},
};
use tessera_sales::{SalesDocument, SalesHeader};

use crate::draft::{BillingDay, BillingDraft, CancellationDraft, DeliveryToBill, OrderToBill};
use crate::{BillingDocument, BillingHeader, cancel, create};

const FLOW: &str = "Everything that the document came from and that came from it.";

pub(crate) fn actions() -> Vec<Action> {
    let mut actions = vec![
        Action::assigning::<BillingDocument>().answering(Answer::Head),
        Action::on_collection(
            BillingDocument::NAME,
            "bill",
            "Makes and posts billing documents of deliveries and orders.",
            BillingDraft::composite,
            create::RULES,
            bill,
        )
        .with_right(BillingDocument::NAME, "create")
        .answering(Answer::Members("documents", BillingDocument::NAME)),
        Action::on_object(
            Delivery::NAME,
            "bill",
            "Makes and posts the billing documents of a delivery.",
            BillingDay::composite,
            create::RULES,
            bill_delivery,
        )
        .with_right(BillingDocument::NAME, "create")
        .answering(Answer::Members("documents", BillingDocument::NAME)),
        Action::on_object(
            SalesDocument::NAME,
            "bill",
            "Makes and posts the billing documents of what is billed without delivery.",
            BillingDay::composite,
            create::RULES,
            bill_order,
        )
        .with_right(BillingDocument::NAME, "create")
        .answering(Answer::Members("documents", BillingDocument::NAME)),
        Action::on_object(
            BillingDocument::NAME,
            "cancel",
            "Cancels a billing document by another.",
            CancellationDraft::composite,
            cancel::RULES,
            cancel_document,
        )
        .answering(Answer::Member("cancellation", BillingDocument::NAME)),
    ];
    actions.extend(flows());
    actions
}

/// The flow around a document, of each type that has one.
fn flows() -> [Action; 3] {
    [
        Action::on_object(SalesDocument::NAME, "flow", FLOW, NoInput::composite, &[], sales_flow)
            .with_right(SalesDocument::NAME, "read")
            .telling_only(crate::flow::TELLS)
            .reading(),
        Action::on_object(Delivery::NAME, "flow", FLOW, NoInput::composite, &[], delivery_flow)
            .with_right(Delivery::NAME, "read")
            .telling_only(crate::flow::TELLS)
            .reading(),
        Action::on_object(
            BillingDocument::NAME,
            "flow",
            FLOW,
            NoInput::composite,
            &[],
            billing_flow,
        )
        .with_right(BillingDocument::NAME, "read")
        .telling_only(crate::flow::TELLS)
        .reading(),
    ]
}

fn run_billing(tx: &mut Tx<'_>, draft: &BillingDraft) -> Result<Value, Problem> {
    let mut documents = Vec::new();
    for document in create::create_billing_documents(tx, draft)? {
        documents.push(stored_to_json(&document)?);
    }
    Ok(json!({ "documents": documents }))
}

fn bill(tx: &mut Tx<'_>, _id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let draft: BillingDraft = parse(body)?;
    tx.check_references(&draft)?;
    run_billing(tx, &draft)
}

fn bill_delivery(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let day: BillingDay = parse(body)?;
    let deliveries = vec![DeliveryToBill { delivery: Ref::new(id), item: None }];
    let draft = BillingDraft { header: day.header, deliveries, orders: Vec::new() };
    run_billing(tx, &draft).map_err(of_predecessor)
}

fn bill_order(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let day: BillingDay = parse(body)?;
    let orders = vec![OrderToBill { order: Ref::new(id), item: None, quantity: None }];
    let draft = BillingDraft { header: day.header, deliveries: Vec::new(), orders };
    run_billing(tx, &draft).map_err(of_predecessor)
}

/// A refusal of the draft, for the input at its delivery or order, which names neither.
fn of_predecessor(problem: Problem) -> Problem {
    let is_drafted = |path: &str| path.starts_with("deliveries") || path.starts_with("orders");
    problem.known_as(|path| (!is_drafted(path)).then(|| path.to_string()))
}

fn cancel_document(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let draft: CancellationDraft = parse(body)?;
    let header = &draft.header;
    let stored =
        cancel::cancel_billing_document(tx, Ref::new(id), header.billing_date, &header.reason)?;
    Ok(json!({ "cancellation": stored_to_json(&stored)? }))
}

fn sales_flow(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    tx.actor().require(SalesDocument::NAME, "read")?;
    tx.head(<SalesDocument as tessera_kernel::Object>::def(), id)?;
    let header: SalesHeader = tx.segment_one(id)?;
    Ok(crate::flow::flow(tx, id, tessera_sales::kind_of(header.category))?)
}

fn delivery_flow(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    tx.actor().require(Delivery::NAME, "read")?;
    tx.head(<Delivery as tessera_kernel::Object>::def(), id)?;
    let header: DeliveryHeader = tx.segment_one(id)?;
    Ok(crate::flow::flow(tx, id, tessera_delivery::kind_of(header.direction))?)
}

fn billing_flow(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    parse::<NoInput>(body)?;
    tx.actor().require(BillingDocument::NAME, "read")?;
    tx.head(<BillingDocument as tessera_kernel::Object>::def(), id)?;
    let header: BillingHeader = tx.segment_one(id)?;
    let kind: DocumentKind = crate::post::kind_of(header.category);
    Ok(crate::flow::flow(tx, id, kind)?)
}
