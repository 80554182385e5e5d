//! Files that are broken: bad rows are told with line and reason, nothing panics, and what is
//! booked is whole.

use std::io::Write as _;

use proptest::prelude::*;
use tessera_online_retail::ImportError;
use tessera_sales::SalesDocument;

use crate::shop::{HEADER, Shop};

#[test]
fn bad_rows_are_told_with_line_and_reason_and_the_others_are_booked() {
    let shop = Shop::new();
    let rows = "1,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,22139,TEA SET,x,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,22139,\"TWO\nLINES\",1,2011-04-15 09:27:00,2.00,,United Kingdom\n\
                1,22139,TEA SET,1,2011-04-15 09:27:00,2.00,,Atlantis\n\
                1,22139,TEA SET,1,2011-04-15 09:27:00,-2.00,,United Kingdom\n\
                1,22139\n";
    let report = shop.import(rows);
    assert!(report.agrees(), "{report}");
    let told: Vec<_> = report.reported.iter().map(|row| (row.line, row.reason.as_str())).collect();
    let [(3, quantity), (6, country), (7, price), (8, short)] = told[..] else {
        panic!("{told:?}")
    };
    assert!(quantity.contains("Quantity `x`"), "{quantity}");
    assert!(country.contains("`Atlantis` is not known"), "{country}");
    assert!(price.contains("below zero"), "{price}");
    assert_eq!(short, "has 2 values, the header 8");
    assert_eq!(report.counts.booked(), 2);
    assert_eq!(shop.all::<SalesDocument>()[0].items.len(), 2);
    assert_eq!(shop.differences(), Vec::<String>::new());
}

#[test]
fn an_invoice_that_is_refused_is_told_row_by_row_and_leaves_nothing() {
    let shop = Shop::new();
    // 100 × 10 million × 10 million pounds fit no 64 bits of pence.
    let row = |n| format!("{n},22139,A,10000000,2011-04-15 09:27:00,10000000,,United Kingdom\n");
    let mut rows = row(1).repeat(100);
    rows.push_str("2,22140,TEA SET,1,2011-04-15 09:27:00,2.00,,United Kingdom\n");
    let report = shop.import(&rows);
    assert!(report.agrees(), "{report}");
    assert_eq!((report.counts.booked(), report.reported.len()), (1, 100));
    assert!(report.reported[0].reason.starts_with("invoice 1: "), "{:?}", report.reported[0]);
    assert_eq!(shop.count::<SalesDocument>(), 1);
    assert_eq!(shop.differences(), Vec::<String>::new());
}

#[test]
fn a_file_without_the_columns_or_that_breaks_off_books_nothing() {
    let shop = Shop::new();
    let error = shop.try_import(b"a,b,c\n1,2,3\n").unwrap_err();
    assert!(matches!(error, ImportError::Column { column: "InvoiceNo" }), "{error}");
    assert!(matches!(shop.try_import(b""), Err(ImportError::Column { .. })));
    assert!(matches!(shop.try_import(b"\xff\xfe\n"), Err(ImportError::Column { .. })));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(HEADER.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let error = shop.try_import(&packed[..packed.len() - 10]).unwrap_err();
    assert!(matches!(error, ImportError::File { .. }), "{error}");
    let report = shop.import("");
    assert_eq!((report.rows, report.agrees()), (0, true));
    assert_eq!(shop.count::<SalesDocument>(), 0);
}

/// A value of a column: mostly one that fits, sometimes anything.
fn value(fitting: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let fits = prop::sample::select(fitting).prop_map(|text| text.as_bytes().to_vec());
    prop_oneof![
        30 => fits,
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
    ]
}

fn row() -> impl Strategy<Value = Vec<u8>> {
    let values = (
        value(&["1", "2", "3", "C4", "5", "A6"]),
        value(&["22139", "85123A", "85123a", "POST", "M", "B", "gift_0001_10"]),
        value(&["TEA SET", "", "\"a, \"\"b\"\"\"", "Ä"]),
        value(&["1", "-1", "12", "-12", "3", "10000000"]),
        value(&["2011-04-15 09:27:00", "2011-04-15 23:59:00", "2012-02-29 00:00:00"]),
        value(&["2.55", "0.0", "0.001", "-3.5", "1.235", "9999999.999"]),
        value(&["", "17850.0", "12347.0"]),
        value(&["United Kingdom", "EIRE", "Unspecified"]),
    );
    values.prop_map(|(a, b, c, d, e, f, g, h)| [a, b, c, d, e, f, g, h].join(&b','))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 100, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn mutated_rows_are_booked_whole_or_told(
        rows in prop::collection::vec(row(), 0..40),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut content = HEADER.as_bytes().to_vec();
        let header = content.len();
        content.extend(rows.join(&b'\n'));
        for (index, byte) in cuts {
            if content.len() > header {
                let position = header + index.index(content.len() - header);
                content[position] = byte;
            }
        }
        let shop = Shop::new();
        let report = shop.try_import(&content).unwrap();
        prop_assert!(report.agrees(), "{}", report);
        prop_assert_eq!(shop.differences(), Vec::<String>::new());
        // Every booked chain is finished: nothing is left to deliver or to bill.
        for document in shop.all::<SalesDocument>() {
            use tessera_sales::Progress::{Complete, NotRelevant};
            let status = &document.status;
            prop_assert!(matches!(status.delivery, Complete | NotRelevant));
            prop_assert!(matches!(status.billing, Complete | NotRelevant));
        }
    }

    #[test]
    fn random_bytes_book_nothing_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        with_header in any::<bool>(),
    ) {
        let mut content = if with_header { HEADER.as_bytes().to_vec() } else { Vec::new() };
        content.extend(&bytes);
        let shop = Shop::new();
        if let Ok(report) = shop.try_import(&content) {
            prop_assert!(report.agrees());
        }
        prop_assert_eq!(shop.count::<SalesDocument>(), 0);
    }
}
