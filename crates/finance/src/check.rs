//! Checks of `verify`: every stored figure of finance against the documents beneath it.

mod ledger;
mod numbers;
mod receivables;
mod reconciliation;

use tessera_kernel::Check;

use crate::segments::Payment;

pub(crate) fn checks() -> Vec<Check> {
    vec![
        Check { name: "ledger_total", run: ledger::check },
        Check { name: "journal_numbers", run: numbers::check },
        Check { name: "payment_numbers", run: tessera_kernel::compare_last_number::<Payment> },
        Check { name: "receivable", run: receivables::check_items },
        Check { name: "payment", run: receivables::check_payments },
        Check { name: "reconciliation", run: reconciliation::check_accounts },
        Check { name: "open_invoices", run: reconciliation::check_exposure },
    ]
}
