//! What commands tell those that begin after them, in this process and in others.
//!
//! A command writes its messages into a table, within its transaction. The statement that begins a
//! command also reads what was written since this process read last. "Since" is counted in
//! transactions: whatever was begun before the oldest transaction that was open at the last reading,
//! was seen then, if it was kept at all; everything else is read again, and told once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tessera_kernel::{Cell, ColumnType};
use tokio_postgres::Row;

use crate::error::Failure;
use crate::link::Step;
use crate::value::Value;

/// Makes the table where there is none.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS tessera_announcement (
    transaction bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    message text COLLATE \"C\" NOT NULL,
    PRIMARY KEY (transaction, id)
)";

/// The table's name.
pub(crate) const TABLE: &str = "tessera_announcement";

/// The oldest open transaction, and the messages of those from `$1` on.
const READ: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, \
    a.transaction, a.id, a.message \
    FROM (VALUES (1)) one LEFT JOIN tessera_announcement a ON a.transaction >= $1 ORDER BY a.id";
const WRITE: &str = "INSERT INTO tessera_announcement (message) SELECT * FROM unnest($1)";
const SWEEP: &str = "DELETE FROM tessera_announcement WHERE at < now() - interval '1 hour'";

/// Messages written between two sweeps.
const SWEPT: usize = 1_000;
/// A process that has not read for so long may have missed what was swept.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// Messages remembered as told, before those that can't come again are forgotten.
const REMEMBERED: usize = 1_000;

/// What this process has heard.
#[derive(Debug)]
pub(crate) struct Announcements(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Counts connections: a server that was reached anew may be another one, with other numbers.
    era: u64,
    /// Everything of earlier transactions was told; nothing where that is not known.
    since: Option<i64>,
    /// When that was so.
    at: Instant,
    /// Messages told of later transactions, with their transaction.
    told: HashMap<i64, i64>,
    /// Messages written since the last sweep.
    written: usize,
}

/// From where a command reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From {
    era: u64,
    since: Option<i64>,
}

/// What a command read as it began.
#[derive(Debug)]
pub(crate) struct News {
    from: From,
    oldest_open: i64,
    messages: Vec<(i64, i64, String)>,
}

impl Announcements {
    pub(crate) fn new() -> Self {
        let told = HashMap::new();
        Self(Mutex::new(State { era: 0, since: None, at: Instant::now(), told, written: 0 }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection was made: what was heard before may be of another server.
    pub(crate) fn reconnected(&self) {
        let mut state = self.state();
        (state.era, state.since) = (state.era + 1, None);
    }

    /// From where to read.
    pub(crate) fn from(&self) -> From {
        let state = self.state();
        let since = state.since.filter(|_| state.at.elapsed() < SILENCE);
        From { era: state.era, since }
    }

    /// Tells what was read, and notes that it is told.
    pub(crate) fn tell(&self, news: News, hear: &mut dyn FnMut(Option<&str>)) {
        let mut state = self.state();
        let News { from, oldest_open, messages } = news;
        if from.since.is_none() || from.era != state.era {
            hear(None);
        }
        if from.era != state.era {
            return;
        }
        for (transaction, id, message) in messages {
            if state.told.insert(id, transaction).is_none() {
                hear(Some(&message));
            }
        }
        let since = state.since.map_or(oldest_open, |since| since.max(oldest_open));
        (state.since, state.at) = (Some(since), Instant::now());
        if state.told.len() > REMEMBERED {
            state.told.retain(|_, transaction| *transaction >= since);
        }
    }

    /// Adds the statements that write messages.
    pub(crate) fn write(&self, messages: Vec<String>, steps: &mut Vec<Step>) {
        if messages.is_empty() {
            return;
        }
        let mut state = self.state();
        state.written += messages.len();
        let sweep = state.written >= SWEPT;
        if sweep {
            state.written = 0;
        }
        let cells = messages.into_iter().map(Cell::Text).collect();
        let values = vec![Value::Many(cells, ColumnType::Text)];
        steps.push(Step { sql: WRITE.into(), values, table: None });
        if sweep {
            steps.push(Step::bare(SWEEP));
        }
    }
}

impl News {
    /// Everything of earlier transactions was told, or is in what the command reads.
    pub(crate) fn since(&self) -> i64 {
        self.from.since.unwrap_or(self.oldest_open)
    }

    /// The messages that the command read.
    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        self.messages.iter().map(|(_, id, _)| *id)
    }
}

impl From {
    /// The statement that reads.
    pub(crate) fn step(self) -> Step {
        let values = vec![Value::int(self.since.unwrap_or(i64::MAX))];
        Step { sql: READ.into(), values, table: None }
    }

    /// What the statement answered.
    pub(crate) fn news(self, rows: &[Row]) -> Result<News, Failure> {
        let broken = |error| Failure::Lost(format!("announcements can't be read: {error}"));
        let mut news = News { from: self, oldest_open: i64::MIN, messages: Vec::new() };
        for row in rows {
            news.oldest_open = row.try_get(0).map_err(broken)?;
            if let Some(transaction) = row.try_get(1).map_err(broken)? {
                let (id, message) =
                    (row.try_get(2).map_err(broken)?, row.try_get(3).map_err(broken)?);
                news.messages.push((transaction, id, message));
            }
        }
        Ok(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(from: From, oldest_open: i64, messages: &[(i64, i64)]) -> News {
        let messages = messages.iter().map(|(tx, id)| (*tx, *id, format!("m{id}"))).collect();
        News { from, oldest_open, messages }
    }

    fn heard(announcements: &Announcements, news: News) -> Vec<String> {
        let mut heard = Vec::new();
        announcements
            .tell(news, &mut |message| heard.push(message.unwrap_or("everything").to_string()));
        heard
    }

    #[test]
    fn each_message_is_told_once_also_where_an_open_transaction_has_it_read_again() {
        let announcements = Announcements::new();
        let from = announcements.from();
        assert_eq!(heard(&announcements, news(from, 10, &[])), ["everything"]);
        let from = announcements.from();
        assert_eq!(from.since, Some(10));
        assert_eq!(heard(&announcements, news(from, 10, &[(12, 1)])), ["m1"]);
        let from = announcements.from();
        assert_eq!(from.since, Some(10), "10 is open still");
        assert_eq!(heard(&announcements, news(from, 13, &[(10, 2), (12, 1)])), ["m2"]);
        assert_eq!(announcements.from().since, Some(13));
    }

    #[test]
    fn a_reading_that_is_behind_does_not_take_the_others_back() {
        let announcements = Announcements::new();
        let (slow, quick) = (announcements.from(), announcements.from());
        heard(&announcements, news(quick, 20, &[]));
        heard(&announcements, news(slow, 15, &[]));
        assert_eq!(announcements.from().since, Some(20));
    }

    #[test]
    fn after_a_new_connection_everything_may_have_changed() {
        let announcements = Announcements::new();
        heard(&announcements, news(announcements.from(), 20, &[]));
        let old = announcements.from();
        announcements.reconnected();
        assert_eq!(heard(&announcements, news(old, 25, &[(22, 7)])), ["everything"]);
        let from = announcements.from();
        assert!(from.since.is_none());
        assert_eq!(heard(&announcements, news(from, 3, &[])), ["everything"]);
        assert_eq!(announcements.from().since, Some(3));
    }
}
