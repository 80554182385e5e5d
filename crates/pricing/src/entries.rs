//! What may be entered in a document.

use tessera_kernel::{Decimal, Quantity};

use crate::error::Place;
use crate::program::ConditionStep;
use crate::records::{Found, Records};
use crate::run::Run;
use crate::trace::Trace;
use crate::{
    Calculation, ConditionClass, ConditionSign, ManualCondition, ManualEntry, PricingError,
    Priority,
};

impl<R: Records, T: Trace> Run<'_, R, T> {
    /// Refuses entries that the procedure, the condition type or the place does not allow.
    pub(crate) fn check_entries(&self) -> Result<(), PricingError> {
        for entry in &self.header.manual {
            self.check_entry(Place::Header, entry)?;
        }
        for item in self.items {
            if !item.fields.are_of_item() {
                return Err(PricingError::HeaderField(item.item));
            }
            for entry in &item.manual {
                self.check_entry(Place::Item(item.item), entry)?;
            }
        }
        Ok(())
    }

    fn check_entry(&self, place: Place, entry: &ManualCondition) -> Result<(), PricingError> {
        let mut conditions = self.program.steps.iter().filter_map(|step| step.condition.as_ref());
        let Some(condition) = conditions.find(|own| own.code == entry.condition_type) else {
            return Err(PricingError::NotInProcedure {
                place,
                condition_type: entry.condition_type,
                procedure: self.program.code,
            });
        };
        match rule_broken(place, entry, condition) {
            None => Ok(()),
            Some((field, rule)) => {
                let condition_type = entry.condition_type;
                Err(PricingError::NotManual { place, condition_type, field, rule })
            }
        }
    }

    /// Refuses entries outside the limits of the record found. They can only be compared in the
    /// currency and quantity of the record.
    pub(crate) fn check_limits(
        &self,
        item: usize,
        condition: &ConditionStep,
        found: &Found,
        searched: usize,
    ) -> Result<(), PricingError> {
        let rate = &found.rate;
        let limited = rate.lower_limit.is_some() || rate.upper_limit.is_some();
        if !limited || condition.priority == Priority::Automatic {
            return Ok(());
        }
        let (currency, item) = (self.header.currency, &self.items[item]);
        let calculation = rate.calculation.unwrap_or(condition.calculation);
        let entries = self.rows[..searched].iter().rev().take_while(|row| {
            self.program.steps[row.step]
                .condition
                .as_ref()
                .is_some_and(|c| c.code == condition.code)
                && self.items[row.item].item == item.item
        });
        for row in entries {
            let terms = &row.terms;
            let alike = terms.calculation == calculation
                && (calculation == Calculation::Percentage
                    || (terms.currency == rate.currency.unwrap_or(currency)
                        && terms.per == rate.per));
            if !alike {
                let per = terms.currency == rate.currency.unwrap_or(currency);
                return Err(PricingError::NotManual {
                    place: Place::Item(item.item),
                    condition_type: condition.code,
                    field: if per { "per" } else { "currency" },
                    rule: "its condition record has limits, so enter it in the currency and per \
                           the quantity of the record",
                });
            }
            let entered = condition.sign.apply(terms.rate);
            let below = rate.lower_limit.is_some_and(|limit| entered < limit);
            if below || rate.upper_limit.is_some_and(|limit| entered > limit) {
                return Err(PricingError::OutsideLimits {
                    item: item.item,
                    condition_type: condition.code,
                    rate: entered,
                    lower: rate.lower_limit,
                    upper: rate.upper_limit,
                });
            }
        }
        Ok(())
    }
}

