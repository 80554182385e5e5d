//! The whole file, where it is at hand: `TESSERA_TEST_DATA` is the folder with
//! `online-retail.csv.gz` (UCI Machine Learning Repository, "Online Retail", 2015, CC BY 4.0).

use std::path::Path;

use tessera_finance::LedgerFormat;
use tessera_finance::outside::{compare, missing, tell_skipped};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Source, format_decimal};
use tessera_online_retail::{Report, import};

/// Invoices that a build without optimisation imports: those up to some day in January. All
/// of them take such a build three minutes.
const FEW: usize = 3_000;

/// Exact sums of the months, as counted in the file itself.
const MONTHS: [(&str, &str); 13] = [
    ("2010-12", "748957.02"),
    ("2011-01", "560000.26"),
    ("2011-02", "498062.65"),
    ("2011-03", "683267.08"),
    ("2011-04", "493207.121"),
    ("2011-05", "723333.51"),
    ("2011-06", "691123.12"),
    ("2011-07", "681300.111"),
    ("2011-08", "682680.51"),
    ("2011-09", "1019687.622"),
    ("2011-10", "1070704.67"),
    ("2011-11", "1461756.25"),
    ("2011-12", "433668.01"),
];

/// The test, for what it says when it is skipped.
const TEST: &str = "the_whole_file_is_booked_and_agrees_with_the_books";

#[test]
fn the_whole_file_is_booked_and_agrees_with_the_books() {
    let Some(folder) = std::env::var_os("TESSERA_TEST_DATA") else {
        let why = "TESSERA_TEST_DATA does not name the folder of online-retail.csv.gz";
        return tell_skipped(TEST, why);
    };
    let file = Path::new(&folder).join("online-retail.csv.gz");
    if !file.exists() {
        return tell_skipped(TEST, &format!("there is no {}", file.display()));
    }
    let most_invoices = cfg!(debug_assertions).then_some(FEW);
    if let Some(few) = most_invoices {
        let why = format!("only the first {few} invoices without optimisation; use --release");
        tell_skipped(&format!("{TEST} (the rest of the file)"), &why);
    }
    let scratch = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", scratch.path().join("shop.db").display());
    let mut settings = Options::creating(&url);
    // Large commits: nobody waits for the answer to a single chain.
    settings.engine.batch_time = std::time::Duration::from_millis(100);
    let installation = Installation::open(settings).unwrap();
    let options = tessera_online_retail::Options { most_invoices, ..Default::default() };
    let report = import(installation.db(), &file, options, &mut |_| ()).unwrap();
    println!("{report}");
    assert!(report.agrees());
    assert!(report.reported.is_empty());
    match most_invoices {
        Some(_) => check_beginning(&report),
        None => check_all(&report),
    }
    let differences = installation.verify().unwrap().differences;
    assert_eq!(differences, Vec::<String>::new());
    check_ledger(&installation, scratch.path());
}

/// The outside checkers read the ledger and agree with every balance.
fn check_ledger(installation: &Installation, folder: &Path) {
    for (format, program) in
        [(LedgerFormat::Hledger, "hledger"), (LedgerFormat::Beancount, "beancount")]
    {
        if let Some(why) = missing(format) {
            tell_skipped(&format!("{TEST} ({program})"), &why);
            continue;
        }
        let actor = Actor::system(Source::CommandLine);
        let found = installation.db().read(&actor, |tx| compare(tx, format, folder)).unwrap();
        println!("{program}: {} balances agree", found.balances);
        assert_eq!(found.differences, Vec::<String>::new());
        assert!(found.balances >= 8);
    }
}

fn check_beginning(report: &Report) {
    assert_eq!((report.rows, report.counts.invoices), (68_903, 3_000));
    // The last of these months is cut.
    assert_eq!(sums(report)[..1], expected()[..1]);
    assert_eq!(sums(report)[1], ("2011-01".to_string(), "424955.03".to_string()));
}

fn check_all(report: &Report) {
    assert_eq!((report.rows, report.counts.invoices), (541_909, 25_900));
    assert_eq!(sums(report), expected());
    let rounding = report.months.iter().map(|month| month.rounding).sum();
    assert_eq!(format_decimal(rounding), "0.004");
}

/// Exact sums of the booked rows, by month.
fn sums(report: &Report) -> Vec<(String, String)> {
    let months = report.months.iter();
    months.map(|found| (found.month.to_string(), format_decimal(found.file))).collect()
}

fn expected() -> Vec<(String, String)> {
    MONTHS.iter().map(|(month, sum)| ((*month).to_string(), (*sum).to_string())).collect()
}
