//! Business partners in a database.

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Code, Database, Environment, FixedClock, Instant, NumberRange, Numbering,
    ObjectId, Problem, RandomIds, Ref, Registry, Settings, Source, parse_date,
};
use tessera_partner::{BusinessPartner, PartnerFunctions};
use tessera_store_sqlite::{Options, SqliteStore};

fn database(folder: &tempfile::TempDir) -> Database {
    let mut problems = Diagnostics::default();
    let configs = [tessera_organisation::CONFIG, tessera_partner::CONFIG];
    let customizing = Customizing::load(&configs, None, &mut problems);
    let mut settings = Settings::default();
    settings.insert(tessera_organisation::settings(&customizing, &mut problems));
    settings.insert(tessera_partner::settings(&customizing, &mut problems));
    assert_eq!(problems, Diagnostics::default());
    let options = Options { create: true, ..Options::default() };
    let store = SqliteStore::open(&folder.path().join("test.db"), options).unwrap();
    let numbers = NumberRange {
        name: "business_partner".into(),
        prefix: String::new(),
        from: 100_000,
        to: 999_999,
        width: 6,
        block: 100,
    };
    let environment = Environment {
        registry: Registry::new(vec![tessera_organisation::module(), tessera_partner::module()]),
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
    let entry = *database.environment().registry.object("business_partner").unwrap();
    database.command(&actor(), move |tx| (entry.create.unwrap())(tx, &body))
}

fn load(database: &Database, id: ObjectId) -> BusinessPartner {
    let loaded: Result<_, Problem> =
        database.read(&actor(), |tx| Ok(tx.load(Ref::<BusinessPartner>::new(id))?));
    loaded.unwrap().value
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn customer() -> Value {
    json!({
        "general": {
            "category": "organisation", "name": "Becker GmbH", "language": "de",
            "country": "DE", "tax_classification": "full",
        },
        "roles": [{ "role": "customer" }],
        "addresses": [
            { "kind": "delivery", "street": "Am Kai 3", "city": "Hamburg", "country": "DE" },
            { "kind": "main", "street": "Ring 1", "city": "Berlin", "country": "DE" },
        ],
        "contact_points": [{ "kind": "email", "number": 1, "value": "info@becker.example" }],
        "banks": [{ "number": 1, "country": "DE", "iban": "DE89370400440532013000" }],
        "tax_numbers": [{ "kind": "VAT", "number": "DE123456789" }],
        "sales_areas": [terms("2020-01-01", "N30")],
        "credit": [{
            "credit_control_area": "1000", "risk_category": "LOW",
            "limit": { "amount": "5000.00", "currency": "EUR" },
        }],
    })
}

fn terms(from: &str, payment_terms: &str) -> Value {
    json!({
        "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
        "valid": { "from": from, "to": "9999-12-31" }, "currency": "EUR",
        "payment_terms": payment_terms, "shipping_condition": "STANDARD",
        "account_assignment_group": "01",
    })
}

/// The paths found wrong when the customer is made with one part replaced.
fn refused(database: &Database, part: &str, value: Value) -> Vec<String> {
    let mut body = customer();
    body[part] = value;
    let problem = create(database, &body).unwrap_err();
    problem.fields.into_iter().map(|field| field.path).collect()
}

#[test]
fn a_partner_keeps_every_segment_and_answers_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &customer()).unwrap();
    let partner = load(&database, id);
    assert_eq!(partner.address().unwrap().city.as_deref(), Some("Berlin"));
    assert_eq!(partner.address_of_kind(code("delivery")).unwrap().city.as_deref(), Some("Hamburg"));
    assert_eq!(partner.credit(code("1000")).unwrap().limit.unwrap().minor(), 500_000);
    assert_eq!(partner.tax_classification(), code("full"));
    assert!(partner.has_role(code("customer")) && partner.company(code("1000")).is_none());
    let area = |day| {
        let day = parse_date(day).unwrap();
        partner.sales_area_on(code("1000"), code("10"), code("00"), day)
    };
    assert_eq!(area("2020-01-01").unwrap().delivery_priority, 2);
    assert!(area("2020-01-01").unwrap().order_combination);
    assert_eq!(area("2019-12-31"), None);
}

