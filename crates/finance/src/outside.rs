//! Comparison with outside checkers: hledger and Beancount read the exported ledger, and every
//! balance of theirs is compared with our ledger totals. For tests and for auditors.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tessera_kernel::{Currency, Decimal, Money, Rounding, Tx};
use tessera_organisation::OrganisationSettings;

use crate::FinanceError;
use crate::export::{LedgerFormat, account_name, export_ledger};
use crate::ledger::each_total;
use crate::settings::FinanceSettings;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Balances compared.
    pub balances: usize,
    /// Differences, one sentence each.
    pub differences: Vec<String>,
}

/// Why no comparison was made.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The tool can't be run.
    #[error(
        "{program} can't be run ({error}): install it with `apt-get install hledger beancount`"
    )]
    NotInstalled {
        /// Program.
        program: &'static str,
        /// Why.
        error: std::io::Error,
    },
    /// The tool refuses the ledger or answers what can't be read.
    #[error("{program} refuses the ledger: {message}")]
    Refused {
        /// Program.
        program: &'static str,
        /// What it says.
        message: String,
    },
    /// The ledger can't be exported.
    #[error(transparent)]
    Finance(#[from] FinanceError),
}

impl From<tessera_kernel::Fault> for OutsideError {
    fn from(fault: tessera_kernel::Fault) -> Self {
        Self::Finance(fault.into())
    }
}

/// Balances by account name and currency.
type Balances = BTreeMap<(String, Currency), Decimal>;

/// Balances as a tool, or our ledger, has them.
#[derive(Default)]
struct Sheet {
    /// In the currency of the documents.
    units: Balances,
    /// In the currency of the company.
    cost: Balances,
}

/// Whether the programs of a format are installed.
pub fn is_installed(format: LedgerFormat) -> bool {
    let programs: &[&'static str] = match format {
        LedgerFormat::Hledger => &["hledger"],
        LedgerFormat::Beancount => &["bean-check", "bean-query"],
    };
    programs.iter().all(|program| run(program, &["--version"]).is_ok())
}

