//! What of the conditions of a document is kept when it is priced again.

use tessera_kernel::{Decimal, Fault, Tx};

use crate::{
    Calculation, ConditionClass, ConditionOrigin, ConditionType, ManualCondition, ManualEntry,
    PricingCondition, PricingSettings,
};

impl PricingSettings {
    /// What was entered for a whole document, here or in the document before, from the conditions
    /// that came of it, so that it can be priced again.
    ///
    /// Items that are not priced again keep their part of an amount: an amount is answered where
    /// it was distributed over items that are. What was taken over of an amount is the sum of its
    /// parts, in the currency of the document.
    pub fn manual_of_header(
        &self,
        conditions: &[PricingCondition],
        is_priced: impl Fn(u32) -> bool,
    ) -> Vec<ManualCondition> {
        let mut kept: Vec<(u32, u32, bool, ManualCondition)> = Vec::new();
        for row in conditions.iter().filter(|row| row.origin.is_manual()) {
            let kind = self.condition_types.get(row.condition_type);
            let Some(kind) = kind.filter(|kind| kind.header_condition) else { continue };
            let Some(entry) = entered(kind, row) else { continue };
            let is_amount = row.rate_currency.is_some();
            if is_amount && !is_priced(row.item) {
                continue;
            }
            let is_share = is_amount && row.origin == ConditionOrigin::CopiedManual;
            let at = (row.step, row.counter);
            match kept.iter_mut().find(|(step, counter, ..)| (*step, *counter) == at) {
                Some((.., true, sum)) if is_share => sum.rate += entry.rate,
                Some(_) => {}
                None => kept.push((row.step, row.counter, is_share, entry)),
            }
        }
        kept.into_iter().map(|(.., entry)| entry).collect()
    }

    /// What was entered for an item, here or in the document before, from the conditions that
    /// came of it.
    pub fn manual_of_item(
        &self,
        conditions: &[PricingCondition],
        item: u32,
    ) -> Vec<ManualCondition> {
        self.of_item(conditions, item, |_, row| row.origin.is_manual())
    }

    /// What was agreed for an item: what was entered, and the price that was taken over from the
    /// document before.
    pub fn agreed_of_item(
        &self,
        conditions: &[PricingCondition],
        item: u32,
    ) -> Vec<ManualCondition> {
        self.of_item(conditions, item, |kind, row| {
            let is_price = kind.class == ConditionClass::Price && row.counts();
            let at = (row.item, row.step);
            // The intervals of a graduated scale are no one price.
            let is_one = || conditions.iter().filter(|r| (r.item, r.step) == at).count() == 1;
            let is_agreed = is_price && kind.manual != ManualEntry::None && is_one();
            row.origin.is_manual() || (row.origin.is_copied() && is_agreed)
        })
    }

    fn of_item(
        &self,
        conditions: &[PricingCondition],
        item: u32,
        is_kept: impl Fn(&ConditionType, &PricingCondition) -> bool,
    ) -> Vec<ManualCondition> {
        let rows = conditions.iter().filter(|row| row.item == item);
        rows.filter_map(|row| {
            let kind = self.condition_types.get(row.condition_type)?;
            (!kind.header_condition && is_kept(kind, row)).then(|| entered(kind, row)).flatten()
        })
        .collect()
    }

    /// Whether the items that have these conditions can only be priced together: an amount was
    /// entered for the whole document, or a scale is read with the sum of several items.
    pub fn are_tied(
        &self,
        tx: &mut Tx<'_>,
        conditions: &[PricingCondition],
    ) -> Result<bool, Fault> {
        for row in conditions {
            let Some(kind) = self.condition_types.get(row.condition_type) else { continue };
            let is_amount = row.rate_currency.is_some();
            if kind.header_condition && is_amount && row.origin == ConditionOrigin::Manual {
                return Ok(true);
            }
            if let Some(record) = row.record.filter(|_| kind.group_condition)
                && !tx.shared(record)?.scales.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The entry that a condition comes from. A fixed amount that was taken over is the part that
/// came along.
fn entered(kind: &ConditionType, row: &PricingCondition) -> Option<ManualCondition> {
    let calculation = match (row.rate_currency, row.per) {
        (None, _) => Calculation::Percentage,
        (Some(_), None) => Calculation::Fixed,
        (Some(_), Some(_)) if kind.calculation == Calculation::Weight => Calculation::Weight,
        (Some(_), Some(_)) => Calculation::PerQuantity,
    };
    let is_part = calculation == Calculation::Fixed && row.origin.is_copied();
    let (rate, currency): (Decimal, _) = match is_part {
        true => (row.value.amount() + row.rounding, Some(row.value.currency())),
        false => (row.rate?, row.rate_currency),
    };
    Some(ManualCondition {
        condition_type: row.condition_type,
        rate: kind.sign.apply(rate),
        currency,
        per: row.per,
        calculation: (calculation != kind.calculation).then_some(calculation),
    })
}

#[cfg(test)]
mod tests {
    use tessera_kernel::RoundingRule;

    use crate::testing::*;
    use crate::{Part, PricingHeader, copy_for_part};

    #[test]
    fn what_was_entered_before_the_copy_is_kept_with_the_part_of_an_amount_that_came_along() {
        let mut shop = Shop::with_price();
        shop.price(2, "20");
        let header =
            PricingHeader { manual: vec![manual("HA00", "10"), manual("HB00", "10")], ..header() };
        let first = with(item(10, 1, "3"), &[manual("PR00", "8"), manual("RB00", "3")]);
        let sold = shop.run(&header, &[first, item(20, 2, "3")]).unwrap();
        let part = Part { quantity: pieces(1), ..Part::all(pieces(3)) };
        let mut copied = Vec::new();
        for number in [10, 20] {
            let rows: Vec<_> =
                sold.conditions.iter().filter(|row| row.item == number).cloned().collect();
            copied.extend(copy_for_part(&rows, number, part, RoundingRule::default()).unwrap());
        }
        let rates = |entries: Vec<crate::ManualCondition>| -> Vec<String> {
            let text = |entry: &crate::ManualCondition| {
                format!("{} {}", entry.condition_type, entry.rate.normalize())
            };
            entries.iter().map(text).collect()
        };
        let settings = &shop.settings;
        assert_eq!(rates(settings.manual_of_item(&copied, 10)), ["PR00 8", "RB00 1"]);
        assert_eq!(rates(settings.manual_of_item(&copied, 20)), [""; 0]);
        assert_eq!(rates(settings.agreed_of_item(&copied, 20)), ["PR00 20"]);
        let all = settings.manual_of_header(&copied, |_| true);
        assert_eq!(rates(all), ["HA00 10", "HB00 3.333333"]);
        assert_eq!(rates(settings.manual_of_header(&copied, |_| false)), ["HA00 10"]);
    }
}
