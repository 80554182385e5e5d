//! What runs beside the server: events, webhooks, a message broker, housekeeping.

use std::sync::mpsc::{RecvTimeoutError, Sender as Channel, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tessera_events::{Broker, Dispatcher, Forwarder, Retention, Sender};
use tessera_kernel::{Actor, Database, Fault, Source};

use crate::{HistoryKeeper, Installation, idempotency};

/// How often what has ended is deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(600);

/// The running threads; they end when it is dropped.
#[derive(Debug)]
pub struct Services {
    dispatcher: Dispatcher,
    sender: Sender,
    forwarder: Option<Forwarder>,
    _housekeeping: Housekeeping,
}

/// A message broker that events are published to.
pub struct Publication {
    /// The broker.
    pub broker: Box<dyn Broker>,
    /// Login of the user by whose rights it hears of events; none: of everything.
    pub listener: Option<String>,
}

impl Services {
    /// Starts them; events go to the broker as well, if there is one.
    ///
    /// # Errors
    ///
    /// Where offsets can't be read or there is no thread to be had.
    pub fn start(
        installation: &Installation,
        publication: Option<Publication>,
    ) -> Result<Self, Fault> {
        let db = installation.db();
        let retention = Retention::new(db.clone(), publication.as_ref().map(|it| it.broker.name()));
        let forward = |it: Publication| Forwarder::start_for(db.clone(), it.broker, it.listener);
        Ok(Self {
            dispatcher: Dispatcher::start(db.clone())?,
            sender: Sender::start(db.clone())?,
            forwarder: publication.map(forward).transpose()?,
            _housekeeping: Housekeeping::start(db.clone(), retention)?,
        })
    }

    /// Something was committed.
    pub fn wake(&self) {
        self.dispatcher.wake();
        self.sender.wake();
        if let Some(forwarder) = &self.forwarder {
            forwarder.wake();
        }
    }
}

#[derive(Debug)]
struct Housekeeping {
    stop: Option<Channel<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeping {
    fn start(db: Database, mut retention: Retention) -> Result<Self, Fault> {
        let (stop, stopped) = channel::<()>();
        let mut histories = HistoryKeeper::default();
        let run = move || {
            while stopped.recv_timeout(HOUSEKEEPING) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = sweep(&db, &mut retention, &mut histories) {
                    tracing::error!(%error, "what has ended can't be deleted");
                }
            }
        };
        let thread = std::thread::Builder::new().name("housekeeping".into()).spawn(run);
        let thread = thread.map_err(|error| Fault::corrupt(format!("no thread: {error}")))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// Deletes sessions, tokens, answers, events and changes that have ended; seals what is left.
fn sweep(
    db: &Database,
    retention: &mut Retention,
    histories: &mut HistoryKeeper,
) -> Result<(), Fault> {
    let credentials = db.command(&Actor::system(Source::System), tessera_identity::sweep)?;
    let answers = idempotency::sweep(db)?;
    let events = retention.prune()?;
    let changes = histories.keep(db)?;
    tracing::debug!(credentials, answers, events, changes, "deleted what has ended");
    Ok(())
}
