//! Faults, one after the other, while users work: nothing that was acknowledged is lost, nothing is
//! done twice, `tessera verify` is clean after each, and nobody has to lend a hand. A share of the
//! campaign runs unless `TESSERA_FAULTS=all`; docs/faults.md has the kinds.

mod call;
mod campaign;
mod checks;
mod clock;
mod database;
mod database_file;
mod dice;
mod disk;
mod fault;
mod file_on_disk;
mod front;
mod full_disk;
mod kill_server;
mod log_file;
mod postgres;
mod power_loss;
mod preload;
mod proof;
mod read_only;
mod repeats;
mod server;
mod site;
mod tally;
mod torn_log;
mod users;

use campaign::{Plan, say};
use clock::{ClockJumps, FileWithClock};
use database_file::{DatabaseFile, Template};
use file_on_disk::FileOnDisk;
use full_disk::FullDisk;
use kill_server::KillServer;
use power_loss::PowerLoss;
use read_only::ReadOnly;
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
    let disks = Plan {
        name: "disks",
        database: &|| FileOnDisk::copy_of(&template).unwrap(),
        kinds: vec![(Box::new(FullDisk), 40), (Box::new(ReadOnly), 20), (Box::new(PowerLoss), 50)],
    };
    match FileOnDisk::copy_of(&template) {
        Ok(_) => disks.run(&mut tally),
        Err(why) => tally.skip("full, read-only and unpowered disks", why),
    }
    let clocks = Plan {
        name: "clocks",
        database: &|| FileWithClock::copy_of(&template).unwrap(),
        kinds: vec![(Box::new(ClockJumps), 40)],
    };
    match FileWithClock::copy_of(&template) {
        Ok(_) => clocks.run(&mut tally),
        Err(why) => tally.skip("clock jumps", why),
    }
    say(&tally);
}
