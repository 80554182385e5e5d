//! Whether the server works, and how far its queues are behind: looked at now and then, however
//! often it is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tessera_events::{Lag, is_webhook};
use tessera_kernel::{Actor, Fault, Problem, Source, StoreError};

use crate::Api;

/// How long the answer of the writer holds.
const WRITER: Duration = Duration::from_secs(1);
/// How long the figures of the queues hold.
const FIGURES: Duration = Duration::from_secs(5);
/// Dead letters that are counted.
const MOST_DEAD: u32 = 10_000;

/// What was found a moment ago. While it is looked for anew, others wait for the same.
struct Recent<T> {
    found: Mutex<Option<(Instant, T)>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { found: Mutex::new(None), turn: tokio::sync::Mutex::default() }
    }
}

impl<T: Clone> Recent<T> {
    fn get(&self, longest: Duration) -> Option<T> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.as_ref().filter(|(at, _)| at.elapsed() < longest).map(|(_, value)| value.clone())
    }

    async fn get_or<E>(
        &self,
        longest: Duration,
        look: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if let Some(value) = self.get(longest) {
            return Ok(value);
        }
        let _turn = self.turn.lock().await;
        if let Some(value) = self.get(longest) {
            return Ok(value);
        }
        let value = look.await?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        *found = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}

/// Whether database and writer answered a moment ago.
#[derive(Default)]
pub(crate) struct Health(Recent<()>);

/// The figures of the queues a moment ago.
#[derive(Default)]
pub(crate) struct Gauges(Recent<Arc<Figures>>);

/// How far queues are behind, and how large the database is.
pub(crate) struct Figures {
    lags: Vec<Lag>,
    /// Events given up.
    pub(crate) dead: u64,
    /// Bytes of the database on disk.
    pub(crate) size: u64,
}

impl Figures {
    /// Name and figure of each queue. Those of webhooks are one for a stranger: the slowest.
    pub(crate) fn behind(&self, is_known: bool) -> Vec<(String, u64)> {
        let (mut queues, mut slowest) = (Vec::new(), None);
        for lag in &self.lags {
            let behind = u64::try_from(lag.behind).unwrap_or(0);
            if is_known || !is_webhook(&lag.queue) {
                queues.push((lag.queue.clone(), behind));
            } else {
                slowest = slowest.max(Some(behind));
            }
        }
        queues.extend(slowest.map(|behind| ("webhooks".to_string(), behind)));
        queues
    }
}

impl Api {
    /// Refused where a read, or the writer, does not answer in time.
    pub(crate) async fn check_health(&self) -> Result<(), Problem> {
        let look = async {
            self.glance(|_| Ok(())).await?;
            let (answer, answered) = tokio::sync::oneshot::channel();
            let nothing = |_: &mut tessera_kernel::Tx<'_>| Ok::<(), Fault>(());
            self.db.submit(Actor::system(Source::System), nothing, move |outcome| {
                // Who asked may be gone.
                let _ = answer.send(outcome);
            });
            let unavailable = |what: &str| Fault::Store(StoreError::Unavailable(what.into()));
            match tokio::time::timeout(self.limits.ready_time, answered).await {
                Ok(Ok(outcome)) => Ok::<(), Problem>(outcome?),
                Ok(Err(_)) => Err(unavailable("the writer has stopped").into()),
                Err(_) => Err(unavailable("the writer does not answer").into()),
            }
        };
        self.health.0.get_or(WRITER, look).await
    }

    /// How far queues are behind.
    pub(crate) async fn figures(&self) -> Result<Arc<Figures>, Problem> {
        let look = async {
            let size = self.size().await?;
            self.glance(move |tx| {
                let lags = tessera_events::lag(tx)?;
                let dead = tessera_events::count_dead_letters(tx, MOST_DEAD)?;
                Ok(Arc::new(Figures { lags, dead, size }))
            })
            .await
        };
        self.gauges.0.get_or(FIGURES, look).await
    }
}
