//! The end of the database server.

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
