//! A PostgreSQL server with a database that several servers serve, reached through a proxy; or one with a
//! replica that has every commit before it is acknowledged.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tessera_testing_postgres::{Proxy, Server};

use crate::clock::{Clock, HasClock};
use crate::database::{Database, furnish};
use crate::disk::Disk;
use crate::server::tessera;

/// Whom the database belongs to: no superuser, as in earnest.
pub(super) const OWNER: &str = "crm";
/// The database.
const NAME: &str = "faults";
/// What the servers wait for at most, seconds: less than in earnest, where a fault may take its time.
const LIMITS: &str = "writers=4&readers=2&statement_timeout=2&lock_timeout=2&connect_timeout=2";
/// Connections that the database takes, some of them the superuser's.
const CONNECTIONS: &str = "64";
/// Room on the small disk of a database, MiB.
const ROOM: u64 = 256;
/// How long a server or a replica may take until it is what it should be.
const PATIENCE: Duration = Duration::from_secs(60);

/// A furnished database whose server is stopped, from which others are copied.
pub(super) struct Template(Server);

impl Template {
    pub(super) fn make(programs: &Path) -> Self {
        let server = Server::make(programs);
        server.set("max_connections", CONNECTIONS);
        server.start();
        ask(&server, "postgres", &format!("CREATE ROLE {OWNER} LOGIN"));
        ask(&server, "postgres", &format!("CREATE DATABASE {NAME} OWNER {OWNER}"));
        furnish(&url(&[server.address().to_string()]));
        server.stop("fast");
        Self(server)
    }
}

/// A database.
pub(super) struct Cluster {
    /// The server that writes.
    pub(super) leader: Server,
    /// The way to it, where there is no replica.
    pub(super) way: Option<Proxy>,
    pub(super) replica: Option<Server>,
    /// Addresses by which servers reach it.
    addresses: Vec<String>,
    /// How many they are.
    servers: usize,
    /// The clock of the servers, where it may jump.
    clock: Option<Clock>,
    // The server ends before its disk goes.
    disk: Option<Disk>,
}

impl Cluster {
    /// A server behind a proxy.
    pub(super) fn alone(template: &Template, servers: usize) -> Self {
        Self::of(template.0.copy(None), servers)
    }

    /// The same on a small disk of its own.
    pub(super) fn on_disk(template: &Template, servers: usize) -> Result<Self, String> {
        let disk = Disk::make(ROOM)?;
        // The server is another user than we are.
        let above = disk.path().parent().expect("a folder above it").to_path_buf();
        std::fs::set_permissions(above, Permissions::from_mode(0o755)).unwrap();
        let cluster = Self::of(template.0.copy(Some(&disk.path())), servers);
        Ok(Self { disk: Some(disk), ..cluster })
    }

    /// The same with a clock that may jump.
    pub(super) fn with_clock(template: &Template, servers: usize) -> Result<Self, String> {
        let clock = Clock::make()?;
        Ok(Self { clock: Some(clock), ..Self::alone(template, servers) })
    }

    fn of(leader: Server, servers: usize) -> Self {
        leader.start();
        let way = Proxy::before(leader.address());
        let addresses = vec![way.address().to_string()];
        let way = Some(way);
        Self { leader, way, replica: None, addresses, servers, clock: None, disk: None }
    }

    /// A server with a replica.
    pub(super) fn replicated(template: &Template, servers: usize) -> Self {
        let leader = template.0.copy(None);
        leader.start();
        let replica = leader.replica("replica");
        replica.start();
        let addresses = [&leader, &replica].map(|server| server.address().to_string()).to_vec();
        let replica = Some(replica);
        let (clock, disk) = (None, None);
        let cluster = Self { leader, way: None, replica, addresses, servers, clock, disk };
        cluster.wait_for_replica();
        cluster
    }

    /// The way to the server.
    pub(super) fn way(&self) -> &Proxy {
        self.way.as_ref().expect("a cluster without a replica")
    }

    /// The replica.
    pub(super) fn replica(&self) -> &Server {
        self.replica.as_ref().expect("a cluster with a replica")
    }

    /// The small disk.
    pub(super) fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("a cluster on a small disk")
    }

    /// Starts the server where it ended, as a service manager does, until it lets users in.
    pub(super) fn attend(&self) {
        wait("the server lets nobody in", || {
            if !self.leader.is_running() {
                // It may lack room for its recovery.
                self.leader.try_start();
            }
            self.leader.ask("postgres", "SELECT 1").is_ok()
        });
    }

    /// From now on, what is acknowledged is on the replica; waits until this is so of everything that
    /// was acknowledged before.
    pub(super) fn wait_for_replica(&self) {
        self.leader.set("synchronous_standby_names", "replica");
        self.leader.reload();
        let is = |sql: &str| matches!(self.leader.ask("postgres", sql), Ok(Some(answer)) if answer == "t");
        wait("the replica does not follow", || {
            is("SELECT sync_state = 'sync' AND state = 'streaming' FROM pg_stat_replication")
        });
        // Sessions read the parameter before their next statement, so this one is later than theirs.
        let reached = ask(&self.leader, "postgres", "SELECT pg_current_wal_lsn()");
        wait("the replica stays behind", || {
            is(&format!("SELECT flush_lsn >= '{reached}' FROM pg_stat_replication"))
        });
    }
}

impl Database for Cluster {
    fn url(&self) -> String {
        url(&self.addresses)
    }

    fn servers(&self) -> usize {
        self.servers
    }

    fn program(&self) -> Command {
        self.clock.as_ref().map_or_else(tessera, Clock::program)
    }
}

impl HasClock for Cluster {
    fn clock(&self) -> &Clock {
        self.clock.as_ref().expect("a cluster with a clock")
    }
}

fn url(addresses: &[String]) -> String {
    format!("postgres://{OWNER}@{}/{NAME}?{LIMITS}", addresses.join(","))
}

/// What a server answers to what it must accept; asked again where it lets nobody in just now.
pub(super) fn ask(server: &Server, database: &str, sql: &str) -> String {
    let mut answer = None;
    wait(&format!("{sql} is not answered"), || {
        answer = server.ask(database, sql).ok();
        answer.is_some()
    });
    answer.flatten().unwrap_or_default()
}

/// Waits until something is so.
pub(super) fn wait(otherwise: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{otherwise} after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
