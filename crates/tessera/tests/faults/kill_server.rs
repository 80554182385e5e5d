//! `kill -9` of a server.

use crate::database::Database;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::site::Site;

/// Kills one of the servers.
pub(crate) struct KillServer;

impl<D: Database> Fault<D> for KillServer {
    fn name(&self) -> &'static str {
        "kill -9 of the server"
    }

    fn strike(&self, site: &mut Site<D>, dice: &mut Dice) -> bool {
        let victim = dice.usize(..site.database.servers());
        site.kill(victim);
        true
    }
}
