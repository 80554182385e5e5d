//! An installation in operation: a database, the servers on it, and whoever starts a server again
//! that ended, as every service manager does. Nobody else lends a hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::database::{Database, done};
use crate::front::Front;
use crate::server::{Server, tessera};

/// How long the service manager waits between two looks.
const LOOK: Duration = Duration::from_millis(5);
/// How long it waits after a start that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// How long something is waited for that a fault brings about.
const PATIENCE: Duration = Duration::from_secs(20);

/// An installation in operation.
pub(crate) struct Site<D> {
    // They end before the database goes.
    servers: Vec<Option<Server>>,
    pub(crate) database: D,
    /// Where users reach it.
    pub(crate) front: Arc<Front>,
    starts: usize,
    /// Starts that failed since the last that did not.
    failed_starts: usize,
    folder: TempDir,
}

impl<D: Database> Site<D> {
    /// Opens one and starts its servers.
    pub(crate) fn open(database: D) -> Self {
        let url = database.url();
        let token = done(tessera().args(["user", "token", "ada", "--db", &url]), "");
        let witness = database.witness();
        let count = database.servers();
        let mut site = Self {
            database,
            front: Arc::new(Front::new(token.trim().to_string(), count, witness)),
            servers: (0..count).map(|_| None).collect(),
            starts: 0,
            failed_starts: 0,
            folder: tempfile::tempdir().unwrap(),
        };
        site.attend();
        assert!(site.servers.iter().all(Option::is_some), "no server starts: {}", site.log());
        site
    }

    /// Starts every server that is not there.
    pub(crate) fn attend(&mut self) {
        let (url, log) = (self.database.url(), self.log_file());
        for (number, server) in self.servers.iter_mut().enumerate() {
            if server.as_mut().is_some_and(Server::is_running) {
                continue;
            }
            self.front.publish(number, None);
            *server = Server::start(self.database.program(), &url, &log);
            match server {
                Some(server) => {
                    self.starts += 1;
                    self.failed_starts = 0;
                    self.front.publish(number, Some(server.address()));
                }
                None => {
                    self.failed_starts += 1;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Does so for a while.
    pub(crate) fn attend_for(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.attend();
            std::thread::sleep(LOOK.min(time));
        }
    }

    /// Does so until something is seen, not for long; answers whether it was.
    pub(crate) fn attend_until(&mut self, is_seen: impl Fn(&Self) -> bool) -> bool {
        let start = Instant::now();
        while !is_seen(self) && start.elapsed() < PATIENCE {
            self.attend();
            std::thread::sleep(LOOK);
        }
        is_seen(self)
    }

    /// Servers that came to serve so far.
    pub(crate) fn starts(&self) -> usize {
        self.starts
    }

    /// Starts that failed since the last that did not.
    pub(crate) fn failed_starts(&self) -> usize {
        self.failed_starts
    }

    /// Stops all servers where they are, as a machine without power does.
    pub(crate) fn stop_all(&mut self) {
        self.servers.iter().flatten().for_each(Server::stop);
    }

    /// Lets those that were stopped go on.
    pub(crate) fn resume_all(&mut self) {
        self.servers.iter().flatten().for_each(Server::resume);
    }

    /// Kills a server, which stays dead until [`Site::attend`].
    pub(crate) fn kill(&mut self, server: usize) {
        if let Some(mut server) = self.servers[server].take() {
            server.kill();
        }
        self.front.publish(server, None);
    }

    /// Kills all of them.
    pub(crate) fn kill_all(&mut self) {
        (0..self.servers.len()).for_each(|server| self.kill(server));
    }

    /// What the servers logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read(self.log_file())
            .map_or(String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