/// Says on standard error that a test, or a part of one, was skipped, and why. It goes past the
/// capture of a test's output, which would keep it silent.
pub fn tell_skipped(test: &str, why: &str) {
    let line = format!("SKIPPED: {test}: {why}\n");
    // A standard error that is closed has nobody who would hear of it.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// Why a comparison with a format can't be made here; none where it can.
pub fn missing(format: LedgerFormat) -> Option<String> {
    let why = || format!("{format:?} is not installed: apt-get install hledger beancount");
    (!is_installed(format)).then(why)
}

/// Exports the ledger to a file in `folder`, has the tool check it, and compares every balance:
/// each account in each foreign currency, and each account at cost in its company's currency.
pub fn compare(
    tx: &mut Tx<'_>,
    format: LedgerFormat,
    folder: &Path,
) -> Result<Comparison, OutsideError> {
    let file = folder.join(match format {
        LedgerFormat::Hledger => "ledger.journal",
        LedgerFormat::Beancount => "ledger.beancount",
    });
    let mut out =
        std::io::BufWriter::new(std::fs::File::create(&file).map_err(FinanceError::from)?);
    export_ledger(tx, format, &mut out)?;
    std::io::Write::flush(&mut out).map_err(FinanceError::from)?;
    let path = file.display().to_string();
    let theirs = match format {
        LedgerFormat::Hledger => ask_hledger(&path)?,
        LedgerFormat::Beancount => ask_beancount(&path)?,
    };
    let ours = our_sheet(tx)?;
    let mut comparison = Comparison::default();
    // What is posted in the company's own currency is within the cost, together with what is not.
    let foreign = |units: &Balances, cost: &Balances| -> Balances {
        let own = |key: &(String, Currency)| cost.contains_key(key);
        units.iter().filter(|(key, _)| !own(key)).map(|(k, v)| (k.clone(), *v)).collect()
    };
    let their_units = foreign(&theirs.units, &ours.cost);
    let our_units = foreign(&ours.units, &ours.cost);
    diff("in documents", &our_units, &their_units, &mut comparison);
    diff("at cost", &ours.cost, &theirs.cost, &mut comparison);
    Ok(comparison)
}

fn our_sheet(tx: &mut Tx<'_>) -> Result<Sheet, OutsideError> {
    let settings = tx.settings::<FinanceSettings>()?;
    let organisation = tx.settings::<OrganisationSettings>()?;
    let mut sheet = Sheet::default();
    each_total(tx, None, &mut |key, turnover| {
        let name = account_name(settings, key.company_code, key.account);
        let (amount, local) = turnover.balance();
        let add = |balances: &mut Balances, minor, currency| {
            let sum = balances.entry((name.clone(), currency)).or_default();
            *sum += Money::from_minor(minor, currency).amount();
        };
        add(&mut sheet.units, amount, key.currency);
        if let Some(company) = organisation.company_codes.get(key.company_code) {
            add(&mut sheet.cost, local, company.currency);
        }
    })?;
    Ok(sheet)
}

fn diff(what: &str, ours: &Balances, theirs: &Balances, comparison: &mut Comparison) {
    let keys: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for key in keys {
        let own = ours.get(key).copied().unwrap_or_default();
        let other = theirs.get(key).copied().unwrap_or_default();
        comparison.balances += 1;
        if own != other {
            let (account, currency) = key;
            comparison.differences.push(format!(
                "{account} {what}: ours is {own} {currency}, theirs {other} {currency}"
            ));
        }
    }
}

fn run(program: &'static str, arguments: &[&str]) -> Result<String, OutsideError> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .map_err(|error| OutsideError::NotInstalled { program, error })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let message: String = text(&output.stderr).chars().take(2_000).collect();
    Err(OutsideError::Refused { program, message })
}

fn ask_hledger(path: &str) -> Result<Sheet, OutsideError> {
    let program = "hledger";
    run(program, &["-f", path, "check", "--strict"])?;
    let balances = |cost: &[&str]| -> Result<Balances, OutsideError> {
        let mut arguments = vec!["-f", path, "balance", "--flat", "--no-total", "--empty"];
        arguments.extend(["--layout=bare", "--output-format=csv"]);
        arguments.extend(cost);
        let mut balances = Balances::new();
        for row in rows(&run(program, &arguments)?) {
            let [account, currency, amount] = row.as_slice() else { continue };
            // An account that nothing was posted to has no currency.
            if !currency.is_empty() {
                add(program, &mut balances, account, currency, amount)?;
            }
        }
        Ok(balances)
    };
    Ok(Sheet { units: balances(&[])?, cost: balances(&["--cost"])? })
}

fn ask_beancount(path: &str) -> Result<Sheet, OutsideError> {
    run("bean-check", &[path])?;
    // bean-query cuts decimals off when it prints, so it is asked for millionths.
    let query = "SELECT account, currency, currency(weight), sum(number * 1000000), \
                 sum(number(weight) * 1000000) GROUP BY 1, 2, 3";
    let program = "bean-query";
    let mut sheet = Sheet::default();
    for row in rows(&run(program, &["-f", "csv", path, query])?) {
        let [account, currency, cost_currency, amount, cost] = row.as_slice() else { continue };
        add(program, &mut sheet.units, account, currency, amount)?;
        add(program, &mut sheet.cost, account, cost_currency, cost)?;
    }
    // A weight is units × price per unit, of 28 digits: exact once it is rounded to the currency.
    for balances in [&mut sheet.units, &mut sheet.cost] {
        for ((_, currency), millionths) in balances {
            let amount = *millionths / Decimal::from(1_000_000);
            let rounded = Money::round(amount, *currency, Rounding::HalfUp);
            *millionths = rounded.map_err(FinanceError::from)?.amount();
        }
    }
    Ok(sheet)
}

/// Rows of a CSV answer without its title. No cell has a comma or a quotation mark inside: account
/// names, currencies and amounts are ours.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let clean = |cell: &str| cell.trim().trim_matches('"').trim().to_string();
    csv.lines().skip(1).map(|line| line.split(',').map(clean).collect()).collect()
}

fn add(
    program: &'static str,
    balances: &mut Balances,
    account: &str,
    currency: &str,
    amount: &str,
) -> Result<(), OutsideError> {
    let refused = |message: String| OutsideError::Refused { program, message };
    let currency = Currency::parse(currency).map_err(|error| refused(error.to_string()))?;
    let amount: Decimal = amount.parse().map_err(|error| refused(format!("{amount}: {error}")))?;
    *balances.entry((account.to_string(), currency)).or_default() += amount;
    Ok(())
}
