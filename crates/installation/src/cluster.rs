//! An installation is spread over a cluster of PostgreSQL servers.

use std::path::PathBuf;
use std::sync::Arc;

use tessera_kernel::{RandomIds, StoreError, SystemClock, TableDef};
use tessera_store_postgres::{ClusterPlan, Options as PostgresOptions, PostgresStore, TablePlan};

use crate::open::{environment, expect_ours};
use crate::{InstallationError, Location, compose};

/// An installation whose tables are looked at, or spread; it runs no commands meanwhile.
#[derive(Debug)]
pub struct Cluster {
    location: Location,
    store: PostgresStore,
    tables: Vec<&'static TableDef>,
}

impl Cluster {
    /// Opens an installation that is there, with its folder of customizing, if it has one.
    ///
    /// # Errors
    ///
    /// [`InstallationError::NoCluster`] for a file; else as [`crate::Installation::open`].
    pub fn open(db_url: &str, config_folder: Option<PathBuf>) -> Result<Self, InstallationError> {
        let location: Location = db_url.parse()?;
        let Location::Postgres(server) = &location else {
            return Err(InstallationError::NoCluster(location));
        };
        let folder = location.customizing(config_folder)?;
        let composition = compose(folder.as_deref()).map_err(InstallationError::Customizing)?;
        let ids = Arc::new(RandomIds::system());
        let tables = environment(composition, Arc::new(SystemClock), ids).tables();
        let on_server = |error| InstallationError::at(&location, error);
        let settings: PostgresOptions = server.reveal().parse().map_err(on_server)?;
        let store = PostgresStore::reading(settings.named("tessera cluster")).map_err(on_server)?;
        expect_ours(&location, &store, false)?;
        Ok(Self { location, store, tables })
    }

    /// How each table lies, and what is to become of it; changes nothing.
    ///
    /// # Errors
    ///
    /// Where the server is no cluster, or one that can't be used.
    pub fn plan(&self) -> Result<ClusterPlan, InstallationError> {
        self.told(self.store.cluster_plan(&self.tables))
    }

    /// Does what is left of the plan, on so many shards if there are none yet; tells each table before its turn.
    /// It can be broken off and repeated at any time. Answers how many tables were changed.
    ///
    /// # Errors
    ///
    /// As [`Cluster::plan`]; also where a table is refused, and while servers run.
    pub fn apply(
        &self,
        shards: u32,
        told: &mut dyn FnMut(&TablePlan),
    ) -> Result<usize, InstallationError> {
        self.told(self.store.cluster_apply(&self.tables, shards, told))
    }

    fn told<R>(&self, outcome: Result<R, StoreError>) -> Result<R, InstallationError> {
        outcome.map_err(|error| InstallationError::at(&self.location, error))
    }
}
