//! A small demo company.

use std::path::Path;
use std::sync::Arc;

use tessera_demo::{Plan, Summary, build, is_demo, write_customizing};
use tessera_finance::LedgerFormat;
use tessera_finance::outside::{compare, missing, tell_skipped};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, FixedClock, Instant, RandomIds, Source, parse_date};

fn make(folder: &Path, plan: &Plan) -> (Installation, Summary) {
    let config = folder.join("demo.config");
    write_customizing(&config).unwrap();
    let clock = Arc::new(FixedClock::at(Instant::from_micros(0)));
    let url = format!("sqlite:{}", folder.join("demo.db").display());
    let mut options = Options::creating(&url).config_folder(Some(config));
    options.clock = clock.clone();
    options.ids = Arc::new(RandomIds::seeded(1));
    options.engine.sync = false;
    let installation = Installation::open(options).unwrap();
    let summary = build(installation.db(), &clock, plan, &mut |_, _| {}).unwrap();
    (installation, summary)
}

#[test]
fn a_demo_company_verifies_and_the_same_plan_makes_the_same_one() {
    let plan = Plan::few_weeks(parse_date("2026-06-15").unwrap());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [(installation, first), (_, second)] =
        folders.each_ref().map(|folder| make(folder.path(), &plan));
    assert_eq!(installation.verify().unwrap().differences, Vec::<String>::new());
    assert!(is_demo(installation.db()));
    assert_eq!(first, second);
    assert!(first.count("invoices") > 10, "{first}");
    for format in [LedgerFormat::Hledger, LedgerFormat::Beancount] {
        if let Some(why) = missing(format) {
            let test = "a_demo_company_verifies_and_the_same_plan_makes_the_same_one (outside)";
            tell_skipped(test, &why);
            continue;
        }
        let actor = Actor::system(Source::CommandLine);
        let compared = installation.db().read(&actor, |tx| compare(tx, format, folders[0].path()));
        let compared = compared.unwrap();
        assert_eq!(compared.differences, Vec::<String>::new());
        assert!(compared.balances > 20, "{compared:?}");
    }
}
