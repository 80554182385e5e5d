//! Point-in-time restore of a PostgreSQL server by its own tools, as docs/backup.md has it.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Clock as _, Fault, Source, SystemClock};
use tessera_partner::BusinessPartner;

const DATABASE: &str = "crm";

/// A server of the test's own, on loopback. It is stopped and removed with its owner.
struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

/// The folder of the server's programs, of the latest version there is; none, aloud, where PostgreSQL is not
/// installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten();
    let folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let found = folders.filter(|folder| folder.join("initdb").exists()).max();
    if found.is_none() {
        // Straight to the stream: what macros print is shown of failed tests only.
        let why = b"skipped: PostgreSQL is not installed in /usr/lib/postgresql\n";
        std::io::stderr().write_all(why).unwrap();
    }
    found
}

impl Server {
    /// An empty folder with a port.
    fn place(programs: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let server = Self { programs: programs.to_path_buf(), folder, port };
        if is_root() {
            let mut give = Command::new("chown");
            assert!(give.arg("postgres").arg(server.folder.path()).status().unwrap().success());
        }
        server
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs one of the server's programs, as the user that it runs as; answers its output.
    fn program(&self, name: &str, arguments: &[&str]) -> String {
        let program = self.programs.join(name);
        let mut command = Command::new("runuser");
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        } else {
            command = Command::new(&program);
        }
        // To a file: a server that is started keeps what it inherits.
        let told = tempfile::NamedTempFile::new().unwrap();
        command.stdout(told.reopen().unwrap()).stderr(told.reopen().unwrap());
        let status = command.args(arguments).current_dir("/").status().unwrap();
        let told = std::fs::read_to_string(told.path()).unwrap();
        assert!(status.success(), "{name} {arguments:?}: {told}{}", self.log());
        told.trim().to_string()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn start(&self) {
        let log = self.folder.path().join("log").display().to_string();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -k {}",
            self.port,
            self.folder.path().display()
        );
        let data = self.data();
        self.program("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
    }

    fn stop(&self) {
        self.program("pg_ctl", &["-D", &self.data(), "-w", "-m", "immediate", "stop"]);
    }

    /// Adds lines to its configuration.
    fn configure(&self, lines: &str) {
        let path = self.folder.path().join("data/postgresql.auto.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, before + lines + "\n").unwrap();
    }

    /// Runs a statement; answers its value.
    fn ask(&self, database: &str, sql: &str) -> String {
        let port = self.port.to_string();
        let how = ["-h", "127.0.0.1", "-p", &port, "-U", "tessera", "-d", database, "-Atc", sql];
        self.program("psql", &how)
    }

    /// Makes something in its folder that belongs to the user that it runs as.
    fn own(&self, name: &str, make: impl FnOnce(&Path) -> std::io::Result<()>) -> String {
        let path = self.folder.path().join(name);
        make(&path).unwrap();
        let owner = std::fs::metadata(self.data()).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        path.display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.folder.path().join("data/postmaster.pid").exists() {
            self.stop();
        }
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn url(server: &Server) -> String {
    format!("postgres://tessera@127.0.0.1:{}/{DATABASE}?writers=2", server.port)
}

/// Runs a command of the program that must succeed; answers its output.
fn done(server: &Server, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(arguments)
        .env("TESSERA_DB", url(server))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Serves the installation; answers the process and its address.
fn serve(server: &Server) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("TESSERA_DB", url(server))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut line, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().split_once("http://").expect(&line).1.to_string();
    (child, address)
}

/// Makes a partner; returns when that was acknowledged.
fn make_partner(address: &str, token: &str, name: &str) {
    let body = format!(
        r#"{{"general": {{"name": "{name}", "category": "organisation",
        "country": "DE", "language": "en", "tax_classification": "full"}}}}"#
    );
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /api/v1/business_partner HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

fn partners(installation: &Installation) -> usize {
    let actor = Actor::system(Source::System);
    let count =
        |tx: &mut tessera_kernel::Tx<'_>| Ok::<_, Fault>(tx.all::<BusinessPartner>()?.len());
    installation.db().read(&actor, count).unwrap()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_goes_back_to_a_moment_with_exactly_what_was_acknowledged_before_it() {
    let Some(programs) = programs() else { return };
    let live = Server::place(&programs);
    let data = live.data();
    let how = ["-A", "trust", "-U", "tessera", "-E", "UTF8", "--locale=C", "--wal-segsize=1"];
    live.program("initdb", &[&["-D", &data][..], &how].concat());
    let archive = live.own("archive", |path| std::fs::create_dir(path));
    live.configure(&format!(
        "archive_mode = on\narchive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'"
    ));
    live.start();
    live.ask("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let (mut program, address) = serve(&live);
    done(&live, &["user", "add", "ada", "--administrator"], "correct horse battery\n");
    let token = done(&live, &["user", "token", "ada"], "").trim().to_string();
    make_partner(&address, &token, "Before the copy");
    // A copy of the data while people work.
    let restored = Server::place(&programs);
    let (copy, port) = (restored.data(), live.port.to_string());
    let from = ["-h", "127.0.0.1", "-p", &port, "-U", "tessera"];
    let how = ["--checkpoint=fast", "--wal-method=stream", "--pgdata", &copy];
    restored.program("pg_basebackup", &[&from[..], &how].concat());
    for number in 0..5 {
        make_partner(&address, &token, &format!("Before the moment {number}"));
    }
    let moment = SystemClock.now();
    // A later commit has a later time, also by the clock of another process.
    std::thread::sleep(Duration::from_millis(50));
    for number in 0..5 {
        make_partner(&address, &token, &format!("After the moment {number}"));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(partners(&open(&live)), 11);
    // The segment of the log that has the moment goes to the archive.
    let segment = live.ask("postgres", "SELECT pg_walfile_name(pg_switch_wal())");
    wait_until("nothing is archived", || {
        live.ask("postgres", "SELECT last_archived_wal FROM pg_stat_archiver") >= segment
    });
    // The live server is lost with its disk; what is left is the copy and the archive.
    live.stop();
    // PostgreSQL reads an offset in digits only here.
    go_back(&restored, &archive, &moment.to_string().replace('Z', "+00"));
    wait_until("the server does not end its recovery", || {
        restored.ask("postgres", "SELECT pg_is_in_recovery()::text") == "false"
    });
    assert!(done(&restored, &["verify"], "").contains("0 differences"));
    let opened = open(&restored);
    assert_eq!(partners(&opened), 6, "what was acknowledged before the moment, and nothing else");
    drop(opened);
    let (mut program, address) = serve(&restored);
    make_partner(&address, &token, "After the restore");
    program.kill().unwrap();
    program.wait().unwrap();
}

fn open(server: &Server) -> Installation {
    Installation::open(Options::reading(&url(server))).unwrap()
}

/// Starts a copy, which takes the archive up to a moment.
fn go_back(copy: &Server, archive: &str, moment: &str) {
    copy.configure(&format!(
        "archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n\
         recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'"
    ));
    copy.own("data/recovery.signal", |path| std::fs::write(path, ""));
    copy.start();
}
