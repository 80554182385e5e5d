//! `tessera cluster`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tessera_installation::Cluster as Tables;
use tessera_installation::InstallationError;

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Spreads the tables over a cluster of PostgreSQL servers (Citus): what belongs together on one node,
/// configuration and product master on every node.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Prints table by table how it lies and what is to become of it; changes nothing.
    Plan,
    /// Does what is left of the plan, while no server runs. It can be broken off and repeated at any time.
    Apply {
        /// Shards, if there are none yet: some for every core that the cluster will ever have.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
        shards: u32,
    },
}

pub(crate) fn run(command: &Cluster) -> Result<ExitCode, CommandError> {
    let DatabaseArguments { db, config } = &command.database;
    let tables = Tables::open(db, config.clone())?;
    match command.action {
        Action::Plan => plan(&tables),
        Action::Apply { shards } => apply(&tables, shards),
    }
}

fn plan(tables: &Tables) -> Result<ExitCode, CommandError> {
    let plan = tables.plan()?;
    for table in &plan.tables {
        let (name, now, wanted) = (&table.table, &table.now, &table.wanted);
        match &table.refused {
            Some(why) => tell(format!("{name}: {now}, can't be {wanted}: {why}")),
            None if table.is_done() => tell(format!("{name}: {now}")),
            None => tell(format!("{name}: {now}, will be {wanted}")),
        }
    }
    let (refused, left) = (plan.refused().count(), plan.left().count());
    let (done, left) = (plan.tables.len() - left, left - refused);
    tell(format!("{done} tables as they are to be, {left} to be changed, {refused} refused"));
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn apply(tables: &Tables, shards: u32) -> Result<ExitCode, CommandError> {
    let changed: Result<usize, InstallationError> = tables.apply(shards, &mut |table| {
        tell(format!("{}: {}, becomes {}", table.table, table.now, table.wanted));
    });
    match changed? {
        0 => tell("nothing to do: every table is as it is to be"),
        changed => tell(format!("{changed} tables were changed")),
    }
    Ok(ExitCode::SUCCESS)
}
