//! Webhooks: addresses outside that hear of events.

mod actions;
mod address;
mod delivery;
mod queue;
mod secret;
mod sender;
mod signature;

use tessera_kernel::{Object, ObjectId, Registry, Segment, event_fits};

pub(crate) use actions::{ACTIONS, change, delete};
pub(crate) use delivery::WEBHOOK_DELIVERY;
pub use delivery::{Delivery, deliveries};
pub(crate) use secret::WEBHOOK_SECRET;
pub use sender::Sender;
pub use signature::{sign, verify};

use crate::EventsError;

/// Where events are sent.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "webhook_target", everywhere, one)]
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
#[segment(table = "webhook_event", everywhere, many(pattern))]
pub struct WebhookEvent {
    /// Name of an event, or the start of names and `*`.
    #[field(max = 80)]
    pub pattern: String,
}

/// An address outside that hears of events: of what the user may read who is responsible for it.
#[derive(Object, Clone, Debug)]
#[object(name = "webhook", owned, shared)]
pub struct Webhook {
    /// Where.
    pub target: WebhookTarget,
    /// Which events.
    pub events: Vec<WebhookEvent>,
}

impl Webhook {
    /// Whether it wants events of this name.
    pub fn wants(&self, name: &str) -> bool {
        self.events.iter().any(|event| event_fits(&event.pattern, name))
    }

    /// Refuses an address that can't be, and patterns that no event fits.
    pub(crate) fn check(
        &self,
        allowed_hosts: &[String],
        registry: &Registry,
    ) -> Result<(), EventsError> {
        address::check(&self.target.url, allowed_hosts)?;
        if self.events.is_empty() {
            return Err(EventsError::NoPattern);
        }
        let unfit = |event: &WebhookEvent| {
            !registry.events().any(|def| event_fits(&event.pattern, def.name))
        };
        match self.events.iter().position(unfit) {
            None => Ok(()),
            Some(position) => {
                let pattern = self.events[position].pattern.clone();
                Err(EventsError::Pattern { position, pattern, allowed: allowed(registry) })
            }
        }
    }
}

fn allowed(registry: &Registry) -> String {
    let names: Vec<&str> = registry.events().map(|event| event.name).collect();
    format!("events are: {}", names.join(", "))
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
