//! The stream: made where it is missing, looked at, and written to.
//!
//! Every message says which sequence number it expects to be the last before it, and those behind
//! the first of a batch which event. So the server takes nothing from a publisher that was overtaken
//! which does not come next, however late it arrives.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::context::{
    CreateStreamErrorKind, GetStreamErrorKind, PublishAckFuture, PublishError, PublishErrorKind,
};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, LastRawMessageErrorKind, RetentionPolicy, StorageType,
};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, connection::State};
use tessera_events::{BrokerError, Published};
use tessera_kernel::{Event, ObjectId};
use tokio::time::{Instant, timeout_at};

use crate::Options;

/// How long connecting, or a question to the server, may take.
const TIME: Duration = Duration::from_secs(2);
/// How long messages stay in a stream that was made here.
const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Within what time the server recognises a repeated message by its id.
const DUPLICATES: Duration = Duration::from_secs(120);

/// A connection to a stream.
pub(crate) struct Stream {
    client: Client,
    context: Context,
    name: String,
    subject: String,
    /// The sequence number of its last message.
    last: u64,
}

fn unavailable(what: impl std::fmt::Display) -> BrokerError {
    BrokerError::Unavailable(what.to_string())
}

impl Stream {
    /// Connects, and makes the stream where it is missing.
    pub(crate) async fn connect(options: &Options) -> Result<Self, BrokerError> {
        let connect = options
            .connect()
            .map_err(unavailable)?
            .connection_timeout(TIME)
            .connect(options.servers.clone());
        let client = connect.await.map_err(|error| unavailable(format!("{options}: {error}")))?;
        let context = jetstream::ContextBuilder::new()
            .timeout(TIME)
            .ack_timeout(TIME)
            .max_ack_inflight(1_000)
            .build(client.clone());
        let (name, subject) = (options.stream(), options.subject.clone());
        let stream = Self { client, context, name, subject, last: 0 };
        stream.make().await?;
        Ok(stream)
    }

