//! Connections that are taken away.

use std::time::Duration;

use tessera_testing_postgres::Crowd;

use super::cluster::{Cluster, OWNER, ask};
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// Ends the sessions of the servers.
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'tessera'";

/// What the server says to those whom it does not let in.
const WORDS: &str = "remaining connection slots are reserved";

/// An administrator ends every session.
pub(super) struct Terminated;

impl Fault<Cluster> for Terminated {
    fn name(&self) -> &'static str {
        "sessions terminated"
    }

    fn strike(&self, site: &mut Site<Cluster>, _dice: &mut Dice) -> bool {
        ask(&site.database.leader, "postgres", TERMINATE) != "0"
    }
}

/// Others take every connection that the database has.
pub(super) struct UsedUp;

impl Fault<Cluster> for UsedUp {
    fn name(&self) -> &'static str {
        "out of connections"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        let leader = &site.database.leader;
        let mut crowd = Crowd::default();
        crowd.grow(leader.address(), OWNER, "postgres");
        // What the servers have is taken from them, where somebody else is faster.
        for _ in 0..3 {
            ask(leader, "postgres", TERMINATE);
            crowd.grow(leader.address(), OWNER, "postgres");
        }
        let told = leader.says(WORDS);
        let is_hit = site.attend_until(|site| site.database.leader.says(WORDS) > told);
        site.attend_for(Duration::from_millis(dice.u64(..3_000)));
        is_hit
    }
}
