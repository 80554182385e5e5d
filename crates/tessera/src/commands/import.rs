//! `tessera import`

mod book;
mod columns;
mod csv_file;
mod input;
mod json_file;
mod online_retail;
#[cfg(test)]
mod tests;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tessera_kernel::{
    Actor, Clock as _, IdSource as _, ObjectEntry, RandomIds, Source, SystemClock,
};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;
use crate::progress;
use book::{Booking, Outcome};
use input::Input;

/// Imports a file.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Form of the file.
    format: Format,
    /// The file, plain or gzipped.
    file: PathBuf,
    /// Object type of the records of CSV and JSON.
    #[arg(
        long,
        value_name = "NAME",
        required_if_eq_any([("format", "csv"), ("format", "json")])
    )]
    object: Option<String>,
    /// What becomes of a record whose number exists.
    #[arg(long, value_name = "WHAT", default_value = "update")]
    existing: Existing,
    /// Where failed rows are told [default: FILE.errors.csv]
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Columns are paths of fields: `number`, `general.name`, `addresses[0].city`.
    Csv,
    /// An array of records, or one record a line.
    Json,
    /// A web shop's sales: each invoice becomes a chain of order, delivery and invoice.
    OnlineRetail,
}

/// What becomes of a record whose number exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Existing {
    /// It changes the object.
    Update,
    /// It is skipped.
    Skip,
    /// It fails.
    Fail,
}

/// A record with the line where it starts, or what is wrong with that line.
type Row = (u64, Result<serde_json::Value, String>);

pub(crate) fn run(command: &Import) -> Result<ExitCode, CommandError> {
    let installation = command.database.create_for_import()?;
    let Some(object) = &command.object else {
        return online_retail::run(&installation, command);
    };
    let registry = &installation.db().environment().registry;
    let Some(entry) = registry.object(object).copied() else {
        let names: Vec<&str> = registry
            .objects()
            .filter(|entry| entry.create.is_some())
            .map(|entry| (entry.def)().name)
            .collect();
        let names = names.join(", ");
        return Err(CommandError::Input(format!(
            "there is no object type `{object}`; there are: {names}"
        )));
    };
    let input = Input::open(&command.file)?;
    let bar = progress::bytes(input.size, "import");
    let position = input.position.clone();
    let run = run_of(&command.file);
    let booking = Booking::new(installation.db().clone(), run.clone(), entry, command.existing)?;
    let mut passed = || bar.set_position(position.get());
    let (outcome, read) = book_all(command.format, &entry, input, booking, &mut passed);
    bar.finish_and_clear();
    read?;
    let counts = &outcome.counts;
    tell(format!(
        "{} rows read = {} created + {} updated + {} skipped + {} failed",
        counts.read(),
        counts.created,
        counts.updated,
        counts.skipped,
        counts.failed
    ));
    tell(format!("run {}", run.request().unwrap_or_default()));
    command.tell_errors(&outcome.errors)
}

/// An import with a run of its own, by which what it changed is found in the history.
fn run_of(file: &Path) -> Actor {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let id = RandomIds::system().next(SystemClock.now(), None).to_string();
    Actor::system(Source::Import).through(&name).for_request(&id)
}

/// Books every record of a file. Where the file breaks off, what was read before is booked and
/// told all the same, and the rest is a row that failed. A file that is wrong as a whole is an error,
/// and nothing of it is booked.
fn book_all(
    format: Format,
    entry: &ObjectEntry,
    input: Input,
    mut booking: Booking,
    passed: &mut dyn FnMut(),
) -> (Outcome, Result<(), CommandError>) {
    let mut last = None;
    let mut take = |row: Row| {
        last = Some(row.0);
        booking.book(row);
        passed();
    };
    let mut read = match format {
        Format::Csv => csv_file::read(input, entry, &mut take),
        Format::Json => json_file::read(input, &mut take),
        Format::OnlineRetail => {
            let message = "online-retail makes objects of several types: leave --object out";
            Err(CommandError::Input(message.to_string()))
        }
    };
    if let (Err(error), Some(line)) = (&read, last) {
        let reason = format!("nothing behind line {line} could be read: {error}");
        booking.book((line + 1, Err(reason)));
        passed();
        read = Ok(());
    }
    (booking.finish(), read)
}

impl Import {
    /// Writes the failed rows, line and reason, to the file of errors, if there are any.
    fn tell_errors(&self, errors: &[(u64, String)]) -> Result<ExitCode, CommandError> {
        if errors.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let path = self.errors.clone().unwrap_or_else(|| {
            let mut name = self.file.as_os_str().to_os_string();
            name.push(".errors.csv");
            PathBuf::from(name)
        });
        write_errors(&path, errors).map_err(CommandError::file(&path))?;
        tell(format!("{} tells what is wrong, by line", path.display()));
        Ok(ExitCode::FAILURE)
    }
}

fn write_errors(path: &std::path::Path, errors: &[(u64, String)]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(["line", "reason"])?;
    for (line, reason) in errors {
        writer.write_record([line.to_string().as_str(), reason])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)?.flush()
}
