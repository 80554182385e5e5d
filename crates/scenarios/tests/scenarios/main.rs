//! Business scenarios. Each file plays one subject.

mod availability;
mod books;
mod changes;
mod concurrency;
mod credit;
mod currencies;
mod deliveries;
mod documents;
mod flow;
mod invoices;
mod order_to_cash;
mod payments;
mod periods;
mod quantities;
mod quotation;
mod random;
mod returns;
mod reversals;
mod rounding;
mod services;
mod shop;
mod stale;
mod transfers;
mod verify;
mod world;
