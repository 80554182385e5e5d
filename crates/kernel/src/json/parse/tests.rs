use serde_json::json;

use super::*;
use crate::sample::{Courier, EveryType, Finish, General, Loan, LoanItem, Specimen};

fn problems<T>(outcome: Result<T, Fault>) -> Vec<(String, String)> {
    match outcome {
        Err(Fault::Invalid(problems)) => {
            problems.into_iter().map(|p| (p.path, p.message)).collect()
        }
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => Vec::new(),
    }
}

fn finding(path: &str, message: &str) -> Vec<(String, String)> {
    vec![(path.to_string(), message.to_string())]
}

/// What is said about one field of [`EveryType`] with this value.
fn refusal(field: &str, value: &Value) -> String {
    let mut found = problems(parse_record::<EveryType>(&json!({ field: value })));
    assert_eq!(found.len(), 1, "{field} = {value}: {found:?}");
    let (path, message) = found.remove(0);
    assert_eq!(path, field);
    message
}

const NUMBER: &str = "must be a number with at most 6 decimals, like \"12.5\"";

#[test]
fn text_has_a_length_one_line_and_nothing_that_is_not_seen() {
    for wrong in [json!(1), json!(true), json!([]), json!({})] {
        assert_eq!(refusal("text", &wrong), "must be text");
    }
    assert_eq!(refusal("text", &json!("äöüßéx")), "must have at most 5 characters");
    assert_eq!(refusal("text", &json!("a\u{7}")), "must not contain control characters");
    assert_eq!(refusal("text", &json!("a\nb")), "must be one line, without tabs");
    let hidden = "must not contain the invisible character U+202E";
    assert_eq!(refusal("text", &json!("a\u{202E}b")), hidden);
    // Joiners belong to scripts and emoji.
    let accepted: EveryType = parse_record(&json!({ "text": "äü\u{200D}ß" })).unwrap();
    assert_eq!(accepted.text.as_deref(), Some("äü\u{200D}ß"));
    let note: Note = parse_record(&json!({ "text": "äö\nüß" })).unwrap();
    assert_eq!(note.text, "äö\nüß");
}

/// A text of several lines.
#[derive(Record)]
struct Note {
    /// Text.
    #[field(max = 40, multiline)]
    text: String,
}

#[test]
fn codes_choices_and_truth_values_are_of_their_kind() {
    let rule = "a code is 1 to 16 letters, digits, `_`, `-` or `.`; `no code` is not";
    assert_eq!(refusal("code", &json!("no code")), rule);
    assert_eq!(refusal("code", &json!(1000)), "must be text");
    assert_eq!(refusal("choice", &json!("PaintedOver")), "must be one of: raw, painted_over");
    assert_eq!(refusal("truth", &json!("true")), "must be true or false");
    assert_eq!(refusal("truth", &json!(1)), "must be true or false");
    let accepted: EveryType =
        parse_record(&json!({ "choice": "painted_over", "truth": false })).unwrap();
    assert_eq!((accepted.choice, accepted.truth), (Some(Finish::PaintedOver), Some(false)));
}

#[test]
fn whole_numbers_are_whole_and_within_bounds() {
    for wrong in [json!("7"), json!(7.5), json!(1e3), json!([7])] {
        assert_eq!(refusal("whole", &wrong), "must be a whole number");
    }
    let range = "must be between -1000000000000 and 1000000000000";
    assert_eq!(refusal("whole", &json!(1_000_000_000_001_i64)), range);
    assert_eq!(refusal("count", &json!(0)), "must be more than 0");
    assert_eq!(refusal("count", &json!(-1)), "must be more than 0");
    assert_eq!(refusal("count", &json!(4_294_967_296_i64)), "must be between 0 and 4294967295");
    let beyond: Value = serde_json::from_str("99999999999999999999").unwrap();
    assert_eq!(refusal("whole", &beyond), "must be a whole number");
}

#[test]
fn decimals_are_read_digit_by_digit_from_text_or_number() {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for same in [json!("12.345678"), number("12.345678"), json!("12.345678000")] {
        let read: EveryType = parse_record(&json!({ "decimal": same })).unwrap();
        assert_eq!(read.decimal.map(decimal::format).as_deref(), Some("12.345678"));
    }
    assert_eq!(refusal("decimal", &json!("-0.000001")), "must not be negative");
    assert_eq!(refusal("decimal", &json!("0.0000001")), "at most 6 decimals are allowed");
    assert_eq!(refusal("decimal", &number("0.0000001")), NUMBER);
    assert_eq!(refusal("decimal", &json!(true)), NUMBER);
    let plain = "this is not a number; write it like 1234.5 or -0.25";
    assert_eq!(refusal("decimal", &json!("1e5")), plain);
    assert_eq!(refusal("decimal", &json!("")), plain);
    let range = "the number is too large; at most 9223372036854.775807 is allowed";
    assert_eq!(refusal("percentage", &json!("9223372036854.775808")), range);
}

