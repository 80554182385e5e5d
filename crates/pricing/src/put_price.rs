//! The verb that puts a rate: for imports, demo data and price maintenance by programs.

use tessera_kernel::{Code, Ref, Tx};

use crate::condition_record::insert;
use crate::{
    ConditionRate, ConditionRecord, KeyFields, PricingError, PricingSettings, ScaleLine,
    record_rules, record_units,
};

/// Puts a rate under its key. Where there is no record yet it is made; where there is one, the
/// rates of other days stay and those that overlap are delimited or split. `scale` are the
/// lines (threshold, rate) of the rate's scale, empty for none.
///
/// Refused with [`PricingError::KeyIncomplete`] for a field of the table that `fields` lacks, and
/// with the findings of the record's rules.
pub fn put_price(
    tx: &mut Tx<'_>,
    condition_type: Code,
    condition_table: Code,
    fields: &KeyFields,
    rate: ConditionRate,
    scale: &[ScaleLine],
) -> Result<Ref<ConditionRecord>, PricingError> {
    tx.actor().require("condition_record", "change")?;
    let settings = tx.settings::<PricingSettings>()?;
    let lookup = settings.lookup(condition_type, condition_table, fields)?;
    if let Some(id) = tx.lookup::<ConditionRecord>("lookup", &lookup)? {
        let mut stored = tx.load(id)?;
        stored.put(rate, scale);
        record_rules::check(&stored.value, settings)?;
        record_units::check(tx, &stored.value, settings)?;
        tx.save(&mut stored)?;
        return Ok(id);
    }
    let mut record = ConditionRecord::new(settings, condition_type, condition_table, fields)?;
    record.put(rate, scale);
    record_rules::check_key(&record, settings)?;
    record_rules::check(&record, settings)?;
    record_units::check(tx, &record, settings)?;
    Ok(insert(tx, record)?)
}
