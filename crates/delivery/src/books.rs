//! A goods movement in the books.

use std::collections::BTreeMap;

use tessera_finance::{Entry, FinanceSettings, JournalEntry, Line, document_kind};
use tessera_kernel::{Code, Money, Ref, Stored, Tx};
use tessera_organisation::OrganisationSettings;
use tessera_stock::{Direction, GoodsMovement, StockSettings};

use crate::{DeliveryError, DeliverySettings};

/// Posts the value of a movement: per plant's company one entry, per pair of accounts one line
/// on each side. Movements without account keys, or without value, make no entry.
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
    let mut values: BTreeMap<Code, BTreeMap<(Code, Code), Money>> = BTreeMap::new();
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
        let pair = (account(to, keys.debit)?, account(from, keys.credit)?);
        let sum = values.entry(from.company).or_default();
        let sum = sum.entry(pair).or_insert_with(|| Money::zero(item.value.currency()));
        *sum = sum.plus(item.value)?;
    }
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
