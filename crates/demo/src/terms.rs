//! Exchange rates, taxes, prices, discounts and freight.

use serde_json::{Value, json};
use tessera_kernel::{
    Code, Date, Decimal, Percentage, Problem, Quantity, Tx, Unit, Validity, format_decimal,
};
use tessera_pricing::{ConditionRate, KeyField, KeyFields, ScaleLine, put_price};

use crate::catalogue::Kind;
use crate::company::{HOUSES, House};
use crate::dice::Dice;
use crate::goods::Good;
use crate::office::{Office, plus};
use crate::partners::Customer;
use crate::{DemoError, Plan};

/// Pairs of currencies with the rate of the first month in hundred-thousandths.
const RATES: [(&str, &str, i64); 5] = [
    ("EUR", "USD", 108_500),
    ("EUR", "GBP", 85_600),
    ("EUR", "CHF", 95_300),
    ("EUR", "JPY", 16_150_000),
    ("USD", "CAD", 136_200),
];

/// Countries of the European Union to which the German house sells.
const UNION: [&str; 7] = ["AT", "FR", "NL", "IT", "PL", "ES", "IE"];
/// Other countries to which somebody sells.
const REST: [&str; 5] = ["CH", "CN", "JP", "GB", "CA"];

/// Makes all of it; prices rise in the middle of the time.
pub(crate) fn make(
    office: &mut Office<'_>,
    plan: &Plan,
    goods: &[Good],
    customers: &[Customer],
) -> Result<(), DemoError> {
    let first = plus(plan.today, -i64::from(plan.days));
    for (from, to, rate) in RATES {
        let body = json!({
            "pair": { "from_currency": from, "to_currency": to },
            "rates": rates(&mut office.dice, first, plan.today, rate),
        });
        let made = office.create(&HOUSES[0], "exchange_rate", body);
        office.expect(|| format!("exchange rate {from}/{to}"), made)?;
    }
    let raised = plus(first, i64::from(plan.days) / 2);
    for house in &HOUSES {
        let goods: Vec<Good> = goods.to_vec();
        let prices = office.run(house, move |tx| put_prices(tx, house, &goods, raised));
        office.expect(|| format!("prices of {}", house.code), prices)?;
    }
    let agreed = agreements(&mut office.dice, goods, customers);
    let put = office.run(&HOUSES[0], move |tx| {
        put_taxes(tx)?;
        put_terms(tx)?;
        for condition in &agreed {
            condition.put(tx)?;
        }
        Ok(())
    });
    office.expect(|| "taxes and discounts".to_string(), put)
}

/// A rate for every month, each a little off the one before.
fn rates(dice: &mut Dice, first: Date, last: Date, rate: i64) -> Value {
    let mut rate = rate;
    let mut from = Date::new(first.year(), first.month(), 1).unwrap_or(first);
    let mut rates = Vec::new();
    while from <= last {
        let next = plus(from, 32);
        let next = Date::new(next.year(), next.month(), 1).unwrap_or(next);
        let open = if rates.is_empty() { "2000-01-01".to_string() } else { from.to_string() };
        let to = if next > last { "9999-12-31".to_string() } else { plus(next, -1).to_string() };
        let exact = format_decimal(Decimal::new(rate, 5));
        rates.push(json!({ "valid": { "from": open, "to": to }, "rate": exact }));
        rate += rate * dice.between(-13, 12) / 1_000;
        from = next;
    }
    rates.into()
}

/// A condition to put.
struct Condition {
    kind: Code,
    table: Code,
    fields: KeyFields,
    rate: ConditionRate,
    scale: Vec<ScaleLine>,
}

impl Condition {
    fn new(
        kind: &'static str,
        table: &'static str,
        fields: KeyFields,
        rate: ConditionRate,
    ) -> Self {
        Self { kind: code(kind), table: code(table), fields, rate, scale: Vec::new() }
    }

    fn put(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        put_price(tx, self.kind, self.table, &self.fields, self.rate, &self.scale)?;
        Ok(())
    }
}

/// A code that stands in this file.
fn code(text: &'static str) -> Code {
    Code::literal(text)
}

fn area(house: &House, channel: Code) -> KeyFields {
    KeyFields::default()
        .with(KeyField::SalesOrganisation, house.code)
        .with(KeyField::DistributionChannel, channel)
}

fn percent(value: i64) -> Percentage {
    Percentage::new(Decimal::new(value, 1)).unwrap_or(Percentage::ZERO)
}

/// A price of a product, `level` in percent of the one in the catalogue. What costs cents is
/// priced per hundred.
fn price_of(good: &Good, house: &House, level: i64, valid: Validity) -> ConditionRate {
    let unit = Unit::parse(good.family.unit).unwrap_or(Unit::PC);
    let exact = Decimal::from(good.price * house.price_level * level) / Decimal::from(10_000_000);
    let (rate, per) = match good.price {
        ..1_000 => ((exact * Decimal::from(100)).round_dp(2), 100),
        _ => (exact.round_dp(2), 1),
    };
    ConditionRate::per(valid, rate, house.currency, Quantity::of(per, unit))
}

