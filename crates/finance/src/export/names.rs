//! Names of accounts in plain-text journals.

use std::fmt::Write;

use tessera_kernel::Code;

use crate::entries::AccountKind;
use crate::settings::FinanceSettings;

/// The name of an account of a company: `Assets:1000:140000`.
///
/// Beancount wants components of letters, digits and `-` that start with a capital letter or a
/// digit; other codes are spelt so that no two become the same.
pub(crate) fn account_name(
    settings: &FinanceSettings,
    company_code: Code,
    account: Code,
) -> String {
    let kind = settings.accounts.get(account).map(|account| account.kind);
    let root = match kind {
        Some(AccountKind::Asset) => "Assets",
        Some(AccountKind::Liability) => "Liabilities",
        Some(AccountKind::Revenue) => "Income",
        Some(AccountKind::Expense) => "Expenses",
        // An account that customizing has lost keeps its balance in sight.
        Some(AccountKind::Equity) | None => "Equity",
    };
    let mut name = String::with_capacity(40);
    // Writing to a string can't fail.
    let _ = write!(name, "{root}:{}:{}", component(company_code), component(account));
    name
}

fn component(code: Code) -> String {
    let text = code.as_str();
    let starts_well = text.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    let mut component = String::from(if starts_well { "" } else { "X-" });
    for letter in text.chars() {
        match letter {
            '-' => component.push_str("--"),
            '_' => component.push_str("-u"),
            '.' => component.push_str("-d"),
            _ => component.push(letter),
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_what_beancount_takes_and_stay_different() {
        let spelt = |text| component(Code::parse(text).unwrap());
        assert_eq!(spelt("140000"), "140000");
        assert_eq!(spelt("A_1"), "A-u1");
        assert_eq!(spelt("A-u1"), "A--u1");
        assert_eq!(spelt("a.b"), "X-a-db");
        assert_eq!(spelt("X-a"), "X--a");
    }
}
