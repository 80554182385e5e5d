//! A replica takes the place of its server, or is gone itself.

use std::time::{Duration, Instant};

use super::cluster::{Cluster, wait};
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
        promote(&mut site.database);
        come_back(&mut site.database);
        true
    }
}

/// The same from a server that stands still: its connections stay open, and it takes new ones and says
/// nothing. It is killed only when the replica has been serving for a while.
pub(super) struct FailoverFromHanging;

impl Fault<Cluster> for FailoverFromHanging {
    fn name(&self) -> &'static str {
        "failover from a database that stands still"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        site.database.leader.freeze();
        site.attend_for(Duration::from_millis(dice.u64(..2_000)));
        promote(&mut site.database);
        let before = site.front.heard();
        let since = Instant::now();
        while site.front.heard() == before {
            if since.elapsed() > AT_THE_OTHER {
                site.front.complain(format!(
                    "nothing is answered {AT_THE_OTHER:?} after the replica was promoted"
                ));
                break;
            }
            site.attend_for(Duration::from_millis(100));
        }
        // Nobody may come back to what the other no longer knows of.
        site.database.replica().kill();
        come_back(&mut site.database);
        true
    }
}

/// How long users may wait until servers that hang on a silent database serve on the other.
const AT_THE_OTHER: Duration = Duration::from_secs(30);

/// Makes the replica the server that writes; the other takes its place.
fn promote(cluster: &mut Cluster) {
    let Cluster { leader, replica, .. } = cluster;
    let replica = replica.as_mut().expect("a cluster with a replica");
    // There is nobody who could have what it commits, until there is.
    replica.set("synchronous_standby_names", "''");
    replica.reload();
    replica.promote();
    std::mem::swap(leader, replica);
}

/// The machine of the dead server comes back as the replica of the other.
fn come_back(cluster: &mut Cluster) {
    let Cluster { leader, replica, .. } = cluster;
    let replica = replica.as_mut().expect("a cluster with a replica");
    replica.follow(leader, "replica");
    // Until the system has cleared the processes away that were killed, their lock files count.
    wait("the replica does not start", || replica.try_start());
    cluster.wait_for_replica();
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