fn put_prices(tx: &mut Tx<'_>, house: &House, goods: &[Good], raised: Date) -> Result<(), Problem> {
    for good in goods {
        for (channel, level) in [(code("10"), 100), (code("20"), 108)] {
            let fields = area(house, channel).with(KeyField::Product, good.id);
            for (level, valid) in [(level, Validity::always()), (level + 3, Validity::open(raised))]
            {
                let rate = price_of(good, house, level, valid);
                let lower = |percent: i64| (rate.rate * Decimal::new(percent, 2)).round_dp(2);
                let from = |boxes: i64| Decimal::from(good.family.boxed * boxes);
                let scale = match good.family.boxed {
                    20.. => vec![
                        (Decimal::ZERO, rate.rate),
                        (from(5), lower(95)),
                        (from(20), lower(90)),
                    ],
                    _ => Vec::new(),
                };
                put_price(tx, code("PR00"), code("A304"), &fields, rate, &scale)?;
            }
        }
        if matches!(good.family.group, "hand-tools" | "power-tools") {
            let fields = area(house, code("10"))
                .with(KeyField::PriceList, code("wholesale"))
                .with(KeyField::Currency, house.currency)
                .with(KeyField::Product, good.id);
            let rate = price_of(good, house, 91, Validity::always());
            put_price(tx, code("PR00"), code("A306"), &fields, rate, &[])?;
        }
    }
    Ok(())
}

/// Prices and discounts agreed with the customers who order most.
fn agreements(dice: &mut Dice, goods: &[Good], customers: &[Customer]) -> Vec<Condition> {
    let mut agreed = Vec::new();
    for house in &HOUSES {
        let own: Vec<&Customer> = customers
            .iter()
            .filter(|customer| customer.house.code == house.code && customer.channel == code("10"))
            .collect();
        for (rank, customer) in own.iter().take(30).enumerate() {
            let fields = area(house, customer.channel).with(KeyField::Customer, customer.id);
            let discount = dice.between(10, 45);
            let rate = ConditionRate::percentage(Validity::always(), percent(discount));
            let mut condition = Condition::new("K007", "A307", fields, rate);
            if rank % 3 == 0 {
                // More from a value of the whole document on.
                let line =
                    |from: i64, more: i64| (Decimal::from(from), percent(discount + more).value());
                condition.rate.currency = Some(house.currency);
                condition.scale = vec![line(0, 0), line(2_500, 10), line(10_000, 20)];
            }
            agreed.push(condition);
            for _ in 0..if rank < 8 { 10 } else { 0 } {
                let good = dice.pick(goods);
                let fields = fields.with(KeyField::Product, good.id);
                let level = dice.between(82, 90);
                let rate = price_of(good, house, level, Validity::always());
                agreed.push(Condition::new("PR00", "A305", fields, rate));
            }
        }
        for (group, discount) in [("A", 30), ("B", 10)] {
            let fields = area(house, code("10")).with(KeyField::PriceGroup, code(group));
            let rate = ConditionRate::percentage(Validity::always(), percent(discount));
            agreed.push(Condition::new("K020", "A020", fields, rate));
        }
        let kind = goods.iter().find(|good| good.family.kind == Kind::Goods);
        if let Some(good) = kind {
            let fields = area(house, code("20")).with(KeyField::Product, good.id);
            let rate = ConditionRate::percentage(Validity::always(), percent(50));
            agreed.push(Condition::new("K004", "A304", fields, rate));
        }
    }
    agreed
}

/// Percent in tenths and tax code, for the full and the reduced rate.
type Rates = [(i64, &'static str); 2];

fn put_taxes(tx: &mut Tx<'_>) -> Result<(), Problem> {
    for house in &HOUSES {
        let home: Rates = match house.country {
            "DE" => [(190, "AS"), (70, "AR")],
            "GB" => [(200, "AS"), (0, "AR")],
            _ => [(66, "AU"), (66, "AU")],
        };
        let home = (house.country, home);
        let abroad = UNION.iter().chain(&REST).chain(&["DE", "GB", "US"]);
        let abroad = abroad.filter(|country| **country != house.country);
        let foreign = |country: &&'static str| -> (&'static str, Rates) {
            let within = house.country == "DE" && UNION.contains(country);
            let tax_code = if within { "AE" } else { "AX" };
            (*country, [(0, tax_code), (0, tax_code)])
        };
        for (country, rates) in std::iter::once(home).chain(abroad.map(foreign)) {
            put_tax(tx, house, country, rates)?;
        }
    }
    Ok(())
}

fn put_tax(
    tx: &mut Tx<'_>,
    house: &House,
    country: &'static str,
    rates: Rates,
) -> Result<(), Problem> {
    for (class, (rate, tax_code)) in ["full", "reduced"].into_iter().zip(rates) {
        for (customer, rate, tax_code) in [("full", rate, tax_code), ("exempt", 0, "A0")] {
            let fields = KeyFields::default()
                .with(KeyField::DepartureCountry, code(house.country))
                .with(KeyField::ShipToCountry, code(country))
                .with(KeyField::CustomerTaxClass, code(customer))
                .with(KeyField::ProductTaxClass, code(class));
            let rate = ConditionRate::tax(Validity::always(), percent(rate), code(tax_code));
            put_price(tx, code("MWST"), code("A002"), &fields, rate, &[])?;
        }
    }
    Ok(())
}

/// Freight by weight, and the cash discount that customers may see.
fn put_terms(tx: &mut Tx<'_>) -> Result<(), Problem> {
    for house in &HOUSES {
        for country in UNION.iter().chain(&REST).chain(&["DE", "US"]) {
            let home = *country == house.country;
            let cents = if home { 28 } else { 74 };
            let fields = KeyFields::default()
                .with(KeyField::DepartureCountry, code(house.country))
                .with(KeyField::ShipToCountry, code(country));
            let rate = Decimal::new(cents, 2);
            let per = Quantity::of(1, Unit::KG);
            let rate = ConditionRate::per(Validity::always(), rate, house.currency, per);
            put_price(tx, code("KF00"), code("A065"), &fields, rate, &[])?;
        }
    }
    let fields = KeyFields::default().with(KeyField::PaymentTerms, code("D10N30"));
    let rate = ConditionRate::percentage(Validity::always(), percent(20));
    put_price(tx, code("SKTO"), code("A052"), &fields, rate, &[])?;
    Ok(())
}