/// The field of an entry that breaks a rule, and the rule, if one does.
fn rule_broken(
    place: Place,
    entry: &ManualCondition,
    condition: &ConditionStep,
) -> Option<(&'static str, &'static str)> {
    let calculation = entry.calculation.unwrap_or(condition.calculation);
    let quantity = matches!(calculation, Calculation::PerQuantity | Calculation::Weight);
    let is_header = place == Place::Header;
    let rules = [
        (
            "condition_type",
            condition.manual == ManualEntry::None || condition.cost,
            "it is found or computed only",
        ),
        ("item", is_header && !condition.header, "it is entered for an item"),
        ("item", !is_header && condition.header, "it is entered for the whole document"),
        (
            "rate",
            entry.rate < Decimal::ZERO && condition.sign != ConditionSign::Both,
            "its rate has no sign, the condition type has it",
        ),
        (
            "condition_type",
            is_header && quantity,
            "for the whole document it is a percentage or an amount",
        ),
        (
            "condition_type",
            calculation != condition.calculation
                && (calculation == Calculation::Weight
                    || condition.calculation == Calculation::Weight && quantity),
            "amounts per quantity and per weight do not replace each other",
        ),
        (
            "condition_type",
            condition.class == ConditionClass::Price && calculation == Calculation::Percentage,
            "a price is no percentage",
        ),
        (
            "per",
            entry.per.is_some_and(|per| !Quantity::is_positive(&per)),
            "the quantity that it is for must be more than 0",
        ),
        (
            "per",
            entry.per.is_some() && !quantity,
            "only an amount per quantity or weight has a quantity that it is for",
        ),
        (
            "currency",
            entry.currency.is_some() && calculation == Calculation::Percentage,
            "a percentage has no currency",
        ),
    ];
    rules.into_iter().find(|(_, broken, _)| *broken).map(|(field, _, rule)| (field, rule))
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Currency;

    use super::*;
    use crate::testing::*;
    use crate::{ConditionRate, KeyField, PricingHeader};

    #[test]
    fn limits_of_a_record_hold_for_what_is_entered() {
        let mut shop = Shop::with_price();
        let rate = ConditionRate::per(always(), dec("10"), Currency::EUR, pieces(1));
        let rate = ConditionRate { lower_limit: Some(dec("9")), ..rate };
        shop.put("PR00", "A304", &product_key(1), rate, &[]);
        let run = |shop: &mut Shop, rate: &str| {
            shop.run(&header(), &[with(item(10, 1, "1"), &[manual("PR00", rate)])])
        };
        assert!(run(&mut shop, "9").is_ok());
        let refused = run(&mut shop, "8.99").unwrap_err();
        assert!(matches!(refused, PricingError::OutsideLimits { item: 10, .. }), "{refused}");
        assert!(refused.to_string().contains("at least 9"), "{refused}");
    }

    #[test]
    fn entries_that_are_not_allowed_are_refused_with_the_rule() {
        let mut shop = Shop::with_price();
        let on_item = |shop: &mut Shop, entry| {
            let refused = shop.run(&header(), &[with(item(10, 1, "1"), &[entry])]);
            refused.unwrap_err().to_string()
        };
        assert!(on_item(&mut shop, manual("ZZZZ", "1")).contains("not in pricing procedure STD"));
        assert!(on_item(&mut shop, manual("MWST", "1")).contains("found or computed only"));
        assert!(on_item(&mut shop, manual("VPRS", "1")).contains("found or computed only"));
        assert!(on_item(&mut shop, manual("HB00", "1")).contains("for the whole document"));
        assert!(on_item(&mut shop, manual("RA00", "-1")).contains("no sign"));
        let currency = Some(Currency::EUR);
        let percent = ManualCondition { currency, ..manual("RA00", "1") };
        assert!(on_item(&mut shop, percent).contains("a percentage has no currency"));
        let fixed = ManualCondition { per: Some(pieces(1)), ..manual("RB00", "1") };
        assert!(on_item(&mut shop, fixed).contains("only an amount per quantity or weight"));
        let none = ManualCondition { per: Some(pieces(0)), ..manual("PR00", "1") };
        assert!(on_item(&mut shop, none).contains("more than 0"));
        let header = PricingHeader { manual: vec![manual("RA00", "1")], ..header() };
        let refused = shop.run(&header, &[item(10, 1, "1")]).unwrap_err();
        assert!(refused.to_string().starts_with("header: RA00 can't"), "{refused}");
    }

    #[test]
    fn an_item_can_not_have_another_customer_than_its_document() {
        let mut shop = Shop::with_price();
        let mut other = item(10, 1, "1");
        other.fields.set(KeyField::Customer, id(0xB));
        assert!(matches!(shop.run(&header(), &[other]), Err(PricingError::HeaderField(10))));
    }
}
