//! What every request shares.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use tessera_identity::Identity;
use tessera_installation::Installation;
use tessera_kernel::{
    Actor, Database, Environment, Extensions, Fault, Problem, ReadMode, Source, StoreError, Tx,
};
use tokio::sync::Semaphore;

use crate::health::{Gauges, Health};
use crate::metrics::Metrics;
use crate::{metadata, openapi};

/// Bounds that keep one caller from taking the server away from others.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of a bulk body.
    pub bulk_body: usize,
    /// Records of a bulk call.
    pub bulk_records: usize,
    /// Bytes of a body of somebody who is not known yet: to sign in, to set up.
    pub stranger_body: usize,
    /// Bytes of all bodies together that are read or worked on; more are answered 503.
    pub bodies: usize,
    /// Time for a body to be here.
    pub body_time: Duration,
    /// Time for the body of somebody who is not known yet.
    pub stranger_body_time: Duration,
    /// Requests in work; more are answered 503.
    pub requests: usize,
    /// Requests in work of those who sign in or set up; more are answered 503.
    pub strangers: usize,
    /// Open connections; more wait.
    pub connections: usize,
    /// Time for one request.
    pub request_time: Duration,
    /// Time for the writer to answer, that the server counts as ready.
    pub ready_time: Duration,
    /// Time for the head of a request, also between two of one connection.
    pub head_time: Duration,
    /// Time that requests in work get when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            bulk_body: 16 * 1024 * 1024,
            bulk_records: 1_000,
            stranger_body: 4 * 1024,
            bodies: 128 * 1024 * 1024,
            body_time: Duration::from_secs(30),
            stranger_body_time: Duration::from_secs(5),
            requests: 1_024,
            strangers: 64,
            connections: 4_096,
            request_time: Duration::from_secs(30),
            ready_time: Duration::from_secs(5),
            head_time: Duration::from_secs(75),
            grace: Duration::from_secs(10),
        }
    }
}

/// Threads for reads and password hashes. Each read holds one of the store's connections.
pub(crate) const POOL: usize = 8;

/// Threads among them that what may take long leaves alone.
const KEPT_THREADS: usize = 2;

/// Documents for whoever may see everything.
struct Documents {
    /// What they were made of.
    extensions: Arc<Extensions>,
    openapi: Bytes,
    metadata: Bytes,
}

impl Documents {
    fn of(environment: &Environment, extensions: Arc<Extensions>) -> Self {
        let Environment { registry, catalogues, .. } = environment;
        let openapi = openapi::document(registry, &extensions).to_string().into();
        let metadata =
            metadata::document((registry, &extensions), catalogues, None).to_string().into();
        Self { extensions, openapi, metadata }
    }
}

/// What every request shares.
pub struct Api {
    pub(crate) db: Database,
    pub(crate) identity: Arc<Identity>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) requests: Semaphore,
    pub(crate) strangers: Semaphore,
    /// Bytes of bodies.
    pub(crate) bodies: Arc<Semaphore>,
    passwords: Semaphore,
    /// Threads of the pool for what may take long; the others are for what must not wait.
    long: Arc<Semaphore>,
    pub(crate) proxies: Vec<IpAddr>,
    pub(crate) health: Health,
    pub(crate) gauges: Gauges,
    documents: Mutex<Documents>,
    pub(crate) secure_cookies: bool,
    /// The address that people use, without a slash at its end.
    pub(crate) public_url: String,
    ready: AtomicBool,
    committed: Box<dyn Fn() + Send + Sync>,
}

impl Api {
    /// The API of an installation.
    pub fn new(installation: &Installation, identity: Arc<Identity>, limits: Limits) -> Self {
        let db = installation.db().clone();
        let environment = db.environment();
        let documents = Mutex::new(Documents::of(environment, environment.extensions.get()));
        Self {
            db,
            identity,
            limits,
            metrics: Metrics::default(),
            requests: Semaphore::new(limits.requests),
            strangers: Semaphore::new(limits.strangers),
            bodies: Arc::new(Semaphore::new(limits.bodies)),
            passwords: Semaphore::new(1),
            long: Arc::new(Semaphore::new(POOL - KEPT_THREADS)),
            proxies: Vec::new(),
            health: Health::default(),
            gauges: Gauges::default(),
            documents,
            secure_cookies: false,
            public_url: "http://127.0.0.1:8080".to_string(),
            ready: AtomicBool::new(true),
            committed: Box::new(|| {}),
        }
    }

