//! Products of the demo company, made of the catalogue.

use serde_json::{Value, json};
use tessera_kernel::{Decimal, Money, Ref, Rounding, format_decimal};
use tessera_product::Product;

use crate::DemoError;
use crate::catalogue::{Family, Kind, families};
use crate::company::{HOUSES, House};
use crate::office::Office;

/// A product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Good {
    pub(crate) id: Ref<Product>,
    pub(crate) family: &'static Family,
    /// Price in thousandths of a euro.
    pub(crate) price: i64,
    /// What one orders of it, in base units.
    pub(crate) usual: (i64, i64),
}

/// Price and weight of a variant follow from those of the first.
fn grown(first: i64, percent: i64, position: usize) -> i64 {
    (0..position).fold(first, |value, _| value + value * percent / 100)
}

/// Makes the products.
pub(crate) fn make(office: &mut Office<'_>) -> Result<Vec<Good>, DemoError> {
    let mut goods = Vec::new();
    for family in families() {
        for (position, variant) in family.variants.iter().enumerate() {
            let number = format!("{}-{:03}", family.code, (position + 1) * 10);
            let price = grown(family.price, family.step, position);
            let body = body(family, (position, variant), &number, price, goods.len());
            let made = office.create(&HOUSES[0], "product", body);
            let id = office.expect(|| format!("product {number}"), made)?;
            let (least, most) = family.usual;
            let dearer = i64::try_from(position).unwrap_or(0) / 3 + 1;
            let usual = (least, (most / dearer).max(least));
            goods.push(Good { id: Ref::new(id), family, price, usual });
        }
    }
    Ok(goods)
}

fn body(
    family: &Family,
    (position, variant): (usize, &str),
    number: &str,
    price: i64,
    count: usize,
) -> Value {
    let name = format!("{} {variant}", family.name);
    let mut body = json!({
        "number": number,
        "general": {
            "product_type": if family.kind == Kind::Goods { "goods" } else { "service" },
            "base_unit": family.unit, "product_group": family.group, "name": name,
            // One product was taken out of the range.
            "blocked": number == "TS-040",
        },
        "descriptions": [
            { "language": "en", "name": name },
            { "language": "zh-Hans", "name": format!("{} {variant}", family.chinese) },
        ],
        "sales": sales(family),
        "taxes": taxes(family),
    });
    if family.kind == Kind::Goods {
        let weight = grown(family.weight, family.step / 2, position);
        let kilograms = format_decimal(Decimal::new(weight, 3));
        body["general"]["gross_weight"] = json!({ "value": kilograms, "unit": "KG" });
        body["general"]["gtin"] = json!(gtin(count));
        body["plants"] = plants(family, price);
        body["units"] = units(family);
    }
    body
}

fn sales(family: &Family) -> Value {
    let (category, accounts) = match family.kind {
        Kind::Goods => ("NORM", "01"),
        Kind::Service => ("SERV", "02"),
    };
    HOUSES
        .iter()
        .flat_map(|house| ["10", "20"].map(|channel| (house.code, channel)))
        .map(|(house, channel)| {
            json!({ "sales_organisation": house.as_str(), "distribution_channel": channel,
                "item_category_group": category, "account_assignment_group": accounts })
        })
        .collect()
}

fn taxes(family: &Family) -> Value {
    let class = if family.reduced_tax { "reduced" } else { "full" };
    HOUSES.iter().map(|house| json!({ "country": house.country, "tax_class": class })).collect()
}

fn units(family: &Family) -> Value {
    match family.boxed {
        1 => json!([]),
        pieces => json!([{ "unit": "BOX", "numerator": pieces }]),
    }
}

/// Cost of a thousand base units, so that screws have one too.
fn plants(family: &Family, price: i64) -> Value {
    let plant = |house: &House| {
        let cost = Decimal::from(price * family.cost * house.price_level) / Decimal::from(10_000);
        let cost = Money::round(cost, house.currency, Rounding::HalfUp);
        let cost = cost.unwrap_or(Money::zero(house.currency)).amount();
        json!({
            "plant": house.code.as_str(), "availability_check": "stock",
            "standard_price": { "amount": format_decimal(cost),
                "currency": house.currency.code() },
            "price_unit": 1_000, "valuation_class": "merchandise",
            "storage_location": house.storage_location,
            "loading_group": if family.weight > 10_000 { "forklift" } else { "manual" },
        })
    };
    HOUSES.iter().map(plant).collect()
}

/// A number of those that shops give out themselves (they begin with 20), with its check digit
/// (GS1 General Specifications, section 7.9).
fn gtin(count: usize) -> String {
    let digits = format!("200000{count:06}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([3, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
