//! Products of the shop: goods or services, their names and what they are worth.

use tessera_kernel::{Code, Currency, Decimal, Money, MoneyError, Rounding};

use crate::history::Line;

/// Stock codes of what is no goods, in capital letters, with the group that chooses the account.
const SERVICES: [(&str, Code); 13] = [
    ("POST", FREIGHT),
    ("DOT", FREIGHT),
    ("C2", FREIGHT),
    ("B", BAD_DEBT),
    ("AMAZONFEE", SERVICE),
    ("BANK CHARGES", SERVICE),
    ("CRUK", SERVICE),
    ("D", SERVICE),
    ("M", SERVICE),
    ("S", SERVICE),
    ("ADJUST", SERVICE),
    ("ADJUST2", SERVICE),
    ("TEST001", SERVICE),
];

/// What the codes of vouchers start with.
const VOUCHER: &str = "GIFT_";

const GOODS: Code = Code::literal("01");
const SERVICE: Code = Code::literal("02");
const FREIGHT: Code = Code::literal("03");
const BAD_DEBT: Code = Code::literal("04");

/// A product of the shop.
#[derive(Clone, Debug)]
pub(crate) struct ShopProduct {
    /// Stock code, as in the file.
    pub(crate) number: String,
    /// Group that chooses the revenue account.
    pub(crate) account_group: Code,
    /// Descriptions by position, with how often they stand there.
    names: Vec<(u32, u32)>,
    /// Sold pieces, and their value in micros of a pound.
    sold: (i128, i128),
}

impl ShopProduct {
    pub(crate) fn new(stock_code: &str) -> Self {
        Self {
            number: stock_code.to_string(),
            account_group: account_group(stock_code),
            names: Vec::new(),
            sold: (0, 0),
        }
    }

    /// Whether it is kept in stock.
    pub(crate) fn is_goods(&self) -> bool {
        self.account_group == GOODS
    }

    /// Notes a row: how it calls the product, and what it pays.
    pub(crate) fn note(&mut self, line: &Line) {
        if line.quantity > 0 && line.price > 0 {
            self.sold.0 += i128::from(line.quantity);
            self.sold.1 += line.value();
        }
        if line.text == 0 {
            return;
        }
        match self.names.iter_mut().find(|(text, _)| *text == line.text) {
            Some((_, count)) => *count += 1,
            None => self.names.push((line.text, 1)),
        }
    }

    /// The description that stands there most often, the first of several.
    pub(crate) fn name(&self) -> Option<u32> {
        let mut best: Option<(u32, u32)> = None;
        for (text, count) in &self.names {
            if best.is_none_or(|(_, most)| *count > most) {
                best = Some((*text, *count));
            }
        }
        best.map(|(text, _)| text)
    }

    /// 60 % of the average price of what was sold, rounded half up to pence; nothing where
    /// nothing was sold. The file does not know what the shop paid.
    pub(crate) fn standard_price(&self, currency: Currency) -> Result<Money, MoneyError> {
        let (pieces, micros) = self.sold;
        if pieces == 0 {
            return Ok(Money::zero(currency));
        }
        // Micros of a pound × 0.6 for a piece, in 10⁻⁷ of a pound.
        let price = i64::try_from(micros * 6 / pieces).map_err(|_| MoneyError::Overflow)?;
        Money::round(Decimal::new(price, 7), currency, Rounding::HalfUp)
    }
}

fn account_group(stock_code: &str) -> Code {
    let code = stock_code.to_uppercase();
    if code.starts_with(VOUCHER) {
        return SERVICE;
    }
    let found = SERVICES.iter().find(|(service, _)| *service == code);
    found.map_or(GOODS, |(_, group)| *group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    fn line(text: u32, quantity: i32, price: i64) -> Line {
        Line { line: 1, product: 0, text, quantity, price, usage: Usage::Sale }
    }

    #[test]
    fn postage_fees_and_vouchers_are_services_in_any_case_of_letters() {
        for code in ["POST", "m", "M", "BANK CHARGES", "gift_0001_20", "B"] {
            assert!(!ShopProduct::new(code).is_goods(), "{code}");
        }
        for code in ["85123A", "85123a", "DCGSSGIRL", "PADS", "MM", "15056BL"] {
            assert!(ShopProduct::new(code).is_goods(), "{code}");
        }
    }

    #[test]
    fn the_name_is_the_most_frequent_description_that_is_not_empty() {
        let mut product = ShopProduct::new("1");
        assert_eq!(product.name(), None);
        for text in [0, 0, 0, 7, 8, 8, 7] {
            product.note(&line(text, 1, 1));
        }
        assert_eq!(product.name(), Some(7));
    }

    #[test]
    fn the_standard_price_is_60_percent_of_what_was_paid_on_average() {
        let mut product = ShopProduct::new("1");
        let price = |product: &ShopProduct| product.standard_price(Currency::GBP).unwrap().minor();
        assert_eq!(price(&product), 0);
        // 3 pieces for 10.00 each, one for 2.00; what came back or was free does not count.
        for (quantity, pounds) in [(3, 10), (1, 2), (-3, 10), (5, 0)] {
            product.note(&line(0, quantity, pounds * 1_000_000));
        }
        assert_eq!(price(&product), 480);
    }
}
