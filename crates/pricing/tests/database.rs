//! Pricing on a database: condition records through the generic surfaces and the verb, pricing
//! through the cache of the writer, explanations from a read snapshot.

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Code, Currency, Database, Environment, Fault, FixedClock, Instant, Language,
    Numbering, ObjectId, Percentage, Problem, Quantity, RandomIds, Registry, RoundingRule,
    Settings, Source, Stored, Tx, Unit, Validity, parse_date, parse_decimal,
};
use tessera_pricing::{
    ConditionRate, ConditionRecord, KeyField, KeyFields, PricingError, PricingHeader, PricingItem,
    PricingSettings, explain, explain_stored, no_exchange, price, put_price,
};
use tessera_store_sqlite::{Options, SqliteStore};

struct Shop {
    database: Database,
    actor: Actor,
    _folder: tempfile::TempDir,
}

fn shop() -> Shop {
    let mut problems = Diagnostics::default();
    let configs = [tessera_organisation::CONFIG, tessera_pricing::CONFIG];
    let customizing = Customizing::load(&configs, None, &mut problems);
    let mut settings = Settings::default();
    settings.insert(tessera_organisation::settings(&customizing, &mut problems));
    settings.insert(tessera_pricing::settings(&customizing, &mut problems));
    assert!(problems.is_empty(), "{problems}");
    let folder = tempfile::tempdir().unwrap();
    let options = Options { sync: false, ..Options::creating() };
    let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
    let environment = Environment {
        registry: Registry::new(vec![tessera_pricing::module()]),
        clock: Arc::new(FixedClock::at(Instant::parse("2026-06-15T10:00:00Z").unwrap())),
        ids: Arc::new(RandomIds::seeded(1)),
        homes: tessera_kernel::Homes::default(),
        settings,
        catalogues: customizing.codes(),
        numbering: Numbering::default(),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    let database = Database::open(Arc::new(store), environment).unwrap();
    Shop { database, actor: Actor::system(Source::System), _folder: folder }
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn id(number: u32) -> ObjectId {
    format!("0192f000-0000-7000-8000-{number:012x}").parse().unwrap()
}

fn key(product: u32, customer: u32) -> KeyFields {
    KeyFields::default()
        .with(KeyField::SalesOrganisation, code("1000"))
        .with(KeyField::DistributionChannel, code("10"))
        .with(KeyField::Customer, id(customer))
        .with(KeyField::Product, id(product))
        .with(KeyField::PriceList, code("R1"))
        .with(KeyField::PriceGroup, code("G1"))
        .with(KeyField::PaymentTerms, code("N30"))
        .with(KeyField::CustomerTaxClass, code("FULL"))
        .with(KeyField::ProductTaxClass, code("FULL"))
        .with(KeyField::DepartureCountry, code("DE"))
        .with(KeyField::ShipToCountry, code("DE"))
}

fn rate(amount: &str) -> ConditionRate {
    let amount = parse_decimal(amount).unwrap();
    ConditionRate::per(Validity::always(), amount, Currency::EUR, Quantity::of(1, Unit::PC))
}

fn header(customer: u32) -> PricingHeader {
    let all = key(0, customer);
    let of_header = [
        KeyField::SalesOrganisation,
        KeyField::DistributionChannel,
        KeyField::Customer,
        KeyField::PriceList,
        KeyField::PriceGroup,
        KeyField::PaymentTerms,
        KeyField::CustomerTaxClass,
    ];
    let fields = of_header
        .into_iter()
        .fold(KeyFields::default(), |fields, field| fields.with_some(field, all.get(field)));
    PricingHeader {
        fields,
        currency: Currency::EUR,
        pricing_date: parse_date("2026-06-15").unwrap(),
        rounding: RoundingRule::default(),
        procedure: code("STD"),
        manual: Vec::new(),
    }
}

fn item(number: u32, product: u32, quantity: i64) -> PricingItem {
    let quantity = Quantity::of(quantity, Unit::PC);
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

fn settings<'c>(tx: &Tx<'c>) -> Result<&'c PricingSettings, Fault> {
    tx.settings()
}

impl Shop {
    fn put(&self, kind: &'static str, table: &'static str, fields: KeyFields, rate: ConditionRate) {
        let put = self.database.command(&self.actor, move |tx| {
            put_price(tx, code(kind), code(table), &fields, rate, &[])
        });
        put.unwrap();
    }

    fn net(&self, customer: u32, items: Vec<PricingItem>) -> i64 {
        let header = header(customer);
        let priced = self.database.command(&self.actor, move |tx| {
            price(tx, settings(tx)?, &header, &items, &mut no_exchange)
        });
        priced.unwrap().net.minor()
    }

    fn create(&self, body: Value) -> Result<ObjectId, Problem> {
        self.database.command(&self.actor, move |tx| {
            let create = tx.environment().registry.object("condition_record").unwrap().create;
            create.unwrap()(tx, &body)
        })
    }

    fn change(&self, id: ObjectId, body: Value) -> Result<(), Problem> {
        self.database.command(&self.actor, move |tx| {
            let change = tx.environment().registry.object("condition_record").unwrap().change;
            change.unwrap()(tx, id, None, &body)
        })
    }

    fn load(&self, id: ObjectId) -> Stored<ConditionRecord> {
        let load = |tx: &mut Tx<'_>| tx.load(tessera_kernel::Ref::new(id));
        self.database.read(&self.actor, load).unwrap()
    }
}

fn record_of_product_1() -> Value {
    json!({
        "key": { "condition_type": "PR00", "condition_table": "A304" },
        "key_fields": [
            { "field": "product", "value": id(1).to_string().to_uppercase() },
            { "field": "sales_organisation", "value": "1000" },
            { "field": "distribution_channel", "value": "10" },
        ],
        "rates": [{
            "valid": { "from": "2026-01-01", "to": "9999-12-31" },
            "rate": "10", "currency": "EUR", "per": { "value": "1", "unit": "PC" }, "scale": 1,
        }],
        "scales": [{ "scale": 1, "line": 1, "threshold": "100", "rate": "9" }],
    })
}

#[test]
fn a_record_made_by_json_is_found_and_its_lookup_is_derived() {
    let shop = shop();
    let made = shop.create(record_of_product_1()).unwrap();
    let key = shop.load(made).value.key;
    assert_eq!(key.lookup, format!("PR00|A304|1000|10|{}", id(1)));
    assert_eq!(key.anchor.as_deref(), Some("PR00|A304|1000|10"));
    assert_eq!(shop.net(7, vec![item(10, 1, 5)]), 5000);
    assert_eq!(shop.net(7, vec![item(10, 1, 100)]), 90_000);
    let twice = shop.create(record_of_product_1()).unwrap_err();
    assert_eq!(twice.code, "pricing.record_exists");
}

#[test]
fn contradictions_are_refused_with_their_paths() {
    let shop = shop();
    let refused = |change: fn(&mut Value)| {
        let mut body = record_of_product_1();
        change(&mut body);
        let problem = shop.create(body).unwrap_err();
        let paths = problem.fields.iter().map(|field| field.path.clone());
        (problem.kind.status(), paths.collect::<Vec<_>>())
    };
    let at = |paths: &[&str]| (422, paths.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(refused(|b| b["key"]["lookup"] = "X".into()), at(&["key.lookup"]));
    assert_eq!(
        refused(|b| b["key"]["condition_table"] = "A002".into()),
        at(&["key.condition_table"])
    );
    assert_eq!(
        refused(|b| b["key"]["condition_type"] = "RA00".into()),
        at(&["key.condition_type"])
    );
    assert_eq!(refused(|b| b["key_fields"] = json!([])), at(&["key_fields"]));
    assert_eq!(refused(|b| b["key_fields"][0]["value"] = "1".into()), at(&["key_fields[0].value"]));
    assert_eq!(refused(|b| b["rates"] = json!([])), at(&["rates", "scales[0].scale"]));
    assert_eq!(refused(|b| b["rates"][0]["per"] = Value::Null), at(&["rates[0].per"]));
    assert_eq!(refused(|b| b["rates"][0]["currency"] = Value::Null), at(&["rates[0].currency"]));
    assert_eq!(refused(|b| b["rates"][0]["tax_code"] = "AS".into()), at(&["rates[0].tax_code"]));
    let limit = at(&["rates[0].rate", "rates[0].lower_limit"]);
    assert_eq!(refused(|b| b["rates"][0]["lower_limit"] = "11".into()), limit);
    assert_eq!(refused(|b| b["scales"] = json!([])), at(&["rates[0].scale"]));
    assert_eq!(refused(|b| b["rates"][0]["calculation"] = "percentage".into()).0, 422);
}

#[test]
fn rates_change_and_keys_do_not() {
    let shop = shop();
    let made = shop.create(record_of_product_1()).unwrap();
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 1000);
    let mut rates = record_of_product_1()["rates"].clone();
    rates[0]["rate"] = "12".into();
    shop.change(made, json!({ "rates": rates })).unwrap();
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 1200);
    let mut fields = record_of_product_1()["key_fields"].clone();
    fields[0]["value"] = id(2).to_string().into();
    let refused = shop.change(made, json!({ "key_fields": fields })).unwrap_err();
    assert_eq!(refused.fields[0].path, "key_fields");
}

