//! Wrong passwords: after five in a row from one client a login has to wait there, and after many
//! from anywhere it is tried at most once a second from clients that never signed in with it.
//!
//! A client that guesses for many logins is slowed besides (`client`). Whoever guesses is slowed; whoever knows the password is not kept out by others who guess.
//!
//! All of it stands in the database, so that guesses count whichever process they are sent to. A try
//! is noted as wrong before the password is looked at, and taken back when it was right: guesses that
//! are sent at once do not slip through together. The row of the login is held meanwhile.
//!
//! Of a login only a digest is kept: what was typed there may be a password.

use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Instant, Operator, RowBuffer, Select,
    TableDef, Tx,
};

use crate::client::{self, Client};
use crate::secret;

/// Wrong passwords in a row before a login waits at a client.
const FREE: i64 = 5;
/// The longest wait at a client, in seconds.
const LONGEST: i64 = 300;
/// Wrong passwords from anywhere before a login is tried once a second only.
const FREE_ANYWHERE: i64 = 50;
/// Seconds without a wrong password after which those from anywhere are forgotten.
const CALM: i64 = 900;
/// Seconds after which those of a client are forgotten.
const FORGIVEN: i64 = 24 * 3600;
/// Seconds that a client is known after it signed in.
const KNOWN: i64 = 90 * 24 * 3600;

/// Tries by login. It has nothing but figures, so that a row that is not there can be held; moments
/// are microseconds.
pub(crate) static SIGN_IN_LOGIN: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("login", ColumnType::Text),
        ColumnDef::required("failures", ColumnType::Int),
        ColumnDef::required("failed_at", ColumnType::Int),
        ColumnDef::required("next_at", ColumnType::Int),
    ];
    TableDef::new("sign_in_login", columns, 1).with_index(&["failed_at"], false)
});

/// Tries by login and client.
pub(crate) static SIGN_IN_CLIENT: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("login", ColumnType::Text),
        ColumnDef::required("client", ColumnType::Text),
        ColumnDef::required("failures", ColumnType::Int),
        ColumnDef::required("failed_at", ColumnType::Instant),
        ColumnDef::optional("signed_in_at", ColumnType::Instant),
        ColumnDef::required("kept_until", ColumnType::Instant),
    ];
    TableDef::new("sign_in_client", columns, 2).with_index(&["kept_until"], false)
});

/// What is known of a login at a client.
struct AtClient {
    failures: i64,
    failed_at: Instant,
    signed_in_at: Option<Instant>,
}

impl AtClient {
    /// Seconds that the login still has to wait.
    fn wait(&self, now: Instant) -> Option<i64> {
        if self.failures < FREE {
            return None;
        }
        let doublings = u32::try_from(self.failures - FREE).unwrap_or(u32::MAX);
        let pause = 1_i64.checked_shl(doublings).filter(|pause| (1..=LONGEST).contains(pause));
        let pause = pause.unwrap_or(LONGEST);
        // A note from far ahead is of a clock that was set back since.
        let is_of_our_time = self.failed_at <= now.plus_seconds(LONGEST);
        let until = self.failed_at.plus_seconds(pause);
        let left = (until.as_micros() - now.as_micros()) / 1_000_000 + 1;
        (is_of_our_time && until > now).then(|| left.min(pause + 1))
    }

    fn is_known(&self, now: Instant) -> bool {
        self.signed_in_at.is_some_and(|at| at.plus_seconds(KNOWN) > now)
    }
}

/// What is known of a login, whoever tries it.
#[derive(Clone, Copy)]
struct Anywhere {
    failures: i64,
    /// The last wrong password.
    failed_at: Instant,
    /// When the next try from a new client is taken.
    next_at: Instant,
}

impl Anywhere {
    fn is_over(&self, now: Instant) -> bool {
        self.failed_at.plus_seconds(CALM) < now
    }

    /// Whether a client that never signed in has to wait.
    fn waits(&self, now: Instant) -> bool {
        let ahead = self.next_at > now && self.next_at <= now.plus_seconds(1);
        self.presses(now) && ahead
    }

    fn presses(&self, now: Instant) -> bool {
        self.failures >= FREE_ANYWHERE && !self.is_over(now)
    }
}

/// Takes a try of a login at a client and notes it as wrong for now; or answers the seconds that the
/// login still has to wait there.
pub(crate) fn take(tx: &mut Tx<'_>, login: &str, client: Client) -> Result<Option<u64>, Fault> {
    let (now, key) = (tx.now(), key(login));
    let mut anywhere = hold(tx, &key)?;
    let mut here = load(tx, &key, client)?;
    if let Some(seconds) = here.wait(now) {
        return Ok(Some(u64::try_from(seconds).unwrap_or(1)));
    }
    if !here.is_known(now) {
        if anywhere.waits(now) {
            return Ok(Some(1));
        }
        if let Some(seconds) = client::fill(tx, client)? {
            return Ok(Some(u64::try_from(seconds).unwrap_or(1)));
        }
        if anywhere.presses(now) {
            anywhere.next_at = now.plus_seconds(1);
        }
    }
    if anywhere.is_over(now) {
        anywhere.failures = 0;
    }
    (anywhere.failures, anywhere.failed_at) = (anywhere.failures + 1, now);
    (here.failures, here.failed_at) = (here.failures + 1, now);
    save(tx, &key, client, anywhere, &here)?;
    Ok(None)
}

