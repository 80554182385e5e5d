//! A PostgreSQL server for the tests: made in a temporary folder, on loopback, under a user without
//! rights, and gone with its owner.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable by which the tests find the server.
pub(crate) const VARIABLE: &str = "TESSERA_TEST_POSTGRES";
/// The user that the server runs as where we are root, which it refuses to be.
const USER: &str = "postgres";

/// A running server.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Its address.
    pub(crate) url: String,
}

/// The folder of the server's programs, of the latest version there is.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

impl Server {
    /// Makes and starts one. It does not wait for the disk: nobody needs its data tomorrow.
    pub(crate) fn start(programs: PathBuf) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("tessera-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no port: {error}"))?.port();
        let url = format!("postgres://tessera@127.0.0.1:{port}");
        let server = Self { programs, folder, url };
        if is_root() {
            run("chown", &[USER, &server.folder.display().to_string()])?;
        }
        let data = server.data();
        server.program(
            "initdb",
            &["-D", &data, "-A", "trust", "-U", "tessera", "-E", "UTF8", "--locale=C"],
        )?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off \
             -c full_page_writes=off -c synchronous_commit=off",
            server.folder.display()
        );
        let log = server.folder.join("log").display().to_string();
        server.program("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        Ok(server)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Runs one of the server's programs, as the user that it runs as.
    fn program(&self, name: &str, arguments: &[&str]) -> Result<(), String> {
        let program = self.programs.join(name).display().to_string();
        if !is_root() {
            return run(&program, arguments);
        }
        let before = ["-u", USER, "--", &program];
        run("runuser", &[&before, arguments].concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        if let Err(error) = self.program("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]) {
            eprintln!("{error}");
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{}: {error}", self.folder.display());
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Runs a program without showing what it prints; a failure names it.
fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(Path::new("/"))
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("{program}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} {}: {status}", arguments.join(" ")))
    }
}
