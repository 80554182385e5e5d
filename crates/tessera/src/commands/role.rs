//! `tessera role`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use tessera_access::{Imported, SHIPPED_ROLES, compare_roles, export_roles, import_roles};
use tessera_kernel::{Actor, Source};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;

/// Writes roles to files, and reads them; in a database file it imports only while no server runs.
#[derive(Debug, Args)]
pub(crate) struct RoleCommand {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Prints every role as TOML.
    Export,
    /// Makes or changes the roles of a file; others stay.
    Import(File),
    /// Tells what importing a file would change; ends with 1 where that is something.
    Diff(File),
}

#[derive(Debug, Args)]
struct File {
    /// A file that `tessera role export` wrote.
    #[arg(required_unless_present = "shipped")]
    file: Option<PathBuf>,
    /// The roles that Tessera ships.
    #[arg(long, conflicts_with = "file")]
    shipped: bool,
}

pub(crate) fn run(command: &RoleCommand) -> Result<ExitCode, CommandError> {
    let actor = Actor::system(Source::CommandLine);
    match &command.verb {
        Verb::Export => {
            let roles = command.database.read()?.db().read(&actor, export_roles)?;
            let roles = roles.into_iter().map(|(name, role)| (name, to_toml(role)));
            tell(roles.collect::<toml::Table>().to_string().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Verb::Import(file) => {
            let roles = file.roles()?;
            let installation = command.database.write()?;
            let done = installation.db().command(&actor, move |tx| import_roles(tx, &roles))?;
            for (name, outcome) in done {
                tell(match outcome {
                    Imported::Made => format!("{name} was made"),
                    Imported::Changed => format!("{name} was changed"),
                    Imported::Same => format!("{name} was the same"),
                });
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Diff(file) => {
            let roles = file.roles()?;
            let installation = command.database.read()?;
            let found = installation.db().read(&actor, |tx| compare_roles(tx, &roles))?;
            found.iter().for_each(tell);
            Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// A value of a role, which has nothing that TOML lacks.
fn to_toml(value: Value) -> toml::Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, member)| (name, to_toml(member)));
            toml::Value::Table(members.collect())
        }
        Value::Array(items) => toml::Value::Array(items.into_iter().map(to_toml).collect()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.to_string().into(),
        },
        Value::Bool(truth) => truth.into(),
        Value::String(text) => text.into(),
        Value::Null => String::new().into(),
    }
}

impl File {
    fn roles(&self) -> Result<Map<String, Value>, CommandError> {
        let (place, text) = match &self.file {
            None => ("the shipped roles".to_string(), SHIPPED_ROLES.to_string()),
            Some(path) => {
                let place = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .map_err(|error| CommandError::Input(format!("{place}: {error}")))?;
                (place, text)
            }
        };
        toml::from_str(&text).map_err(|error| CommandError::Input(format!("{place}: {error}")))
    }
}
