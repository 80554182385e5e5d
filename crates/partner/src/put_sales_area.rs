//! Agreeing on other terms of selling from a day on.

use serde_json::Value;
use tessera_kernel::{
    Action, Answer, Checked, Composite, Form, Kind, ObjectId, Problem, Ref, Rule, Stored,
    TimeConstraint, Tx, json, put_timed,
};

use crate::{BusinessPartner, PartnerSalesArea};

/// Terms of selling for a period.
#[derive(Form, Clone, Debug)]
pub struct PutSalesArea {
    /// The terms.
    #[form(flatten)]
    pub terms: PartnerSalesArea,
}

/// Puts terms of selling among the others of the sales area: earlier ones end the day before,
/// later ones start the day after, and ones around the period are split. Answers the partner.
pub fn put_sales_area(
    tx: &mut Tx<'_>,
    partner: Ref<BusinessPartner>,
    terms: PartnerSalesArea,
) -> Result<Stored<BusinessPartner>, Problem> {
    tx.actor().require(BusinessPartner::NAME, "put_sales_area")?;
    let mut partner = tx.load(partner)?;
    put_timed(&mut partner.sales_areas, terms, TimeConstraint::AtMostOne);
    partner.value.check(tx)?;
    tx.save(&mut partner)?;
    Ok(partner)
}

pub(crate) const ACTION: Action = Action::on_object(
    BusinessPartner::NAME,
    "put_sales_area",
    "Puts terms of selling for a period among the others of the sales area",
    PutSalesArea::composite,
    &[
        Rule { name: "codes", help: "Every code is in customizing" },
        Rule { name: "period", help: "Other terms of the sales area give way in the period" },
        Rule { name: "partner", help: "The partner as a whole is as every partner must be" },
    ],
    run,
)
.answering(Answer::Object(BusinessPartner::NAME));

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let form: PutSalesArea = json::parse(body)?;
    tx.check_references(&form)?;
    let partner = put_sales_area(tx, Ref::new(id), form.terms)?;
    Ok(json::stored_to_json(&partner)?)
}
