//! A replica takes the place of its server, or is gone itself.

use std::time::Duration;

use super::cluster::Cluster;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// The server dies, and its replica is promoted (`pg_promote`) after a while in which it only lets itself
/// be read. The machine of the dead one then comes back as the replica of the other.
pub(super) struct Failover;

impl Fault<Cluster> for Failover {
    fn name(&self) -> &'static str {
        "failover to the replica"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.leader.kill();
        site.attend_for(Duration::from_millis(dice.u64(..2_000)));
        let Cluster { leader, replica, .. } = &mut site.database;
        let replica = replica.as_mut().expect("a cluster with a replica");
        // There is nobody who could have what it commits, until there is.
        replica.set("synchronous_standby_names", "''");
        replica.reload();
        replica.promote();
        std::mem::swap(leader, replica);
        replica.follow(leader, "replica");
        replica.start();
        site.database.wait_for_replica();
        true
    }
}

/// The replica dies: nothing is acknowledged until it is back.
pub(super) struct ReplicaGone;

impl Fault<Cluster> for ReplicaGone {
    fn name(&self) -> &'static str {
        "replica gone for a while"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.replica().kill();
        let heard = site.front.heard();
        site.attend_for(Duration::from_millis(dice.u64(100..5_000)));
        // What was committed before may be acknowledged after.
        if site.front.heard() > heard + site.front.latest().len() {
            site.front.complain("commits were acknowledged that no replica has".to_string());
        }
        site.database.replica().start();
        site.database.wait_for_replica();
        true
    }
}
