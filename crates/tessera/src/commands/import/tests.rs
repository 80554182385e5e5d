//! Files that nobody wrote: whatever stands in them, no row is lost and no record is booked in part.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Fault, ObjectEntry, ObjectId, RowSource, Select, Source, Tx};

use super::book::{Booking, Outcome};
use super::input::Input;
use super::{Existing, Format, book_all};

/// An installation that takes the files of a whole test.
struct Place {
    folder: tempfile::TempDir,
    installation: Installation,
    entry: ObjectEntry,
}

impl Place {
    fn new(object: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let mut options = Options::creating(&url);
        options.engine.sync = false;
        let installation = Installation::open(options).unwrap();
        let entry = *installation.db().environment().registry.object(object).unwrap();
        Self { folder, installation, entry }
    }

    fn read<R>(&self, run: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> R {
        self.installation.db().read(&Actor::system(Source::CommandLine), run).unwrap()
    }

    /// Ids of the objects, and of the objects that have rows in each table of a segment.
    fn stored(&self) -> (Vec<ObjectId>, Vec<Vec<ObjectId>>) {
        let def = (self.entry.def)();
        let segments = def.composite.parts.iter().filter_map(|part| part.segment);
        self.read(|tx| {
            let of_segments = segments.map(|segment| ids(tx, &Select::from(segment.table(), &[0])));
            let of_segments = of_segments.collect::<Result<_, Fault>>()?;
            Ok((ids(tx, &Select::from(def.head, &[0]))?, of_segments))
        })
    }

    /// Imports a file; what holds after it, whatever stood in it.
    fn import(
        &self,
        format: Format,
        existing: Existing,
        content: &[u8],
    ) -> Result<(), TestCaseError> {
        let before = self.stored().0.len();
        let file = self.folder.path().join("file");
        std::fs::write(&file, content).unwrap();
        let booking = Booking::new(
            self.installation.db().clone(),
            tessera_kernel::Actor::system(tessera_kernel::Source::Import),
            self.entry,
            existing,
        )
        .unwrap();
        let rows = Cell::new(0);
        let mut passed = || rows.set(rows.get() + 1);
        let input = Input::open(&file).unwrap();
        let (outcome, _) = book_all(format, &self.entry, input, booking, &mut passed);
        let Outcome { counts, errors } = outcome;
        prop_assert_eq!(counts.read(), rows.get(), "no row is lost");
        prop_assert_eq!(counts.failed, errors.len() as u64);
        for (line, reason) in &errors {
            let broken = reason.contains("panicked") || reason.contains("internal");
            prop_assert!(!broken && *line > 0, "line {}: {}", line, reason);
        }
        let (objects, of_segments) = self.stored();
        prop_assert_eq!((objects.len() - before) as u64, counts.created);
        for ids in of_segments {
            prop_assert!(ids.iter().all(|id| objects.binary_search(id).is_ok()), "an orphan");
        }
        for id in &objects[before..] {
            self.read(|tx| {
                (self.entry.get)(tx, *id).map(drop).map_err(|p| Fault::corrupt(p.detail))
            });
        }
        Ok(())
    }
}

fn ids(tx: &mut Tx<'_>, query: &Select) -> Result<Vec<ObjectId>, Fault> {
    let mut ids = Vec::new();
    tx.select(query, &mut |row: &mut dyn RowSource| {
        ids.extend(row.uuid()?.map(ObjectId));
        Ok(())
    })?;
    ids.sort_unstable();
    Ok(ids)
}

fn run<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config =
        Config { max_shrink_iters: 200, failure_persistence: None, ..Config::with_cases(128) };
    TestRunner::new(config).run(strategy, test).unwrap();
}

fn existing() -> impl Strategy<Value = Existing> {
    prop::sample::select(vec![Existing::Update, Existing::Skip, Existing::Fail])
}

/// Random bytes, now and then behind something that a reader looks for.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        &b""[..],
        b"number,general.name\n",
        b"[",
        b"[{\"number\": \"C-1\"},",
        b"{\"general\": ",
        &[0x1f, 0x8b, 8, 0],
        &[0xef, 0xbb, 0xbf],
    ]);
    (start, prop::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(start, bytes)| [start, &bytes].concat())
}

