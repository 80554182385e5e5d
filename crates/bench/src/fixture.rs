//! Master data of the workload: 1,000 customers, 1,000 products, prices, discounts, taxes, stock.

use serde_json::{Value, json};
use tessera_delivery::{MovementForm, MovementHeader, MovementItem, post_goods_movement};
use tessera_kernel::{
    Actor, Code, Currency, Database, Date, Decimal, Object as _, ObjectId, Percentage, Problem,
    Quantity, Query, Ref, Source, Tx, Unit, Validity,
};
use tessera_partner::BusinessPartner;
use tessera_pricing::{ConditionRate, KeyField, KeyFields, put_price};
use tessera_product::Product;

use crate::BenchError;

/// How many customers there are.
pub(crate) const CUSTOMERS: usize = 1_000;
/// How many products there are.
pub(crate) const PRODUCTS: usize = 1_000;

/// Ids of the master data.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) customers: Vec<Ref<BusinessPartner>>,
    pub(crate) products: Vec<Ref<Product>>,
}

const ORGANISATION: Code = Code::literal("1000");
const CHANNEL: Code = Code::literal("10");

/// Finds the master data, or makes it.
pub(crate) fn prepare(db: &Database) -> Result<Fixture, BenchError> {
    let actor = Actor::system(Source::System);
    if let Some(found) = find(db, &actor)? {
        return Ok(found);
    }
    refuse_others(db, &actor)?;
    let customers = make(db, &actor, "business_partner", "BC", CUSTOMERS, customer)?;
    let products = make(db, &actor, "product", "BP", PRODUCTS, product)?;
    let fixture = Fixture {
        customers: customers.into_iter().map(Ref::new).collect(),
        products: products.into_iter().map(Ref::new).collect(),
    };
    let prices = fixture.clone();
    db.command::<(), Problem>(&actor, move |tx| put_prices(tx, &prices))?;
    let stocked = fixture.clone();
    db.command::<(), Problem>(&actor, move |tx| put_stock(tx, &stocked))?;
    Ok(fixture)
}

/// Whoever names the database of a company by mistake gets no 1,000 customers more.
fn refuse_others(db: &Database, actor: &Actor) -> Result<(), BenchError> {
    let found = db.read::<_, Problem>(actor, |tx| {
        let one = Query::default().limit(1);
        let partners = tx.list(BusinessPartner::def(), &one)?.rows;
        Ok(!partners.is_empty() || !tx.list(Product::def(), &one)?.rows.is_empty())
    })?;
    if found { Err(BenchError::Occupied) } else { Ok(()) }
}

fn number(prefix: &str, position: usize) -> String {
    format!("{prefix}{:05}", position + 1)
}

fn find(db: &Database, actor: &Actor) -> Result<Option<Fixture>, BenchError> {
    let found = db.read::<_, Problem>(actor, |tx| {
        let mut customers = Vec::with_capacity(CUSTOMERS);
        for position in 0..CUSTOMERS {
            customers.push(tx.lookup::<BusinessPartner>("number", &number("BC", position))?);
        }
        let mut products = Vec::with_capacity(PRODUCTS);
        for position in 0..PRODUCTS {
            products.push(tx.lookup::<Product>("number", &number("BP", position))?);
        }
        Ok((customers, products))
    })?;
    let customers: Option<Vec<_>> = found.0.into_iter().collect();
    let products: Option<Vec<_>> = found.1.into_iter().collect();
    Ok(customers.zip(products).map(|(customers, products)| Fixture { customers, products }))
}

fn make(
    db: &Database,
    actor: &Actor,
    object: &'static str,
    prefix: &'static str,
    count: usize,
    body: fn(usize) -> Value,
) -> Result<Vec<ObjectId>, BenchError> {
    let ids = db.command::<_, Problem>(actor, move |tx| {
        let create = tx.environment().registry.object(object).and_then(|entry| entry.create);
        let create = create.ok_or_else(|| Problem::invalid("object", "can't be created"))?;
        let mut ids = Vec::with_capacity(count);
        for position in 0..count {
            let mut body = body(position);
            body["number"] = number(prefix, position).into();
            ids.push(create(tx, &body)?);
        }
        Ok(ids)
    })?;
    Ok(ids)
}

