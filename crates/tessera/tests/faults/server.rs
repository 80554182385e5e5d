//! A server of the installation: a real process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The program.
pub(crate) fn tessera() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tessera"))
}

/// A running server; killed with its owner.
pub(crate) struct Server {
    child: Child,
    address: String,
    // The pipe stays open for what it prints later.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one by this command, whose log is appended to a file, and waits until it serves; none
    /// where it ends by itself.
    pub(crate) fn start(mut command: Command, url: &str, log: &Path) -> Option<Self> {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TESSERA_DB", url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some((_, address)) = line.trim().split_once("http://") else {
            // It said on its error output why.
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        };
        let address = address.to_string();
        Some(Self { child, address, _stdout: stdout })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// `kill -STOP`: it goes no further and keeps what it has. Waits for what the system was asked
    /// to do for it.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
        while !self.is_stopped() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// `kill -CONT`: it goes on.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// Whether all its threads are, as the system tells; a thread that waits for a disk is not.
    fn is_stopped(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        threads.filter_map(Result::ok).all(|thread| {
            let state = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            state.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'))
        })
    }

    /// `kill -9`, and waits for its end.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
