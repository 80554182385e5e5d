//! Announcing a receipt.

use serde_json::{Value, json};
use tessera_kernel::{
    Code, Composite, Date, Fault, Form, Home, Kind, ObjectEntry, ObjectId, Problem, Quantity,
    Record, Ref, Stored, Tx, json as from_json, to_micros,
};
use tessera_organisation::OrganisationSettings;
use tessera_product::Product;

use super::{expect, expected_on, whole_base};
use crate::availability::{in_plant, positive};
use crate::{
    PlannedReceipt, PlannedReceiptKind, PlannedReceiptStatus, PlannedReceiptTerms, StockError,
};

/// The object type: made by [`create_planned_receipt`], changed by verbs only.
pub(crate) const ENTRY: ObjectEntry = ObjectEntry {
    create: Some(create),
    create_input: Some(Input::composite),
    ..ObjectEntry::document::<PlannedReceipt>()
};

/// Goods that are to come.
#[derive(Record, Clone, Debug)]
pub struct NewPlannedReceipt {
    /// Where the goods come from.
    pub kind: PlannedReceiptKind,
    /// Product.
    pub product: Ref<Product>,
    /// Plant that gets it.
    #[field(code = "plant")]
    pub plant: Code,
    /// Day on which it can be used.
    pub date: Date,
    /// Quantity, in any unit of the product.
    #[field(positive)]
    pub quantity: Quantity,
    /// Number of the purchase order or production order.
    #[field(max = 35)]
    pub reference: Option<String>,
}

#[derive(Form, Clone, Debug)]
struct Input {
    #[form(flatten)]
    receipt: NewPlannedReceipt,
}

fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    let input: Input = from_json::parse(body)?;
    tx.check_references(&input)?;
    Ok(create_planned_receipt(tx, input.receipt)?.head.id)
}

/// Announces goods; from now on they are promised for the days from theirs on.
pub fn create_planned_receipt(
    tx: &mut Tx<'_>,
    new: NewPlannedReceipt,
) -> Result<Stored<PlannedReceipt>, StockError> {
    tx.actor().require(PlannedReceipt::NAME, "create")?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    organisation.plant(new.plant).map_err(|message| StockError::organisation("plant", message))?;
    let product = tx.shared(new.product)?;
    in_plant(&product, new.plant)?;
    positive(new.quantity)?;
    expected_on(new.date)?;
    let quantity = whole_base(organisation, &product, new.quantity)?;
    let micros = to_micros(quantity.value()).map_err(Fault::from)?;
    expect(tx, new.product, new.plant, new.date, micros)?;
    let home = Home::At("plant", new.plant.as_str());
    let receipt = PlannedReceipt {
        terms: PlannedReceiptTerms {
            kind: new.kind,
            product: new.product,
            plant: new.plant,
            date: new.date,
            quantity,
            open_quantity: quantity,
            status: PlannedReceiptStatus::Open,
            reference: new.reference,
        },
    };
    let stored = tx.insert_at(home, receipt)?;
    let payload = json!({
        "number": stored.head.number,
        "product": new.product.to_string(),
        "plant": new.plant.as_str(),
        "date": new.date.to_string(),
        "quantity": quantity.to_string(),
    });
    tx.emit("planned_receipt.created", stored.head.id, &payload)?;
    Ok(stored)
}
