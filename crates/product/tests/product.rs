//! Products in a database.

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Code, Database, Environment, FixedClock, Instant, Language, NumberRange,
    Numbering, ObjectId, Problem, RandomIds, Ref, Registry, Settings, Source,
};
use tessera_product::{AvailabilityCheck, Product};
use tessera_store_sqlite::{Options, SqliteStore};

fn database(folder: &tempfile::TempDir) -> Database {
    let mut problems = Diagnostics::default();
    let configs = [tessera_organisation::CONFIG, tessera_product::CONFIG];
    let customizing = Customizing::load(&configs, None, &mut problems);
    let mut settings = Settings::default();
    settings.insert(tessera_organisation::settings(&customizing, &mut problems));
    settings.insert(tessera_product::settings(&customizing, &mut problems));
    assert_eq!(problems, Diagnostics::default());
    let options = Options { create: true, ..Options::default() };
    let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
    let numbers = NumberRange {
        name: "product".into(),
        prefix: "P".into(),
        from: 1,
        to: 999_999,
        width: 6,
        block: 100,
    };
    let environment = Environment {
        registry: Registry::new(vec![tessera_organisation::module(), tessera_product::module()]),
        clock: Arc::new(FixedClock::at(Instant::parse("2024-05-01T10:00:00Z").unwrap())),
        ids: Arc::new(RandomIds::seeded(1)),
        homes: tessera_kernel::Homes::default(),
        settings,
        catalogues: customizing.codes(),
        numbering: Numbering::new([numbers]),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    Database::open(Arc::new(store), environment).unwrap()
}

fn actor() -> Actor {
    Actor::system(Source::System)
}

fn create(database: &Database, body: &Value) -> Result<ObjectId, Problem> {
    let body = body.clone();
    let entry = *database.environment().registry.object("product").unwrap();
    database.command(&actor(), move |tx| (entry.create.unwrap())(tx, &body))
}

fn change(database: &Database, id: ObjectId, body: &Value) -> Result<(), Problem> {
    let body = body.clone();
    let entry = *database.environment().registry.object("product").unwrap();
    database.command(&actor(), move |tx| (entry.change.unwrap())(tx, id, None, &body))
}

fn get(database: &Database, id: ObjectId) -> Value {
    let entry = *database.environment().registry.object("product").unwrap();
    database.read(&actor(), |tx| (entry.get)(tx, id)).unwrap()
}

fn screw() -> Value {
    json!({
        "general": {
            "product_type": "goods", "base_unit": "PC", "product_group": "hardware",
            "name": "Screw 4 x 40", "gtin": "4006381333931",
            "gross_weight": { "value": "4.2", "unit": "G" },
            "net_weight": { "value": "4", "unit": "G" },
        },
        "descriptions": [
            { "language": "en", "name": "Screw" }, { "language": "de", "name": "Schraube" },
        ],
        "units": [{ "unit": "BOX", "numerator": 200 }],
        "sales": [{
            "sales_organisation": "1000", "distribution_channel": "10", "sales_unit": "BOX",
            "minimum_quantity": { "value": "1", "unit": "BOX" },
            "item_category_group": "NORM", "account_assignment_group": "01",
        }],
        "taxes": [{ "country": "DE", "tax_class": "full" }],
        "plants": [{
            "plant": "1000", "availability_check": "stock", "valuation_class": "merchandise",
            "standard_price": { "amount": "3.50", "currency": "EUR" }, "price_unit": 100,
            "storage_location": "1000-0001",
        }],
    })
}

/// The paths found wrong when the screw is made with one part replaced.
fn refused(database: &Database, part: &str, value: Value) -> Vec<String> {
    let mut body = screw();
    body[part] = value;
    let problem = create(database, &body).unwrap_err();
    problem.fields.into_iter().map(|field| field.path).collect()
}

/// The first record of a part of the screw with one field replaced.
fn with(part: &str, field: &str, value: Value) -> Value {
    let mut record = screw()[part][0].clone();
    record[field] = value;
    json!([record])
}

#[test]
fn a_product_keeps_every_segment_and_answers_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &screw()).unwrap();
    let loaded: Result<_, Problem> =
        database.read(&actor(), |tx| Ok(tx.load(Ref::<Product>::new(id))?));
    let product = loaded.unwrap();
    let code = |text| Code::parse(text).unwrap();
    assert_eq!(product.number(), "P000001");
    assert_eq!(product.description(Language::DE), "Schraube");
    assert_eq!(product.sales(code("1000"), code("10")).unwrap().price_group, None);
    assert!(product.sales(code("1000"), code("20")).is_none());
    let plant = product.plant(code("1000")).unwrap();
    assert_eq!((plant.availability_check, plant.price_unit), (AvailabilityCheck::Stock, 100));
    assert_eq!(product.tax_class(code("DE")), Some(code("full")));
    assert_eq!(product.tax_class(code("FR")), None);
}

