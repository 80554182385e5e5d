//! One connection to the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tessera_kernel::{Cell, ColumnType, TableDef};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Connection, NoTls, Row, Statement};

use crate::error::{Failure, failure};
use crate::options::{CONNECT_TIMEOUT, Listener, Options, Prepared};
use crate::server;
use crate::value::Value;

/// A statement with its values.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Text.
    pub(crate) sql: Arc<str>,
    /// Values of its parameters.
    pub(crate) values: Vec<Value>,
    /// The table that it is about, if it is about one.
    pub(crate) table: Option<&'static TableDef>,
}

impl Step {
    /// A statement without parameters.
    pub(crate) fn bare(sql: &str) -> Self {
        Self { sql: sql.into(), values: Vec::new(), table: None }
    }
}

/// What a statement answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Rows.
    pub(crate) rows: Vec<Row>,
    /// How many rows it wrote or read.
    pub(crate) affected: u64,
    /// Where the columns stand in the rows; from left to right where nothing else is said.
    pub(crate) places: Option<Arc<[usize]>>,
}

/// Statements kept prepared on one connection at most; then it starts anew.
const CAPACITY: usize = 2_000;

/// A server that is there answers a statement, or gives it up, within the time that statements may take
/// and this time for the way there and back. Where it does not, the connection leads nowhere.
const WAY: Duration = Duration::from_secs(5);

/// Until the end of a transaction, milliseconds.
const LIMIT: &str =
    "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)";

/// Turns after which what has arrived on a connection was read: one in which the runtime asks the operating
/// system, one in which the connection is told, and one to spare.
const LOOKS: u32 = 3;

/// A connection that answered within this time is taken for alive.
const FRESH: Duration = Duration::from_millis(500);

/// One connection. Its input and output run on the calling thread, while that waits for an answer.
pub(crate) struct Link {
    runtime: Runtime,
    client: Client,
    prepared: Prepared,
    /// How long a statement may take, and wait for a lock, in all transactions: told to each where the
    /// connection behind a pooler may be another one.
    statement_timeout: Duration,
    lock_timeout: Duration,
    by_key: &'static [(&'static str, &'static str)],
    /// How long the server may say nothing while it is waited for, before it is given up; for ever where
    /// there is no limit.
    silence: Option<Duration>,
    listener: Option<Listener>,
    statements: HashMap<Arc<str>, Statement>,
    /// When the server answered last.
    heard: Instant,
}

type Waiting<'w> = Pin<Box<dyn Future<Output = Result<Answer, tokio_postgres::Error>> + 'w>>;

impl Link {
    /// Connects to the server that was reached last, else to the others in turn.
    pub(crate) fn open(options: &Options) -> Result<Self, Failure> {
        let first = options.reached.load(Ordering::Relaxed);
        let mut refusal = None;
        for turn in 0..options.servers.len() {
            let at = (first + turn) % options.servers.len();
            match Self::open_one(options, &options.servers[at]) {
                Ok(link) => {
                    options.reached.store(at, Ordering::Relaxed);
                    return Ok(link);
                }
                // One that can't be reached may be the one that is meant.
                Err(failure) if !matches!(refusal, Some(Failure::Lost(_))) => {
                    refusal = Some(failure);
                }
                Err(_) => {}
            }
        }
        Err(refusal.unwrap_or_else(|| Failure::Lost("no server is named".to_string())))
    }

