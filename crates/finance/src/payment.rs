//! Payments: money of customers, and clearing of open items with or without money.
//!
//! Every verb runs the same three steps: [`plan`] decides what happens to each open item,
//! [`settle`] posts it and changes the items, and the verb keeps the payment.

mod allocate;
mod cancel;
mod clear;
mod form;
mod pay;
mod plan;
mod settle;
mod write_off;

pub use allocate::allocate;
pub use cancel::cancel_payment;
pub use clear::{clear, clear_items};
pub use form::{
    AllocateData, AllocateForm, AllocationData, CancelForm, ClearingData, ClearingForm,
    PaymentData, PaymentForm, WriteOffData, WriteOffForm,
};
pub use pay::{pay, refund};
pub use write_off::write_off;
