//! A bad way to the database.

use std::time::Duration;

use tessera_testing_postgres::Way;

use super::cluster::Cluster;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// A connection is reset (RST) at some byte of whatever travels; now and then all are.
pub(super) struct Reset;

impl Fault<Cluster> for Reset {
    fn name(&self) -> &'static str {
        "connection reset"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        if dice.u8(..4) == 0 {
            site.database.way().reset();
            return true;
        }
        site.database.way().reset_after(dice.u32(..30_000));
        site.attend_until(|site| site.database.way().has_reset())
    }
}

/// Everything takes longer.
pub(super) struct Slow;

impl Fault<Cluster> for Slow {
    fn name(&self) -> &'static str {
        "slow connections"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        lasting(site, Way::Slow(Duration::from_millis(dice.u64(1..60))), dice.u64(200..3_000))
    }
}

/// Nothing gets through for a while, sometimes for longer than anybody waits.
pub(super) struct Blocked;

impl Fault<Cluster> for Blocked {
    fn name(&self) -> &'static str {
        "blocked connections"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        lasting(site, Way::Blocked, dice.u64(100..12_000))
    }
}

fn lasting(site: &mut Site<Cluster>, way: Way, millis: u64) -> bool {
    site.database.way().set(way);
    site.attend_for(Duration::from_millis(millis));
    site.database.way().set(Way::Open);
    true
}

/// The connections that are there lead nowhere any more, without a word; new ones are good.
pub(super) struct Mute;

impl Fault<Cluster> for Mute {
    fn name(&self) -> &'static str {
        "connections that lead nowhere"
    }

    fn strike(&self, site: &mut Site<Cluster>, _dice: &mut Dice) -> bool {
        site.database.way().mute();
        true
    }
}
