//! The lines of an entry before it is posted.

use tessera_kernel::{Code, Money, MoneyError, Ref};
use tessera_partner::BusinessPartner;

use crate::segments::{JournalLine, Side};

/// A line to be posted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// The account.
    pub account: Code,
    /// Debit or credit.
    pub side: Side,
    /// The amount in the currency of the document, not below zero.
    pub amount: Money,
    /// The amount in the company's currency where the caller knows it (clearing at the rate of the
    /// open item); otherwise [`crate::post()`] converts.
    pub local: Option<Money>,
    /// Whose account, on a reconciliation account.
    pub partner: Option<Ref<BusinessPartner>>,
    /// Tax code.
    pub tax_code: Option<Code>,
    /// What the line is about.
    pub text: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// A line of one side.
    pub const fn new(account: Code, side: Side, amount: Money) -> Self {
        Self { account, side, amount, local: None, partner: None, tax_code: None, text: None }
    }

    /// A debit.
    pub const fn debit(account: Code, amount: Money) -> Self {
        Self::new(account, Side::Debit, amount)
    }

    /// A credit.
    pub const fn credit(account: Code, amount: Money) -> Self {
        Self::new(account, Side::Credit, amount)
    }

    /// A debit of an amount above zero, a credit of one below.
    pub const fn signed(account: Code, amount: Money) -> Self {
        let side = if amount.is_negative() { Side::Credit } else { Side::Debit };
        Self::new(account, side, amount.abs())
    }

    /// The same with a partner.
    #[must_use]
    pub const fn of(self, partner: Ref<BusinessPartner>) -> Self {
        Self { partner: Some(partner), ..self }
    }

    /// The same with a tax code.
    #[must_use]
    pub const fn taxed(self, tax_code: Option<Code>) -> Self {
        Self { tax_code, ..self }
    }

    /// The same with a text.
    #[must_use]
    pub const fn about(self, text: &'a str) -> Self {
        Self { text: Some(text), ..self }
    }

    /// The line that takes back a posted one.
    pub(crate) fn taking_back(line: &'a JournalLine) -> Self {
        Self {
            account: line.account,
            side: line.side.opposite(),
            amount: line.amount,
            local: Some(line.local_amount),
            partner: line.partner,
            tax_code: line.tax_code,
            text: line.text.as_deref(),
        }
    }

    fn same_key(&self, other: &Self) -> bool {
        self.account == other.account
            && self.partner == other.partner
            && self.tax_code == other.tax_code
            && self.text == other.text
    }

    fn signed_amounts(&self) -> (Money, Option<Money>) {
        match self.side {
            Side::Debit => (self.amount, self.local),
            Side::Credit => (self.amount.negated(), self.local.map(|local| local.negated())),
        }
    }
}

/// Nets the lines of an entry: one line for each account, partner, tax code and text, in the order
/// in which they first came; what nets to nothing is gone. Local amounts are given on all lines or
/// on none.
pub fn compress<'a>(lines: &[Line<'a>]) -> Result<Vec<Line<'a>>, MoneyError> {
    let mut sums: Vec<(Line<'a>, Money, Option<Money>)> = Vec::with_capacity(lines.len());
    for line in lines {
        let (amount, local) = line.signed_amounts();
        match sums.iter_mut().find(|(key, ..)| key.same_key(line)) {
            None => sums.push((*line, amount, local)),
            Some((_, sum, local_sum)) => {
                *sum = sum.plus(amount)?;
                *local_sum = match (*local_sum, local) {
                    (Some(left), Some(right)) => Some(left.plus(right)?),
                    _ => None,
                };
            }
        }
    }
    let mut compressed = Vec::with_capacity(sums.len());
    for (key, amount, local) in sums {
        push_net(&mut compressed, key, amount, local);
    }
    Ok(compressed)
}

/// The net of a key as one line, or as two where the document currency and the company's ended on
/// different sides.
fn push_net<'a>(lines: &mut Vec<Line<'a>>, key: Line<'a>, amount: Money, local: Option<Money>) {
    let line = |amount: Money, local: Option<Money>| {
        let negative = amount.is_negative() || local.is_some_and(|local| local.is_negative());
        let side = if negative { Side::Credit } else { Side::Debit };
        Line { side, amount: amount.abs(), local: local.map(|local| local.abs()), ..key }
    };
    let local_moves = local.is_some_and(|local| !local.is_zero());
    let split = local.is_some_and(|local| local.minor().signum() * amount.minor().signum() < 0);
    match local {
        Some(local) if split => {
            lines.push(line(amount, Some(Money::zero(local.currency()))));
            lines.push(line(Money::zero(amount.currency()), Some(local)));
        }
        _ if !amount.is_zero() || local_moves => lines.push(line(amount, local)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Currency;

    use super::*;

    fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::EUR)
    }

    const A: Code = Code::literal("A");
    const B: Code = Code::literal("B");

    #[test]
    fn lines_of_one_account_become_one_and_what_nets_to_nothing_is_gone() {
        let lines = [
            Line::debit(A, eur(500)),
            Line::credit(B, eur(300)),
            Line::credit(A, eur(500)),
            Line::credit(B, eur(200)).taxed(Some(A)),
            Line::credit(B, eur(10)),
        ];
        let expected = [Line::credit(B, eur(310)), Line::credit(B, eur(200)).taxed(Some(A))];
        assert_eq!(compress(&lines).unwrap(), expected);
    }

    #[test]
    fn a_net_on_different_sides_in_both_currencies_becomes_two_lines() {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let lines = [
            Line { local: Some(eur(90)), ..Line::debit(A, usd(100)) },
            Line { local: Some(eur(95)), ..Line::credit(A, usd(90)) },
        ];
        let expected = [
            Line { local: Some(eur(0)), ..Line::debit(A, usd(10)) },
            Line { local: Some(eur(5)), ..Line::credit(A, usd(0)) },
        ];
        assert_eq!(compress(&lines).unwrap(), expected);
    }
}