/// A value of a field: mostly one that fits, sometimes anything.
fn value(fitting: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::sample::select(fitting).prop_map(str::to_string),
        1 => any::<String>().prop_map(|text| text.chars().take(12).collect::<String>()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ]
}

/// Number, category, name, country, blocked, kind and value of a contact point.
fn partner() -> impl Strategy<Value = [String; 7]> {
    let values = (
        value(&["C-1", "C-2", "C-3", "C-4", ""]),
        value(&["organisation", "person", ""]),
        value(&["Ada AG", "Bob", "Ä, \"b\"", ""]),
        value(&["DE", "GB", "XX"]),
        value(&["true", "false", "", "perhaps"]),
        value(&["email", "phone", ""]),
        value(&["ada@example.com", "+49 40 1", ""]),
    );
    values.prop_map(|(a, b, c, d, e, f, g)| [a, b, c, d, e, f, g])
}

const COLUMNS: [&str; 10] = [
    "number",
    "general.category",
    "general.name",
    "general.country",
    "general.blocked",
    "contact_points[0].kind",
    "contact_points[0].value",
    "contact_points[0].number",
    "general.language",
    "general.tax_classification",
];

/// A CSV of partners in which some bytes are others.
fn partners_csv() -> impl Strategy<Value = Vec<u8>> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (prop::collection::vec(partner(), 0..20), cuts).prop_map(|(partners, cuts)| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS).unwrap();
        for partner in partners {
            let rest = ["1", "en", "full"].map(str::to_string);
            writer.write_record(partner.iter().chain(&rest)).unwrap();
        }
        spoilt(writer.into_inner().unwrap(), cuts)
    })
}

/// A JSON of partners, as an array or line by line, in which some bytes are others.
fn partners_json() -> impl Strategy<Value = Vec<u8>> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let partners = prop::collection::vec(partner(), 0..20);
    (partners, any::<bool>(), cuts).prop_map(|(partners, array, cuts)| {
        let records = partners.into_iter().map(|[number, category, name, country, .., kind, value]| {
            let general = serde_json::json!({ "category": category, "name": name,
                "country": country, "language": "en", "tax_classification": "full" });
            let points = serde_json::json!([{ "kind": kind, "number": 1, "value": value }]);
            serde_json::json!({ "number": number, "general": general, "contact_points": points })
                .to_string()
        });
        let records: Vec<String> = records.collect();
        let text = match array {
            true => format!("[{}]", records.join(",\n")),
            false => records.join("\n"),
        };
        spoilt(text.into_bytes(), cuts)
    })
}

fn spoilt(mut content: Vec<u8>, cuts: Vec<(prop::sample::Index, u8)>) -> Vec<u8> {
    for (index, byte) in cuts {
        if !content.is_empty() {
            let position = index.index(content.len());
            content[position] = byte;
        }
    }
    content
}

#[test]
fn random_bytes_never_panic_and_never_book_a_part_of_a_record() {
    let place = Place::new("business_partner");
    run(&(bytes(), existing()), |(bytes, existing)| {
        place.import(Format::Csv, existing, &bytes)?;
        place.import(Format::Json, existing, &bytes)
    });
}

#[test]
fn spoilt_rows_of_csv_are_booked_whole_or_told() {
    let place = Place::new("business_partner");
    run(&(partners_csv(), existing()), |(content, existing)| {
        place.import(Format::Csv, existing, &content)
    });
    assert!(!place.stored().0.is_empty(), "some rows fit");
}

#[test]
fn spoilt_records_of_json_are_booked_whole_or_told() {
    let place = Place::new("business_partner");
    run(&(partners_json(), existing()), |(content, existing)| {
        place.import(Format::Json, existing, &content)
    });
    assert!(!place.stored().0.is_empty(), "some records fit");
    assert_eq!(place.installation.verify().unwrap().differences, Vec::<String>::new());
}
