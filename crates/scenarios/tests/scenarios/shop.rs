//! Master data: a few customers, products, prices, taxes and rates, by name.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use tessera_kernel::{
    Currency, Decimal, ObjectId, Percentage, Problem, Quantity, Ref, Unit, Validity, parse_decimal,
};
use tessera_partner::BusinessPartner;
use tessera_pricing::{ConditionRate, ConditionRecord, KeyField, KeyFields, ScaleLine, put_price};
use tessera_product::Product;

use crate::call::Call;
use crate::world::{World, code};

/// A world with master data.
pub(crate) struct Shop {
    world: World,
    ids: HashMap<&'static str, ObjectId>,
}

impl Deref for Shop {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Shop {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

/// What is particular about a customer of sales organisation 1000.
pub(crate) struct Customer {
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    /// Credit limit in EUR, if there is one.
    pub(crate) limit: Option<i64>,
    pub(crate) risk_category: &'static str,
    pub(crate) payment_terms: &'static str,
    pub(crate) complete_delivery: bool,
    /// Payer and bill-to party, if it is another.
    pub(crate) payer: Option<&'static str>,
}

impl Default for Customer {
    fn default() -> Self {
        Self {
            country: "DE",
            currency: "EUR",
            limit: None,
            risk_category: "MEDIUM",
            payment_terms: "N30",
            complete_delivery: false,
            payer: None,
        }
    }
}

impl Shop {
    /// Customers, products and prices; no stock.
    ///
    /// | Customer | Is |
    /// |---|---|
    /// | `acme` | German, limit 10,000 EUR, 2 % within 10 days |
    /// | `free` | German, no limit |
    /// | `north`, `south` | German, paid for by `holding` |
    /// | `whole` | German, wants one delivery |
    /// | `yankee` | American, buys in USD, limit 10,000 EUR |
    ///
    /// | Product | Costs |
    /// |---|---|
    /// | `bolt` | 10.00 EUR a piece, 95.00 a box of ten; stock value 6.50 |
    /// | `nut` | 0.125 EUR a piece; stock value 0.05 |
    /// | `book` | 20.00 EUR, 7 % tax; stock value 12.00 |
    /// | `advice` | 80.00 EUR an hour, not delivered |
    pub(crate) fn new() -> Self {
        Self::in_world(World::new())
    }

    /// With customizing laid over what is shipped.
    pub(crate) fn with(customizing: &str) -> Self {
        Self::in_world(World::with(customizing))
    }

    /// The same in a world that is there already.
    pub(crate) fn in_world(world: World) -> Self {
        let mut shop = Self { world, ids: HashMap::new() };
        shop.taxes();
        let limited = Customer { limit: Some(10_000), ..Customer::default() };
        shop.customer("acme", &Customer { payment_terms: "D10N30", ..limited });
        shop.customer("free", &Customer::default());
        shop.customer("holding", &Customer::default());
        for name in ["north", "south"] {
            shop.customer(name, &Customer { payer: Some("holding"), ..Customer::default() });
        }
        shop.customer("whole", &Customer { complete_delivery: true, ..Customer::default() });
        let american = Customer { country: "US", currency: "USD", ..Customer::default() };
        shop.customer("yankee", &Customer { limit: Some(10_000), ..american });
        shop.product("bolt", "full", "6.50");
        shop.product("nut", "full", "0.05");
        shop.product("book", "reduced", "12.00");
        shop.service("advice");
        for (name, price) in [("bolt", "10"), ("nut", "0.125"), ("book", "20"), ("advice", "80")] {
            shop.price(name, price, &[]);
        }
        shop.rate("USD", "EUR", "0.9");
        shop
    }

    /// The same master data in a world that is a copy of this one.
    pub(crate) fn copied_to(&self, world: World) -> Self {
        Self { world, ids: self.ids.clone() }
    }

    pub(crate) fn partner(&self, name: &str) -> Ref<BusinessPartner> {
        Ref::new(self.ids[name])
    }

