//! What a message broker is to this program.

use tessera_kernel::{Event, ObjectId};

/// A message broker outside: it keeps events, in order, for whoever reads them there.
///
/// Its calls take a few seconds at most, whatever happens to the broker: the lease on the work has
/// to be renewed in between.
pub trait Broker: Send {
    /// What it is called: its queue is `broker:` and this name.
    fn name(&self) -> &'static str;

    /// Connects, where there is no good connection, and tells the newest event that the broker
    /// keeps; none where it keeps nothing, or what is newest is no event.
    ///
    /// # Errors
    ///
    /// Where the broker is away, or refuses to serve.
    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError>;

    /// Hands over events in order. They come right behind what the broker kept when it was opened
    /// and what was published since, or not at all: who was overtaken can neither break the order nor
    /// repeat an event.
    fn publish(&mut self, events: &[Event]) -> Published;
}

/// What became of a batch of events.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// How many of them, from the first, the broker has confirmed to keep durably.
    pub kept: usize,
    /// Why not more.
    pub stopped: Option<BrokerError>,
}

/// Why a broker did not take an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// It is away, or can't take any event now: to be tried again.
    #[error("{0}")]
    Unavailable(String),
    /// Somebody else published meanwhile: to be opened anew.
    #[error("somebody else published meanwhile")]
    Overtaken,
    /// It will never take this event.
    #[error("{0}")]
    Refused(String),
}

/// What the names of brokers' queues begin with.
const QUEUE: &str = "broker:";

/// The name of a broker's queue in offsets and dead letters.
pub fn broker_queue(name: &str) -> String {
    format!("{QUEUE}{name}")
}

/// The broker whose queue it is, if it is one's.
pub(crate) fn broker_of(queue: &str) -> Option<&str> {
    queue.strip_prefix(QUEUE)
}
