#![doc = include_str!("../README.md")]

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The program; Debian keeps it where users don't look.
const PROGRAMS: [&str; 2] = ["nats-server", "/usr/sbin/nats-server"];

/// A server that goes with its owner.
#[derive(Debug)]
pub struct TestServer {
    program: &'static str,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    runtime: Runtime,
}

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// Its id (`Nats-Msg-Id`), if it has one.
    pub id: Option<String>,
    /// Its text.
    pub body: String,
}

/// A running server; none, aloud, where none is installed.
///
/// # Panics
///
/// Where the server does not start: a test that was asked for must not pass by being left out.
pub fn server() -> Option<TestServer> {
    server_with("")
}

/// The same with more lines in its configuration.
///
/// # Panics
///
/// As [`server`].
pub fn server_with(lines: &str) -> Option<TestServer> {
    let runs = |program: &&str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let Some(program) = PROGRAMS.into_iter().find(runs) else {
        // Straight to the stream: what macros print is shown of failed tests only.
        let test = std::thread::current();
        let test = test.name().unwrap_or("a test");
        let why =
            format!("skipped {test}: nats-server is not installed (apt install nats-server)\n");
        std::io::stderr().write_all(why.as_bytes()).ok();
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a free port").port();
    let store = folder.path().join("store");
    let config = format!(
        "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\" }}\n{lines}\n",
        store.display()
    );
    std::fs::write(folder.path().join("nats.conf"), config).expect("written");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut server = TestServer { program, folder, port, child: None, runtime };
    server.start();
    Some(server)
}

impl TestServer {
    /// Where it listens: a host and a port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// Its folder, for files of the test besides.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it (again), and waits until it listens.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn start(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let child = Command::new(self.program)
            .arg("--config")
            .arg(self.folder.path().join("nats.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("it starts"));
        let started = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            if started.elapsed() > Duration::from_secs(20) {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                panic!("nats-server does not listen: {log:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it without a warning (SIGKILL).
    ///
    /// # Panics
    ///
    /// Where it can't be killed.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("gone");
        }
    }

    /// Stops it in its tracks (SIGSTOP), or lets it go on.
    ///
    /// # Panics
    ///
    /// Where it does not run.
    pub fn freeze(&self, frozen: bool) {
        let child = self.child.as_ref().expect("it runs");
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let status = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(Context) -> T) -> T {
        self.runtime.block_on(async {
            let client = async_nats::connect(self.url()).await.expect("a connection");
            question(jetstream::new(client)).await
        })
    }

    /// Makes a stream.
    ///
    /// # Panics
    ///
    /// Where it is refused.
    pub fn make_stream(&self, config: Config) {
        self.ask(async |context| context.create_stream(config).await.expect("a stream"));
    }

    /// The configuration of a stream.
    ///
    /// # Panics
    ///
    /// Where there is no such stream.
    pub fn stream(&self, name: &str) -> Config {
        self.ask(async |context| {
            let stream = context.get_stream(name).await.expect("a stream");
            stream.cached_info().config.clone()
        })
    }

    /// Deletes a stream.
    ///
    /// # Panics
    ///
    /// Where there is no such stream.
    pub fn delete_stream(&self, name: &str) {
        self.ask(async |context| context.delete_stream(name).await.expect("deleted"));
    }

    /// Puts a message into a stream.
    ///
    /// # Panics
    ///
    /// Where it is refused.
    pub fn put(&self, subject: &str, body: &str) {
        let (subject, body) = (subject.to_string(), body.to_string());
        self.ask(async |context| {
            let sent = context.publish(subject, body.into()).await.expect("sent");
            sent.await.expect("kept")
        });
    }

    /// How many messages a stream has; 0 where there is no such stream.
    pub fn count(&self, name: &str) -> u64 {
        self.ask(async |context| match context.get_stream(name).await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(_) => 0,
        })
    }

    /// Every message of a stream, in order.
    ///
    /// # Panics
    ///
    /// Where the stream can't be read.
    pub fn messages(&self, name: &str) -> Vec<Message> {
        self.ask(async |context| {
            let stream = context.get_stream(name).await.expect("a stream");
            let state = &stream.cached_info().state;
            let mut messages = Vec::new();
            for sequence in state.first_sequence.max(1)..=state.last_sequence {
                let message = stream.get_raw_message(sequence).await.expect("a message");
                let id = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
                messages.push(Message {
                    subject: message.subject.to_string(),
                    id: id.map(|id| id.as_str().to_string()),
                    body: String::from_utf8_lossy(&message.payload).to_string(),
                });
            }
            messages
        })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
    }
}
