//! Account determination: which account a posting goes to.
//!
//! The access order is that of SAP's procedure `KOFI00`: customer group and product group with the
//! key, then the customer group, then the product group, then the key alone.

use hashbrown::HashMap;
use tessera_customizing::{Catalogue, Diagnostics};
use tessera_kernel::Code;

use crate::FinanceError;
use crate::entries::DeterminationRule;

/// Account keys of the program itself. Pricing names further ones on its condition types.
pub mod account_key {
    use tessera_kernel::Code;

    /// Revenue.
    pub const REVENUE: Code = Code::literal("ERL");
    /// Sales deductions.
    pub const DEDUCTIONS: Code = Code::literal("ERS");
    /// Freight revenue.
    pub const FREIGHT: Code = Code::literal("ERF");
    /// Output tax.
    pub const OUTPUT_TAX: Code = Code::literal("MWS");
    /// Receivables of customers that have no reconciliation account of their own.
    pub const RECEIVABLES: Code = Code::literal("REC");
    /// Inventory.
    pub const INVENTORY: Code = Code::literal("BSX");
    /// Cost of goods sold (SAP: `GBB` with the modifier `VAX`).
    pub const COST_OF_GOODS_SOLD: Code = Code::literal("VAX");
    /// Scrapping and write-off.
    pub const SCRAPPING: Code = Code::literal("SCR");
    /// Offset of opening stock.
    pub const OPENING_STOCK: Code = Code::literal("INV");
    /// Goods receipt / invoice receipt.
    pub const GOODS_RECEIPT: Code = Code::literal("WRX");
    /// Stock transfer.
    pub const TRANSFER: Code = Code::literal("TRF");
    /// Price differences of goods.
    pub const PRICE_DIFFERENCE: Code = Code::literal("PRD");
    /// Gains and losses from changes of standard prices.
    pub const REVALUATION: Code = Code::literal("UMB");
    /// Cash discount granted.
    pub const CASH_DISCOUNT: Code = Code::literal("SKT");
    /// Rounding and small payment differences.
    pub const ROUNDING: Code = Code::literal("RDF");
    /// Bank clearing.
    pub const BANK: Code = Code::literal("BNK");
    /// Bad debt.
    pub const BAD_DEBT: Code = Code::literal("BAD");
    /// Exchange rate differences.
    pub const EXCHANGE_DIFFERENCE: Code = Code::literal("EXD");
}

type Access = (Code, Code, Option<Code>, Option<Code>);

/// The rules, compiled to one lookup per access.
#[derive(Clone, Debug, Default)]
pub struct AccountDetermination {
    rules: HashMap<Access, Code>,
}

impl AccountDetermination {
    /// Compiles the rules; two rules for the same combination are reported.
    pub(crate) fn compile(
        catalogue: &Catalogue<DeterminationRule>,
        problems: &mut Diagnostics,
    ) -> Self {
        let mut rules = HashMap::with_capacity(catalogue.len());
        for (code, rule) in catalogue.iter() {
            let access = (rule.chart, rule.key, rule.customer_group, rule.product_group);
            if rules.insert(access, rule.account).is_none() {
                continue;
            }
            if let Some(origin) = catalogue.origin(code) {
                let same = "another entry matches the same combination; remove one of them";
                problems.report(origin, format!("{}.{code}: {same}", catalogue.name()));
            }
        }
        Self { rules }
    }

    /// The account of a key: the most specific rule wins. Groups that no rule names do not matter.
    pub fn account(
        &self,
        chart: Code,
        key: Code,
        customer_group: Option<Code>,
        product_group: Option<Code>,
    ) -> Result<Code, FinanceError> {
        let find = |customer, product| self.rules.get(&(chart, key, customer, product)).copied();
        let both = || match (customer_group, product_group) {
            (Some(_), Some(_)) => find(customer_group, product_group),
            _ => None,
        };
        both()
            .or_else(|| customer_group.and_then(|_| find(customer_group, None)))
            .or_else(|| product_group.and_then(|_| find(None, product_group)))
            .or_else(|| find(None, None))
            .ok_or(FinanceError::NoAccount { chart, key, customer_group, product_group })
    }

    /// Whether some rule of the chart leads from this key to the account.
    pub fn leads_to(&self, chart: Code, key: Code, account: Code) -> bool {
        self.rules
            .iter()
            .any(|(access, found)| access.0 == chart && access.1 == key && *found == account)
    }
}

#[cfg(test)]
mod tests {
    use tessera_customizing::{Customizing, Shipped};

    use super::*;

    const FILE: Shipped = Shipped {
        file: "rules.toml",
        text: r#"
[account_determination.A]
chart = "C"
key = "ERL"
account = "1"
[account_determination.B]
chart = "C"
key = "ERL"
product_group = "P"
account = "2"
[account_determination.D]
chart = "C"
key = "ERL"
customer_group = "K"
account = "3"
[account_determination.E]
chart = "C"
key = "ERL"
customer_group = "K"
product_group = "P"
account = "4"
"#,
    };

    fn compiled(files: &[Shipped]) -> (AccountDetermination, Diagnostics) {
        let mut problems = Diagnostics::default();
        let customizing = Customizing::load(&[files], None, &mut problems);
        let rules = customizing.catalogue("account_determination", &mut problems);
        (AccountDetermination::compile(&rules, &mut problems), problems)
    }

    #[test]
    fn the_rule_that_names_most_wins_the_customer_before_the_product() {
        let (determination, problems) = compiled(&[FILE]);
        assert!(problems.is_empty(), "{problems}");
        let chart = Code::literal("C");
        let (k, p, x) = (Code::literal("K"), Code::literal("P"), Code::literal("X"));
        for (customer, product, account) in [
            (Some(k), Some(p), "4"),
            (Some(k), Some(x), "3"),
            (Some(x), Some(p), "2"),
            (Some(x), None, "1"),
            (None, None, "1"),
        ] {
            let found = determination.account(chart, account_key::REVENUE, customer, product);
            assert_eq!(found.unwrap().as_str(), account, "{customer:?} {product:?}");
        }
    }

    #[test]
    fn a_missing_rule_is_named_with_what_was_looked_for() {
        let (determination, _) = compiled(&[FILE]);
        let chart = Code::literal("C");
        let group = Some(Code::literal("K"));
        let missing = determination.account(chart, account_key::BANK, group, None).unwrap_err();
        let message = missing.to_string();
        assert!(message.contains("BNK") && message.contains('K'), "{message}");
    }

    #[test]
    fn two_rules_for_one_combination_are_reported() {
        let text = "[account_determination.Z]\nchart = \"C\"\nkey = \"ERL\"\naccount = \"9\"\n";
        let (_, problems) = compiled(&[FILE, Shipped { file: "own.toml", text }]);
        assert!(problems.to_string().contains("own.toml:1"), "{problems}");
    }
}
