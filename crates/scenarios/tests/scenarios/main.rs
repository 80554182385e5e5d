//! Business scenarios. Each file plays one subject.

mod agreed;
mod availability;
mod books;
mod changes;
mod concurrency;
mod credit;
mod currencies;
mod deliveries;
mod documents;
mod flow;
mod headers;
mod invoices;
mod item_categories;
mod order_to_cash;
mod payments;
mod periods;
mod quotation;
mod random;
mod returns;
mod reversals;
mod rounding;
mod services;
mod shop;
mod stale;
mod units;
mod world;
