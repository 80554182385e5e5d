//! `tessera restore`

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use tessera_installation::Location;

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::output::tell;
use crate::progress;

/// Makes a database from a backup, where there is none.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
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
    refuse_live(&command.file)?;
    let part = with_suffix(target, ".restoring");
    copy(&command.file, &part)?;
    std::fs::rename(&part, target).map_err(CommandError::file(target))?;
    sync_folder(target).map_err(CommandError::file(target))?;
    let differences = command
        .database
        .write()
        .map_err(CommandError::from)
        .and_then(|opened| Ok(opened.db().store().check()?));
    match differences {
        Ok(broken) if broken.is_empty() => {
            tell(format!(
                "{} was restored; `tessera verify` compares its figures",
                target.display()
            ));
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

/// A new name is durable when its folder is.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn copy(from: &Path, to: &Path) -> Result<(), CommandError> {
    let mut source = File::open(from).map_err(CommandError::file(from))?;
    let total = source.metadata().map_err(CommandError::file(from))?.len();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // It holds everything: only its owner reads it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // A restore that was cut off may have left one.
    let _ = std::fs::remove_file(to);
    let mut target = options.open(to).map_err(CommandError::file(to))?;
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
    target.sync_all().map_err(CommandError::file(to))
}
