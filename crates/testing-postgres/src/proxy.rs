//! A way to a server that can be made bad: connections break off in the middle of a message, are slow, or
//! lead nowhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes that go on their way at once.
const CHUNK: usize = 4096;

/// Time after which a server finds that the client of a connection that leads nowhere has left, as it does by the
/// keepalives of TCP.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once.
    Open,
    /// Each chunk after this time.
    Slow(Duration),
    /// Not at all: connections are accepted, and nothing is said.
    Blocked,
}

/// What holds for connections. They are numbered in the order in which they came.
#[derive(Clone, Copy, Debug)]
struct State {
    way: Way,
    /// Earlier ones are reset.
    reset_before: u64,
    /// Earlier ones say nothing any more.
    mute_before: u64,
}

struct Shared {
    state: watch::Sender<State>,
    /// Bytes until the connection that carries them is reset; below zero where none is to be.
    fuse: AtomicI64,
    count: std::sync::atomic::AtomicU64,
}

/// A proxy between clients and a server. It runs until the process ends.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts one before a server.
    ///
    /// # Panics
    ///
    /// Where there is no port or no thread for it.
    pub fn before(server: SocketAddr) -> Self {
        let state = State { way: Way::Open, reset_before: 0, mute_before: 0 };
        let shared = Arc::new(Shared {
            state: watch::Sender::new(state),
            fuse: AtomicI64::new(-1),
            count: 0.into(),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("its address");
        let its_own = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                loop {
                    // A client that went before it was accepted.
                    let Ok((client, _)) = listener.accept().await else { continue };
                    tokio::spawn(carry(client, server, its_own.clone()));
                }
            });
        });
        Self { address, shared }
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How bytes travel from now on.
    pub fn set(&self, way: Way) {
        self.shared.state.send_modify(|state| state.way = way);
    }

    /// Resets every connection that is there.
    pub fn reset(&self) {
        let count = self.count();
        self.shared.state.send_modify(|state| state.reset_before = count);
    }

    /// Resets one connection, when so many bytes more have gone through all of them: the last of them
    /// arrive, whatever they are the beginning of.
    pub fn reset_after(&self, bytes: u32) {
        self.shared.fuse.store(i64::from(bytes), Ordering::SeqCst);
    }

    /// Whether the reset that was asked for last has happened.
    pub fn has_reset(&self) -> bool {
        self.shared.fuse.load(Ordering::SeqCst) < 0
    }

    /// Lets nothing pass any more on the connections that are there, for ever; new ones are as good as
    /// before.
    pub fn mute(&self) {
        let count = self.count();
        self.shared.state.send_modify(|state| state.mute_before = count);
    }

    /// Connections so far.
    pub fn count(&self) -> u64 {
        self.shared.count.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Carries bytes between a client and the server until one of them leaves, or the connection is reset.
async fn carry(mut client: TcpStream, server: SocketAddr, shared: Arc<Shared>) {
    let number = shared.count.fetch_add(1, Ordering::SeqCst);
    let mut told = shared.state.subscribe();
    let reset = async { told.wait_for(|state| number < state.reset_before).await.is_ok() };
    let is_reset = match TcpStream::connect(server).await {
        Ok(mut server) => {
            // Without this, small messages wait for each other.
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            tokio::select! {
                cut = pump(from_client, to_server, number, &shared, false) => cut,
                cut = pump(from_server, to_client, number, &shared, true) => cut,
                reset = reset => reset,
            }
        }
        Err(_) => true,
    };
    if is_reset {
        // What is closed while it must not linger is reset (RST), and what was not sent is forgotten.
        let _ = client.set_zero_linger();
    }
}

/// Carries bytes in one direction until its end; whether the connection is to be reset.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    number: u64,
    shared: &Shared,
    is_from_server: bool,
) -> bool {
    let mut state = shared.state.subscribe();
    let mut chunk = [0; CHUNK];
    loop {
        let read = from.read(&mut chunk).await.unwrap_or(0);
        let known = |state: &State| state.way != Way::Blocked || number < state.mute_before;
        let Ok(now) = state.wait_for(known).await.map(|state| *state) else { return true };
        let is_mute = number < now.mute_before;
        match read {
            0 if is_mute && is_from_server => std::future::pending().await,
            // That a client left, a server finds by itself in the end.
            0 if is_mute => tokio::time::sleep(KEEPALIVE).await,
            _ if is_mute => continue,
            _ => {}
        }
        if read == 0 {
            return false;
        }
        let way = now.way;
        if let Way::Slow(time) = way {
            tokio::time::sleep(time).await;
        }
        let bytes = i64::try_from(read).unwrap_or(i64::MAX);
        let left = shared.fuse.load(Ordering::SeqCst);
        // One runtime thread carries everything, so nobody else counts meanwhile.
        let passes = if left < 0 { read } else { read.min(usize::try_from(left).unwrap_or(read)) };
        if left >= 0 {
            shared.fuse.store((left - bytes).max(-1), Ordering::SeqCst);
        }
        let written = to.write_all(&chunk[..passes]).await;
        if passes < read {
            return true;
        }
        if written.is_err() {
            return false;
        }
    }
}
