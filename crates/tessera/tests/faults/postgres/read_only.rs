//! A database that lets itself be read only.

use std::time::Duration;

use super::cluster::Cluster;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// What the server says to those who write.
const WORDS: &str = "in a read-only transaction";

/// An administrator closes the database for writing (`default_transaction_read_only`).
pub(super) struct Closed;

impl Fault<Cluster> for Closed {
    fn name(&self) -> &'static str {
        "read-only database"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        let before = site.database.leader.says(WORDS);
        set(site, "on");
        let is_hit = site.attend_until(|site| site.database.leader.says(WORDS) > before);
        site.attend_for(Duration::from_millis(dice.u64(..3_000)));
        site.front.expect_reads();
        set(site, "off");
        is_hit
    }
}

fn set(site: &Site<Cluster>, value: &str) {
    site.database.leader.set("default_transaction_read_only", value);
    site.database.leader.reload();
}
