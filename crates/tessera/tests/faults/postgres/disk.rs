//! The disk of the database is full.

use std::time::Duration;

use super::cluster::Cluster;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// What the server says of it.
const WORDS: &str = "No space left on device";

/// Not a byte fits on the disk of the database, neither into its tables nor into its log, where it ends by that.
pub(super) struct Full;

impl Fault<Cluster> for Full {
    fn name(&self) -> &'static str {
        "disk full"
    }

    fn strike(&self, site: &mut Site<Cluster>, dice: &mut Dice) -> bool {
        let before = site.database.leader.says(WORDS);
        site.database.disk().fill();
        let is_hit = site.attend_until(|site| site.database.leader.says(WORDS) > before);
        site.attend_for(Duration::from_millis(dice.u64(..2_000)));
        site.database.disk().make_room();
        site.database.attend();
        is_hit
    }
}
