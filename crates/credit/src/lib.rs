#![doc = include_str!("../README.md")]

mod account;
mod checks;
mod commit;
mod error;
mod exposure;
mod overview;
mod settings;

use tessera_customizing::Shipped;
use tessera_kernel::Module;

pub use account::{Standing, credit_value, exposure};
pub use checks::compare_exposure;
pub use commit::{
    Decision, Refusal, RefusalReason, check_overdue, check_total, commit_change, commit_order,
    commit_released, max_overdue_days,
};
pub use error::CreditError;
pub use exposure::{
    CREDIT_EXPOSURE, Exposure, Measure, clear_invoices, delivery_to_invoice, hold,
    order_to_delivery, order_to_invoice, shift, withdraw_order,
};
pub use settings::{CreditSettings, RiskCategory, settings};

/// Customizing that is shipped with the module.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "credit.toml", text: include_str!("../config/credit.toml") }];

/// The module's table of contents.
pub fn module() -> Module {
    Module {
        name: "credit",
        owner: "finance",
        help: "Credit exposure per payer, and the limits that orders and deliveries must keep",
        actions: vec![overview::CREDIT_EXPOSURE_ACTION],
        balances: vec![&CREDIT_EXPOSURE],
        ..Module::default()
    }
}
