//! Customizing of delivery.

use serde::Deserialize;
use tessera_customizing::{Catalogue, Customizing, Diagnostics, Origin};
use tessera_kernel::Code;

/// How patiently events are delivered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryPolicy {
    /// Tries before an event becomes a dead letter.
    pub attempts: u32,
    /// Wait after the first failure, in milliseconds; doubles each time.
    pub first_delay_ms: u64,
    /// The longest wait, in milliseconds.
    pub longest_delay_ms: u64,
}

/// How webhooks are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookPolicy {
    /// Time limit of one call, in milliseconds.
    pub timeout_ms: u64,
    /// Hosts that webhooks may point to, whatever their address; `*` and an empty list: besides
    /// them every host with a public address.
    pub allowed_hosts: Vec<String>,
    /// Entries of the delivery log that are kept per webhook.
    pub kept_deliveries: u32,
}

/// How long events are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventRetention {
    /// Days after which events that every queue is done with are deleted; absent: never.
    #[serde(default)]
    pub days: Option<u32>,
}

/// Settings of this module.
#[derive(Clone, Debug)]
pub struct EventsSettings {
    /// Delivery to subscribers within the program.
    pub subscriber: DeliveryPolicy,
    /// Delivery to webhooks.
    pub webhook: DeliveryPolicy,
    /// How webhooks are called.
    pub policy: WebhookPolicy,
    /// Days for which events are kept; none: for ever.
    pub kept_days: Option<u32>,
}

/// Reads `event_delivery`, `webhook_policy` and `event_retention`.
pub fn settings(customizing: &Customizing, problems: &mut Diagnostics) -> EventsSettings {
    let delivery = customizing.catalogue::<DeliveryPolicy>("event_delivery", problems);
    for (code, policy) in delivery.iter() {
        if policy.attempts == 0 || policy.first_delay_ms == 0 {
            let message = format!("event_delivery.{code}: attempts and delays must be more than 0");
            problems.report(&origin(&delivery, code), message);
        }
    }
    let policies = customizing.catalogue::<WebhookPolicy>("webhook_policy", problems);
    let fallback = DeliveryPolicy { attempts: 8, first_delay_ms: 1_000, longest_delay_ms: 60_000 };
    let policy =
        WebhookPolicy { timeout_ms: 10_000, allowed_hosts: Vec::new(), kept_deliveries: 1_000 };
    EventsSettings {
        subscriber: entry(&delivery, Code::literal("subscriber"), fallback.clone(), problems),
        webhook: entry(&delivery, Code::literal("webhook"), fallback, problems),
        policy: entry(&policies, Code::literal("MAIN"), policy, problems),
        kept_days: customizing
            .catalogue::<EventRetention>("event_retention", problems)
            .get(Code::literal("MAIN"))
            .and_then(|retention| retention.days),
    }
}

/// The entry, or a finding and the fallback: with a finding nothing starts.
fn entry<T: Clone>(
    catalogue: &Catalogue<T>,
    code: Code,
    fallback: T,
    problems: &mut Diagnostics,
) -> T {
    catalogue.get(code).cloned().unwrap_or_else(|| {
        let message = format!("{}.{code} is missing", catalogue.name());
        problems.report(&origin(catalogue, code), message);
        fallback
    })
}

fn origin<T>(catalogue: &Catalogue<T>, code: Code) -> Origin {
    catalogue
        .origin(code)
        .cloned()
        .unwrap_or_else(|| Origin { file: "shipped:events.toml".into(), line: 1 })
}
