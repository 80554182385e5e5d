//! The end of the database server, or its standing still.

use std::time::Duration;

use super::cluster::Cluster;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// `kill -9` of the server and all its processes.
pub(super) struct Kill;

impl Fault<Cluster> for Kill {
    fn name(&self) -> &'static str {
        "kill -9 of the database"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.leader.kill();
        site.attend_for(Duration::from_millis(dice.u64(..1_000)));
        site.database.attend();
        true
    }
}

/// It is restarted, in order or at once.
pub(super) struct Restart;

impl Fault<Cluster> for Restart {
    fn name(&self) -> &'static str {
        "restart of the database"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.leader.stop(if dice.bool() { "fast" } else { "immediate" });
        site.database.attend();
        true
    }
}

/// It stands still for a while, as a machine does that runs out of memory, and goes on.
pub(super) struct Hang;

impl Fault<Cluster> for Hang {
    fn name(&self) -> &'static str {
        "database that stands still"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.leader.freeze();
        site.attend_for(Duration::from_millis(dice.u64(100..12_000)));
        site.database.leader.thaw();
        true
    }
}
