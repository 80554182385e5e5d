//! A goods movement in the books.

use std::collections::BTreeMap;

use tessera_finance::{Entry, FinanceSettings, JournalEntry, Line, account_key, document_kind};
use tessera_kernel::{Code, Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_stock::{Direction, GoodsMovement, PostingKeys, StockSettings};

use crate::{DeliveryError, DeliverySettings};

/// Posts the value of a movement: per plant's company one entry, per pair of accounts one line
/// on each side. A transfer between plants takes the goods out at the value of the one that gives
/// and puts them in at that of the one that gets; the difference is gained or lost. Movements
/// without account keys, or without value, make no entry.
pub(crate) fn post_value(
    tx: &mut Tx<'_>,
    movement: &Stored<GoodsMovement>,
) -> Result<Vec<Ref<JournalEntry>>, DeliveryError> {
    let stock = tx.settings::<StockSettings>()?;
    let code = movement.header.movement_type;
    let rule = stock
        .movement_types
        .require(code)
        .map_err(|message| DeliveryError::field("movement_type", message))?;
    let Some(keys) = rule.posting else { return Ok(Vec::new()) };
    let settings = tx.settings::<DeliverySettings>()?;
    let kind = settings
        .postings
        .get(code)
        .map_or(document_kind::STOCK_ADJUSTMENT, |posting| posting.document_kind);
    let values = values_by_company(tx, movement, keys)?;
    let mut entries = Vec::new();
    for (company_code, pairs) in values {
        let mut lines = Vec::with_capacity(pairs.len() * 2);
        for ((debit, credit), value) in pairs {
            if !value.is_zero() && debit != credit {
                lines.push(Line::debit(debit, value));
                lines.push(Line::credit(credit, value));
            }
        }
        let Some(first) = lines.first() else { continue };
        let entry = Entry {
            company_code,
            kind,
            posting_date: movement.header.posting_date,
            document_date: movement.header.document_date,
            currency: first.amount.currency(),
            reference: Some(movement.head.id),
            reference_number: movement.head.number.as_deref(),
            text: None,
            lines: &lines,
        };
        entries.push(tessera_finance::post(tx, &entry)?.id());
    }
    Ok(entries)
}

/// The values of a movement by company and accounts.
fn values_by_company(
    tx: &mut Tx<'_>,
    movement: &GoodsMovement,
    keys: PostingKeys,
) -> Result<BTreeMap<Code, Sums>, DeliveryError> {
    let mut values: BTreeMap<Code, Sums> = BTreeMap::new();
    for item in &movement.items {
        let from = side(tx, item.plant, item)?;
        let to = match item.to_plant {
            Some(plant) if item.direction == Direction::Transfer => side(tx, plant, item)?,
            _ => from,
        };
        let finance = tx.settings::<FinanceSettings>()?;
        let account = |place: Place, key| {
            finance.determination.account(place.chart, key, None, Some(place.valuation_class))
        };
        let (debit, credit) = (account(to, keys.debit)?, account(from, keys.credit)?);
        let more = item.to_value.unwrap_or(item.value).minus(item.value)?;
        let sums = values.entry(from.company).or_default();
        add(sums, (debit, credit), item.value)?;
        if !more.is_zero() {
            let key = keys.difference.unwrap_or(account_key::PRICE_DIFFERENCE);
            let difference = account(to, key)?;
            let gained = !more.is_negative();
            let pair = if gained { (debit, difference) } else { (difference, debit) };
            add(sums, pair, more.abs())?;
        }
    }
    Ok(values)
}

/// Values by debited and credited account.
type Sums = BTreeMap<(Code, Code), Money>;

fn add(sums: &mut Sums, pair: (Code, Code), value: Money) -> Result<(), DeliveryError> {
    let sum = sums.entry(pair).or_insert_with(|| Money::zero(value.currency()));
    *sum = sum.plus(value)?;
    Ok(())
}

/// Where goods are kept, as the books see it.
#[derive(Clone, Copy)]
struct Place {
    company: Code,
    chart: Code,
    valuation_class: Code,
}

fn side(
    tx: &mut Tx<'_>,
    plant: Code,
    item: &tessera_stock::GoodsMovementItem,
) -> Result<Place, DeliveryError> {
    let organisation = tx.settings::<OrganisationSettings>()?;
    let (company, entry) = organisation
        .company_of_plant(plant)
        .map_err(|message| DeliveryError::field("plant", message))?;
    let product = tx.shared(item.product)?;
    let data = product
        .plant(plant)
        .ok_or_else(|| DeliveryError::NoPlantData { product: product.number(), plant })?;
    Ok(Place { company, chart: entry.chart_of_accounts, valuation_class: data.valuation_class })
}
