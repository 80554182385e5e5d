//! What can go wrong in finance.

use tessera_credit::CreditError;
use tessera_kernel::{
    BUSINESS_YEARS, Code, Currency, Date, Fault, Money, MoneyError, Problem, ProblemKind,
};
use tessera_organisation::OrganisationError;

/// A refusal of finance.
#[derive(Debug, thiserror::Error)]
pub enum FinanceError {
    /// A code is not in customizing, or not in the right chart; the sentence names what is allowed.
    #[error("{0}")]
    Customizing(String),
    /// No rule leads to an account.
    #[error(
        "account determination of the chart {chart} has no account for the key {key}{}{}: add an \
         entry to account_determination",
        named(" with the customer group ", .customer_group),
        named(" with the product group ", .product_group)
    )]
    NoAccount {
        /// Chart of accounts.
        chart: Code,
        /// Account key.
        key: Code,
        /// Customer's account assignment group.
        customer_group: Option<Code>,
        /// Product's account assignment group.
        product_group: Option<Code>,
    },
    /// A line of a journal entry breaks a rule.
    #[error("line {line} (account {account}): {reason}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// Its account.
        account: Code,
        /// The field that is wrong.
        field: &'static str,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// Debits are not credits.
    #[error("the journal entry does not balance: debits {debit}, credits {credit}")]
    Unbalanced {
        /// Sum of the debits.
        debit: Money,
        /// Sum of the credits.
        credit: Money,
    },
    /// A journal entry needs lines.
    #[error("a journal entry needs at least two lines")]
    NoLines,
    /// The period is closed.
    #[error(
        "period {period} of {year} of company {company_code} is closed: choose another posting \
         date than {date}, or open the period"
    )]
    PeriodClosed {
        /// Company.
        company_code: Code,
        /// Fiscal year.
        year: u32,
        /// Period.
        period: u32,
        /// Posting date asked for.
        date: Date,
    },
    /// The posting date is outside what the calendar of the books knows.
    #[error(
        "{0} can't be a posting date: use one between {first}-01-01 and {last}-12-31",
        first = BUSINESS_YEARS.start(),
        last = BUSINESS_YEARS.end()
    )]
    PostingDate(Date),
    /// A field breaks a rule that its definition does not know.
    #[error("{path}: {message}")]
    Field {
        /// Path of the field.
        path: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The company data of a partner name an account that carries no open items.
    #[error(
        "account {account} of partner {partner} in company {company_code} is no reconciliation \
         account: correct the company data of the partner"
    )]
    NoReconciliation {
        /// The account.
        account: Code,
        /// Number of the partner.
        partner: String,
        /// Company.
        company_code: Code,
    },
    /// A journal entry is reversed once.
    #[error("journal entry {number} {reason}")]
    NotReversible {
        /// Its number.
        number: String,
        /// Why, and the way out.
        reason: String,
    },
    /// An open item does not allow what was asked.
    #[error("open item {document}: {reason}")]
    OpenItem {
        /// Number of the billing document.
        document: String,
        /// Why, and the way out.
        reason: String,
    },
    /// A payment does not allow what was asked.
    #[error("{}{reason}", prefix("payment", number))]
    Payment {
        /// Its number; empty while it is being made.
        number: String,
        /// Why, and the way out.
        reason: String,
    },
    /// A report was asked for the impossible.
    #[error("{message}")]
    Report {
        /// The field that is impossible.
        path: &'static str,
        /// What is allowed.
        message: String,
    },
    /// The organisation refuses.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// Credit refuses.
    #[error(transparent)]
    Credit(#[from] CreditError),
    /// The caller may not, or the input is wrong.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// What was exported could not be written.
    #[error("the journal can't be written: {0}")]
    Output(#[from] std::io::Error),
}

fn named(label: &str, code: &Option<Code>) -> String {
    code.map_or_else(String::new, |code| format!("{label}{code}"))
}

impl FinanceError {
    /// A rule of one field.
    pub(crate) fn field(path: &'static str, message: impl Into<String>) -> Self {
        Self::Field { path, message: message.into() }
    }

    /// The same refusal, of a field that the caller named.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        Self::Problem(Problem::from(self).at(path))
    }

    /// The refusal of an entry that the caller did not write line by line: what does not fit was
    /// computed of a field of his.
    #[must_use]
    pub fn computed_of(self, path: impl Into<String>) -> Self {
        let is_line = matches!(self, Self::Line { .. });
        let problem = Problem::from(self);
        Self::Problem(match is_line {
            true => problem.known_as(|_| None).at(path),
            false => problem.computed_of(path),
        })
    }

    /// An amount in another currency than the document's.
    pub(crate) fn currency(found: Currency, wanted: Currency) -> String {
        format!("the amount is in {found}, the document in {wanted}")
    }
}

impl From<MoneyError> for FinanceError {
    fn from(error: MoneyError) -> Self {
        Self::Fault(error.into())
    }
}

/// Who is spoken of, where it has a number yet.
fn prefix(kind: &str, number: &str) -> String {
    if number.is_empty() { String::new() } else { format!("{kind} {number}: ") }
}

impl From<FinanceError> for Problem {
    fn from(error: FinanceError) -> Self {
        let detail = error.to_string();
        let conflict = |code: &str, detail| Problem::new(ProblemKind::Conflict, code, detail);
        let invalid = |code: &str, detail| Problem::new(ProblemKind::Invalid, code, detail);
        let at = |code: &str, path: &str, detail: String| {
            invalid(code, detail.clone()).field(path, detail)
        };
        match error {
            FinanceError::Customizing(_) => invalid("finance.customizing", detail),
            FinanceError::NoAccount { .. } => conflict("finance.no_account", detail),
            FinanceError::Line { line, field, reason, .. } => {
                let path = format!("lines[{}].{field}", line.saturating_sub(1));
                invalid("finance.line", detail).field(path, reason)
            }
            FinanceError::Unbalanced { .. } => at("finance.unbalanced", "lines", detail),
            FinanceError::NoLines => at("finance.no_lines", "lines", detail),
            FinanceError::PeriodClosed { .. } => {
                conflict("finance.period_closed", detail).at("posting_date")
            }
            FinanceError::PostingDate(_) => at("finance.posting_date", "posting_date", detail),
            FinanceError::NotReversible { .. } => conflict("finance.not_reversible", detail),
            FinanceError::Field { path, message } => Problem::invalid(path, message),
            FinanceError::OpenItem { .. } | FinanceError::NoReconciliation { .. } => {
                conflict("finance.open_item", detail)
            }
            FinanceError::Payment { .. } => conflict("finance.payment", detail),
            FinanceError::Report { path, .. } => at("finance.report", path, detail),
            FinanceError::Output(_) => {
                Problem::new(ProblemKind::Unavailable, "finance.output", detail)
            }
            FinanceError::Organisation(error) => error.into(),
            FinanceError::Credit(error) => error.into(),
            FinanceError::Problem(problem) => problem,
            FinanceError::Fault(fault) => fault.into(),
        }
    }
}
