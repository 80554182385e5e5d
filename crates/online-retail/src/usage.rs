//! What a row becomes.

use crate::ReportedRow;
use crate::history::{Invoice, Line};
use crate::product::ShopProduct;

/// What a row becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Usage {
    /// An item of an order, billed.
    #[default]
    Sale,
    /// An item of a return, credited.
    Return,
    /// An item of an order that is delivered and not billed.
    Free,
    /// Goods that were found: movement 701.
    Found,
    /// Goods that are written off: movement 551.
    WrittenOff,
}

/// Decides what the rows of an invoice become; takes out, and reports, those that nothing fits.
pub(crate) fn decide(
    invoice: &mut Invoice,
    products: &[ShopProduct],
    reported: &mut Vec<ReportedRow>,
) {
    let is_sale = invoice.customer_known || invoice.lines.iter().any(|line| line.price != 0);
    let is_cancellation = invoice.is_cancellation();
    invoice.lines.retain_mut(|line| {
        let is_goods = products[line.product as usize].is_goods();
        match usage(line, is_goods, is_sale, is_cancellation) {
            Ok(usage) => {
                line.usage = usage;
                true
            }
            Err(reason) => {
                reported.push(ReportedRow { line: line.line, reason: reason.to_string() });
                false
            }
        }
    });
}

/// `is_sale` is an invoice that names its customer or asks for money.
fn usage(
    line: &Line,
    is_goods: bool,
    is_sale: bool,
    is_cancellation: bool,
) -> Result<Usage, &'static str> {
    let comes_back = line.quantity < 0;
    match line.price {
        // Services move no goods, so only their value tells whether they are sold or given back.
        _ if !is_goods && line.price != 0 => {
            Ok(if line.value() < 0 { Usage::Return } else { Usage::Sale })
        }
        ..0 => Err("UnitPrice is below zero for goods: they are neither sold nor given back"),
        1.. if comes_back => Ok(Usage::Return),
        1.. => Ok(Usage::Sale),
        0 if !is_goods || is_cancellation => {
            Ok(if comes_back { Usage::Return } else { Usage::Sale })
        }
        0 if comes_back => Ok(Usage::WrittenOff),
        0 if is_sale => Ok(Usage::Free),
        0 => Ok(Usage::Found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(quantity: i32, price: i64, goods: bool, sale: bool, cancels: bool) -> Option<Usage> {
        let line = Line { line: 1, product: 0, text: 0, quantity, price, usage: Usage::Sale };
        usage(&line, goods, sale, cancels).ok()
    }

    #[test]
    fn goods_with_a_price_are_sold_or_come_back_by_their_quantity() {
        for cancels in [false, true] {
            assert_eq!(of(2, 1, true, true, cancels), Some(Usage::Sale));
            assert_eq!(of(-2, 1, true, true, cancels), Some(Usage::Return));
            assert_eq!(of(2, -1, true, true, cancels), None);
            assert_eq!(of(-2, -1, true, true, cancels), None);
        }
    }

    #[test]
    fn goods_without_a_price_are_free_found_or_written_off() {
        assert_eq!(of(2, 0, true, true, false), Some(Usage::Free));
        assert_eq!(of(2, 0, true, false, false), Some(Usage::Found));
        assert_eq!(of(-2, 0, true, true, false), Some(Usage::WrittenOff));
        assert_eq!(of(-2, 0, true, true, true), Some(Usage::Return));
    }

    #[test]
    fn services_are_sold_or_given_back_by_their_value() {
        assert_eq!(of(1, -5, false, true, false), Some(Usage::Return));
        assert_eq!(of(-1, 5, false, true, true), Some(Usage::Return));
        assert_eq!(of(-1, -5, false, true, false), Some(Usage::Sale));
        assert_eq!(of(1, 0, false, false, false), Some(Usage::Sale));
        assert_eq!(of(-1, 0, false, false, false), Some(Usage::Return));
    }
}
