//! Webhooks: addresses outside that hear of events.

mod actions;
mod address;
mod delivery;
mod queue;
mod secret;
mod sender;
mod signature;

use tessera_kernel::{Object, ObjectId, Segment};

pub(crate) use actions::{ACTIONS, change, delete};
pub(crate) use delivery::WEBHOOK_DELIVERY;
pub use delivery::{Delivery, deliveries};
pub(crate) use secret::WEBHOOK_SECRET;
pub use sender::Sender;
pub use signature::{sign, verify};

use crate::EventsError;

/// Where events are sent.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "webhook_target", one)]
pub struct WebhookTarget {
    /// Address, `https://…` or `http://…`.
    #[field(max = 500, list)]
    pub url: String,
    /// What the receiver is.
    #[field(max = 120, list)]
    pub description: Option<String>,
    /// Events are sent; what happens while it is not active is sent when it is again.
    #[field(default = true, list)]
    pub active: bool,
}

/// A pattern of events that are sent.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "webhook_event", many(pattern))]
pub struct WebhookEvent {
    /// Name of an event, or the start of names and `*`.
    #[field(max = 80)]
    pub pattern: String,
}

/// An address outside that hears of events.
#[derive(Object, Clone, Debug)]
#[object(name = "webhook")]
pub struct Webhook {
    /// Where.
    pub target: WebhookTarget,
    /// Which events.
    pub events: Vec<WebhookEvent>,
}

impl Webhook {
    /// Whether it wants events of this name.
    pub fn wants(&self, name: &str) -> bool {
        self.events.iter().any(|event| match event.pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => event.pattern == name,
        })
    }

    pub(crate) fn check(&self, allowed_hosts: &[String]) -> Result<(), EventsError> {
        address::check(&self.target.url, allowed_hosts)?;
        if self.events.is_empty() {
            return Err(EventsError::NoPattern);
        }
        let letter =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
        for WebhookEvent { pattern } in &self.events {
            let name = pattern.strip_suffix('*').unwrap_or(pattern);
            if pattern.is_empty() || !name.chars().all(letter) {
                return Err(EventsError::Pattern(pattern.clone()));
            }
        }
        Ok(())
    }
}

/// What the names of webhooks' queues begin with.
const QUEUE: &str = "webhook:";

/// The name of a webhook's queue in offsets and dead letters.
pub fn queue_name(webhook: ObjectId) -> String {
    format!("{QUEUE}{webhook}")
}

/// Whether a queue is that of a webhook.
pub fn is_webhook(queue: &str) -> bool {
    queue.starts_with(QUEUE)
}
