//! One process at a time writes: it holds an operating-system lock on `<database>.lock`. The
//! system lets go of it when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tessera_kernel::StoreError;

use crate::file::private;

/// The right to write; given back when dropped.
#[derive(Debug)]
pub(crate) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// Takes the lock of a database, or says who has it.
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database, ".lock");
        let failed = |error: std::io::Error| {
            StoreError::Unavailable(format!("{} can't be written: {error}", path.display()))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = private(&mut options).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(database, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        note(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn taken(database: &Path, file: &mut File) -> StoreError {
    let mut owner = String::new();
    // Where the owner can't be read, the message goes without.
    let _ = file.read_to_string(&mut owner);
    let owner = match owner.trim() {
        "" => "another process".to_string(),
        process => format!("process {process}"),
    };
    StoreError::Unavailable(format!(
        "{} is in use by {owner}; only one process at a time can write to it",
        database.display()
    ))
}

/// The path of a file that goes with the database.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}