#[test]
fn amounts_have_a_known_currency_and_its_decimals() {
    let pair = "must be an object with exactly `amount` and `currency`";
    for wrong in [
        json!("10.00"),
        json!({ "amount": "10.00" }),
        json!({ "amount": "10.00", "currency": "EUR", "rate": 1 }),
        json!({ "value": "10.00", "currency": "EUR" }),
    ] {
        assert_eq!(refusal("money", &wrong), pair);
    }
    let money = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
    let decimals = "an amount in EUR can have at most 2 decimals";
    assert_eq!(refusal("money", &money("1.005", "EUR")), decimals);
    assert_eq!(refusal("money", &money("0.00", "EUR")), "must be more than 0");
    let unknown = "\"XXE\" is not an active currency code of ISO 4217, such as EUR or USD";
    assert_eq!(refusal("money", &money("1.00", "XXE")), unknown);
    assert_eq!(refusal("currency", &json!("XXE")), unknown);
    let read: EveryType = parse_record(&json!({ "money": money("1200", "JPY") })).unwrap();
    assert_eq!(read.money.map(|m| m.to_string()).as_deref(), Some("1200 JPY"));
}

#[test]
fn quantities_have_a_unit() {
    let pair = "must be an object with exactly `value` and `unit`";
    assert_eq!(refusal("quantity", &json!(3)), pair);
    let unit = "\"kilo gram\" is not a unit code; use 1 to 6 capital letters or digits, such as \
                PC or KG";
    assert_eq!(refusal("quantity", &json!({ "value": 1, "unit": "kilo gram" })), unit);
    assert_eq!(refusal("unit", &json!("kilo gram")), unit);
    let negative = json!({ "value": "-1", "unit": "PC" });
    assert_eq!(refusal("quantity", &negative), "must not be negative");
}

#[test]
fn days_moments_and_periods_exist() {
    let day = "\"2023-02-29\" is not a date; write it like 2026-03-29";
    assert_eq!(refusal("day", &json!("2023-02-29")), day);
    assert_eq!(refusal("day", &json!(20_230_228)), "must be text");
    assert_eq!(
        refusal("moment", &json!("2026-03-29 01:30")),
        "\"2026-03-29 01:30\" is not a point in time; write it like 2026-03-29T01:30:00Z"
    );
    assert_eq!(
        refusal("local", &json!("2026-03-29T02:30:00")),
        "\"2026-03-29T02:30:00\" is not a local time; write it like \
         2026-03-29T02:30:00[Europe/Berlin]"
    );
    let backwards = json!({ "from": "2024-02-01", "to": "2024-01-31" });
    assert_eq!(
        refusal("valid", &backwards),
        "the period ends on 2024-01-31, before it begins on 2024-02-01"
    );
    assert_eq!(
        refusal("valid", &json!({ "from": "2024-01-01" })),
        "must be an object with exactly `from` and `to`"
    );
}

#[test]
fn days_lie_in_years_in_which_business_is_done_and_periods_may_have_no_end() {
    let bounds = "must be between 1900-01-01 and 2199-12-31";
    for wrong in ["0000-01-01", "0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"] {
        assert_eq!(refusal("day", &json!(wrong)), bounds);
        let beginning = json!({ "from": wrong, "to": "9999-12-31" });
        assert_eq!(refusal("valid", &beginning), format!("from: {bounds}"));
    }
    for right in ["1900-01-01", "2199-12-31"] {
        let given = json!({ "day": right, "valid": { "from": right, "to": "9999-12-31" } });
        assert!(parse_record::<EveryType>(&given).is_ok(), "{right}");
    }
}

#[test]
fn languages_and_references_are_named() {
    let language = "\"deutsch!\" is not a language; use a code such as en, de-CH or zh-Hans";
    assert_eq!(refusal("language", &json!("deutsch!")), language);
    assert!(!refusal("localized", &json!("hello")).is_empty());
    assert!(!refusal("localized", &json!({ "deutsch!": "hallo" })).is_empty());
    assert_eq!(refusal("cabinet", &json!("17")), "must be the id of a cabinet, a UUID");
    assert_eq!(refusal("cabinet", &json!(17)), "must be text");
}

#[test]
fn unknown_fields_are_named_with_what_is_allowed() {
    assert_eq!(
        problems(parse_record::<Courier>(&json!({ "name": "Ada", "nmae": "Ada" }))),
        finding("nmae", "is not known here; allowed are: name")
    );
    assert_eq!(
        problems(parse::<Loan>(&json!({ "until": "2024-05-01", "item": [] }))),
        finding("item", "is not known here; allowed are: until, purpose, items, courier")
    );
    assert_eq!(
        problems(parse::<Loan>(&json!({
            "until": "2024-05-01", "items": [{ "number": 1 }, { "number": 2, "insurance": true }],
        }))),
        finding("items[1].insurance", "is not known here; allowed are: number, insured")
    );
}

#[test]
fn every_finding_is_reported_at_once_in_order() {
    let body = json!({
        "general": { "name": "A name that is too long", "pieces": 0 },
        "storage": { "finish": "matte" },
        "labels": [{ "language": "en", "number": 1 }, 7],
        "prices": {},
        "colour": "red",
    });
    let paths: Vec<String> =
        problems(parse::<Specimen>(&body)).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "colour",
            "general.name",
            "general.pieces",
            "storage.shelf",
            "storage.finish",
            "labels[0].text",
            "labels[1]",
            "prices"
        ]
    );
}

