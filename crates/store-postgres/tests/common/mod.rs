//! Databases for tests, on the server that `TESSERA_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use tessera_store_postgres::PostgresStore;

/// A database that goes with its owner.
pub(crate) struct TestDatabase {
    server: String,
    name: String,
}

/// A new database; none, aloud, where no server is named.
pub(crate) fn database() -> Option<TestDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("TESSERA_TEST_POSTGRES") else {
        eprintln!("skipped: TESSERA_TEST_POSTGRES names no server (`cargo xtask test` starts one)");
        return None;
    };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let database = TestDatabase { name: format!("test_{}_{number}", std::process::id()), server };
    database.administer(&format!("CREATE DATABASE {}", database.name));
    Some(database)
}

impl TestDatabase {
    /// Opens it, with parameters behind its address.
    pub(crate) fn open(&self, parameters: &str) -> PostgresStore {
        let url = format!("{}/{}{parameters}", self.server, self.name);
        let options = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        PostgresStore::open(options).unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    fn administer(&self, sql: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("{}/postgres", self.server);
            let (client, connection) =
                tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(sql).await.unwrap();
        });
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
