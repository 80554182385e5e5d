//! `tessera backup`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tessera_installation::Location;

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Writes a consistent copy of the database to a file, also while a server runs.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file; must not exist.
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArguments,
}

pub(crate) fn run(command: &Backup) -> Result<ExitCode, CommandError> {
    let file = &command.file;
    if let Location::Postgres(server) = command.database.location()? {
        return Err(CommandError::Input(format!(
            "{server} is backed up by PostgreSQL's own tools: `pg_dump --format=custom \
             --file={}` writes a consistent copy while servers run, pg_basebackup and the archive of \
             its log go back to any moment",
            file.display()
        )));
    }
    if file.exists() {
        return Err(CommandError::Input(format!(
            "{} exists: a backup never replaces a file",
            file.display()
        )));
    }
    let installation = command.database.read()?;
    let bar = progress::steps(0, "backup");
    installation.db().store().backup(file, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let bytes = std::fs::metadata(file).map_err(CommandError::file(file))?.len();
    tell(format!("{} was written: {bytes} bytes", file.display()));
    if let Some(folder) = installation.config_folder() {
        tell(format!("Customizing is not in it: keep a copy of {} too", folder.display()));
    }
    Ok(ExitCode::SUCCESS)
}
