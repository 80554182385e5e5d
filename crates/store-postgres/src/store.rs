//! Opening and closing, and the engine's interface.

use std::path::Path;
use std::sync::Arc;

use tessera_kernel::{
    Connection, Fault, Homes, Job, ReadMode, Statistics, Store, StoreError, TableDef,
};

use crate::cluster::{ClusterPlan, TablePlan};
use crate::error::Failure;
use crate::link::{Link, Step};
use crate::options::Options;
use crate::placed::{SharedHomes, on_cluster, on_server};
use crate::pool::Readers;
use crate::workers::Workers;
use crate::{catalog, cluster, migrate};

/// An open PostgreSQL database. Dropping it finishes the queued commands.
pub struct PostgresStore {
    options: Arc<Options>,
    homes: SharedHomes,
    readers: Readers,
    workers: Option<Workers>,
}

impl PostgresStore {
    /// Opens the database to read and write.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the server can't be reached within the patience of the options, or refuses.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let store = Self::reading(options)?;
        let workers = Some(Workers::start(&store.options, &store.homes)?);
        Ok(Self { workers, ..store })
    }

    /// Opens the database only to read.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::open`].
    pub fn reading(mut options: Options) -> Result<Self, StoreError> {
        let mut link = Link::open_patiently(&options).map_err(Failure::told)?;
        options.sharded = catalog::is_sharded(&mut link).map_err(Failure::told)?;
        let options = Arc::new(options);
        let homes = SharedHomes::default();
        let readers = Readers::new(options.clone(), &homes);
        Ok(Self { options, homes, readers, workers: None })
    }
}

/// Whose tables a schema has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// There is no table.
    Nobody,
    /// Tables of Tessera.
    Tessera,
    /// Only others; the first one.
    Stranger(String),
}

impl PostgresStore {
    /// Whose tables are in the schema of the connection.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::open`].
    pub fn occupant(&self) -> Result<Occupant, StoreError> {
        self.readers.bare(catalog::occupant)
    }
}

impl PostgresStore {
    /// Tables as they are in the database.
    fn physical(&self, tables: &[&'static TableDef]) -> Vec<&'static TableDef> {
        let physical = |table: &&'static TableDef| match self.options.sharded {
            true => on_cluster(on_server(table)),
            false => on_server(table),
        };
        tables.iter().map(physical).collect()
    }

    /// How each table lies on the cluster, and what has to be done about it; changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Incompatible`] where the server is no cluster, or one that can't be used, or the database was
    /// made before its rows had homes.
    pub fn cluster_plan(&self, tables: &[&'static TableDef]) -> Result<ClusterPlan, StoreError> {
        let tables: Vec<_> = tables.iter().map(|table| on_server(table)).collect();
        self.readers.bare(|link| cluster::plan(link, &tables))
    }

    /// Spreads the tables over the cluster: does what is left of the plan, of which it tells each table before it
    /// is its turn. So many shards are made, if none are there yet. Can be broken off and repeated at any time.
    /// Answers how many tables were changed.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::cluster_plan`]; also where a table is refused, and while others are connected.
    pub fn cluster_apply(
        &self,
        tables: &[&'static TableDef],
        shards: u32,
        told: &mut dyn FnMut(&TablePlan),
    ) -> Result<usize, StoreError> {
        let tables: Vec<_> = tables.iter().map(|table| on_server(table)).collect();
        // A connection of its own: what it holds ends with it, whatever goes wrong.
        let mut link = Link::open_patiently(&self.options).map_err(Failure::told)?;
        cluster::apply(&mut link, &tables, shards, told).map_err(Failure::told)
    }
}

impl Store for PostgresStore {
    fn submit(&self, job: Box<dyn Job>) {
        match &self.workers {
            Some(workers) => workers.submit(job),
            None => job.finished(Err(StoreError::Unavailable(
                "the database was opened for reading only".to_string(),
            ))),
        }
    }

    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.read_in(ReadMode::default(), read)
    }

    fn read_in(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.readers.read(mode, read)
    }

    fn settle(&self, homes: &Homes) {
        // Whoever opens a database a second time on one connection has the same customizing.
        let _ = self.homes.set(homes.clone());
    }

    fn migrate(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        let tables = &self.physical(tables)[..];
        if self.workers.is_none() {
            return self.readers.bare(|link| catalog::check_present(link, tables));
        }
        // A connection of its own: what it holds ends with it, whatever goes wrong.
        let mut link = Link::open_patiently(&self.options).map_err(Failure::told)?;
        migrate::migrate(&mut link, tables).map_err(Failure::told)
    }

    fn extend(&self, tables: &[&'static TableDef]) -> Result<(), StoreError> {
        if self.workers.is_none() {
            return Ok(());
        }
        let tables = &self.physical(tables)[..];
        let mut link = Link::open_patiently(&self.options).map_err(Failure::told)?;
        migrate::extend(&mut link, tables).map_err(Failure::told)
    }

    fn backup(&self, _to: &Path, _progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        Err(StoreError::Unavailable(
            "a PostgreSQL database is backed up by its own tools: pg_dump, or pg_basebackup and the \
             archive of its log"
                .to_string(),
        ))
    }

    fn size(&self) -> Result<u64, StoreError> {
        let sql = "SELECT pg_database_size(current_database())";
        let answers = self.readers.bare(|link| link.run(&[Step::bare(sql)]))?;
        let row = answers.first().and_then(|answer| answer.rows.first());
        let bytes = row.and_then(|row| row.try_get::<_, i64>(0).ok());
        Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn statistics(&self) -> Statistics {
        self.workers.as_ref().map(Workers::statistics).unwrap_or_default()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.readers.bare(catalog::differences)
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may have a password.
        let name =
            self.options.servers.first().and_then(|server| server.get_dbname()).unwrap_or("?");
        f.debug_struct("PostgresStore").field("name", &name).finish_non_exhaustive()
    }
}