#[test]
fn a_number_from_outside_is_kept_and_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let mut body = screw();
    body["number"] = json!("85123A");
    let id = create(&database, &body).unwrap();
    assert_eq!(get(&database, id)["number"], "85123A");
    assert_eq!(create(&database, &body).unwrap_err().code, "duplicate");
}

#[test]
fn the_base_unit_never_changes() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &screw()).unwrap();
    let other = json!({ "general": { "base_unit": "KG" } });
    assert_eq!(change(&database, id, &other).unwrap_err().fields[0].path, "general.base_unit");
    change(&database, id, &json!({ "general": { "blocked": true } })).unwrap();
    let found = get(&database, id);
    assert_eq!(
        (&found["general"]["base_unit"], &found["general"]["blocked"]),
        (&json!("PC"), &json!(true))
    );
    let nothing = ObjectId(Default::default());
    assert_eq!(change(&database, nothing, &other).unwrap_err().code, "missing");
}

#[test]
fn contradictions_are_refused_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let mut general = screw()["general"].clone();
    general["name"] = json!(" ");
    general["net_weight"] = json!({ "value": "5", "unit": "G" });
    general["gtin"] = json!("123");
    let expected = ["general.name", "general.net_weight", "general.gtin"];
    assert_eq!(refused(&database, "general", general), expected);
    assert_eq!(refused(&database, "descriptions", json!([])), ["descriptions"]);
    let twice = json!([screw()["descriptions"][0], screw()["descriptions"][0]]);
    assert_eq!(refused(&database, "descriptions", twice), ["descriptions[1]"]);
    let base = json!([screw()["units"][0], { "unit": "PC", "numerator": 1 }]);
    assert_eq!(refused(&database, "units", base), ["units[1].unit"]);
    let zero = json!([{ "unit": "BOX", "numerator": 0 }]);
    assert_eq!(refused(&database, "units", zero), ["units[0].numerator"]);
    let pallet = with("sales", "sales_unit", json!("PAL"));
    assert_eq!(refused(&database, "sales", pallet), ["sales[0].sales_unit"]);
    let half = with("sales", "minimum_quantity", json!({ "value": "0.5", "unit": "BOX" }));
    assert_eq!(refused(&database, "sales", half), ["sales[0].minimum_quantity"]);
    let british = with("sales", "delivering_plant", json!("1100"));
    assert_eq!(refused(&database, "sales", british), ["sales[0].delivering_plant"]);
    let pounds = with("plants", "standard_price", json!({ "amount": "1", "currency": "GBP" }));
    assert_eq!(refused(&database, "plants", pounds), ["plants[0].standard_price"]);
    let elsewhere = with("plants", "storage_location", json!("1100-0001"));
    assert_eq!(refused(&database, "plants", elsewhere), ["plants[0].storage_location"]);
    let unknown = with("taxes", "tax_class", json!("none"));
    assert_eq!(refused(&database, "taxes", unknown), ["taxes[0].tax_class"]);
}
