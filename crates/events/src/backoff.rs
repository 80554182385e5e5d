//! How long to wait before the next try.

use std::time::Duration;

use crate::DeliveryPolicy;

/// The wait after so many failures (at least one): doubling, bounded, and up to a quarter longer by
/// chance, so that what failed together does not come back together.
pub(crate) fn delay(policy: &DeliveryPolicy, failures: u32) -> Duration {
    let chance = getrandom::u32().unwrap_or(0);
    delay_with(policy, failures, chance)
}

fn delay_with(policy: &DeliveryPolicy, failures: u32, chance: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(40);
    let wait = policy.first_delay_ms.saturating_mul(1 << doublings).min(policy.longest_delay_ms);
    let jitter = (wait / 4).saturating_mul(u64::from(chance)) / u64::from(u32::MAX);
    Duration::from_millis(wait + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: DeliveryPolicy =
        DeliveryPolicy { attempts: 5, first_delay_ms: 1_000, longest_delay_ms: 60_000 };

    #[test]
    fn a_wait_doubles_up_to_the_longest() {
        let waits: Vec<u64> =
            [1, 2, 3, 7, 200].map(|failures| delay_with(&POLICY, failures, 0).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 60, 60]);
    }

    #[test]
    fn chance_adds_at_most_a_quarter() {
        assert_eq!(delay_with(&POLICY, 1, u32::MAX), Duration::from_millis(1_250));
    }
}
