//! Connections that take the places of others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Connections that do nothing. They go with their owner.
#[derive(Debug, Default)]
pub struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Opens connections of a user until the server lets nobody in any more; answers how many more there are.
    pub fn grow(&mut self, server: SocketAddr, user: &str, database: &str) -> usize {
        let before = self.0.len();
        while let Some(stream) = enter(server, user, database) {
            self.0.push(stream);
        }
        self.0.len() - before
    }
}

/// Opens a connection; none where the server refuses it, or is not there.
fn enter(server: SocketAddr, user: &str, database: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    // The startup message of version 3.0: its length, the version, pairs of name and value.
    let said = format!("\0\x03\0\0user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(said.len() + 4).ok()?;
    stream.write_all(&[&length.to_be_bytes(), said.as_bytes()].concat()).ok()?;
    // Messages are a letter, their length with itself, and what they say. `Z`: it waits for a query; `E`: an
    // error, also where it had accepted who we are.
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).ok()?;
        let [kind, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        stream.read_exact(&mut vec![0; length.checked_sub(4)?]).ok()?;
        match kind {
            b'Z' => return Some(stream),
            b'E' => return None,
            _ => {}
        }
    }
}
