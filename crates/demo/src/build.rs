//! The whole of it: master data, then day after day of trade.

use serde_json::json;
use tessera_kernel::{Database, FixedClock};

use crate::agenda::Trade;
use crate::office::{Office, plus};
use crate::{DemoError, Plan, Summary, goods, partners, terms};

/// Hears how far it is: days done, and of how many.
pub type Progress<'p> = dyn FnMut(u64, u64) + 'p;

/// Makes the demo company in an empty database that was opened with the customizing of
/// [`crate::write_customizing`], with `clock` as its clock.
///
/// # Errors
///
/// Where the database fails, or a verb refuses what the plan takes for granted.
pub fn build(
    db: &Database,
    clock: &FixedClock,
    plan: &Plan,
    progress: &mut Progress<'_>,
) -> Result<Summary, DemoError> {
    let first = plus(plan.today, -i64::from(plan.days));
    let mut office = Office::new(db, clock, plus(first, -1));
    let customers = partners::make(&mut office, plan)?;
    let goods = goods::make(&mut office)?;
    terms::make(&mut office, plan, &goods, &customers)?;
    let mut trade = Trade::new(office, goods, customers);
    trade.fill_warehouses()?;
    for day in 0..i64::from(plan.days) {
        trade.day(plan, plus(first, day))?;
        progress(u64::try_from(day + 1).unwrap_or(0), u64::from(plan.days));
    }
    block_customers(&mut trade)?;
    let summary = trade.office.read(|tx| Summary::read(tx, plan.today));
    trade.office.expect(|| "summary".to_string(), summary)
}

/// A few customers get no new documents any more.
fn block_customers(trade: &mut Trade<'_>) -> Result<(), DemoError> {
    let blocked: Vec<_> =
        trade.customers.iter().filter(|customer| customer.blocked).copied().collect();
    for customer in blocked {
        let body = json!({ "general": { "blocked": true } });
        let changed = trade.office.change(customer.house, customer.id, body);
        trade.office.expect(|| "block of a customer".to_string(), changed)?;
    }
    Ok(())
}
