use serde_json::json;

use super::*;
use crate::json::parse;
use crate::sample::Specimen;

fn specimen() -> Specimen {
    let mut specimen: Specimen = parse(&json!({
        "general": {
            "name": "Bone", "pieces": 2, "value": { "amount": "10.00", "currency": "EUR" },
        },
        "storage": { "shelf": "A1", "finish": "painted_over" },
        "labels": [
            { "language": "en", "number": 1, "text": "Bone" },
            { "language": "de", "number": 1, "text": "Knochen" },
        ],
        "prices": [{
            "currency": "EUR", "price": "9.5", "valid": { "from": "2024-01-01", "to": "2024-12-31" },
        }],
    }))
    .unwrap();
    specimen.general.lent = 5;
    specimen.labels[0].printed = 40;
    if let Some(storage) = &mut specimen.storage {
        storage.checked_by = Some("ada".into());
    }
    specimen
}

/// Lays over the specimen with the head of a stored object.
fn patch(value: &Specimen, body: &Value) -> Result<Specimen, Fault> {
    let head = json!({ "number": "S1", "version": 3 });
    lay(value, head.as_object().unwrap(), body)
}

fn refused(body: &Value) -> Vec<(String, String)> {
    match patch(&specimen(), body) {
        Err(Fault::Invalid(problems)) => {
            problems.into_iter().map(|p| (p.path, p.message)).collect()
        }
        other => panic!("{body} gives {other:?}"),
    }
}

#[test]
fn fields_given_change_and_the_others_stay() {
    let patched = patch(&specimen(), &json!({ "general": { "pieces": 3 } })).unwrap();
    let mut expected = specimen();
    expected.general.pieces = 3;
    assert_eq!(patched, expected);
}

#[test]
fn null_clears_a_field_and_an_optional_segment() {
    let body = json!({ "general": { "value": null }, "storage": null });
    let patched = patch(&specimen(), &body).unwrap();
    assert_eq!((patched.general.value, patched.storage), (None, None));
    assert_eq!(
        refused(&json!({ "general": { "name": null } })),
        [("general.name".to_string(), "is missing".to_string())]
    );
    assert_eq!(
        refused(&json!({ "labels": null })),
        [("labels".to_string(), "must be an array of objects".to_string())]
    );
    assert_eq!(
        refused(&json!({ "general": null })),
        [("general".to_string(), "must be a JSON object".to_string())]
    );
}

#[test]
fn an_amount_is_replaced_as_a_whole() {
    assert_eq!(
        refused(&json!({ "general": { "value": { "amount": "11.00" } } })),
        [(
            "general.value".to_string(),
            "must be an object with exactly `amount` and `currency`".to_string()
        )]
    );
}

#[test]
fn an_array_replaces_the_records_of_its_segment() {
    let body = json!({ "labels": [{ "language": "fr", "number": 1, "text": "Os" }] });
    let patched = patch(&specimen(), &body).unwrap();
    assert_eq!(patched.labels.len(), 1);
    assert_eq!((patched.labels[0].text.as_str(), patched.labels[0].printed), ("Os", 0));
    assert_eq!(patched.prices, specimen().prices);
    assert!(patch(&specimen(), &json!({ "prices": [] })).unwrap().prices.is_empty());
}

#[test]
fn a_segment_that_was_absent_comes_into_being() {
    let mut without = specimen();
    without.storage = None;
    let patched = patch(&without, &json!({ "storage": { "shelf": "B2" } })).unwrap();
    assert_eq!(patched.storage.map(|storage| storage.shelf.to_string()).as_deref(), Some("B2"));
    assert!(patch(&without, &json!({ "storage": {} })).is_err());
}

#[test]
fn the_head_may_be_sent_back_as_it_was_read() {
    let body = json!({ "number": "S1", "version": 3, "general": { "pieces": 3 } });
    assert_eq!(patch(&specimen(), &body).unwrap().general.pieces, 3);
    let body = json!({ "number": "S2" });
    let why = "is set by the program and can't be given".to_string();
    assert_eq!(refused(&body), [("number".to_string(), why)]);
}

#[test]
fn unknown_parts_and_fields_are_named() {
    let known = "is not known here; allowed are: general, storage, labels, prices";
    assert_eq!(refused(&json!({ "label": [] })), [("label".to_string(), known.to_string())]);
    let found = refused(&json!({ "general": { "nmae": "x" } }));
    assert_eq!(found[0].0, "general.nmae");
    assert!(matches!(patch(&specimen(), &json!([])), Err(Fault::Invalid(_))));
}

#[test]
fn what_the_program_sets_may_be_sent_back_but_not_changed() {
    let message = READ_ONLY.to_string();
    let whole = composite_to_json(&specimen()).unwrap();
    assert_eq!(patch(&specimen(), &Value::Object(whole)).unwrap(), specimen());
    for (body, path) in [
        (json!({ "general": { "lent": 6 } }), "general.lent"),
        (json!({ "general": { "lent": null } }), "general.lent"),
        (json!({ "storage": { "checked_by": "eve" } }), "storage.checked_by"),
    ] {
        assert_eq!(refused(&body), [(path.to_string(), message.clone())]);
    }
}

#[test]
fn what_the_program_sets_stays_in_the_records_of_a_list() {
    let label = |text: &str| json!({ "language": "en", "number": 1, "text": text });
    let patched = patch(&specimen(), &json!({ "labels": [label("A bone")] })).unwrap();
    assert_eq!((patched.labels[0].text.as_str(), patched.labels[0].printed), ("A bone", 40));

    let mut forged = label("Bone");
    forged["printed"] = 0.into();
    let mut new = label("Bone");
    (new["number"], new["printed"]) = (2.into(), 40.into());
    assert_eq!(
        refused(&json!({ "labels": [forged, new] })),
        [
            ("labels[0].printed".to_string(), READ_ONLY.to_string()),
            ("labels[1].printed".to_string(), READ_ONLY.to_string()),
        ]
    );
}

#[test]
fn what_the_program_sets_can_not_come_with_a_new_segment() {
    let mut without = specimen();
    without.storage = None;
    let body = json!({ "storage": { "shelf": "B2", "checked_by": "eve" } });
    let Err(Fault::Invalid(problems)) = patch(&without, &body) else { panic!("accepted") };
    assert_eq!(problems, [FieldProblem::new("storage.checked_by", READ_ONLY)]);
}
