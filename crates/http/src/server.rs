//! Listening, serving, stopping.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api::POOL;
use crate::client::Peer;
use crate::{Api, Limits, router};

/// Why the server can't serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can't be listened to.
    #[error("{address} can't be listened to: {error}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        error: std::io::Error,
    },
    /// There are no threads to be had.
    #[error("the server can't start: {0}")]
    Runtime(std::io::Error),
}

/// A server that listens.
pub struct Server {
    runtime: tokio::runtime::Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens to `address`, like `127.0.0.1:8080`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Where the address is taken or none.
    pub fn listen(address: &str) -> Result<Self, ServerError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(POOL)
            .build()
            .map_err(ServerError::Runtime)?;
        let failed = |error| ServerError::Listen { address: address.to_string(), error };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { runtime, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` comes true, then finishes what is in work.
    pub fn serve(self, api: Arc<Api>, stop: impl Future<Output = ()>) {
        self.runtime.block_on(accept(self.listener, api, stop));
        // Reads that outlast the time of grace are left behind.
        self.runtime.shutdown_background();
    }

    /// Serves until the process is asked to end: SIGTERM or Ctrl-C.
    pub fn serve_until_signal(self, api: Arc<Api>) {
        self.serve(api, asked_to_end());
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn asked_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => {
                tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            }
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

async fn accept(listener: TcpListener, api: Arc<Api>, stop: impl Future<Output = ()>) {
    let limits = api.limits;
    let service = TowerToHyperService::new(router(api.clone()));
    let (graceful, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(limits.connections)));
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let room = room.clone().acquire_owned().await;
            (room, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (room, accepted) = next => match (room, accepted) {
                (Ok(room), Ok((stream, peer))) => {
                    let service = Conversation { service: service.clone(), peer: Peer(peer.ip()) };
                    converse(stream, room, service, &graceful, limits);
                }
                (_, Err(error)) => {
                    // Most often the process has no file descriptor left: give it a moment.
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                (Err(_), _) => break,
            },
        }
    }
    api.retire();
    drop(listener);
    if tokio::time::timeout(limits.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests outlasted the time of grace and were cut off");
    }
}

/// The service of one connection: its requests know where they come from.
struct Conversation {
    service: TowerToHyperService<axum::Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Conversation {
    type Response = <TowerToHyperService<axum::Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<axum::Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<axum::Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}

fn converse(
    stream: TcpStream,
    room: OwnedSemaphorePermit,
    service: Conversation,
    graceful: &GracefulShutdown,
    limits: Limits,
) {
    // Answers are small and complete: waiting for more to send only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays with delays");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(room);
    });
}