    pub(crate) fn product_id(&self, name: &str) -> Ref<Product> {
        Ref::new(self.ids[name])
    }

    pub(crate) fn customer(&mut self, name: &'static str, customer: &Customer) {
        let id = self.create("business_partner", self.customer_body(name, customer)).unwrap();
        self.ids.insert(name, id);
    }

    pub(crate) fn customer_body(&self, name: &str, customer: &Customer) -> Value {
        let defaults: Vec<Value> = customer
            .payer
            .iter()
            .flat_map(|payer| ["BP", "PY"].map(|function| (function, self.ids[payer])))
            .map(|(function, partner)| {
                json!({
                    "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
                    "function": function, "number": 1, "partner": partner.to_string(),
                })
            })
            .collect();
        let credit = customer.limit.map(|limit| {
            json!({ "credit_control_area": "1000", "risk_category": customer.risk_category,
                "limit": { "amount": format!("{limit}.00"), "currency": "EUR" } })
        });
        let group = if customer.country == "DE" { "01" } else { "02" };
        json!({
            "general": { "category": "organisation", "name": name, "language": "en",
                "country": customer.country, "tax_classification": "full" },
            "roles": [{ "role": "customer" }],
            "addresses": [{ "kind": "main", "city": "Somewhere", "country": customer.country }],
            "sales_areas": [{
                "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
                "valid": { "from": "2000-01-01", "to": "9999-12-31" },
                "currency": customer.currency, "payment_terms": customer.payment_terms,
                "shipping_condition": "STANDARD", "account_assignment_group": group,
                "complete_delivery": customer.complete_delivery,
            }],
            "function_defaults": defaults,
            "credit": credit.into_iter().collect::<Vec<_>>(),
        })
    }

    /// A limit of a customer from now on.
    pub(crate) fn limit(&self, name: &str, limit: i64) {
        self.call(self.limit_call(name, limit)).unwrap();
    }

    pub(crate) fn limit_call(&self, name: &str, limit: i64) -> Call {
        let body = json!({ "credit": [{ "credit_control_area": "1000",
            "risk_category": "MEDIUM",
            "limit": { "amount": format!("{limit}.00"), "currency": "EUR" } }] });
        Call::change(self.partner(name), None, body)
    }

    /// Goods, counted in pieces and boxes of ten, with a stock value per piece.
    pub(crate) fn product(&mut self, name: &'static str, tax_class: &str, cost: &str) {
        let body = json!({
            "general": { "product_type": "goods", "base_unit": "PC", "product_group": "hardware",
                "name": name, "gross_weight": { "value": "1.5", "unit": "KG" } },
            "descriptions": [{ "language": "en", "name": name }],
            "units": [{ "unit": "BOX", "numerator": 10 }],
            "sales": [{ "sales_organisation": "1000", "distribution_channel": "10",
                "item_category_group": "NORM", "account_assignment_group": "01" }],
            "taxes": [{ "country": "DE", "tax_class": tax_class }],
            "plants": [{ "plant": "1000", "availability_check": "stock",
                "standard_price": { "amount": cost, "currency": "EUR" },
                "valuation_class": "merchandise", "storage_location": "1000-0001" }],
        });
        let id = self.create("product", body).unwrap();
        self.ids.insert(name, id);
    }

    fn service(&mut self, name: &'static str) {
        let body = json!({
            "general": { "product_type": "service", "base_unit": "H", "product_group": "services",
                "name": name },
            "descriptions": [{ "language": "en", "name": name }],
            "sales": [{ "sales_organisation": "1000", "distribution_channel": "10",
                "item_category_group": "SERV", "account_assignment_group": "02" }],
            "taxes": [{ "country": "DE", "tax_class": "full" }],
        });
        let id = self.create("product", body).unwrap();
        self.ids.insert(name, id);
    }

    fn area() -> KeyFields {
        KeyFields::default()
            .with(KeyField::SalesOrganisation, code("1000"))
            .with(KeyField::DistributionChannel, code("10"))
    }