#[test]
fn a_price_put_later_delimits_the_one_before() {
    let shop = shop();
    shop.put("PR00", "A304", key(1, 7), rate("10"));
    let summer =
        Validity::new(parse_date("2026-06-01").unwrap(), parse_date("2026-08-31").unwrap());
    let offer = ConditionRate { valid: summer.unwrap(), ..rate("8") };
    shop.put("PR00", "A304", key(1, 7), offer);
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 800);
    let lookup = format!("PR00|A304|1000|10|{}", id(1));
    let found =
        shop.database.read(&shop.actor, move |tx| tx.lookup::<ConditionRecord>("lookup", &lookup));
    let record = shop.load(found.unwrap().unwrap().id());
    let amounts: Vec<String> =
        record.rates.iter().map(|rate| rate.rate.normalize().to_string()).collect();
    assert_eq!(amounts, ["10", "8", "10"]);
}

#[test]
fn a_first_own_price_is_seen_although_there_was_none_before() {
    let shop = shop();
    shop.put("PR00", "A304", key(1, 7), rate("10"));
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 1000);
    shop.put("PR00", "A305", key(2, 7), rate("5"));
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 1000);
    shop.put("PR00", "A305", key(1, 7), rate("6"));
    assert_eq!(shop.net(7, vec![item(10, 1, 1)]), 600);
    assert_eq!(shop.net(8, vec![item(10, 1, 1)]), 1000);
}