fn customer(position: usize) -> Value {
    let name = format!("Benchmark customer {}", position + 1);
    json!({
        "general": {
            "category": "organisation",
            "name": name,
            "language": "de",
            "country": "DE",
            "tax_classification": "full",
        },
        "roles": [{ "role": "customer" }],
        "addresses": [{ "kind": "main", "street": "Hauptstrasse", "house_number": "1",
            "postal_code": "10115", "city": "Berlin", "country": "DE" }],
        "sales_areas": [{
            "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
            "valid": { "from": "2000-01-01", "to": "9999-12-31" },
            "currency": "EUR", "payment_terms": "N30", "shipping_condition": "STANDARD",
            "account_assignment_group": "01",
        }],
        "credit": [{ "credit_control_area": "1000", "risk_category": "MEDIUM",
            "limit": { "amount": "10000000000.00", "currency": "EUR" } }],
    })
}

fn product(position: usize) -> Value {
    let name = format!("Benchmark product {}", position + 1);
    json!({
        "general": { "product_type": "goods", "base_unit": "PC", "product_group": "hardware",
            "name": name, "gross_weight": { "value": "1.5", "unit": "KG" } },
        "descriptions": [{ "language": "en", "name": name }],
        "sales": [{ "sales_organisation": "1000", "distribution_channel": "10",
            "item_category_group": "NORM", "account_assignment_group": "01" }],
        "taxes": [{ "country": "DE", "tax_class": "full" }],
        "plants": [{ "plant": "1000", "availability_check": "stock",
            "standard_price": { "amount": "6.50", "currency": "EUR" },
            "valuation_class": "merchandise", "storage_location": "1000-0001" }],
    })
}

fn put_prices(tx: &mut Tx<'_>, fixture: &Fixture) -> Result<(), Problem> {
    let area = KeyFields::default()
        .with(KeyField::SalesOrganisation, ORGANISATION)
        .with(KeyField::DistributionChannel, CHANNEL);
    let always = Validity::always();
    for (position, product) in fixture.products.iter().enumerate() {
        let cents = 1_000 + i64::try_from(position).unwrap_or(0) * 7 % 5_000;
        let price = Decimal::new(cents, 2);
        let rate = ConditionRate::per(always, price, Currency::EUR, Quantity::of(1, Unit::PC));
        let fields = area.with(KeyField::Product, *product);
        put_price(tx, Code::literal("PR00"), Code::literal("A304"), &fields, rate, &[])?;
    }
    for (position, customer) in fixture.customers.iter().enumerate() {
        let percent = Decimal::from(1 + position % 10);
        let percent = Percentage::new(percent).map_err(tessera_kernel::Fault::from)?;
        let rate = ConditionRate::percentage(always, percent);
        let fields = area.with(KeyField::Customer, *customer);
        put_price(tx, Code::literal("K007"), Code::literal("A307"), &fields, rate, &[])?;
    }
    let percent = Percentage::new(Decimal::from(19)).map_err(tessera_kernel::Fault::from)?;
    let tax = ConditionRate::tax(always, percent, Code::literal("AS"));
    let fields = KeyFields::default()
        .with(KeyField::DepartureCountry, Code::literal("DE"))
        .with(KeyField::ShipToCountry, Code::literal("DE"))
        .with(KeyField::CustomerTaxClass, Code::literal("full"))
        .with(KeyField::ProductTaxClass, Code::literal("full"));
    put_price(tx, Code::literal("MWST"), Code::literal("A002"), &fields, tax, &[])?;
    Ok(())
}

/// A million million pieces of each product, so that the run never ends for want of stock.
fn put_stock(tx: &mut Tx<'_>, fixture: &Fixture) -> Result<(), Problem> {
    let items = fixture.products.iter().map(|product| MovementItem {
        product: *product,
        plant: Code::literal("1000"),
        storage_location: None,
        to_plant: None,
        to_storage_location: None,
        quantity: Quantity::of(1_000_000_000, Unit::PC),
        planned_receipt: None,
    });
    let header = MovementHeader {
        movement_type: Code::literal("561"),
        posting_date: Date::new(2020, 1, 1).ok(),
        reference_number: None,
        text: None,
    };
    post_goods_movement(tx, &MovementForm { header, items: items.collect() })?;
    Ok(())
}
