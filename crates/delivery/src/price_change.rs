//! Changing a standard price: the stock that lies there is worth more or less, and the books follow.
//!
//! It lives here because it is product, stock and ledger in one, like a goods movement.

use serde_json::{Value, json};
use tessera_finance::{Entry, FinanceSettings, Line, account_key, document_kind};
use tessera_kernel::{
    Action, Answer, Code, Composite, Date, Form, Home, Kind, Money, Object, ObjectId, Problem,
    Quantity, Record, Ref, Rule, Segment, Stored, Tx, business_day,
    json::{parse, stored_to_json},
};
use tessera_organisation::{CompanyCode, OrganisationSettings};
use tessera_product::{Product, ProductPlant};
use tessera_stock::StandardPrice;

use crate::DeliveryError;

/// What happens when a standard price is changed, in order.
const RULES: &[Rule] = &[
    Rule { name: "permission", help: "The actor may change standard prices." },
    Rule { name: "currency", help: "The price is in the currency of the plant's company." },
    Rule { name: "product", help: "The product has the new price in the plant." },
    Rule {
        name: "ledger",
        help: "What the stock is worth more or less is posted, inventory against revaluation.",
    },
];

/// `POST /product/{id}/change_standard_price`.
pub(crate) const ACTION: Action = Action::on_object(
    Product::NAME,
    "change_standard_price",
    "Changes the standard price in a plant and posts what its stock is worth more or less.",
    PriceChangeForm::composite,
    RULES,
    run,
)
.answering(Answer::Object(PriceChange::NAME));

fn run(tx: &mut Tx<'_>, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let form: PriceChangeForm = parse(body)?;
    tx.check_references(&form)?;
    Ok(stored_to_json(&change_standard_price(tx, Ref::new(id), &form.change)?)?)
}

/// A new standard price of a product in a plant.
#[derive(Record, Clone, Debug)]
pub struct PriceChangeData {
    /// Plant.
    #[field(code = "plant")]
    pub plant: Code,
    /// Cost of `price_unit` base units, in the currency of the plant's company.
    #[field(not_negative)]
    pub standard_price: Money,
    /// How many base units the price is for; as before where empty.
    #[field(positive)]
    pub price_unit: Option<i64>,
    /// The day on which it counts in the books; today where empty.
    pub posting_date: Option<Date>,
    /// Why.
    #[field(max = 140)]
    pub reason: Option<String>,
}

/// Input of `change_standard_price`.
#[derive(Form, Clone, Debug)]
pub struct PriceChangeForm {
    /// The new price.
    #[form(flatten)]
    pub change: PriceChangeData,
}

/// How a standard price changed, and what that made of the stock.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "price_change_terms", one)]
pub struct PriceChangeTerms {
    /// Product.
    #[field(index)]
    pub product: Ref<Product>,
    /// Plant.
    #[field(code = "plant", list)]
    pub plant: Code,
    /// The day on which it counts in the books.
    #[field(list)]
    pub posting_date: Date,
    /// Stock on hand, in the base unit.
    #[field(list)]
    pub quantity: Quantity,
    /// The price before.
    pub old_price: Money,
    /// How many base units that was for.
    pub old_price_unit: i64,
    /// The price from now on.
    #[field(list)]
    pub new_price: Money,
    /// How many base units that is for.
    pub new_price_unit: i64,
    /// By how much the stock is worth more; below zero where less.
    #[field(list)]
    pub value_change: Money,
    /// Why.
    #[field(max = 140)]
    pub reason: Option<String>,
}

/// A change of a standard price. It is never changed: the price is changed back by another.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "price_change", numbers = "price_change")]
pub struct PriceChange {
    /// What changed.
    pub terms: PriceChangeTerms,
}