    fn put(&self, kind: &str, table: &str, fields: KeyFields, rate: ConditionRate) {
        self.put_scaled(kind, table, fields, rate, Vec::new());
    }

    fn put_scaled(
        &self,
        kind: &str,
        table: &str,
        fields: KeyFields,
        rate: ConditionRate,
        scale: Vec<ScaleLine>,
    ) {
        let (kind, table) = (code(kind), code(table));
        let put = move |tx: &mut tessera_kernel::Tx<'_>| {
            put_price(tx, kind, table, &fields, rate, &scale).map_err(Problem::from)
        };
        self.run(put).unwrap();
    }

    /// A price in EUR per base unit, with prices from a quantity on.
    pub(crate) fn price(&self, product: &str, price: &str, scale: &[(i64, &str)]) {
        let id = self.product_id(product);
        let unit = self.load(id).general.base_unit;
        let decimal = |text: &str| parse_decimal(text).unwrap();
        let rate = ConditionRate::per(
            Validity::always(),
            decimal(price),
            Currency::EUR,
            Quantity::of(1, unit),
        );
        let lines = scale.iter().map(|(from, price)| (Decimal::from(*from), decimal(price)));
        let fields = Self::area().with(KeyField::Product, id);
        self.put_scaled("PR00", "A304", fields, rate, lines.collect());
    }

    /// The record of a product's price.
    pub(crate) fn price_of(&self, product: &str) -> Ref<ConditionRecord> {
        let anchor = self.product_id(product);
        let prices = self.read(|tx| Ok(tx.all::<ConditionRecord>()?));
        let mut of_product = prices.into_iter().filter(|id| {
            let record = self.load(*id);
            let product = anchor.to_string();
            record.value.key_fields.iter().any(|field| field.value == product)
        });
        of_product.next().unwrap()
    }

    /// A discount of a customer in percent.
    pub(crate) fn discount(&self, customer: &str, percent: &str) {
        let fields = Self::area().with(KeyField::Customer, self.partner(customer));
        self.put("K007", "A307", fields, percentage(percent));
    }

    /// Freight in EUR per kilogram within Germany.
    pub(crate) fn freight(&self, rate: &str) {
        let fields = KeyFields::default()
            .with(KeyField::DepartureCountry, code("DE"))
            .with(KeyField::ShipToCountry, code("DE"));
        let rate = ConditionRate::per(
            Validity::always(),
            parse_decimal(rate).unwrap(),
            Currency::EUR,
            Quantity::of(1, Unit::KG),
        );
        self.put("KF00", "A065", fields, rate);
    }

    fn taxes(&self) {
        for (to, class, percent, tax_code) in [
            ("DE", "full", "19", "AS"),
            ("DE", "reduced", "7", "AR"),
            ("US", "full", "0", "AX"),
            ("US", "reduced", "0", "AX"),
        ] {
            let fields = KeyFields::default()
                .with(KeyField::DepartureCountry, code("DE"))
                .with(KeyField::ShipToCountry, code(to))
                .with(KeyField::CustomerTaxClass, code("full"))
                .with(KeyField::ProductTaxClass, code(class));
            let percent = Percentage::new(parse_decimal(percent).unwrap()).unwrap();
            let rate = ConditionRate::tax(Validity::always(), percent, code(tax_code));
            self.put("MWST", "A002", fields, rate);
        }
    }

    fn rate(&self, from: &str, to: &str, rate: &str) {
        let body = json!({
            "pair": { "from_currency": from, "to_currency": to },
            "rates": [{ "valid": { "from": "2000-01-01", "to": "9999-12-31" }, "rate": rate }],
        });
        self.create("exchange_rate", body).unwrap();
    }
}

fn percentage(percent: &str) -> ConditionRate {
    let percent = Percentage::new(parse_decimal(percent).unwrap()).unwrap();
    ConditionRate::percentage(Validity::always(), percent)
}

pub(crate) fn pieces(count: i64) -> Quantity {
    Quantity::of(count, Unit::PC)
}
