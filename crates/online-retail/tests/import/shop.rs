//! An installation of its own, and files to import into it.

use std::path::PathBuf;

use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Fault, Object, Problem, Select, Source, Stored, Tx};
use tessera_online_retail::{ImportError, Report};

/// The header of every file.
pub(crate) const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// An installation that is thrown away.
pub(crate) struct Shop {
    pub(crate) installation: Installation,
    folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let mut options = Options::creating(&url);
        options.engine.sync = false;
        Self { installation: Installation::open(options).unwrap(), folder }
    }

    pub(crate) fn file(&self, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join("file.csv");
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Imports a file of these rows.
    pub(crate) fn import(&self, rows: &str) -> Report {
        self.try_import(format!("{HEADER}{rows}").as_bytes()).unwrap()
    }

    pub(crate) fn try_import(&self, content: &[u8]) -> Result<Report, ImportError> {
        let options = tessera_online_retail::Options::default();
        let (db, file) = (self.installation.db(), self.file(content));
        tessera_online_retail::import(db, &file, options, &mut |_| ())
    }

    pub(crate) fn read<R>(&self, run: impl FnOnce(&mut Tx<'_>) -> Result<R, Problem>) -> R {
        let actor = Actor::system(Source::CommandLine);
        self.installation.db().read(&actor, run).unwrap()
    }

    /// Every object of a type, oldest first.
    pub(crate) fn all<T: Object>(&self) -> Vec<Stored<T>> {
        self.read(|tx| {
            let mut objects = Vec::new();
            for id in tx.all::<T>()? {
                objects.push(tx.load(id)?);
            }
            Ok(objects)
        })
    }

    /// Objects of a type.
    pub(crate) fn count<T: Object>(&self) -> usize {
        let mut count = 0;
        self.read(|tx| {
            tx.select(&Select::from(T::def().head, &[0]), &mut |_| {
                count += 1;
                Ok::<(), Fault>(())
            })?;
            Ok(())
        });
        count
    }

    /// What `verify` finds.
    pub(crate) fn differences(&self) -> Vec<String> {
        self.installation.verify().unwrap().differences
    }
}
