//! Exchange rates in a database.

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Currency, Database, Environment, FixedClock, Instant, Money, Numbering, ObjectId,
    Problem, RandomIds, Registry, Rounding, Settings, Source, parse_date,
};
use tessera_organisation::{CONFIG, OrganisationError, exchange, module, settings};
use tessera_store_sqlite::{Options, SqliteStore};

fn database(folder: &tempfile::TempDir) -> Database {
    let mut problems = Diagnostics::default();
    let customizing = Customizing::load(&[CONFIG], None, &mut problems);
    let mut all = Settings::default();
    all.insert(settings(&customizing, &mut problems));
    assert_eq!(problems, Diagnostics::default());
    let options = Options { create: true, ..Options::default() };
    let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
    let environment = Environment {
        registry: Registry::new(vec![module()]),
        clock: Arc::new(FixedClock::at(Instant::parse("2024-05-01T10:00:00Z").unwrap())),
        ids: Arc::new(RandomIds::seeded(1)),
        homes: tessera_kernel::Homes::default(),
        settings: all,
        catalogues: customizing.codes(),
        numbering: Numbering::default(),
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
    let create = *database.environment().registry.object("exchange_rate").unwrap();
    database.command(&actor(), move |tx| (create.create.unwrap())(tx, &body))
}

fn put_rate(database: &Database, id: ObjectId, body: &Value) -> Result<Value, Problem> {
    let body = body.clone();
    let action = *database.environment().registry.action("exchange_rate", "put_rate").unwrap();
    database.command(&actor(), move |tx| (action.run)(tx, id, &body))
}

fn cents(
    database: &Database,
    minor: i64,
    (from, to): (Currency, Currency),
    on: &str,
) -> Result<i64, OrganisationError> {
    let on = parse_date(on).unwrap();
    let amount = Money::from_minor(minor, from);
    database
        .command(&actor(), move |tx| exchange(tx, amount, to, on, Rounding::HalfUp))
        .map(|money| money.minor())
}

fn euro_dollar() -> Value {
    json!({
        "pair": { "from_currency": "EUR", "to_currency": "USD" },
        "rates": [{ "valid": { "from": "2024-01-01", "to": "9999-12-31" }, "rate": "1.25" }],
    })
}

const EUR: Currency = Currency::EUR;
const USD: Currency = Currency::USD;

#[test]
fn a_rate_serves_both_directions_and_is_named_where_it_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    assert_eq!(cents(&database, 123, (EUR, EUR), "2024-05-01").unwrap(), 123);
    let message = cents(&database, 1, (EUR, USD), "2024-05-01").unwrap_err().to_string();
    assert!(message.contains("EUR/USD") && message.contains("2024-05-01"), "{message}");

    create(&database, &euro_dollar()).unwrap();
    assert_eq!(cents(&database, 1000, (EUR, USD), "2024-05-01").unwrap(), 1250);
    assert_eq!(cents(&database, 1000, (USD, EUR), "2024-05-01").unwrap(), 800);
    assert!(cents(&database, 1000, (EUR, USD), "2023-12-31").is_err());
}

#[test]
fn a_new_rate_ends_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &euro_dollar()).unwrap();
    let valid = json!({ "from": "2024-06-01", "to": "9999-12-31" });
    let answer = put_rate(&database, id, &json!({ "valid": valid, "rate": "1.5" })).unwrap();
    assert_eq!(answer["rates"][0]["valid"]["to"], "2024-05-31");
    assert_eq!(cents(&database, 1000, (EUR, USD), "2024-05-31").unwrap(), 1250);
    assert_eq!(cents(&database, 1000, (EUR, USD), "2024-06-01").unwrap(), 1500);
    let refused = put_rate(&database, id, &json!({ "valid": valid, "rate": "0" })).unwrap_err();
    assert_eq!(refused.fields[0].path, "rate");
}

#[test]
fn a_pair_is_entered_once_and_stays_what_its_number_says() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &euro_dollar()).unwrap();
    assert_eq!(create(&database, &euro_dollar()).unwrap_err().code, "duplicate");
    let entry = *database.environment().registry.object("exchange_rate").unwrap();
    let change = json!({ "pair": { "to_currency": "GBP" } });
    let refused = database
        .command(&actor(), move |tx| (entry.change.unwrap())(tx, id, None, &change))
        .unwrap_err();
    assert_eq!(refused.fields[0].path, "pair");
    let same = json!({ "pair": { "from_currency": "EUR", "to_currency": "EUR" } });
    assert_eq!(create(&database, &same).unwrap_err().fields[0].path, "pair.to_currency");
}
