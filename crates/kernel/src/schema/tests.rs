use serde_json::json;

use super::*;
use crate::Record;
use crate::sample::{EveryType, Loan, Specimen};
use crate::{Composite, Object};

#[test]
fn a_form_is_an_object_with_flattened_fields_lists_and_optional_parts() {
    assert_eq!(
        composite(Loan::composite(), true),
        json!({
            "type": "object",
            "description": "Lends specimens.",
            "properties": {
                "until": {
                    "type": "string", "format": "date", "title": "Until", "description": "Last day.",
                },
                "purpose": {
                    "type": ["string", "null"], "maxLength": 255, "title": "Purpose",
                    "description": "Purpose.",
                },
                "items": {
                    "type": "array",
                    "description": "Items.",
                    "items": {
                        "type": "object",
                        "description": "Items.",
                        "properties": {
                            "number": {
                                "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32,
                                "title": "Number", "description": "Number in the collection.",
                            },
                            "insured": {
                                "type": "boolean", "title": "Insured", "description": "Insured.",
                            },
                        },
                        "required": ["number"],
                        "additionalProperties": false,
                    },
                },
                "courier": {
                    "oneOf": [
                        {
                            "type": "object",
                            "description": "Courier.",
                            "properties": {
                                "name": {
                                    "type": "string", "maxLength": 255, "title": "Name",
                                    "description": "Name.",
                                },
                            },
                            "required": ["name"],
                            "additionalProperties": false,
                        },
                        { "type": "null" },
                    ],
                },
            },
            "required": ["until"],
            "additionalProperties": false,
        })
    );
}

#[test]
fn input_has_no_read_only_fields_and_does_not_demand_what_has_a_default() {
    let general = |input| composite(Specimen::composite(), input)["properties"]["general"].clone();
    assert_eq!(general(true)["required"], json!(["name"]));
    assert_eq!(general(true)["properties"]["lent"], Value::Null);
    assert_eq!(general(false)["required"], json!(["name", "pieces", "lent"]));
    assert_eq!(general(false)["properties"]["lent"]["readOnly"], json!(true));
    assert_eq!(
        general(true)["properties"]["name"]["description"],
        json!("Name in lists.\nPrinted on the label.")
    );
    assert_eq!(
        general(true)["properties"]["pieces"]["description"],
        json!("Pieces. More than zero.")
    );
}

#[test]
fn each_field_type_has_its_schema() {
    let schema = record(EveryType::FIELDS, true);
    assert_eq!(schema["required"], json!([]));
    let of = |name: &str| {
        let mut schema = schema["properties"][name].clone();
        let members = schema.as_object_mut().unwrap();
        members.shift_remove("title");
        members.shift_remove("description");
        schema
    };
    let decimal = r"^-?[0-9]{1,13}(\.[0-9]{1,6})?$";
    assert_eq!(
        of("code"),
        json!({
            "type": ["string", "null"], "pattern": "^[A-Za-z0-9_.-]{1,16}$", "x-catalogue": "colour",
        })
    );
    assert_eq!(
        of("choice"),
        json!({ "type": ["string", "null"], "enum": ["raw", "painted_over", null] })
    );
    assert_eq!(of("truth"), json!({ "type": ["boolean", "null"] }));
    assert_eq!(of("decimal"), json!({ "type": ["string", "number", "null"], "pattern": decimal }));
    assert_eq!(of("percentage"), of("decimal"));
    assert_eq!(
        of("money"),
        json!({
            "type": ["object", "null"],
            "properties": {
                "amount": { "type": ["string", "number"], "pattern": decimal },
                "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
            },
            "required": ["amount", "currency"],
            "additionalProperties": false,
        })
    );
    assert_eq!(of("quantity")["required"], json!(["value", "unit"]));
    assert_eq!(of("day"), json!({ "type": ["string", "null"], "format": "date" }));
    assert_eq!(of("moment"), json!({ "type": ["string", "null"], "format": "date-time" }));
    assert_eq!(of("valid")["required"], json!(["from", "to"]));
    assert_eq!(
        of("cabinet"),
        json!({ "type": ["string", "null"], "format": "uuid", "x-object": "cabinet" })
    );
}

#[test]
fn a_stored_object_has_its_head_beside_its_segments() {
    let schema = object(Specimen::def());
    assert_eq!(schema["properties"]["type"], json!({ "const": "specimen" }));
    assert_eq!(schema["properties"]["version"], json!({ "type": "integer" }));
    assert_eq!(schema["properties"]["prices"]["type"], json!("array"));
    assert_eq!(schema["required"], json!(["general"]));
}

#[test]
fn a_row_of_a_list_is_the_head_with_its_list_fields() {
    let schema = head_row(Specimen::def());
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["id", "number", "version", "created_at", "created_by", "changed_at", "changed_by", "name"]
    );
    assert_eq!(schema["properties"]["name"]["maxLength"], json!(12));
}
