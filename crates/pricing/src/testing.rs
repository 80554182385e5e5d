//! Shipped customizing and records in memory, for tests of the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tessera_customizing::{Customizing, Diagnostics, Shipped};
use tessera_kernel::{
    Code, Currency, Date, Decimal, Fault, Money, ObjectId, Percentage, Quantity, Ref, RoundingRule,
    Unit, Validity, parse_date, parse_decimal,
};

use crate::records::{Finding, Records};
use crate::run::run;
use crate::trace::NoTrace;
use crate::{
    ConditionRate, ConditionRecord, KeyField, KeyFields, ManualCondition, Priced, PricingError,
    PricingHeader, PricingItem, PricingSettings, ScaleLine, record_rules,
};

pub(crate) fn dec(text: &str) -> Decimal {
    parse_decimal(text).unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

pub(crate) fn pieces(count: i64) -> Quantity {
    Quantity::of(count, Unit::PC)
}

pub(crate) fn id(number: u128) -> ObjectId {
    format!("0192f000-0000-7000-8000-{number:012x}").parse().unwrap()
}

/// Settings of the shipped files with more laid over them.
pub(crate) fn settings_with(extra: &'static str) -> (PricingSettings, Diagnostics) {
    let mut problems = Diagnostics::default();
    let extra = [Shipped { file: "extra.toml", text: extra }];
    let customizing = Customizing::load(&[crate::CONFIG, &extra], None, &mut problems);
    let settings = crate::settings(&customizing, &mut problems);
    (settings, problems)
}

/// A small shop: settings, records and exchange rates.
pub(crate) struct Shop {
    pub(crate) settings: Arc<PricingSettings>,
    records: BTreeMap<String, (Ref<ConditionRecord>, ConditionRecord)>,
    anchors: BTreeSet<String>,
    pub(crate) exchange_rates: BTreeMap<(Currency, Currency), Decimal>,
    pub(crate) looks: usize,
}

pub(crate) const ORDER_DAY: &str = "2026-06-15";

impl Shop {
    pub(crate) fn new(extra: &'static str) -> Self {
        let (settings, problems) = settings_with(extra);
        assert!(problems.is_empty(), "{problems}");
        let (records, anchors, exchange_rates) = Default::default();
        Self { settings: Arc::new(settings), records, anchors, exchange_rates, looks: 0 }
    }

    /// A shop with the price 10.00 EUR per piece for product 1 and 19 % tax.
    pub(crate) fn with_price() -> Self {
        let mut shop = Self::new("");
        shop.price(1, "10");
        shop.tax("19");
        shop
    }

    pub(crate) fn put(
        &mut self,
        kind: &str,
        table: &str,
        fields: &KeyFields,
        rate: ConditionRate,
        scale: &[ScaleLine],
    ) {
        let made = ConditionRecord::new(&self.settings, code(kind), code(table), fields).unwrap();
        self.anchors.extend(made.key.anchor.clone());
        let number = self.records.len() as u128 + 0xC000;
        let (_, record) = self
            .records
            .entry(made.key.lookup.clone())
            .or_insert_with(|| (Ref::new(id(number)), made));
        record.put(rate, scale);
        record_rules::check_key(record, &self.settings).unwrap();
        record_rules::check(record, &self.settings).unwrap();
    }

    pub(crate) fn price(&mut self, product: u128, rate: &str) {
        let rate = ConditionRate::per(always(), dec(rate), Currency::EUR, pieces(1));
        self.put("PR00", "A304", &product_key(product), rate, &[]);
    }

    pub(crate) fn tax(&mut self, rate: &str) {
        let fields = header_fields().with(KeyField::DepartureCountry, code("DE"));
        let fields = fields.with(KeyField::ShipToCountry, code("DE"));
        let fields = fields.with(KeyField::ProductTaxClass, code("FULL"));
        self.put(
            "MWST",
            "A002",
            &fields,
            ConditionRate::tax(always(), percent(rate), code("AS")),
            &[],
        );
    }

    pub(crate) fn discount(&mut self, kind: &str, table: &str, fields: &KeyFields, rate: &str) {
        self.put(kind, table, fields, ConditionRate::percentage(always(), percent(rate)), &[]);
    }

    pub(crate) fn run(
        &mut self,
        header: &PricingHeader,
        items: &[PricingItem],
    ) -> Result<Priced, PricingError> {
        let settings = self.settings.clone();
        let program = settings.program(header.procedure)?;
        run(self, &mut NoTrace, program, header, items)
    }
}

impl Records for Shop {
    fn any(&mut self, anchor: &str) -> Result<bool, Fault> {
        self.looks += 1;
        Ok(self.anchors.contains(anchor))
    }

    fn find(&mut self, lookup: &str, day: Date) -> Result<Finding, Fault> {
        self.looks += 1;
        let record = self.records.get(lookup);
        Ok(record.map_or(Finding::Nothing, |(id, record)| Finding::of(*id, record, day)))
    }

    fn exchange(
        &mut self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        _on: Date,
    ) -> Result<Option<Decimal>, Fault> {
        Ok(self.exchange_rates.get(&(from, to)).map(|rate| amount * rate))
    }
}

pub(crate) fn always() -> Validity {
    Validity::always()
}

pub(crate) fn percent(text: &str) -> Percentage {
    Percentage::new(dec(text)).unwrap()
}

pub(crate) fn header_fields() -> KeyFields {
    KeyFields::default()
        .with(KeyField::SalesOrganisation, code("1000"))
        .with(KeyField::DistributionChannel, code("10"))
        .with(KeyField::Customer, id(0xA))
        .with(KeyField::PriceList, code("R1"))
        .with(KeyField::PriceGroup, code("G1"))
        .with(KeyField::CustomerTaxClass, code("FULL"))
        .with(KeyField::PaymentTerms, code("N30"))
}

pub(crate) fn product_key(product: u128) -> KeyFields {
    header_fields().with(KeyField::Product, id(product))
}

pub(crate) fn header() -> PricingHeader {
    PricingHeader {
        fields: header_fields(),
        currency: Currency::EUR,
        pricing_date: day(ORDER_DAY),
        rounding: RoundingRule::default(),
        procedure: code("STD"),
        manual: Vec::new(),
    }
}

pub(crate) fn item(number: u32, product: u128, quantity: &str) -> PricingItem {
    let quantity = Quantity::new(dec(quantity), Unit::PC).unwrap();
    PricingItem {
        item: number,
        quantity,
        base_quantity: quantity,
        weight: None,
        cost: None,
        fields: KeyFields::default()
            .with(KeyField::Product, id(product))
            .with(KeyField::ProductTaxClass, code("FULL"))
            .with(KeyField::DepartureCountry, code("DE"))
            .with(KeyField::ShipToCountry, code("DE")),
        manual: Vec::new(),
    }
}

pub(crate) fn manual(kind: &str, rate: &str) -> ManualCondition {
    ManualCondition::new(code(kind), dec(rate))
}

pub(crate) fn with(mut item: PricingItem, manual: &[ManualCondition]) -> PricingItem {
    item.manual = manual.to_vec();
    item
}
