//! Faults, one after the other, while users work: nothing that was acknowledged is lost, nothing is
//! done twice, `tessera verify` is clean after each, and nobody has to lend a hand. A tenth of the
//! campaign runs unless `TESSERA_FAULTS=all`; docs/faults.md has the kinds.

mod call;
mod campaign;
mod checks;
mod database;
mod database_file;
mod dice;
mod fault;
mod front;
mod kill_server;
mod log_file;
mod postgres;
mod proof;
mod repeats;
mod server;
mod site;
mod tally;
mod torn_log;
mod users;

use campaign::{Plan, say};
use database_file::{DatabaseFile, Template};
use kill_server::KillServer;
use repeats::Repeats;
use tally::Tally;
use torn_log::TornLog;

#[test]
fn a_database_file_survives_every_fault_without_loss_without_repetition_and_without_help() {
    let (template, mut tally) = (Template::make(), Tally::default());
    let files = Plan {
        name: "files",
        database: &|| DatabaseFile::copy_of(&template),
        kinds: vec![
            (Box::new(KillServer), 150),
            (Box::new(TornLog), 150),
            (Box::new(Repeats), 100),
        ],
    };
    files.run(&mut tally);
    say(&tally);
}