    /// Cookies only over HTTPS: for a server behind a proxy that speaks it.
    #[must_use]
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.secure_cookies = secure;
        self
    }

    /// The address that people use, to which identity providers send them back.
    #[must_use]
    pub fn public_url(mut self, address: &str) -> Self {
        self.public_url = address.trim_end_matches('/').to_string();
        self
    }

    /// Believes what proxies at these addresses tell of the client, besides those of the machine.
    #[must_use]
    pub fn behind(mut self, proxies: Vec<IpAddr>) -> Self {
        self.proxies = proxies;
        self
    }

    /// Called after every command that was kept.
    #[must_use]
    pub fn on_commit(mut self, heard: impl Fn() + Send + Sync + 'static) -> Self {
        self.committed = Box::new(heard);
        self
    }

    /// What was added to object types at run time, as every process knows it shortly after.
    pub(crate) async fn extensions(&self) -> Result<Arc<Extensions>, Problem> {
        if self.db.is_extension_due() {
            let db = self.db.clone();
            blocking(move || Ok::<_, Problem>(db.refresh_extensions()?)).await??;
        }
        Ok(self.db.environment().extensions.get())
    }

    /// The whole document of the API, and that for user interfaces.
    pub(crate) async fn documents(&self) -> Result<(Bytes, Bytes), Problem> {
        let extensions = self.extensions().await?;
        let mut known = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.extensions, &extensions) {
            *known = Documents::of(self.db.environment(), extensions);
        }
        Ok((known.openapi.clone(), known.metadata.clone()))
    }

    /// Whether new requests are welcome.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// The server is about to stop: `/readyz` says so.
    pub(crate) fn retire(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// Queues a command and waits for its durable commit without holding a thread. A caller that
    /// goes away does not stop it.
    pub(crate) async fn command<R: Send + 'static>(
        &self,
        actor: &Actor,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let (started, waiting) = (Instant::now(), self.metrics.command_started());
        let outcome = self.queue(actor, run).await.unwrap_or_else(|_| {
            let stopped = StoreError::Unavailable("the writer has stopped".into());
            Err(Fault::Store(stopped).into())
        });
        drop(waiting);
        self.metrics.command_done(started.elapsed(), outcome.is_ok());
        if outcome.is_ok() {
            (self.committed)();
        }
        outcome
    }

    /// Queues a command; the answer comes through the channel.
    fn queue<R: Send + 'static>(
        &self,
        actor: &Actor,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> tokio::sync::oneshot::Receiver<Result<R, Problem>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.db.submit(actor.clone(), run, move |outcome| {
            // Who asked may be gone.
            let _ = sender.send(outcome);
        });
        receiver
    }

    /// The actor with the rights that they have now: for what is not decided within a transaction.
    pub(crate) async fn current(&self, actor: &Actor) -> Result<Actor, Problem> {
        match actor.access() {
            Some(_) => self.read(actor, |tx| Ok(tx.actor().clone())).await,
            None => Ok(actor.clone()),
        }
    }

    /// Reads on a consistent snapshot, on the pool. It is given up when the time for the request is
    /// over, so that nobody waits behind a read whose answer nobody hears.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        actor: &Actor,
        run: impl FnOnce(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let (db, actor) = (self.db.clone(), actor.clone());
        let deadline = Some(Instant::now() + self.limits.request_time);
        let mode = ReadMode { deadline, urgent: false };
        self.at_length(move || db.read_in(mode, &actor, run)).await?
    }

    /// The same for what is short and asked for by whoever watches the server.
    pub(crate) async fn glance<R: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Tx<'_>) -> Result<R, Problem> + Send + 'static,
    ) -> Result<R, Problem> {
        let db = self.db.clone();
        let deadline = Some(Instant::now() + self.limits.request_time);
        let mode = ReadMode { deadline, urgent: true };
        blocking(move || db.read_in(mode, &Actor::system(Source::System), run)).await?
    }

    /// Bytes that the database takes on disk.
    pub(crate) async fn size(&self) -> Result<u64, Problem> {
        let db = self.db.clone();
        blocking(move || Ok(db.store().size().map_err(Fault::from)?)).await?
    }

    /// Runs what may take long on the pool, and leaves threads to what must not wait.
    pub(crate) async fn at_length<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Problem> {
        // It is never closed. The permit stays with the work, also when the caller goes away.
        let turn = self.long.clone().acquire_owned().await;
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }

    /// Runs what hashes a password on the pool, one at a time: whoever guesses passwords waits for
    /// others who do, without keeping threads from those who read.
    pub(crate) async fn password<R: Send + 'static>(
        &self,
        run: impl FnOnce(&Identity) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        // It is never closed.
        let _turn = self.passwords.acquire().await;
        self.identity(run).await
    }

    /// Runs what waits for the disk on the pool.
    pub(crate) async fn identity<R: Send + 'static>(
        &self,
        run: impl FnOnce(&Identity) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        let identity = self.identity.clone();
        blocking(move || run(&identity)).await
    }
}

/// Runs `work` on the pool of threads that may wait.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fault::Panicked(error.to_string()).into())
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}
