//! A database file on a small disk of its own.

use std::path::PathBuf;
use std::process::Command;

use crate::database::Database;
use crate::database_file::{DatabaseFile, Template};
use crate::disk::Disk;
use crate::front::Witness;
use crate::preload::library;
use crate::server::tessera;

/// MiB of the disk: room for the file and a log that is moved at 16 MiB.
const SIZE: u64 = 96;

/// A database file on a small disk.
pub(crate) struct FileOnDisk {
    pub(crate) file: DatabaseFile,
    pub(crate) disk: Disk,
    /// What makes its server believe that the disk was waited for, where that is not so.
    pretence: Option<PathBuf>,
}

impl FileOnDisk {
    /// Makes both.
    ///
    /// # Errors
    ///
    /// Why this machine can't have such a disk.
    pub(crate) fn copy_of(template: &Template) -> Result<Self, String> {
        let disk = Disk::make(SIZE)?;
        Ok(Self { file: DatabaseFile::copy_to(template, disk.path()), disk, pretence: None })
    }

    /// The same with a server that never waits for the disk.
    ///
    /// # Errors
    ///
    /// As [`FileOnDisk::copy_of`], and where libeatmydata is not installed.
    pub(crate) fn unsynced(template: &Template) -> Result<Self, String> {
        let pretence = Some(library("libeatmydata.so", "eatmydata")?);
        Ok(Self { pretence, ..Self::copy_of(template)? })
    }

    /// What commits write to, beside the index of the log, which is memory that processes share.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        ["", "-wal"].map(|suffix| self.file.beside(suffix)).into()
    }
}

impl Database for FileOnDisk {
    fn url(&self) -> String {
        self.file.url()
    }

    fn program(&self) -> Command {
        let mut command = tessera();
        command.envs(self.pretence.iter().map(|library| ("LD_PRELOAD", library)));
        command
    }

    fn witness(&self) -> Option<Witness> {
        self.file.witness()
    }
}
