//! Bad input for every object and verb of the registry: whatever is added is covered at once.

use axum::http::Method;
use serde_json::{Map, Value, json};
use tessera_kernel::{
    ActionTarget, CompositeDef, FieldDef, FieldType, Multiplicity, Part, Registry, Sign,
};

use crate::support::{Answer, Server};

/// A place that takes input.
struct Place {
    path: String,
    input: &'static CompositeDef,
}

const NOBODY: &str = "0199f3c2-0000-7000-8000-000000000000";

fn places(registry: &Registry) -> Vec<Place> {
    let mut places = Vec::new();
    for entry in registry.objects().filter(|entry| entry.create.is_some()) {
        let def = (entry.def)();
        let input = entry.create_input.map_or(def.composite, |input| input());
        places.push(Place { path: format!("/api/v1/{}", def.name), input });
    }
    for action in registry.actions() {
        let path = match action.target {
            ActionTarget::Collection => format!("/api/v1/{}/{}", action.object, action.name),
            ActionTarget::Object => format!("/api/v1/{}/{NOBODY}/{}", action.object, action.name),
        };
        places.push(Place { path, input: (action.input)() });
    }
    places
}

/// The body with one field set, and the path by which a finding names it.
fn body_with(part: &Part, field: &str, value: Value) -> (Value, String) {
    let record = Value::Object(Map::from_iter([(field.to_string(), value)]));
    match part.multiplicity {
        _ if part.flatten => (record, field.to_string()),
        Multiplicity::Many => (json!({ part.name: [record] }), format!("{}[0].{field}", part.name)),
        _ => (json!({ part.name: record }), format!("{}.{field}", part.name)),
    }
}

/// Values that a field of this kind must refuse.
fn wrong_values(field: &FieldDef) -> Vec<Value> {
    let long = "9".repeat(2_000);
    let mut values = vec![json!([]), json!({ "surprise": true }), json!(long.as_str())];
    match field.kind {
        FieldType::Text { max } => {
            values = vec![json!([]), json!({}), json!(7), json!(true), json!("a\u{0}b")];
            values.push(json!("x".repeat(max as usize + 1)));
            values.extend([json!("a\u{200B}b"), json!("a\u{202E}b")]);
            if !field.multiline {
                values.extend([json!("a\nb"), json!("a\tb")]);
            }
        }
        FieldType::LocalizedText => values = vec![json!([]), json!(7), json!({ "en": 7 })],
        FieldType::Bool => values.extend([json!("true"), json!(1)]),
        FieldType::Int { .. } => {
            values.extend([json!("7"), json!(1.5), json!(1e30), json!(i64::MAX), json!(true)]);
        }
        FieldType::Decimal | FieldType::Percentage => {
            values.extend([json!("1.2.3"), json!("NaN"), json!("1e400"), json!(true)]);
            values.push(json!("0.12345678"));
        }
        FieldType::Money => values.extend([
            json!({ "amount": "1", "currency": "???" }),
            json!({ "amount": "1" }),
            json!({ "amount": "1.23456", "currency": "EUR" }),
            json!({ "amount": "99999999999999999999999", "currency": "EUR" }),
            json!("12 EUR"),
        ]),
        FieldType::Quantity => values.extend([
            json!({ "value": "1", "unit": "" }),
            json!({ "value": "x", "unit": "PCE" }),
            json!({ "value": "1", "unit": "PCE", "more": 1 }),
            json!(5),
        ]),
        FieldType::Validity => values.extend([
            json!({ "from": "2026-02-30", "to": "2026-03-01" }),
            json!({ "from": "2026-03-02", "to": "2026-03-01" }),
            json!({ "from": "2026-03-02" }),
        ]),
        FieldType::Date => {
            values.extend([json!("2026-02-30"), json!("yesterday"), json!(20_260_101)]);
        }
        FieldType::Choice(_) | FieldType::Code { .. } | FieldType::Unit | FieldType::Currency => {
            values.extend([json!("no such value!"), json!(7), json!("")]);
        }
        _ => values.extend([json!("nonsense"), json!(7)]),
    }
    values
}

/// Negative (and zero) values, where they are refused.
fn wrong_signs(field: &FieldDef) -> Vec<Value> {
    let numbers: &[&str] = match field.sign {
        Sign::Any => &[],
        Sign::NotNegative => &["-1"],
        Sign::Positive => &["-1", "0"],
    };
    let value = |number: &&str| match field.kind {
        FieldType::Int { .. } => json!(number.parse::<i64>().unwrap()),
        FieldType::Money => json!({ "amount": number, "currency": "EUR" }),
        FieldType::Quantity => json!({ "value": number, "unit": "PCE" }),
        _ => json!(number),
    };
    numbers.iter().map(value).collect()
}

fn check(answer: &Answer, what: &str, path: &str) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let found = answer.paths();
    assert!(found.iter().any(|known| known == path), "{what}: {path} is not in {}", answer.text);
}

#[tokio::test]
async fn every_field_of_every_call_refuses_what_it_can_not_hold_and_is_named() {
    let server = Server::start();
    let registry = &server.installation.db().environment().registry;
    let mut tried = 0;
    for place in places(registry) {
        for part in &place.input.parts {
            for field in part.fields {
                for value in wrong_values(field).into_iter().chain(wrong_signs(field)) {
                    let (body, path) = body_with(part, field.name, value);
                    let answer = server.post(&place.path, &body).await;
                    check(&answer, &format!("POST {} {body}", place.path), &path);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "only {tried} bad inputs were tried");
}

#[tokio::test]
async fn every_call_names_what_is_missing_and_what_it_does_not_know() {
    let server = Server::start();
    let registry = &server.installation.db().environment().registry;
    for place in places(registry) {
        let unknown = server.post(&place.path, &json!({ "surprise": 1 })).await;
        check(&unknown, &format!("POST {} with an unknown member", place.path), "surprise");
        for part in &place.input.parts {
            let path = if part.flatten { "surprise".to_string() } else { part.name.to_string() };
            if !part.flatten {
                let answer = server.post(&place.path, &json!({ part.name: 7 })).await;
                check(&answer, &format!("POST {}", place.path), &path);
            }
            let (body, path) = body_with(part, "surprise", json!(1));
            let answer = server.post(&place.path, &body).await;
            check(&answer, &format!("POST {} {body}", place.path), &path);
            missing(&server, &place, part).await;
        }
    }
}

async fn missing(server: &Server, place: &Place, part: &Part) {
    let needs = |field: &&FieldDef| field.required && field.default.is_none() && !field.read_only;
    for field in part.fields.iter().filter(needs) {
        let (body, path) = body_with(part, field.name, Value::Null);
        let answer = server.post(&place.path, &body).await;
        check(&answer, &format!("POST {} {body}", place.path), &path);
    }
    for field in part.fields.iter().filter(|field| field.read_only) {
        let (body, path) = body_with(part, field.name, json!("2026-01-01"));
        let answer = server.post(&place.path, &body).await;
        check(&answer, &format!("POST {} {body}", place.path), &path);
    }
}

#[tokio::test]
async fn every_verb_on_an_object_that_is_not_there_is_a_4xx() {
    let server = Server::start();
    let registry = &server.installation.db().environment().registry;
    for action in registry.actions().filter(|action| action.target == ActionTarget::Object) {
        let path = format!("/api/v1/{}/{NOBODY}/{}", action.object, action.name);
        let answer = server.call(Method::POST, &path, &[], "").await;
        assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.text);
    }
}