/// The try that was taken last was right: nothing is held against the login at this client, which is
/// known from now on.
pub(crate) fn succeeded(tx: &mut Tx<'_>, login: &str, client: Client) -> Result<(), Fault> {
    let (now, key) = (tx.now(), key(login));
    let mut anywhere = hold(tx, &key)?;
    let mut here = load(tx, &key, client)?;
    if !here.is_known(now) {
        client::drain(tx, client)?;
    }
    anywhere.failures = (anywhere.failures - 1).max(0);
    (here.failures, here.signed_in_at) = (0, Some(now));
    save(tx, &key, client, anywhere, &here)
}

/// The try that was taken last was neither right nor wrong.
pub(crate) fn take_back(tx: &mut Tx<'_>, login: &str, client: Client) -> Result<(), Fault> {
    let (now, key) = (tx.now(), key(login));
    let mut anywhere = hold(tx, &key)?;
    let mut here = load(tx, &key, client)?;
    if !here.is_known(now) {
        client::drain(tx, client)?;
    }
    anywhere.failures = (anywhere.failures - 1).max(0);
    here.failures = (here.failures - 1).max(0);
    save(tx, &key, client, anywhere, &here)
}

/// Seconds that a login has to wait at a client.
pub(crate) fn wait(tx: &mut Tx<'_>, login: &str, client: Client) -> Result<Option<i64>, Fault> {
    let now = tx.now();
    Ok(load(tx, &key(login), client)?.wait(now))
}

/// Forgets everything about a login: it has a new password.
pub(crate) fn forget(tx: &mut Tx<'_>, login: &str) -> Result<(), Fault> {
    let key = key(login);
    hold(tx, &key)?;
    tx.connection().delete(&SIGN_IN_CLIENT, &[CellRef::Text(&key)])?;
    tx.connection().delete(&SIGN_IN_LOGIN, &[CellRef::Text(&key)])?;
    Ok(())
}

/// Deletes what holds nobody up any more.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = tx.now();
    let ended = Cell::Instant(now.as_micros());
    let ended = Condition::compare(5, Operator::Le, ended);
    let calm = Cell::Int(now.plus_seconds(-CALM).as_micros());
    let calm = Condition::compare(2, Operator::Lt, calm);
    let mut swept = 0;
    for (table, condition) in [(&*SIGN_IN_CLIENT, ended), (&*SIGN_IN_LOGIN, calm)] {
        let columns: Vec<usize> = (0..table.key).collect();
        let mut keys: Vec<Vec<Cell>> = Vec::new();
        tx.select(&Select::from(table, &columns).filter(condition), &mut |row| {
            let mut key = Vec::with_capacity(columns.len());
            for _ in &columns {
                key.push(Cell::Text(row.text()?.unwrap_or_default().to_string()));
            }
            keys.push(key);
            Ok(())
        })?;
        swept += keys.len();
        for key in &keys {
            let key: Vec<CellRef<'_>> = key.iter().map(Cell::as_ref).collect();
            tx.connection().delete(table, &key)?;
        }
    }
    Ok(swept)
}

fn key(login: &str) -> String {
    secret::hex(&secret::hash(login))
}

/// Holds the row of a login: its tries come one after the other.
fn hold(tx: &mut Tx<'_>, key: &str) -> Result<Anywhere, Fault> {
    let never = Instant::from_micros(0);
    let mut found = Anywhere { failures: 0, failed_at: never, next_at: never };
    tx.connection().hold(&SIGN_IN_LOGIN, &[CellRef::Text(key)])?;
    tx.connection().rows(&SIGN_IN_LOGIN, &[CellRef::Text(key)], &mut |row| {
        row.text()?;
        found.failures = row.int()?.unwrap_or(0);
        found.failed_at = Instant::from_micros(row.int()?.unwrap_or(0));
        found.next_at = Instant::from_micros(row.int()?.unwrap_or(0));
        Ok(())
    })?;
    Ok(found)
}

fn load(tx: &mut Tx<'_>, key: &str, client: Client) -> Result<AtClient, Fault> {
    let (client, now) = (client.text(), tx.now());
    let never = Instant::from_micros(0);
    let mut found = AtClient { failures: 0, failed_at: never, signed_in_at: None };
    let place = [CellRef::Text(key), CellRef::Text(&client)];
    tx.connection().rows(&SIGN_IN_CLIENT, &place, &mut |row| {
        row.text()?;
        row.text()?;
        found.failures = row.int()?.unwrap_or(0);
        found.failed_at = Instant::from_micros(row.instant()?.unwrap_or(0));
        found.signed_in_at = row.instant()?.map(Instant::from_micros);
        Ok(())
    })?;
    if found.failed_at.plus_seconds(FORGIVEN) < now {
        found.failures = 0;
    }
    Ok(found)
}

fn save(
    tx: &mut Tx<'_>,
    key: &str,
    client: Client,
    anywhere: Anywhere,
    here: &AtClient,
) -> Result<(), Fault> {
    let forgiven = here.failed_at.plus_seconds(FORGIVEN);
    let kept_until = here.signed_in_at.map_or(forgiven, |at| at.plus_seconds(KNOWN).max(forgiven));
    let row = RowBuffer(vec![
        Cell::Text(key.to_string()),
        Cell::Int(anywhere.failures),
        Cell::Int(anywhere.failed_at.as_micros()),
        Cell::Int(anywhere.next_at.as_micros()),
    ]);
    tx.connection().put(&SIGN_IN_LOGIN, &row)?;
    let row = RowBuffer(vec![
        Cell::Text(key.to_string()),
        Cell::Text(client.text()),
        Cell::Int(here.failures),
        Cell::Instant(here.failed_at.as_micros()),
        here.signed_in_at.map_or(Cell::Null, |at| Cell::Instant(at.as_micros())),
        Cell::Instant(kept_until.as_micros()),
    ]);
    Ok(tx.connection().put(&SIGN_IN_CLIENT, &row)?)
}