/// Changes the standard price of a product in a plant, and posts what the stock is worth more or
/// less by it: quantity on hand at the new price less the same at the old one.
pub fn change_standard_price(
    tx: &mut Tx<'_>,
    product: Ref<Product>,
    input: &PriceChangeData,
) -> Result<Stored<PriceChange>, DeliveryError> {
    tx.actor().require(Product::NAME, "change_standard_price")?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (company_code, company) = organisation
        .company_of_plant(input.plant)
        .map_err(|message| DeliveryError::field("plant", message))?;
    let mut stored = tx.load(product)?;
    let number = stored.number();
    let record = stored.value.plants.iter_mut().find(|record| record.plant == input.plant);
    let Some(record) = record else {
        let message = format!("product {number} is not kept in plant {}", input.plant);
        return Err(DeliveryError::field("plant", message));
    };
    let date = posting_date(tx, company, input)?;
    let before = record.clone();
    record.standard_price = input.standard_price;
    record.price_unit = input.price_unit.unwrap_or(before.price_unit);
    let after = record.clone();
    let prices = (StandardPrice::of(&before), StandardPrice::of(&after));
    let (quantity, value_change) = tessera_stock::revaluation(tx, product, input.plant, prices)
        .map_err(|error| DeliveryError::from(error).computed_of("standard_price"))?;
    tx.save(&mut stored)?;
    let terms = PriceChangeTerms {
        product,
        plant: input.plant,
        posting_date: date,
        quantity,
        old_price: before.standard_price,
        old_price_unit: before.price_unit,
        new_price: after.standard_price,
        new_price_unit: after.price_unit,
        value_change,
        reason: input.reason.clone(),
    };
    let plant = terms.plant;
    let home = Home::At("plant", plant.as_str());
    let change = tx.insert_at(home, PriceChange { terms })?;
    post_revaluation(tx, &change, (company_code, company), &after)
        .map_err(|error| error.computed_of("standard_price"))?;
    let payload = json!({
        "number": change.head.number,
        "product": product.to_string(),
        "plant": input.plant.as_str(),
        "standard_price": after.standard_price.to_string(),
        "value_change": value_change.to_string(),
    });
    tx.emit("price_change.posted", change.head.id, &payload)?;
    Ok(change)
}

/// The day on which the change counts; refuses a price in another currency than the books.
fn posting_date(
    tx: &Tx<'_>,
    company: &CompanyCode,
    input: &PriceChangeData,
) -> Result<Date, DeliveryError> {
    let (found, wanted) = (input.standard_price.currency(), company.currency);
    if found != wanted {
        let message = format!("must be in {wanted}, the currency of the plant's company");
        return Err(DeliveryError::field("standard_price", message));
    }
    let date = input.posting_date.unwrap_or_else(|| tx.today(&company.zone));
    business_day(date).map_err(|message| DeliveryError::field("posting_date", message))?;
    Ok(date)
}

/// Inventory against revaluation; nothing where the stock is worth the same.
fn post_revaluation(
    tx: &mut Tx<'_>,
    change: &Stored<PriceChange>,
    (company_code, company): (Code, &CompanyCode),
    plant: &ProductPlant,
) -> Result<(), DeliveryError> {
    let terms = &change.terms;
    if terms.value_change.is_zero() {
        return Ok(());
    }
    let determination = &tx.settings::<FinanceSettings>()?.determination;
    let account = |key| {
        let class = Some(plant.valuation_class);
        determination.account(company.chart_of_accounts, key, None, class)
    };
    let lines = [
        Line::signed(account(account_key::INVENTORY)?, terms.value_change),
        Line::signed(account(account_key::REVALUATION)?, terms.value_change.negated()),
    ];
    let entry = Entry {
        company_code,
        kind: document_kind::STOCK_ADJUSTMENT,
        posting_date: terms.posting_date,
        document_date: terms.posting_date,
        currency: company.currency,
        reference: Some(change.head.id),
        reference_number: change.head.number.as_deref(),
        text: terms.reason.as_deref(),
        lines: &lines,
    };
    tessera_finance::post(tx, &entry)?;
    Ok(())
}
