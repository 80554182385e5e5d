//! `tessera restore`

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tempfile::NamedTempFile;
use tessera_installation::{Location, archive};
use tessera_kernel::Instant;

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Makes a database from a backup or an archive, where there is none.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup; or the folder of an archive (`tessera serve --archive`).
    #[arg(value_name = "FILE|FOLDER")]
    file: PathBuf,
    /// The moment to go back to, such as 2026-03-29T09:30:00+02:00: every commit up to then is in the
    /// database [default: the last one that the archive has]
    #[arg(long, value_name = "INSTANT", value_parser = Instant::parse)]
    at: Option<Instant>,
    #[command(flatten)]
    database: DatabaseArguments,
}

pub(crate) fn run(command: &Restore) -> Result<ExitCode, CommandError> {
    let target = match command.database.location()? {
        Location::Sqlite(path) => path,
        Location::Postgres(server) => {
            return Err(CommandError::Input(format!(
                "{server} is restored by PostgreSQL's own tools: `createdb` and `pg_restore \
                 --no-owner` bring a copy of pg_dump back; `tessera verify` compares its figures"
            )));
        }
    };
    let target = target.as_path();
    for path in [target.to_path_buf(), with_suffix(target, "-wal")] {
        if path.exists() {
            return Err(CommandError::Input(format!(
                "{} exists: a restore never replaces a database; move it away first",
                path.display()
            )));
        }
    }
    let mut part = NamedTempFile::with_prefix_in("restoring", folder(target))
        .map_err(CommandError::file(target))?;
    let restored = fill(command, target, part.as_file_mut())?;
    settle(part, target)?;
    let differences = command
        .database
        .write()
        .map_err(CommandError::from)
        .and_then(|opened| Ok(opened.db().store().check()?));
    match differences {
        Ok(broken) if broken.is_empty() => {
            let target = target.display();
            tell(format!("{target} was restored{restored}; `tessera verify` compares its figures"));
            Ok(ExitCode::SUCCESS)
        }
        outcome => {
            let reason = match outcome {
                Ok(broken) => broken.join("; "),
                Err(error) => error.to_string(),
            };
            for suffix in ["", "-wal", "-shm", ".lock"] {
                // What was just made and can't be used goes again.
                let _ = std::fs::remove_file(with_suffix(target, suffix));
            }
            let file = command.file.display();
            Err(CommandError::Input(format!("{file} can't be restored: {reason}")))
        }
    }
}

/// Writes the database; answers what is to be told of it.
fn fill(command: &Restore, target: &Path, file: &mut File) -> Result<String, CommandError> {
    let from = &command.file;
    if !from.is_dir() {
        if command.at.is_some() {
            return Err(CommandError::Input(format!(
                "--at needs the folder of an archive, and {} is none: a backup is of one moment",
                from.display()
            )));
        }
        refuse_live(from)?;
        copy(from, target, file)?;
        return Ok(String::new());
    }
    let bar = progress::bytes(0, "restore");
    let restored = archive::restore(from, command.at, file, &mut |bytes| bar.inc(bytes))
        .map_err(|error| CommandError::Input(error.to_string()))?;
    bar.finish_and_clear();
    let torn = match restored.torn {
        true => ", without one after it that was never written to its end",
        false => "",
    };
    Ok(format!(
        " with every commit up to {}, {} of them behind a copy{torn}",
        restored.last, restored.commits
    ))
}

/// A database with a write-ahead log is in use, or its process died: the last commits stand in the
/// log, and a copy of the file alone would lose them.
fn refuse_live(file: &Path) -> Result<(), CommandError> {
    let log = with_suffix(file, "-wal");
    match std::fs::metadata(&log) {
        Ok(found) if found.len() > 0 => Err(CommandError::Input(format!(
            "{} is no backup but a database with commits in {}: write one with \
             `tessera backup FILE --db sqlite:{}`, and restore that",
            file.display(),
            log.display(),
            file.display()
        ))),
        _ => Ok(()),
    }
}

/// The new database reaches the disk, then gets its name, unless somebody has taken it meanwhile.
fn settle(part: NamedTempFile, target: &Path) -> Result<(), CommandError> {
    part.as_file().sync_all().map_err(CommandError::file(target))?;
    part.persist_noclobber(target).map_err(|refused| CommandError::file(target)(refused.error))?;
    // A new name is durable when its folder is.
    if cfg!(unix) {
        let synced = File::open(folder(target)).and_then(|folder| folder.sync_all());
        synced.map_err(CommandError::file(target))?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn copy(from: &Path, to: &Path, target: &mut File) -> Result<(), CommandError> {
    let mut source = File::open(from).map_err(CommandError::file(from))?;
    let total = source.metadata().map_err(CommandError::file(from))?.len();
    let (bar, mut buffer) = (progress::bytes(total, "restore"), vec![0; 1024 * 1024]);
    loop {
        let read = source.read(&mut buffer).map_err(CommandError::file(from))?;
        if read == 0 {
            break;
        }
        target.write_all(&buffer[..read]).map_err(CommandError::file(to))?;
        bar.inc(u64::try_from(read).unwrap_or(0));
    }
    bar.finish_and_clear();
    Ok(())
}
