//! A call of the API, and its answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a user waits for an answer before asking again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that writes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Path within the API.
    pub(crate) path: String,
    /// Its `Idempotency-Key`.
    pub(crate) key: String,
    /// Body, JSON.
    pub(crate) body: String,
}

/// An answer that arrived in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Whether it is that of an earlier call with the key.
    pub(crate) is_replayed: bool,
    /// Body, JSON.
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends a request; none where no answer came in full.
pub(crate) fn post(address: &str, token: &str, request: &Request) -> Option<Answer> {
    receive(send(address, token, request)?)
}

/// Sends a request and answers the connection, from which the answer is still to be read.
pub(crate) fn send(address: &str, token: &str, request: &Request) -> Option<TcpStream> {
    let Request { path, key, body } = request;
    let head = format!("POST {path}");
    let headers = format!("Idempotency-Key: {key}\r\nContent-Type: application/json\r\n");
    open(address, token, &head, &headers, body)
}

/// Reads what is at a path.
pub(crate) fn get(address: &str, token: &str, path: &str) -> Option<Answer> {
    receive(open(address, token, &format!("GET {path}"), "", "")?)
}

fn open(address: &str, token: &str, head: &str, headers: &str, body: &str) -> Option<TcpStream> {
    let address: SocketAddr = address.parse().ok()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let text = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()?;
    Some(stream)
}

/// Reads the answer; none where it does not come in full.
pub(crate) fn receive(mut stream: TcpStream) -> Option<Answer> {
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let head = head.to_lowercase();
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = value("content-length: ").and_then(|length| length.parse().ok())?;
    (length == body.len()).then(|| Answer {
        status,
        is_replayed: value("idempotency-replayed: ") == Some("true"),
        body: body.to_string(),
    })
}
