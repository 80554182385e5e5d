//! Answers kept by `Idempotency-Key`: a call that is repeated gets the same answer and has its
//! effect once. The answer is written in the command of the effect, so there is one exactly if
//! there is the other.

use std::sync::LazyLock;

use serde_json::Value;
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Database, Direction, Fault, Module, Operator,
    Problem, ProblemKind, RowBuffer, Select, TableDef, Tx,
};

/// Answers by actor and key.
static IDEMPOTENCY_KEY: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("actor", ColumnType::Text),
        ColumnDef::required("key", ColumnType::Text),
        ColumnDef::required("request", ColumnType::Text),
        ColumnDef::required("status", ColumnType::Int),
        ColumnDef::required("body", ColumnType::Text),
        ColumnDef::required("at", ColumnType::Instant),
    ];
    TableDef::new("idempotency_key", columns, 2).with_index(&["at"], false)
});

/// Seconds that an answer is kept.
const KEPT: i64 = 24 * 3600;
/// Answers deleted in one command.
const CHUNK: u32 = 500;

/// The table of contents.
pub(crate) fn module() -> Module {
    Module {
        name: "idempotency",
        owner: "platform",
        help: "Answers kept by Idempotency-Key, so that a repeated call has its effect once.",
        tables: vec![&IDEMPOTENCY_KEY],
        ..Module::default()
    }
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON.
    pub body: String,
}

impl Answer {
    /// The body as a value.
    ///
    /// # Errors
    ///
    /// Where it is no JSON.
    pub fn value(&self) -> Result<Value, Fault> {
        serde_json::from_str(&self.body)
            .map_err(|error| Fault::corrupt(format!("a kept answer: {error}")))
    }
}

/// The answer that the actor's earlier call with this key got; refused where that was another
/// request. `request` is a hash of method, path and body.
pub fn recall(tx: &mut Tx<'_>, key: &str, request: &str) -> Result<Option<Answer>, Problem> {
    let actor = tx.actor().name();
    let mut found = None;
    tx.connection().rows(
        &IDEMPOTENCY_KEY,
        &[CellRef::Text(actor), CellRef::Text(key)],
        &mut |row| {
            row.text()?;
            row.text()?;
            let earlier = row.text()?.unwrap_or_default().to_string();
            let status = row.int()?.and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
            let body = row.text()?.unwrap_or_default().to_string();
            found = Some((earlier, Answer { status, body }));
            Ok(())
        },
    )?;
    match found {
        Some((earlier, _)) if earlier != request => Err(Problem::new(
            ProblemKind::Invalid,
            "idempotency.other_request",
            format!("the Idempotency-Key {key} belongs to another request: take a new one"),
        )
        .field("Idempotency-Key", "belongs to another request")),
        found => Ok(found.map(|(_, answer)| answer)),
    }
}

/// Keeps an answer.
pub fn remember(tx: &mut Tx<'_>, key: &str, request: &str, answer: &Answer) -> Result<(), Fault> {
    let row = RowBuffer(vec![
        Cell::Text(tx.actor().name().to_string()),
        Cell::Text(key.to_string()),
        Cell::Text(request.to_string()),
        Cell::Int(i64::from(answer.status)),
        Cell::Text(answer.body.clone()),
        Cell::Instant(tx.now().as_micros()),
    ]);
    Ok(tx.connection().insert(&IDEMPOTENCY_KEY, &row)?)
}

/// What is kept of the answer to a call: its status, and without the member that is a secret.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// The member that is told once and left out of what is kept.
    pub secret: Option<&'static str>,
}

/// Runs a verb once per key; answers its value and whether it is that of an earlier call. `request`
/// is as in [`recall`].
pub fn once(
    tx: &mut Tx<'_>,
    key: &str,
    request: &str,
    kept: Kept,
    run: impl FnOnce(&mut Tx<'_>) -> Result<Value, Problem>,
) -> Result<(Value, bool), Problem> {
    if let Some(answer) = recall(tx, key, request)? {
        return Ok((answer.value()?, true));
    }
    let value = run(tx)?;
    let body = match (kept.secret, &value) {
        (Some(secret), Value::Object(members)) => {
            let mut told = members.clone();
            told.remove(secret);
            Value::Object(told).to_string()
        }
        _ => value.to_string(),
    };
    remember(tx, key, request, &Answer { status: kept.status, body })?;
    Ok((value, false))
}

/// Deletes answers that are older than a day, in small commands; answers how many.
pub(crate) fn sweep(db: &Database) -> Result<usize, Fault> {
    let system = tessera_kernel::Actor::system(tessera_kernel::Source::System);
    let mut swept = 0;
    loop {
        let deleted = db.command(&system, sweep_chunk)?;
        swept += deleted;
        if deleted < CHUNK as usize {
            return Ok(swept);
        }
    }
}

fn sweep_chunk(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let before = Cell::Instant(tx.now().plus_seconds(-KEPT).as_micros());
    let query = Select::from(&IDEMPOTENCY_KEY, &[0, 1])
        .filter(Condition::compare(5, Operator::Lt, before))
        .order_by(5, Direction::Ascending)
        .limit(CHUNK);
    let mut keys = Vec::new();
    tx.select(&query, &mut |row| {
        let actor = row.text()?.unwrap_or_default().to_string();
        keys.push((actor, row.text()?.unwrap_or_default().to_string()));
        Ok(())
    })?;
    for (actor, key) in &keys {
        tx.connection().delete(&IDEMPOTENCY_KEY, &[CellRef::Text(actor), CellRef::Text(key)])?;
    }
    Ok(keys.len())
}