    fn open_one(options: &Options, server: &Config) -> Result<Self, Failure> {
        let lost = |error: std::io::Error| Failure::Lost(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(lost)?;
        let client = match options.tls.clone() {
            Some(tls) => {
                started(&runtime, runtime.block_on(answered(server, server.connect(tls)))?)?
            }
            None => started(&runtime, runtime.block_on(answered(server, server.connect(NoTls)))?)?,
        };
        Ok(Self {
            runtime,
            client,
            prepared: options.prepared,
            statement_timeout: options.statement_timeout,
            lock_timeout: options.lock_timeout,
            by_key: options.by_key(),
            silence: Some(options.statement_timeout + WAY),
            listener: options.listener.clone(),
            statements: HashMap::new(),
            heard: Instant::now(),
        })
    }

    /// Connects, trying again for as long as the options allow.
    pub(crate) fn open_patiently(options: &Options) -> Result<Self, Failure> {
        let since = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match Self::open(options) {
                Err(Failure::Lost(why)) if since.elapsed() + pause < options.patience => {
                    tracing::warn!(why, "the database can't be reached; trying again");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether the server is there; asked anew where nothing was heard of it for a while.
    pub(crate) fn is_alive(&mut self) -> bool {
        if self.heard.elapsed() < FRESH {
            // The end of the connection may have arrived, and nobody has looked.
            self.runtime.block_on(async {
                for _ in 0..LOOKS {
                    tokio::task::yield_now().await;
                }
            });
            return !self.client.is_closed();
        }
        self.script_within("", Some(WAY)).is_ok()
    }

    /// What limits the time of the statements of a transaction, and has those of a command planned by key,
    /// as a statement: where the connection does not know it, or where less time is `left` than that.
    pub(crate) fn limits(&self, left: Option<Duration>, is_command: bool) -> Option<Step> {
        if self.prepared == Prepared::Session && left.is_none() {
            return None;
        }
        let statement =
            left.map_or(self.statement_timeout, |left| left.min(self.statement_timeout));
        // None at all would be no limit.
        let limit = |time: Duration| {
            let millis = time.as_millis().max(1).to_string();
            Value::One(Cell::Text(millis), ColumnType::Text)
        };
        let values = vec![limit(statement), limit(self.lock_timeout)];
        let mut sql = LIMIT.to_string();
        for (name, value) in self.by_key.iter().filter(|_| is_command) {
            sql.push_str(&format!(", set_config('{name}', '{value}', true)"));
        }
        Some(Step { sql: sql.into(), values, table: None })
    }

    /// Sends the steps at once and waits for all of them. After a step that failed, the server
    /// skips the others of its transaction; the first failure is the one that counts.
    pub(crate) fn run(&mut self, steps: &[Step]) -> Result<Vec<Answer>, Failure> {
        if let Some(listener) = &self.listener {
            steps.iter().for_each(|step| listener(&step.sql));
        }
        if self.prepared == Prepared::Session {
            self.prepare(steps)?;
        }
        let (client, statements) = (&self.client, &self.statements);
        let waiting = steps.iter().map(|step| {
            let statement = statements.get(&step.sql);
            Box::pin(answer(client, statement, step)) as Waiting<'_>
        });
        let answers = self.runtime.block_on(in_order(waiting.collect(), self.silence))?;
        self.heard = Instant::now();
        let told = |(answer, step): (Result<Answer, _>, &Step)| {
            answer.map_err(|error| failure(&error, step.table))
        };
        answers.into_iter().zip(steps).map(told).collect()
    }

    /// Prepares the statements that are not yet, all in one round trip.
    pub(crate) fn prepare(&mut self, steps: &[Step]) -> Result<(), Failure> {
        let mut lacking: Vec<&Step> = Vec::new();
        for step in steps {
            let known = self.statements.contains_key(&step.sql);
            if !known && !lacking.iter().any(|other| other.sql == step.sql) {
                lacking.push(step);
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        if self.statements.len() + lacking.len() > CAPACITY {
            self.statements.clear();
            lacking = steps.iter().collect();
        }
        let client = &self.client;
        let waiting = lacking.iter().map(|step| {
            let types: Vec<Type> = step.values.iter().map(Value::native).collect();
            Box::pin(async move { client.prepare_typed(&step.sql, &types).await })
                as Pin<Box<dyn Future<Output = Result<Statement, tokio_postgres::Error>> + '_>>
        });
        let prepared = self.runtime.block_on(in_order(waiting.collect(), self.silence))?;
        for (step, statement) in lacking.into_iter().zip(prepared) {
            let statement = statement.map_err(|error| failure(&error, step.table))?;
            self.statements.insert(step.sql.clone(), statement);
        }
        Ok(())
    }

    /// Runs statements without parameters one after the other, as a script.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Failure> {
        self.script_within(sql, self.silence)
    }

    fn script_within(&mut self, sql: &str, silence: Option<Duration>) -> Result<(), Failure> {
        let running = Box::pin(self.client.batch_execute(sql)) as Pin<Box<dyn Future<Output = _>>>;
        let outcomes = self.runtime.block_on(in_order(vec![running], silence))?;
        let outcome: Result<(), _> = outcomes.into_iter().collect();
        outcome.map_err(|error| failure(&error, None))
    }

    /// Lets statements take as long as they need, from now on.
    pub(crate) fn lift_limit(&mut self) -> Result<(), Failure> {
        self.script("SET statement_timeout = 0")?;
        self.silence = None;
        Ok(())
    }
}

/// Gives a server up that lets itself be reached and then says nothing.
async fn answered<C>(
    server: &Config,
    connecting: impl Future<Output = Result<C, tokio_postgres::Error>>,
) -> Result<C, Failure> {
    let limit = server.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
    match tokio::time::timeout(limit, connecting).await {
        Ok(outcome) => outcome.map_err(|error| failure(&error, None)),
        Err(_) => Err(Failure::Lost("it does not answer".to_string())),
    }
}

/// Lets a connection run, to a server that is one of those that we know.
fn started<S, T>(
    runtime: &Runtime,
    (client, connection): (Client, Connection<S, T>),
) -> Result<Client, Failure>
where
    Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let said = |parameter| connection.parameter(parameter);
    server::check(said("server_version"), said("server_encoding")).map_err(Failure::Refused)?;
    // What goes wrong on the connection is told to whoever waits for an answer.
    runtime.spawn(async move { drop(connection.await) });
    Ok(client)
}

/// Sends a statement and gathers its answer.
async fn answer(
    client: &Client,
    statement: Option<&Statement>,
    step: &Step,
) -> Result<Answer, tokio_postgres::Error> {
    let stream = match statement {
        Some(statement) => {
            let values = step.values.iter().map(|value| value as &(dyn ToSql + Sync));
            client.query_raw(statement, values).await?
        }
        None => {
            let values = step.values.iter().map(|value| (value, value.native()));
            client.query_typed_raw(&step.sql, values).await?
        }
    };
    let (mut stream, mut rows) = (Box::pin(stream), Vec::new());
    while let Some(row) = next(&mut stream).await {
        rows.push(row?);
    }
    let affected = stream.rows_affected().unwrap_or(0);
    Ok(Answer { rows, affected, places: None })
}

async fn next(
    stream: &mut Pin<Box<tokio_postgres::RowStream>>,
) -> Option<Result<Row, tokio_postgres::Error>> {
    use futures_core::Stream as _;
    std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await
}

/// Waits for all; each is polled for the first time, and so sent, in order. Given up where none of them
/// ends for the time of `silence`.
async fn in_order<'w, T: 'w>(
    mut waiting: Vec<Pin<Box<dyn Future<Output = T> + 'w>>>,
    silence: Option<Duration>,
) -> Result<Vec<T>, Failure> {
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    let mut given_up = silence.map(|silence| (silence, Box::pin(tokio::time::sleep(silence))));
    let all = std::future::poll_fn(|context| {
        let (mut open, mut heard) = (false, false);
        for (future, slot) in waiting.iter_mut().zip(&mut done) {
            if slot.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => (*slot, heard) = (Some(value), true),
                    Poll::Pending => open = true,
                }
            }
        }
        match &mut given_up {
            _ if !open => Poll::Ready(true),
            Some((silence, until)) => {
                if heard {
                    until.as_mut().reset(tokio::time::Instant::now() + *silence);
                }
                until.as_mut().poll(context).map(|()| false)
            }
            None => Poll::Pending,
        }
    });
    if all.await {
        return Ok(done.into_iter().flatten().collect());
    }
    let seconds = silence.unwrap_or_default().as_secs();
    Err(Failure::Lost(format!("it has said nothing for {seconds} s")))
}
