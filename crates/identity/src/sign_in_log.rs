//! Who signed in or tried to: when, from where, how, and how it ended.
//!
//! Of logins that nobody has nothing is kept: what was typed there may be a password.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Actor, Cell, CellRef, Code, ColumnDef, ColumnType, Condition, Direction, Fault, Instant,
    Kind as _, ObjectId, Operator, RowBuffer, RowSource, Select, TableDef, Tx,
};

use crate::client::Client;
use crate::settings::IdentitySettings;
use crate::{Identity, IdentityError, User};

/// Entries by id, which grows with time.
pub(crate) static SIGN_IN_LOG: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::optional("user", ColumnType::Uuid),
        ColumnDef::optional("login", ColumnType::Text),
        ColumnDef::optional("client", ColumnType::Text),
        ColumnDef::required("method", ColumnType::Text),
        ColumnDef::required("outcome", ColumnType::Text),
    ];
    TableDef::new("sign_in_log", columns, 1)
        .with_index(&["at"], false)
        .with_index(&["user", "id"], false)
});

/// By what somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A password.
    Password,
    /// A password and a code of an app.
    Totp,
    /// A password and a recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
    /// An OpenID provider.
    Oidc(Code),
    /// The link of the first administrator.
    Setup,
}

impl Method {
    /// Name in the log.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Password => "password".to_string(),
            Self::Totp => "password_and_code".to_string(),
            Self::RecoveryCode => "password_and_recovery_code".to_string(),
            Self::Passkey => "passkey".to_string(),
            Self::Oidc(provider) => format!("oidc:{provider}"),
            Self::Setup => "setup_link".to_string(),
        }
    }
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With a session.
    SignedIn,
    /// The password was right, and a code has to come with it.
    CodeNeeded,
    /// The password was right, and is not enough: a passkey is asked for.
    PasskeyNeeded,
    /// It was not right.
    Wrong,
    /// It was not right, and the login has to wait at this client. Tries before the end of the wait
    /// are not looked at, and not logged.
    Locked,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::CodeNeeded => "code_needed",
            Self::PasskeyNeeded => "passkey_needed",
            Self::Wrong => "wrong",
            Self::Locked => "locked",
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Id.
    pub id: ObjectId,
    /// When.
    pub at: Instant,
    /// Who; none where nobody has the login that was given.
    pub user: Option<ObjectId>,
    /// Their login.
    pub login: Option<String>,
    /// Address of the client, of IPv6 the network; none where it is not known.
    pub client: Option<String>,
    /// By what: `password`, `password_and_code`, `oidc:CODE` and so on.
    pub method: String,
    /// `signed_in`, or why not.
    pub outcome: String,
}

impl SignIn {
    /// The entry as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "at": self.at.to_string(),
            "user": self.user.map(|user| user.to_string()),
            "login": self.login,
            "client": self.client,
            "method": self.method,
            "outcome": self.outcome,
        })
    }
}

/// Which entries are asked for, newest first.
#[derive(Clone, Debug, Default)]
pub struct SignInQuery {
    /// Of this user only.
    pub user: Option<ObjectId>,
    /// Of this outcome only.
    pub outcome: Option<String>,
    /// At or after this moment.
    pub since: Option<Instant>,
    /// Older than this entry.
    pub before: Option<ObjectId>,
    /// At most so many.
    pub limit: u32,
}

impl Identity {
    /// Entries of the sign-in log, newest first. Users see their own, administrators all.
    pub fn sign_ins(
        &self,
        actor: &Actor,
        query: &SignInQuery,
    ) -> Result<Vec<SignIn>, IdentityError> {
        self.db().read(actor, |tx| {
            match query.user {
                Some(user) => crate::own::require(tx, user, "read_sign_ins")?,
                None => actor.require(User::NAME, "read_sign_ins")?,
            }
            Ok(select(tx, query)?)
        })
    }
}

/// Adds an entry.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    user: Option<(ObjectId, &str)>,
    client: Client,
    method: &Method,
    outcome: Outcome,
) -> Result<(), Fault> {
    let row = RowBuffer(vec![
        Cell::Uuid(tx.new_id().0),
        Cell::Instant(tx.now().as_micros()),
        user.map_or(Cell::Null, |(id, _)| Cell::Uuid(id.0)),
        user.map_or(Cell::Null, |(_, login)| Cell::Text(login.to_string())),
        client.cell(),
        Cell::Text(method.name()),
        Cell::Text(outcome.name().to_string()),
    ]);
    Ok(tx.connection().insert(&SIGN_IN_LOG, &row)?)
}

/// Deletes entries that are older than the installation keeps them.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let days = tx.settings::<IdentitySettings>()?.sign_in.log_days;
    let until = tx.now().plus_seconds(-i64::from(days) * 86_400);
    let old = Condition::compare(1, Operator::Lt, Cell::Instant(until.as_micros()));
    let mut ids = Vec::new();
    tx.select(&Select::from(&SIGN_IN_LOG, &[0]).filter(old).limit(10_000), &mut |row| {
        ids.extend(row.uuid()?);
        Ok(())
    })?;
    for id in &ids {
        tx.connection().delete(&SIGN_IN_LOG, &[CellRef::Uuid(*id)])?;
    }
    Ok(ids.len())
}

fn select(tx: &mut Tx<'_>, query: &SignInQuery) -> Result<Vec<SignIn>, Fault> {
    let mut select =
        Select::all(&SIGN_IN_LOG).order_by(0, Direction::Descending).limit(query.limit);
    if let Some(user) = query.user {
        select = select.equals(2, Cell::Uuid(user.0));
    }
    if let Some(outcome) = &query.outcome {
        select = select.equals(6, Cell::Text(outcome.clone()));
    }
    if let Some(since) = query.since {
        let since = Cell::Instant(since.as_micros());
        select = select.filter(Condition::compare(1, Operator::Ge, since));
    }
    select.after = query.before.map(|id| vec![Cell::Uuid(id.0)]);
    let mut entries = Vec::new();
    tx.select(&select, &mut |row| {
        entries.push(read(row)?);
        Ok(())
    })?;
    Ok(entries)
}

fn read(row: &mut dyn RowSource) -> Result<SignIn, Fault> {
    let missing = || Fault::corrupt("an entry of the sign-in log is incomplete");
    Ok(SignIn {
        id: ObjectId(row.uuid()?.ok_or_else(missing)?),
        at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
        user: row.uuid()?.map(ObjectId),
        login: row.text()?.map(str::to_string),
        client: row.text()?.map(str::to_string),
        method: row.text()?.ok_or_else(missing)?.to_string(),
        outcome: row.text()?.ok_or_else(missing)?.to_string(),
    })
}
