//! A PostgreSQL server of a test's own, that may be killed, replicated and promoted.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user that a server runs as where we are root, which it refuses to be.
const USER: &str = "postgres";
/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, on loopback, that trusts everybody; its superuser is `tessera`. It waits for the disk, as
/// servers do that people rely on. It is stopped and removed with its owner.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    port: u16,
    data: PathBuf,
    folder: TempDir,
}

/// The folder of the server's programs, of the latest version there is; none, aloud, where PostgreSQL is not
/// installed.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten();
    let folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let found = folders.filter(|folder| folder.join("initdb").exists()).max();
    if found.is_none() {
        crate::say_skipped("PostgreSQL is not installed in /usr/lib/postgresql");
    }
    found
}

impl Server {
    /// Makes one, and does not start it.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub fn make(programs: &Path) -> Self {
        let server = Self::bare(programs);
        let data = server.data.display().to_string();
        // Small segments of the log: data folders are copied.
        let how = ["-A", "trust", "-U", "tessera", "-E", "UTF8", "--locale=C", "--wal-segsize=1"];
        server.program("initdb", &[&["-D", &data][..], &how].concat());
        server.settle();
        server
    }

    /// A folder with a port.
    fn bare(programs: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        own(folder.path());
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a port").port();
        let data = folder.path().join("data");
        Self { programs: programs.to_path_buf(), port, data, folder }
    }

    /// Says where it listens, and what all of ours have in common.
    fn settle(&self) {
        self.set("port", &self.port.to_string());
        self.set("unix_socket_directories", &format!("'{}'", self.folder.path().display()));
        self.set("listen_addresses", "'127.0.0.1'");
        self.set("max_wal_size", "'64MB'");
        self.set("min_wal_size", "'8MB'");
        self.set("wal_keep_size", "'64MB'");
    }

    /// Another one with the same data, of a server that does not run; not started. Its data are in this
    /// folder, where one is given, which is on another disk, for example.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub fn copy(&self, folder: Option<&Path>) -> Self {
        let mut server = Self::bare(&self.programs);
        if let Some(folder) = folder {
            server.data = folder.join("data");
        }
        let [from, to] = [&self.data, &server.data].map(|path| path.display().to_string());
        run(Command::new("cp").args(["-a", &from, &to]));
        server.settle();
        server
    }

    /// A replica that follows this server as `name`, which is its name for `synchronous_standby_names`; not
    /// started.
    ///
    /// # Panics
    ///
    /// Where that fails, as where this server does not run.
    pub fn replica(&self, name: &str) -> Self {
        let server = Self::bare(&self.programs);
        server.follow(self, name);
        server
    }

    /// Becomes a replica of another server, whatever it was before. It must be stopped.
    ///
    /// # Panics
    ///
    /// As [`Server::replica`].
    pub fn follow(&self, leader: &Self, name: &str) {
        if self.data.exists() {
            std::fs::remove_dir_all(&self.data).expect("old data that goes");
        }
        let data = self.data.display().to_string();
        let leader =
            format!("host=127.0.0.1 port={} user=tessera application_name={name}", leader.port);
        let how = ["-R", "-N", "-X", "stream", "-c", "fast", "-d", &leader];
        self.program("pg_basebackup", &[&["-D", &data][..], &how].concat());
        self.settle();
    }

    /// Sets a parameter, which counts from the next start or [`Server::reload`] on; written as in its
    /// configuration file.
    ///
    /// # Panics
    ///
    /// Where the file can't be written.
    pub fn set(&self, name: &str, value: &str) {
        let path = self.data.join("postgresql.auto.conf");
        let before = std::fs::read_to_string(&path).expect("its configuration");
        let other = |line: &&str| !line.starts_with(&format!("{name} = "));
        let mut lines: Vec<&str> = before.lines().filter(other).collect();
        let line = format!("{name} = {value}");
        lines.push(&line);
        std::fs::write(&path, lines.join("\n") + "\n").expect("its configuration");
    }

    /// Has it read its parameters again.
    ///
    /// # Panics
    ///
    /// Where it does not run.
    pub fn reload(&self) {
        self.control(&["reload"]);
    }

    /// Starts it, and waits until it lets users in.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn start(&self) {
        assert!(self.try_start(), "it does not start: {}", self.log());
    }

    /// The same; false where it does not start.
    pub fn try_start(&self) -> bool {
        let log = self.folder.path().join("log").display().to_string();
        let seconds = PATIENCE.as_secs().to_string();
        let data = self.data.display().to_string();
        let how = ["-D", &data, "-w", "-t", &seconds, "-l", &log, "start"];
        self.command("pg_ctl").args(how).status().is_ok_and(|status| status.success())
    }

    /// Stops it: `fast` ends its sessions, `immediate` lets it recover at the next start.
    ///
    /// # Panics
    ///
    /// Where it does not run.
    pub fn stop(&self, mode: &str) {
        self.control(&["-w", "-m", mode, "stop"]);
    }

    /// Kills it and all its processes (SIGKILL), and waits until they are gone.
    ///
    /// # Panics
    ///
    /// Where they stay.
    pub fn kill(&self) {
        // Those that it starts after it was counted end with it by themselves.
        let all = self.signal("-KILL");
        let since = Instant::now();
        while all.iter().any(|process| is_there(*process)) {
            assert!(since.elapsed() < PATIENCE, "processes {all:?} stay");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops it and all its processes where they stand (SIGSTOP): connections stay open, new ones are
    /// accepted by the system, and nobody says anything.
    pub fn freeze(&self) {
        // The first time stops its leading process, so that the second misses nobody.
        self.signal("-STOP");
        self.signal("-STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Sends a signal to its processes, and answers which they are.
    fn signal(&self, signal: &str) -> Vec<u32> {
        let Some(leader) = self.process() else { return Vec::new() };
        let all = [vec![leader], children(leader)].concat();
        let numbers: Vec<String> = all.iter().map(u32::to_string).collect();
        // One that ended meanwhile makes it fail.
        let _ = Command::new("kill").arg(signal).args(&numbers).stderr(Stdio::null()).status();
        all
    }

    /// Makes a replica a server that writes, and waits until it does.
    ///
    /// # Panics
    ///
    /// Where it is none.
    pub fn promote(&self) {
        self.control(&["-w", "promote"]);
    }

    /// Whether its leading process is there.
    pub fn is_running(&self) -> bool {
        self.process().is_some()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The folder of its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs a statement; answers the first value of its first row, as text.
    ///
    /// # Errors
    ///
    /// What it or the connection says.
    pub fn ask(&self, database: &str, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
        crate::ask(&format!("postgres://tessera@{}/{database}", self.address()), sql)
    }

    /// How often its log says this.
    pub fn says(&self, text: &str) -> usize {
        self.whole_log().matches(text).count()
    }

    fn whole_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let log = self.whole_log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// The number of its leading process.
    fn process(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let process = text.lines().next()?.parse().ok()?;
        is_there(process).then_some(process)
    }

    fn control(&self, what: &[&str]) {
        let data = self.data.display().to_string();
        self.program("pg_ctl", &[&["-D", &data], what].concat());
    }

    fn program(&self, name: &str, arguments: &[&str]) {
        run(self.command(name).args(arguments));
    }

    /// One of the server's programs, as the user that it runs as.
    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = Command::new("runuser");
        if is_root() {
            command.args(["-u", USER, "--"]).arg(program);
        } else {
            command = Command::new(program);
        }
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Gives a folder to the user that servers run as.
///
/// # Panics
///
/// Where that fails.
pub(crate) fn own(folder: &Path) {
    if is_root() {
        run(Command::new("chown").arg(USER).arg(folder));
    }
}

fn run(command: &mut Command) {
    let outcome = command.stderr(Stdio::piped()).output().expect("a program that is there");
    let said = String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success(), "{command:?}: {said}");
}

/// Whether we are.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// State and parent of a process, from `/proc/N/stat`: behind its name, which stands in brackets.
fn stat(process: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut parts = text.rsplit_once(')')?.1.split_whitespace();
    Some((parts.next()?.to_string(), parts.next()?.parse().ok()?))
}

/// Whether a process is there, and not only waits to be counted by its parent.
fn is_there(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|process| stat(*process).is_some_and(|(_, own)| own == parent)).collect()
}
