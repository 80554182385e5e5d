#![doc = include_str!("../README.md")]

mod backoff;
mod broker;
mod dead_letter;
mod dispatcher;
mod error;
mod forwarder;
mod lease;
mod offset;
mod outbox;
mod retention;
mod settings;
mod signal;
mod told;
mod webhook;

use tessera_customizing::Shipped;
use tessera_kernel::{EventDef, Module, ObjectEntry};

pub use broker::{Broker, BrokerError, Published, broker_queue};
pub use dead_letter::{DeadLetter, count_dead_letters, dead_letters};
pub use dispatcher::Dispatcher;
pub use error::EventsError;
pub use forwarder::Forwarder;
pub use offset::{Lag, MOST_BEHIND, lag};
pub use retention::Retention;
pub use settings::{DeliveryPolicy, EventsSettings, WebhookPolicy, settings};
pub use told::told;
pub use webhook::{
    Delivery, Sender, Webhook, WebhookEvent, WebhookTarget, deliveries, is_webhook, queue_name,
    sign, verify,
};

/// Customizing shipped.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "events.toml", text: include_str!("../config/events.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("webhook.registered", "A webhook was registered."),
    EventDef::new("webhook.changed", "A webhook was changed."),
    EventDef::new("webhook.replayed", "Events are sent to a webhook again."),
];

/// The table of contents.
pub fn module() -> Module {
    Module {
        name: "events",
        owner: "platform",
        help: "Delivery of events to subscribers, webhooks and a message broker.",
        objects: vec![ObjectEntry {
            change: Some(webhook::change),
            delete: Some(webhook::delete),
            ..ObjectEntry::document::<Webhook>()
        }],
        actions: webhook::ACTIONS.to_vec(),
        tables: vec![
            &offset::SUBSCRIBER_OFFSET,
            &lease::LEASE,
            &dead_letter::DEAD_LETTER,
            &webhook::WEBHOOK_SECRET,
            &webhook::WEBHOOK_DELIVERY,
        ],
        events: EVENTS,
        ..Module::default()
    }
}