#[test]
fn whoever_has_no_default_partner_takes_every_part_itself() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let payer = create(&database, &customer()).unwrap();
    let mut body = customer();
    let default = |number: u32, function: &str, partner: ObjectId| {
        json!({
            "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
            "function": function, "number": number, "partner": partner.to_string(),
        })
    };
    body["function_defaults"] = json!([default(1, "PY", payer)]);
    let id = create(&database, &body).unwrap();
    let partner = load(&database, id);
    let own = Ref::new(id);
    let functions = partner.partners_for(code("1000"), code("10"), code("00"), own);
    let expected = PartnerFunctions { payer: Ref::new(payer), ..PartnerFunctions::all(own) };
    assert_eq!(functions, expected);
    let elsewhere = partner.partners_for(code("1000"), code("20"), code("00"), own);
    assert_eq!(elsewhere, PartnerFunctions::all(own));

    let sold_to = json!([default(1, "SP", payer)]);
    assert_eq!(refused(&database, "function_defaults", sold_to), ["function_defaults[0].function"]);
    let nobody = json!([default(1, "PY", ObjectId(Default::default()))]);
    assert_eq!(refused(&database, "function_defaults", nobody), ["function_defaults[0].partner"]);
}

#[test]
fn new_terms_of_selling_end_the_ones_before() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let id = create(&database, &customer()).unwrap();
    let registry = &database.environment().registry;
    let action = *registry.action("business_partner", "put_sales_area").unwrap();
    let body = terms("2024-06-01", "N14");
    let answer: Result<Value, Problem> =
        database.command(&actor(), move |tx| (action.run)(tx, id, &body));
    assert_eq!(answer.unwrap()["sales_areas"][0]["valid"]["to"], "2024-05-31");
    let partner = load(&database, id);
    let day = parse_date("2024-06-01").unwrap();
    let area = partner.sales_area_on(code("1000"), code("10"), code("00"), day);
    assert_eq!(area.unwrap().payment_terms, code("N14"));
}

#[test]
fn contradictions_are_refused_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder);
    let mut general = customer()["general"].clone();
    general["name"] = json!("  ");
    general["language"] = json!("yo");
    assert_eq!(refused(&database, "general", general), ["general.name", "general.language"]);
    let overlapping = json!([terms("2020-01-01", "N30"), terms("2024-01-01", "N14")]);
    assert_eq!(refused(&database, "sales_areas", overlapping), ["sales_areas"]);
    let mut nowhere = terms("2020-01-01", "N30");
    nowhere["delivering_plant"] = json!("1100");
    let paths = refused(&database, "sales_areas", json!([nowhere]));
    assert_eq!(paths, ["sales_areas[0].delivering_plant"]);
    let paths = refused(&database, "sales_areas", json!([terms("2020-01-01", "N99")]));
    assert_eq!(paths, ["sales_areas[0].payment_terms"]);
    let main = json!({ "kind": "main", "country": "DE" });
    assert_eq!(refused(&database, "addresses", json!([main, main])), ["addresses[1]"]);
    let bank = json!([{ "number": 1, "country": "DE", "iban": "DE89370400440532013001" }]);
    assert_eq!(refused(&database, "banks", bank), ["banks[0].iban"]);
    assert_eq!(
        refused(&database, "banks", json!([{ "number": 1, "country": "DE" }])),
        ["banks[0]"]
    );
    let mail = json!([{ "kind": "email", "number": 1, "value": "nobody" }]);
    assert_eq!(refused(&database, "contact_points", mail), ["contact_points[0].value"]);
    let tax = json!([{ "kind": "VAT", "number": "123" }]);
    assert_eq!(refused(&database, "tax_numbers", tax), ["tax_numbers[0].number"]);
    let pounds = json!({ "amount": "1", "currency": "GBP" });
    let credit =
        json!([{ "credit_control_area": "1000", "risk_category": "LOW", "limit": pounds }]);
    assert_eq!(refused(&database, "credit", credit), ["credit[0].limit"]);
}