#[test]
fn an_explanation_tells_each_access_and_is_the_same_computation() {
    let shop = shop();
    shop.put("PR00", "A304", key(1, 7), rate("10"));
    let tax = Percentage::new(parse_decimal("19").unwrap()).unwrap();
    let tax = ConditionRate::tax(Validity::always(), tax, code("AS"));
    shop.put("MWST", "A002", key(1, 7), tax);
    let old = Validity::new(parse_date("2020-01-01").unwrap(), parse_date("2020-12-31").unwrap());
    shop.put("PR00", "A305", key(1, 7), ConditionRate { valid: old.unwrap(), ..rate("1") });
    let (header, items) = (header(7), [item(10, 1, 3)]);
    let (explained, priced) = shop
        .database
        .read(&shop.actor, |tx| {
            let settings = settings(tx)?;
            let explained = explain(tx, settings, &header, &items, &mut no_exchange)?;
            let priced = price(tx, settings, &header, &items, &mut no_exchange)?;
            Ok::<_, PricingError>((explained, priced))
        })
        .unwrap();
    assert_eq!(explained.priced, priced);
    let json = explained.to_json(Language::EN).unwrap();
    let line = &json["lines"][0];
    let outcomes: Vec<&str> = line["accesses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        ["the record has no rate on the pricing date", "there is no record", "a record was found"]
    );
    let wanted = format!("PR00|A306|1000|10|R1|EUR|{}", id(1));
    assert_eq!(line["accesses"][1]["key"], Value::from(wanted));
    assert_eq!(line["conditions"][0]["value"]["amount"], "30.00");
    let by_hand = json["lines"].as_array().unwrap().iter().find(|l| l["condition_type"] == "RA00");
    assert_eq!(by_hand.unwrap()["remark"], "it is only entered by hand, and was not");
}

/// Not a measurement of the product, only a tripwire: this is unoptimised code, maybe on a busy
/// machine.
#[test]
fn pricing_five_items_stays_fast() {
    let shop = shop();
    for product in 1..=50 {
        shop.put("PR00", "A304", key(product, 7), rate("10"));
    }
    let percentage = |text| {
        let rate = Percentage::new(parse_decimal(text).unwrap()).unwrap();
        ConditionRate::percentage(Validity::always(), rate)
    };
    shop.put("K007", "A307", key(1, 7), percentage("5"));
    shop.put("K004", "A304", key(1, 7), percentage("2"));
    let tax = ConditionRate { tax_code: Some(code("AS")), ..percentage("19") };
    shop.put("MWST", "A002", key(1, 7), tax);
    let header = header(7);
    let elapsed = shop.database.command(&shop.actor, move |tx| {
        let settings = settings(tx)?;
        let items: Vec<PricingItem> = (1..=5).map(|n| item(n * 10, n, 3)).collect();
        for _ in 0..20 {
            price(tx, settings, &header, &items, &mut no_exchange)?;
        }
        let start = Stopwatch::now();
        for _ in 0..200 {
            let priced = price(tx, settings, &header, &items, &mut no_exchange)?;
            assert_eq!(priced.conditions.len(), 16);
        }
        Ok::<_, PricingError>(start.elapsed() / 200)
    });
    let elapsed = elapsed.unwrap();
    println!("{elapsed:?} per document of five items");
    assert!(elapsed.as_millis() < 10, "{elapsed:?}");
}

#[test]
fn explaining_a_document_takes_time_in_proportion_to_its_items() {
    let shop = shop();
    shop.create(record_of_product_1()).unwrap();
    let header = header(7);
    let took = |count: u32| {
        let header = header.clone();
        let elapsed = shop.database.command(&shop.actor, move |tx| {
            let settings = settings(tx)?;
            let items: Vec<PricingItem> = (1..=count).map(|n| item(n, 1, 3)).collect();
            let stored = price(tx, settings, &header, &items, &mut no_exchange)?.conditions;
            let start = Stopwatch::now();
            let document = (&header, &items[..]);
            let explained = explain_stored(tx, settings, document, &stored, &mut no_exchange)?;
            assert_eq!(explained.lines.len() % count as usize, 0);
            Ok::<_, PricingError>(start.elapsed())
        });
        elapsed.unwrap()
    };
    took(200);
    let (few, many) = (took(200), took(4_000));
    // Twenty times as many items: far from the 400 times of a search of all for each.
    assert!(many < few * 80, "{few:?} for 200 items, {many:?} for 4,000");
}
