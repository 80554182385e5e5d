#![doc = include_str!("../README.md")]

mod crowd;
mod proxy;
mod server;

pub use crowd::Crowd;
pub use proxy::{Proxy, Way};
pub use server::{Server, programs};

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

/// The variable that names the server.
pub const VARIABLE: &str = "TESSERA_TEST_POSTGRES";

/// A database that goes with its owner.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

/// A new database; none, aloud, where no server is named.
///
/// # Panics
///
/// Where the server can't be reached: a test that was asked for must not pass by being left out.
pub fn database() -> Option<TestDatabase> {
    database_with("")
}

/// The same, made with further options of `CREATE DATABASE`.
///
/// # Panics
///
/// As [`database`].
pub fn database_with(options: &str) -> Option<TestDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var(VARIABLE) else {
        say_skipped(&format!("{VARIABLE} names no server (`cargo xtask test` does)"));
        return None;
    };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let database = TestDatabase { server, name };
    database.administer(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name));
    database.administer(&format!("CREATE DATABASE {} {options}", database.name));
    Some(database)
}

/// The same with a stand-in for a cluster: the functions and tables of Citus that Tessera uses, with the rules
/// that a single server can keep. Whoever connects from now on finds them.
///
/// # Panics
///
/// As [`database`].
pub fn database_like_a_cluster() -> Option<TestDatabase> {
    let database = database()?;
    database.execute(include_str!("citus.sql"));
    Some(database)
}

/// Says that the running test is skipped, and why.
pub(crate) fn say_skipped(why: &str) {
    // Straight to the stream: what macros print is shown of failed tests only.
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    std::io::stderr().write_all(format!("skipped {test}: {why}\n").as_bytes()).ok();
}

/// Runs a statement; answers the first value of its first row.
pub(crate) fn ask(url: &str, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let messages = client.simple_query(sql).await?;
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(row.map(str::to_string))
    })
}

impl TestDatabase {
    /// Its address, with parameters behind it.
    pub fn url(&self, parameters: &str) -> String {
        format!("{}/{}{parameters}", self.server, self.name)
    }

    /// Runs statements in it.
    ///
    /// # Panics
    ///
    /// Where one is refused.
    pub fn execute(&self, sql: &str) {
        let outcome = self.run(&self.name, sql);
        assert!(outcome.is_ok(), "{sql}: {outcome:?}");
    }

    /// The texts that a query answers, in its first column.
    ///
    /// # Panics
    ///
    /// Where it is refused.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let rows = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let url = self.url("");
                let connecting = tokio_postgres::connect(&url, tokio_postgres::NoTls);
                let (client, connection) = connecting.await.map_err(std::io::Error::other)?;
                tokio::spawn(connection);
                client.query(sql, &[]).await.map_err(std::io::Error::other)
            })
        });
        match rows {
            Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    fn administer(&self, sql: &str) {
        let outcome = self.run("postgres", sql);
        assert!(outcome.is_ok(), "{sql}: {outcome:?}");
    }

    fn run(&self, database: &str, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
        ask(&format!("{}/{database}", self.server), sql)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = self.run("postgres", &drop) {
            eprintln!("{} stays: {error}", self.name);
        }
    }
}
