#![doc = include_str!("../README.md")]

mod options;
mod stream;

use std::fmt;
use std::time::Duration;

use tessera_events::{Broker, BrokerError, Published};
use tessera_kernel::{Event, ObjectId};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

pub use options::{NatsError, Options};

use crate::stream::Stream;

/// How long connecting and looking at the stream may take, together.
const OPENING: Duration = Duration::from_secs(4);

/// A stream of NATS JetStream, as a broker of events.
pub struct Nats {
    options: Options,
    /// Its thread answers the server's pings between two batches.
    runtime: Runtime,
    stream: Option<Stream>,
}

impl Nats {
    /// A stream that is not connected yet.
    ///
    /// # Errors
    ///
    /// Where there is no thread to be had.
    pub fn new(options: Options) -> Result<Self, NatsError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nats")
            .enable_all()
            .build()
            .map_err(NatsError::Thread)?;
        Ok(Self { options, runtime, stream: None })
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nats({})", self.options)
    }
}

impl Broker for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn open(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        let kept = self.stream.take().filter(Stream::is_connected);
        let options = &self.options;
        let open = async {
            let mut stream = match kept {
                Some(stream) => stream,
                None => Stream::connect(options).await?,
            };
            let newest = stream.find_end().await?;
            Ok((stream, newest))
        };
        let limited = async { timeout(OPENING, open).await };
        let opened = self.runtime.block_on(limited).unwrap_or_else(|_| {
            Err(BrokerError::Unavailable(format!("{options} did not answer in time")))
        });
        let (stream, newest) = opened?;
        self.stream = Some(stream);
        Ok(newest)
    }

    fn publish(&mut self, events: &[Event]) -> Published {
        let Some(stream) = &mut self.stream else {
            let stopped = Some(BrokerError::Unavailable("there is no connection".into()));
            return Published { kept: 0, stopped };
        };
        let published = self.runtime.block_on(stream.publish(events));
        if matches!(published.stopped, Some(BrokerError::Unavailable(_))) {
            // What is on its way in this connection is of no use any more.
            self.stream = None;
        }
        published
    }
}
