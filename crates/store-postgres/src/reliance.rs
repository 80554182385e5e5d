//! Commands that rely on what the cache says, and those that change it.
//!
//! What a command heard as it began may be over by the time that it is kept: a period is closed
//! meanwhile. Where that would be wrong, the command relies on the message that would tell it. At the end,
//! with everything written, whoever announces messages locks them and whoever relies on messages shares
//! them, so one waits for the other's commit; and whoever relied asks whether one of them was announced
//! since it began. The messages are locked by a hash that has few values, in one order: nobody dies, and
//! whoever changes all master data at once needs few locks.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use tessera_kernel::{Cell, ColumnType};

use crate::announcements::News;
use crate::link::Step;
use crate::statement::refused_unless;
use crate::value::Value;

/// Locks for all messages together.
const LOCKS: i64 = 64;
/// Where they begin: `cache` on a telephone.
const FIRST: i64 = 22_243_000;

const LOCK: &str = "SELECT CASE WHEN alone THEN pg_advisory_xact_lock(key) \
    ELSE pg_advisory_xact_lock_shared(key) END FROM unnest($1, $2) AS u (key, alone)";

/// What a command had heard when it began.
#[derive(Debug)]
pub(crate) struct Heard {
    since: i64,
    ids: Vec<i64>,
}

impl Heard {
    /// From what it read then.
    pub(crate) fn of(news: &News) -> Self {
        Self { since: news.since(), ids: news.ids().collect() }
    }
}

/// The statements that lock what is announced and share what is relied on, and refuse the command where
/// something of that was announced meanwhile.
pub(crate) fn steps(
    announced: &[String],
    relied: BTreeSet<String>,
    heard: Option<&Heard>,
    steps: &mut Vec<Step>,
) {
    let mut locks: BTreeMap<i64, bool> =
        relied.iter().map(|message| (lock(message), false)).collect();
    locks.extend(announced.iter().map(|message| (lock(message), true)));
    if locks.is_empty() {
        return;
    }
    let keys = locks.keys().map(|key| Cell::Int(*key)).collect();
    let alone = locks.values().map(|alone| Cell::Bool(*alone)).collect();
    let values = vec![Value::Many(keys, ColumnType::Int), Value::Many(alone, ColumnType::Bool)];
    steps.push(Step { sql: LOCK.into(), values, table: None });
    if relied.is_empty() {
        return;
    }
    let (since, ids) = heard.map_or((i64::MIN, &[][..]), |heard| (heard.since, &heard.ids));
    let nothing_new = "NOT EXISTS (SELECT FROM tessera_announcement \
        WHERE transaction >= $1 AND message = ANY($2) AND id <> ALL($3))";
    let messages = relied.into_iter().map(Cell::Text).collect();
    let ids = ids.iter().map(|id| Cell::Int(*id)).collect();
    let values = vec![
        Value::int(since),
        Value::Many(messages, ColumnType::Text),
        Value::Many(ids, ColumnType::Int),
    ];
    steps.push(Step { sql: refused_unless(nothing_new).into(), values, table: None });
}

fn lock(message: &str) -> i64 {
    let digest = Sha256::digest(message.as_bytes());
    FIRST + i64::from(u16::from_be_bytes([digest[0], digest[1]])) % LOCKS
}
