use super::*;
use crate::json::parse;
use crate::sample::Specimen;
use crate::{Composite, put_timed};

fn image(specimen: &Specimen) -> Image {
    let mut image: Image = vec![Vec::new(); Specimen::composite().parts.len()];
    specimen.visit(&mut |part, row| image[part].push(RowBuffer::of(row)));
    image
}

fn specimen() -> Specimen {
    parse(&json!({
        "general": { "name": "Bone", "value": { "amount": "10.00", "currency": "EUR" } },
        "labels": [
            { "language": "de", "number": 1, "text": "Knochen" },
            { "language": "en", "number": 1, "text": "Bone" },
        ],
        "prices": [{
            "currency": "EUR", "price": "9.5", "valid": { "from": "2024-01-01", "to": "9999-12-31" },
        }],
    }))
    .unwrap()
}

/// The changes as `segment record.field: old -> new`, and the rows as `+`, `~` and `-` by segment.
fn compared(change: impl FnOnce(&mut Specimen)) -> (Vec<String>, Vec<String>) {
    let old = specimen();
    let mut new = old.clone();
    change(&mut new);
    let (rows, differences) = compare(Specimen::composite(), &image(&old), &image(&new));
    let text = |value: Option<String>| value.unwrap_or_else(|| "nothing".into());
    let differences = differences.into_iter().map(|d| {
        format!("{} {}.{}: {} -> {}", d.segment.name, d.record, d.field, text(d.old), text(d.new))
    });
    let rows = rows.iter().map(|row| match row {
        RowChange::Insert(segment, _) => format!("+{}", segment.name),
        RowChange::Replace(segment, _) => format!("~{}", segment.name),
        RowChange::Delete(segment, key) => format!("-{} {}", segment.name, key.len()),
    });
    (rows.collect(), differences.collect())
}

#[test]
fn nothing_changed_is_nothing_written() {
    assert_eq!(compared(|_| {}), (vec![], vec![]));
}

#[test]
fn each_changed_field_is_one_difference_and_its_row_is_replaced_once() {
    let (rows, differences) = compared(|specimen| {
        specimen.general.name = "Skull".into();
        specimen.general.pieces = 2;
    });
    assert_eq!(rows, ["~specimen_general"]);
    assert_eq!(
        differences,
        ["specimen_general .name: \"Bone\" -> \"Skull\"", "specimen_general .pieces: 1 -> 2"]
    );
}

#[test]
fn a_field_of_two_columns_is_one_difference_and_an_empty_one_is_nothing() {
    let (_, differences) = compared(|specimen| specimen.general.value = None);
    let old = r#"{"amount":"10.00","currency":"EUR"}"#;
    assert_eq!(differences, [format!("specimen_general .value: {old} -> nothing")]);
}

#[test]
fn records_are_compared_by_key_wherever_they_stand() {
    let (rows, differences) = compared(|specimen| {
        specimen.labels.reverse();
        specimen.labels[0].text = "A bone".into();
    });
    assert_eq!(rows, ["~specimen_label"]);
    assert_eq!(differences, ["specimen_label en/1.text: \"Bone\" -> \"A bone\""]);
    assert_eq!(compared(|specimen| specimen.labels.reverse()), (vec![], vec![]));
}

#[test]
fn a_record_that_came_or_went_is_one_difference_with_all_of_it() {
    let (rows, differences) = compared(|specimen| {
        specimen.labels[0].number = 2;
    });
    assert_eq!(rows, ["-specimen_label 2", "+specimen_label"]);
    assert_eq!(
        differences,
        [
            r#"specimen_label de/1.: {"language":"de","number":1,"text":"Knochen","printed":0} -> nothing"#,
            r#"specimen_label de/2.: nothing -> {"language":"de","number":2,"text":"Knochen","printed":0}"#,
        ]
    );
}

#[test]
fn an_optional_segment_comes_as_a_whole() {
    let (rows, differences) = compared(|specimen| {
        let with: Specimen =
            parse(&json!({ "general": { "name": "x" }, "storage": { "shelf": "A1" } })).unwrap();
        specimen.storage = with.storage;
    });
    assert_eq!(rows, ["+specimen_storage"]);
    assert_eq!(
        differences,
        [r#"specimen_storage .: nothing -> {"shelf":"A1","finish":"raw","checked_by":null}"#]
    );
}

#[test]
fn a_delimited_period_is_told_by_its_first_day() {
    let (rows, differences) = compared(|specimen| {
        let mut next = specimen.prices[0].clone();
        next.valid.from = crate::parse_date("2025-01-01").unwrap();
        let constraint = crate::TimeConstraint::AtMostOne;
        put_timed(&mut specimen.prices, next, constraint);
    });
    assert_eq!(rows, ["~specimen_price", "+specimen_price"]);
    assert_eq!(
        differences[0],
        r#"specimen_price EUR/2024-01-01.valid: {"from":"2024-01-01","to":"9999-12-31"} -> {"from":"2024-01-01","to":"2024-12-31"}"#
    );
    assert!(differences[1].starts_with("specimen_price EUR/2025-01-01.: nothing -> {"));
}

#[test]
fn a_change_as_json_has_its_values_as_json() {
    let change = FieldChange {
        version: 3,
        line: 1,
        change_set: None,
        at: Instant::parse("2024-05-01T10:00:00Z").unwrap(),
        actor: "ada".into(),
        source: "session".into(),
        segment: "specimen_general".into(),
        record: String::new(),
        field: "pieces".into(),
        old: None,
        new: Some("2".into()),
    };
    assert_eq!(
        change.to_json(),
        json!({
            "version": 3, "at": "2024-05-01T10:00:00Z", "actor": "ada", "source": "session",
            "segment": "specimen_general", "record": "", "field": "pieces", "old": null, "new": 2,
        })
    );
}

#[test]
fn what_goes_comes_before_what_changes_and_what_is_new() {
    let (rows, _) = compared(|specimen| {
        specimen.labels[1].text = "Bones".into();
        specimen.labels[0].language = crate::Language::parse("fr").unwrap();
    });
    assert_eq!(rows, ["-specimen_label 2", "~specimen_label", "+specimen_label"]);
}

#[test]
fn many_records_are_compared_like_few() {
    let (mut old, mut new) = (specimen(), specimen());
    let label = old.labels[0].clone();
    for number in 2..100 {
        old.labels.push(crate::sample::Label { number, ..label.clone() });
        let text = if number % 10 == 0 { "Bein" } else { "Knochen" }.to_string();
        new.labels.push(crate::sample::Label { number: number + 1, text, ..label.clone() });
    }
    let (rows, differences) = compare(Specimen::composite(), &image(&old), &image(&new));
    // 2 goes, 100 comes, and 11, 21 … 91 have another text.
    assert_eq!(rows.len(), 2 + 9);
    assert_eq!(differences.len(), rows.len());
}