#[test]
fn a_body_is_an_object_and_a_list_is_an_array_of_objects() {
    for wrong in [json!([]), json!("x"), json!(null), json!(1)] {
        assert_eq!(problems(parse::<Loan>(&wrong)), finding("", "must be a JSON object"));
        assert_eq!(problems(parse_record::<Courier>(&wrong)), finding("", "must be a JSON object"));
    }
    let body = |items: Value| json!({ "until": "2024-05-01", "items": items });
    for wrong in [json!({}), json!("x"), json!(null)] {
        assert_eq!(
            problems(parse::<Loan>(&body(wrong))),
            finding("items", "must be an array of objects")
        );
    }
    let many = vec![json!({ "number": 1 }); MAX_RECORDS + 1];
    assert_eq!(
        problems(parse::<Loan>(&body(many.into()))),
        finding("items", "has more than 2,000 records")
    );
}

#[test]
fn a_required_segment_is_missing_and_one_with_defaults_only_is_not() {
    assert_eq!(problems(parse::<Specimen>(&json!({}))), finding("general", "is missing"));
    assert_eq!(
        problems(parse::<Specimen>(&json!({ "general": null }))),
        finding("general", "must be a JSON object")
    );
    let bare: Specimen = parse(&json!({ "general": { "name": "Bone" } })).unwrap();
    let general = General { name: "Bone".into(), pieces: 1, value: None, lent: 0 };
    assert_eq!(bare, Specimen { general, storage: None, labels: vec![], prices: vec![] });
}

#[test]
fn defaults_stand_in_for_what_is_left_out_or_null() {
    let body = json!({ "until": "2024-05-01", "items": [{ "number": 1, "insured": null }] });
    let loan: Loan = parse(&body).unwrap();
    assert_eq!(loan.items, [LoanItem { number: 1, insured: true }]);
    let stored: Specimen =
        parse(&json!({ "general": { "name": "Bone" }, "storage": { "shelf": "A1" } })).unwrap();
    let storage = stored.storage.unwrap();
    assert_eq!((storage.finish, storage.checked_by), (Finish::Raw, None));
}

#[test]
fn flattened_fields_stand_at_the_top_level() {
    let loan: Loan = parse(&json!({
        "until": "2024-05-01", "purpose": "show", "courier": { "name": "Ada" },
    }))
    .unwrap();
    assert_eq!(loan.terms.purpose.as_deref(), Some("show"));
    assert_eq!(loan.courier, Some(Courier { name: "Ada".into() }));
    assert!(loan.items.is_empty());
    assert_eq!(problems(parse::<Loan>(&json!({}))), finding("until", "is missing"));
    let back = super::super::composite_to_json(&loan).unwrap();
    assert_eq!(parse::<Loan>(&back.into()).unwrap(), loan);
}

#[test]
fn an_optional_part_is_absent_null_or_complete() {
    let courier = |value: Value| json!({ "until": "2024-05-01", "courier": value });
    assert_eq!(parse::<Loan>(&courier(Value::Null)).unwrap().courier, None);
    assert_eq!(problems(parse::<Loan>(&courier(json!({})))), finding("courier.name", "is missing"));
}

#[test]
fn what_the_program_sets_is_no_input() {
    let read_only = "is set by the program and can't be given";
    let body = json!({
        "general": { "name": "Bone", "lent": 3 },
        "labels": [{ "language": "en", "number": 1, "text": "Bone", "printed": 1 }],
    });
    assert_eq!(
        problems(parse::<Specimen>(&body)),
        [
            ("general.lent".to_string(), read_only.to_string()),
            ("labels[0].printed".to_string(), read_only.to_string()),
        ]
    );
}

#[test]
fn check_says_the_same_as_parse() {
    let body = json!({ "until": "tomorrow", "items": [{}] });
    let checked = problems(check(Loan::composite(), &body));
    assert_eq!(checked, problems(parse::<Loan>(&body)));
    assert_eq!(checked.len(), 2);
    assert!(check(Loan::composite(), &json!({ "until": "2024-05-01" })).is_ok());
}

const RULE: &str = "must be text of 1 to 40 characters, without control or invisible characters and without space \
     around it";

#[test]
fn a_number_is_split_off_and_has_1_to_40_characters() {
    let (number, rest) = split_number(&json!({ "a": 1, "number": "SKU-1", "b": 2 })).unwrap();
    assert_eq!((number.as_deref(), rest), (Some("SKU-1"), json!({ "a": 1, "b": 2 })));
    assert_eq!(split_number(&json!({ "number": null })).unwrap().0, None);
    assert_eq!(split_number(&json!({})).unwrap().0, None);
    for wrong in [json!(""), json!("  "), json!(17), json!("x".repeat(41)), json!("a\u{FEFF}")] {
        assert_eq!(problems(split_number(&json!({ "number": wrong }))), finding("number", RULE));
    }
}
