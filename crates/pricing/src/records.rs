//! Where the engine gets condition records and exchange rates from.

use tessera_kernel::{Currency, Date, Decimal, Fault, Ref, Tx};

use crate::condition_record::RateOn;
use crate::{ConditionRate, ConditionRecord, ScaleLine};

/// Converts an amount from one currency to another at the rate of a day; nothing where there is
/// no rate. The result is exact or has more decimals than either currency: the engine rounds.
pub type Exchange<'e> = dyn FnMut(&mut Tx<'_>, Decimal, Currency, Currency, Date) -> Converted + 'e;

/// What an [`Exchange`] answers.
pub type Converted = Result<Option<Decimal>, Fault>;

/// The exchange of an installation without exchange rates.
pub fn no_exchange(
    _tx: &mut Tx<'_>,
    _amount: Decimal,
    _from: Currency,
    _to: Currency,
    _on: Date,
) -> Result<Option<Decimal>, Fault> {
    Ok(None)
}

/// What was found under a lookup.
#[derive(Clone, Debug)]
pub(crate) enum Finding {
    /// No record.
    Nothing,
    /// A record without a rate for the day.
    NotValid(Ref<ConditionRecord>),
    /// A rate that was taken back.
    Deleted(Ref<ConditionRecord>),
    /// A rate.
    Rate(Found),
}

/// A rate with the lines of its scale.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) record: Ref<ConditionRecord>,
    pub(crate) rate: ConditionRate,
    pub(crate) scale: Vec<ScaleLine>,
}

impl Finding {
    pub(crate) fn of(id: Ref<ConditionRecord>, record: &ConditionRecord, day: Date) -> Self {
        match record.rate_on(day) {
            RateOn::NotValid => Self::NotValid(id),
            RateOn::Deleted => Self::Deleted(id),
            RateOn::Rate(rate) => {
                let scale = rate.scale.map(|number| record.scale(number)).unwrap_or_default();
                Self::Rate(Found { record: id, rate: *rate, scale })
            }
        }
    }
}

/// What the engine reads.
pub(crate) trait Records {
    /// Whether any record has this anchor.
    fn any(&mut self, anchor: &str) -> Result<bool, Fault>;
    /// The record under a lookup, on a day.
    fn find(&mut self, lookup: &str, day: Date) -> Result<Finding, Fault>;
    /// See [`Exchange`].
    fn exchange(
        &mut self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        on: Date,
    ) -> Result<Option<Decimal>, Fault>;
}

/// Records of the database, through the cache of the writer.
pub(crate) struct StoredRecords<'r, 'c, 'e> {
    pub(crate) tx: &'r mut Tx<'c>,
    pub(crate) exchange: &'r mut Exchange<'e>,
}

impl Records for StoredRecords<'_, '_, '_> {
    fn any(&mut self, anchor: &str) -> Result<bool, Fault> {
        Ok(self.tx.lookup::<ConditionRecord>("anchor", anchor)?.is_some())
    }

    fn find(&mut self, lookup: &str, day: Date) -> Result<Finding, Fault> {
        let Some(id) = self.tx.lookup::<ConditionRecord>("lookup", lookup)? else {
            return Ok(Finding::Nothing);
        };
        let stored = self.tx.shared(id)?;
        Ok(Finding::of(id, &stored.value, day))
    }

    fn exchange(
        &mut self,
        amount: Decimal,
        from: Currency,
        to: Currency,
        on: Date,
    ) -> Result<Option<Decimal>, Fault> {
        (self.exchange)(self.tx, amount, from, to, on)
    }
}
