//! Open items against the accounts that they explain, and against the credit exposure.

use std::collections::{BTreeMap, HashMap};

use tessera_credit::{Measure, compare_exposure};
use tessera_kernel::{
    Aggregate, Cell, Code, Currency, Fault, Findings, ObjectId, Operator, RowSource, Segment,
    Select, TableDef, Tx,
};

use crate::ledger::each_total;
use crate::segments::{PaymentHeader, ReceivableItem};
use crate::settings::FinanceSettings;
use crate::walk::read_id;

/// Company, account and document currency: balance in that currency and in the company's.
type Balances = BTreeMap<(Code, Code, Currency), [i64; 2]>;

/// The balance of each reconciliation account is what is open less what is on account.
pub(super) fn check_accounts(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let settings = tx.settings::<FinanceSettings>()?;
    let mut expected = Balances::new();
    let open = ["open_amount", "open_local_amount"];
    add_open::<ReceivableItem>(tx, open, 1, &mut expected)?;
    add_open::<PaymentHeader>(tx, ["unallocated", "unallocated_local"], -1, &mut expected)?;
    let mut stored = Balances::new();
    each_total(tx, None, &mut |key, turnover| {
        if settings.is_reconciliation_account(key.account) {
            let sum = stored.entry((key.company_code, key.account, key.currency)).or_default();
            let (amount, local) = turnover.balance();
            *sum = [sum[0] + amount, sum[1] + local];
        }
    })?;
    expected.retain(|_, sums| *sums != [0, 0]);
    stored.retain(|_, sums| *sums != [0, 0]);
    findings.compared("reconciliation", stored.len());
    for (key, balance) in &stored {
        let open = expected.remove(key).unwrap_or_default();
        if open != *balance {
            findings.differs(difference(key, *balance, open));
        }
    }
    for (key, open) in expected {
        findings.differs(difference(&key, [0, 0], open));
    }
    Ok(())
}

fn difference(
    (company, account, currency): &(Code, Code, Currency),
    ledger: [i64; 2],
    open: [i64; 2],
) -> String {
    format!(
        "account {account} of {company} in {currency} has the balance {ledger:?}, open items and \
         payments on account make {open:?} (minor units, in {currency} and in the company's)"
    )
}

/// Adds sums by company, account and currency of two amounts of a segment.
fn add_open<S: Segment>(
    tx: &mut Tx<'_>,
    amounts: [&str; 2],
    sign: i64,
    sums: &mut Balances,
) -> Result<(), Fault> {
    let table = S::def().table();
    let [amount, local] = [column(table, amounts[0])?, column(table, amounts[1])?];
    let group = [column(table, "company_code")?, column(table, "account")?, amount + 1];
    let query = Select::from(table, &group)
        .aggregate(Aggregate::Sum(amount))
        .aggregate(Aggregate::Sum(local));
    tx.select(&query, &mut |row| {
        let (company, account) = (read_code(row)?, read_code(row)?);
        let currency = Currency::parse(row.text()?.unwrap_or_default())
            .map_err(|error| Fault::corrupt(error.to_string()))?;
        let found = [row.int()?.unwrap_or(0), row.int()?.unwrap_or(0)];
        let sum = sums.entry((company, account, currency)).or_default();
        *sum = [sum[0] + sign * found[0], sum[1] + sign * found[1]];
        Ok(())
    })
}

fn column(table: &TableDef, name: &str) -> Result<usize, Fault> {
    let missing = || Fault::corrupt(format!("{} has no column {name}", table.name));
    table.position(name).ok_or_else(missing)
}

fn read_code(row: &mut dyn RowSource) -> Result<Code, Fault> {
    let text = row.text()?.unwrap_or_default();
    Code::parse(text).map_err(|error| Fault::corrupt(error.to_string()))
}

/// The part of the credit exposure that is invoiced is what open items count for, less what
/// payments on account do.
pub(super) fn check_exposure(tx: &mut Tx<'_>, findings: &mut Findings) -> Result<(), Fault> {
    let mut expected: HashMap<(Code, ObjectId), i64> = HashMap::new();
    add_credit::<ReceivableItem>(tx, 1, &mut expected)?;
    add_credit::<PaymentHeader>(tx, -1, &mut expected)?;
    compare_exposure(tx, Measure::OpenInvoices, &expected, findings)
}

fn add_credit<S: Segment>(
    tx: &mut Tx<'_>,
    sign: i64,
    sums: &mut HashMap<(Code, ObjectId), i64>,
) -> Result<(), Fault> {
    let table = S::def().table();
    let amount = column(table, "credit_amount")?;
    let group = [column(table, "credit_control_area")?, column(table, "partner")?];
    let query = Select::from(table, &group)
        .filter(tessera_kernel::Condition::compare(amount, Operator::Ne, Cell::Int(0)))
        .aggregate(Aggregate::Sum(amount));
    tx.select(&query, &mut |row| {
        let area = read_code(row)?;
        let partner = read_id(row)?;
        *sums.entry((area, partner)).or_default() += sign * row.int()?.unwrap_or(0);
        Ok(())
    })
}
