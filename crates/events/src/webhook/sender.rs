//! Watches the queues of the webhooks; each that has something to send gets a thread for as long
//! as it sends, so that a slow receiver delays nobody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hashbrown::HashSet;
use tessera_kernel::{Actor, Database, Fault, ObjectId, Ref, Source, Tx};
use ureq::unversioned::transport::DefaultConnector;

use super::address::CheckedResolver;
use super::queue::Queue;
use super::{Webhook, queue_name};
use crate::lease::Lease;
use crate::signal::{Running, Signal};
use crate::{EventsSettings, dead_letters, offset, outbox};

/// How long the thread sleeps when nobody wakes it.
const POLL: Duration = Duration::from_millis(200);
/// The least time between two rounds.
const GATHER: Duration = Duration::from_millis(50);
/// Webhooks that are served at the same time.
const AT_ONCE: usize = 8;

/// The running threads; they end when it is dropped, after the call that is under way.
pub struct Sender(Running);

struct Watch {
    db: Database,
    settings: EventsSettings,
    agent: ureq::Agent,
    signal: Arc<Signal>,
    busy: Mutex<HashSet<ObjectId>>,
    /// Some webhook has something to send and no thread.
    others_wait: AtomicBool,
    /// This process is the one that sends.
    may_send: AtomicBool,
}

impl Sender {
    /// Starts watching.
    ///
    /// # Errors
    ///
    /// Where the settings are missing or there is no thread to be had.
    pub fn start(db: Database) -> Result<Self, Fault> {
        let settings = db
            .environment()
            .settings
            .get::<EventsSettings>()
            .cloned()
            .ok_or_else(|| Fault::corrupt("the settings of events were not set"))?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(settings.policy.timeout_ms)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("tessera/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = CheckedResolver::new(settings.policy.allowed_hosts.clone());
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), resolver);
        let (busy, others_wait) = (Mutex::default(), AtomicBool::new(false));
        let may_send = AtomicBool::new(true);
        let run = move |signal| {
            Arc::new(Watch { db, settings, agent, signal, busy, others_wait, may_send }).run();
        };
        Running::start("webhooks", run).map(Self)
    }

    /// Something was committed.
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sender")
    }
}

impl Watch {
    fn busy(&self) -> MutexGuard<'_, HashSet<ObjectId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(self: &Arc<Self>) {
        let mut threads: Vec<JoinHandle<()>> = Vec::new();
        let mut lease = Lease::new(self.db.clone(), "webhooks");
        let mut last = ObjectId(Default::default());
        while !self.signal.is_stopped() {
            let held = lease.is_held();
            self.may_send.store(held, Ordering::Relaxed);
            match if held { self.due(last) } else { Ok(Vec::new()) } {
                Ok(due) => {
                    last = due.last().copied().unwrap_or(last);
                    threads.extend(due.into_iter().filter_map(|id| self.serve(id)));
                }
                Err(error) => tracing::error!(%error, "webhooks can't be read"),
            }
            threads.retain(|thread| !thread.is_finished());
            self.signal.pause(GATHER);
            self.signal.wait(POLL);
        }
        for thread in threads {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }

    /// Active webhooks that have something to send now and are not being served, as many as there
    /// are threads for. The search starts behind the one that was served last, so that each has its
    /// turn; those that find no thread are told of in `others_wait`.
    fn due(&self, last: ObjectId) -> Result<Vec<ObjectId>, Fault> {
        let busy = self.busy().clone();
        let room = AT_ONCE.saturating_sub(busy.len());
        self.db.read(&Actor::system(Source::System), |tx| {
            let mut all: Vec<ObjectId> = tx.all::<Webhook>()?.into_iter().map(Ref::id).collect();
            all.sort_unstable();
            let start = all.partition_point(|id| *id <= last);
            all.rotate_left(start);
            let (mut due, mut waiting) = (Vec::new(), false);
            for id in all.into_iter().filter(|id| !busy.contains(id)) {
                if self.is_due(tx, id)? {
                    waiting = due.len() == room;
                    if waiting {
                        break;
                    }
                    due.push(id);
                }
            }
            self.others_wait.store(waiting, Ordering::Relaxed);
            Ok(due)
        })
    }

    fn is_due(&self, tx: &mut Tx<'_>, id: ObjectId) -> Result<bool, Fault> {
        if !tx.load(Ref::<Webhook>::new(id))?.target.active {
            return Ok(false);
        }
        let queue = queue_name(id);
        let offset = offset::load(tx, &queue)?;
        if offset.retry_at.is_some_and(|at| at > tx.now()) {
            return Ok(false);
        }
        let replays = dead_letters(tx, Some(&queue))?.iter().any(|letter| letter.replay);
        Ok(replays || !outbox::after(tx, offset.event, 1)?.is_empty())
    }

    fn serve(self: &Arc<Self>, id: ObjectId) -> Option<JoinHandle<()>> {
        self.busy().insert(id);
        let watch = self.clone();
        let work = move || {
            let Watch { db, settings, agent, signal, others_wait, may_send, .. } = &*watch;
            let started = Instant::now();
            let queue = Queue { db, agent, settings, signal, id, others_wait, may_send, started };
            if let Err(error) = queue.drain() {
                tracing::error!(webhook = %id, %error, "a webhook's queue can't be served");
            }
            watch.busy().remove(&id);
            watch.signal.wake();
        };
        match std::thread::Builder::new().name("webhook".into()).spawn(work) {
            Ok(thread) => Some(thread),
            Err(error) => {
                tracing::error!(%error, "there is no thread for a webhook");
                self.busy().remove(&id);
                None
            }
        }
    }
}
