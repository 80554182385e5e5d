//! Servers on PostgreSQL.

mod cluster;
mod connections;
mod disk;
mod failover;
mod kill_database;
mod network;
mod read_only;
mod scale;

use tessera_testing_postgres::programs;

use crate::campaign::{Kind, Plan, say};
use crate::clock::ClockJumps;
use crate::kill_server::KillServer;
use crate::repeats::Repeats;
use crate::tally::Tally;
use cluster::{Cluster, Template};

/// Servers on the database of a site.
const SERVERS: usize = 3;

#[test]
fn one_two_and_four_servers_on_a_database_drop_nothing_repeat_nothing_and_show_no_error() {
    let Some(programs) = programs() else { return };
    scale::one_two_and_four(&Template::make(&programs));
}

#[test]
fn servers_on_postgresql_survive_every_fault_without_loss_without_repetition_and_without_help() {
    let Some(programs) = programs() else { return };
    let (template, mut tally) = (Template::make(&programs), Tally::default());
    let kinds: Vec<Kind<Cluster>> = vec![
        (Box::new(KillServer), 60),
        (Box::new(kill_database::Kill), 60),
        (Box::new(kill_database::Restart), 30),
        (Box::new(kill_database::Hang), 30),
        (Box::new(connections::Terminated), 30),
        (Box::new(connections::UsedUp), 40),
        (Box::new(network::Reset), 80),
        (Box::new(network::Slow), 40),
        (Box::new(network::Blocked), 40),
        (Box::new(network::Mute), 20),
        (Box::new(read_only::Closed), 30),
        (Box::new(Repeats), 60),
    ];
    Plan { name: "servers", database: &|| Cluster::alone(&template, SERVERS), kinds }
        .run(&mut tally);
    let kinds: Vec<Kind<Cluster>> = vec![
        (Box::new(failover::Failover), 30),
        (Box::new(failover::FailoverFromHanging), 20),
        (Box::new(failover::ReplicaGone), 20),
    ];
    Plan { name: "replicas", database: &|| Cluster::replicated(&template, SERVERS), kinds }
        .run(&mut tally);
    let disk = || Cluster::on_disk(&template, SERVERS);
    let kinds: Vec<Kind<Cluster>> = vec![(Box::new(disk::Full), 30)];
    match disk() {
        Ok(_) => {
            Plan { name: "database disks", database: &|| disk().unwrap(), kinds }.run(&mut tally);
        }
        Err(why) => tally.skip("full disks", why),
    }
    let clock = || Cluster::with_clock(&template, SERVERS);
    let kinds: Vec<Kind<Cluster>> = vec![(Box::new(ClockJumps), 30)];
    match clock() {
        Ok(_) => {
            Plan { name: "server clocks", database: &|| clock().unwrap(), kinds }.run(&mut tally);
        }
        Err(why) => tally.skip("clock jumps", why),
    }
    say(&tally);
}