    /// Whether the connection stands, as far as is known.
    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Makes the stream where it is missing; one that is there is not changed.
    async fn make(&self) -> Result<(), BrokerError> {
        match self.context.get_stream(&self.name).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {}
                _ => return Err(self.unusable(error)),
            },
        }
        let config = Config {
            name: self.name.clone(),
            description: Some("What happened in Tessera".into()),
            subjects: vec![format!("{}.>", self.subject)],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            max_age: KEPT,
            duplicate_window: DUPLICATES,
            num_replicas: 1,
            ..Config::default()
        };
        match self.context.create_stream(config).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                CreateStreamErrorKind::JetStream(error)
                    if error.error_code() == ErrorCode::STREAM_SUBJECT_OVERLAP =>
                {
                    Err(unavailable(format!(
                        "another stream than {} has the subjects {}.>: give `--nats-subject`, or \
                         delete that stream",
                        self.name, self.subject
                    )))
                }
                _ => Err(self.unusable(error)),
            },
        }
    }

    fn unusable(&self, error: impl std::fmt::Display) -> BrokerError {
        unavailable(format!("the stream {} can't be used: {error}", self.name))
    }

    /// Finds the end of the stream: what is published next comes behind it. Tells the event that is
    /// there.
    pub(crate) async fn find_end(&mut self) -> Result<Option<ObjectId>, BrokerError> {
        let stream = self.context.get_stream(&self.name).await;
        let stream = stream.map_err(|error| self.unusable(error))?;
        let Info { config, state, .. } = stream.cached_info();
        if !config.subjects.iter().any(|pattern| covers(pattern, &self.subject)) {
            return Err(unavailable(format!(
                "the stream {} takes {}, but not all of {}.>: add that to its subjects, or give \
                 another `--nats-subject`",
                self.name,
                config.subjects.join(", "),
                self.subject
            )));
        }
        self.last = state.last_sequence;
        if state.messages == 0 {
            return Ok(None);
        }
        match stream.get_raw_message(self.last).await {
            Ok(message) => {
                let id = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
                Ok(id.and_then(|id| id.as_str().parse().ok()))
            }
            // It was deleted since, or by hand.
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.unusable(error)),
        }
    }

    /// Sends events without waiting in between, and counts what was confirmed, in order.
    pub(crate) async fn publish(&mut self, events: &[Event]) -> Published {
        let until = Instant::now() + TIME;
        let (mut acks, mut stopped) = (Vec::with_capacity(events.len()), None);
        for (at, last) in (0..events.len()).zip(self.last..) {
            let before = at.checked_sub(1).map(|before| events[before].id);
            match self.send(&events[at], last, before, until).await {
                Ok(ack) => acks.push(ack),
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
        }
        let mut kept = 0;
        for ack in acks {
            let sequence = match timeout_at(until, ack.into_future()).await {
                Ok(Ok(ack)) => ack.sequence,
                Ok(Err(error)) => return Published { kept, stopped: Some(self.sort(&error)) },
                Err(_) => {
                    let stopped = Some(unavailable("the server does not confirm in time"));
                    return Published { kept, stopped };
                }
            };
            kept += 1;
            if sequence != self.last + 1 {
                // It was there already, further back: nothing behind it was taken.
                return Published { kept, stopped: Some(BrokerError::Overtaken) };
            }
            self.last = sequence;
        }
        Published { kept, stopped }
    }

    /// Sends an event that is to come behind this sequence number, and behind this event of the same
    /// batch: where others write to the stream too, the number alone may fit by chance.
    async fn send(
        &self,
        event: &Event,
        last: u64,
        before: Option<ObjectId>,
        until: Instant,
    ) -> Result<PublishAckFuture, BrokerError> {
        if !self.is_connected() {
            return Err(unavailable("the connection is lost"));
        }
        let mut message = PublishMessage::build()
            .payload(event.body().into())
            .message_id(event.id.to_string())
            .expected_stream(&self.name)
            .expected_last_sequence(last);
        if let Some(before) = before {
            message = message.expected_last_message_id(before.to_string());
        }
        let subject = format!("{}.{}", self.subject, event.name);
        match timeout_at(until, self.context.send_publish(subject, message)).await {
            Ok(Ok(ack)) => Ok(ack),
            Ok(Err(error)) => Err(self.sort(&error)),
            Err(_) => Err(unavailable("the server does not take messages in time")),
        }
    }

    /// What a failed message means.
    fn sort(&self, error: &PublishError) -> BrokerError {
        let code = error
            .source()
            .and_then(|source| source.downcast_ref::<jetstream::Error>())
            .map(jetstream::Error::error_code);
        match (error.kind(), code) {
            (PublishErrorKind::WrongLastSequence | PublishErrorKind::WrongLastMessageId, _) => {
                BrokerError::Overtaken
            }
            (PublishErrorKind::MaxPayloadExceeded, _)
            | (
                _,
                Some(
                    ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM
                    | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM,
                ),
            ) => BrokerError::Refused(format!("it is too large for the server: {error}")),
            _ => self.unusable(error),
        }
    }
}

/// Whether a pattern of subjects takes everything that begins with these words.
fn covers(pattern: &str, subject: &str) -> bool {
    let mut words = subject.split('.');
    for token in pattern.split('.') {
        match (token, words.next()) {
            (">", _) => return true,
            ("*", Some(_)) => {}
            (token, Some(word)) if token == word => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_covered_where_everything_below_them_is_taken() {
        for (pattern, subject) in
            [("a.>", "a"), (">", "a"), ("a.b.>", "a.b"), ("a.>", "a.b"), ("*.b.>", "a.b")]
        {
            assert!(covers(pattern, subject), "{pattern} {subject}");
        }
        for (pattern, subject) in [
            ("a", "a"),
            ("a.*", "a"),
            ("b.>", "a"),
            ("a.b.>", "a"),
            ("a.order.created", "a"),
            ("a.*.*", "a"),
        ] {
            assert!(!covers(pattern, subject), "{pattern} {subject}");
        }
    }
}
