//! API tokens of programs.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Actor, Cell, CellRef, ColumnDef, ColumnType, Condition, Direction, Fault, Instant, Kind as _,
    ObjectId, Operator, Problem, Ref, Registry, RowBuffer, RowSource, Select, TableDef, Tx,
};

use crate::scope::Scope;
use crate::verified::Credential;
use crate::{Identity, IdentityError, User, escalation, secret};

/// Tokens by the hash of their secret.
pub(crate) static USER_TOKEN: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("created_at", ColumnType::Instant),
        ColumnDef::required("expires_at", ColumnType::Instant),
        ColumnDef::optional("scope", ColumnType::Text),
        ColumnDef::optional("used_at", ColumnType::Instant),
    ];
    TableDef::new("user_token", columns, 1)
        .with_index(&["id"], true)
        .with_index(&["user"], false)
        .with_index(&["expires_at"], false)
});

/// Position of the moment of the last call.
const USED_AT: usize = 7;
/// Seconds after which a call is noted anew.
const NOTED: i64 = 60;

/// What can be told about a token: not its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id, to revoke it by.
    pub id: ObjectId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it ends.
    pub expires_at: Instant,
    /// What it may do at most.
    pub scope: Scope,
    /// When it was used last, to the minute.
    pub used_at: Option<Instant>,
}

impl Token {
    /// The token as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "name": self.name,
            "created_at": self.created_at.to_string(),
            "expires_at": self.expires_at.to_string(),
            "scope": self.scope.grants().map(|_| self.scope.to_string()),
            "used_at": self.used_at.map(|at| at.to_string()),
        })
    }
}

/// A token that is asked for.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// What it is for.
    pub name: String,
    /// Days that it lasts: 1 to 3650.
    pub days: u32,
    /// What it may do at most, in the notation of [`Scope`]; absent: what its user may.
    pub scope: Option<String>,
}

impl TokenRequest {
    /// One that may do what its user may.
    pub fn new(name: &str, days: u32) -> Self {
        Self { name: name.to_string(), days, scope: None }
    }

    fn check(&self, registry: &Registry) -> Result<Scope, Problem> {
        if self.name.trim().is_empty() || self.name.chars().count() > 80 {
            return Err(Problem::invalid("name", "must have 1 to 80 characters"));
        }
        if !(1..=3650).contains(&self.days) {
            return Err(Problem::invalid("days", "must be between 1 and 3650"));
        }
        let Some(text) = &self.scope else { return Ok(Scope::unlimited()) };
        let scope = Scope::parse(text).map_err(|rule| Problem::invalid("scope", rule))?;
        let strange = |object: &&str| *object != "*" && registry.object(object).is_none();
        let mut objects = scope.grants().into_iter().flatten().map(|grant| grant.object.as_str());
        if let Some(object) = objects.find(strange) {
            let known: Vec<&str> = registry.objects().map(|entry| (entry.def)().name).collect();
            let known = known.join(", ");
            let rule = format!("there is no object type `{object}`; there are: {known}");
            return Err(Problem::invalid("scope", rule));
        }
        Ok(scope)
    }
}

/// A token that was made just now, with its secret: the only time that it is told.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The token.
    pub token: Token,
    /// `tsr_…`; goes into the header `Authorization: Bearer`.
    pub secret: String,
}

impl Identity {
    /// Makes an API token.
    pub fn create_token(
        &self,
        actor: &Actor,
        user: ObjectId,
        request: &TokenRequest,
    ) -> Result<NewToken, IdentityError> {
        actor.require(User::NAME, "create_token")?;
        let scope = request.check(&self.db().environment().registry)?;
        let secret = secret::generate(secret::TOKEN)?;
        let (hash, name) = (secret::hash(&secret), request.name.trim().to_string());
        let seconds = i64::from(request.days) * 86_400;
        let token = self.db().command(actor, move |tx| {
            escalation::check_credential(tx, user, &scope)?;
            let token = Token {
                id: tx.new_id(),
                name: name.clone(),
                created_at: tx.now(),
                expires_at: tx.now().plus_seconds(seconds),
                scope: scope.clone(),
                used_at: None,
            };
            insert(tx, user, &hash, &token)?;
            Ok::<_, IdentityError>(token)
        })?;
        Ok(NewToken { token, secret })
    }

    /// The tokens of a user.
    pub fn tokens(&self, actor: &Actor, user: ObjectId) -> Result<Vec<Token>, IdentityError> {
        self.db().read(actor, |tx| {
            crate::own::require(tx, user, "read_tokens")?;
            tx.load(Ref::<User>::new(user))?;
            Ok(of_user(tx, user)?)
        })
    }

    /// Revokes a token; the next call with it is refused.
    pub fn revoke_token(
        &self,
        actor: &Actor,
        user: ObjectId,
        token: ObjectId,
    ) -> Result<(), IdentityError> {
        let done = self.db().command(actor, move |tx| {
            crate::own::require(tx, user, "revoke_token")?;
            let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
            if revoke(tx, user, token)? {
                return Ok(());
            }
            Err(IdentityError::NoToken { login, token: token.to_string() })
        });
        self.forget();
        done
    }
}

fn insert(tx: &mut Tx<'_>, user: ObjectId, hash: &[u8; 32], token: &Token) -> Result<(), Fault> {
    let scope = token.scope.grants().map(|_| token.scope.to_string());
    let row = RowBuffer(vec![
        Cell::Text(secret::hex(hash)),
        Cell::Uuid(token.id.0),
        Cell::Uuid(user.0),
        Cell::Text(token.name.clone()),
        Cell::Instant(token.created_at.as_micros()),
        Cell::Instant(token.expires_at.as_micros()),
        scope.map_or(Cell::Null, Cell::Text),
        Cell::Null,
    ]);
    tx.connection().insert(&USER_TOKEN, &row)?;
    tx.emit("token.created", user, &json!({ "token": token.id.to_string(), "name": token.name }))
}

/// The token with this hash that has not ended.
pub(crate) fn find(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Credential>, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now());
    let mut found = None;
    tx.connection().rows(&USER_TOKEN, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        let (user, token) = read(row)?;
        if token.expires_at > now {
            let stale = token.used_at.is_none_or(|at| at.plus_seconds(NOTED) <= now);
            let name = Some(token.name);
            found = Some(Credential { user, name, scope: token.scope, stale });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Notes that a token is used.
pub(crate) fn see(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let used = [(USED_AT, CellRef::Instant(now))];
    tx.connection().set(&USER_TOKEN, &[CellRef::Text(&hash)], None, &used)?;
    Ok(())
}

/// The tokens of a user, oldest first.
fn of_user(tx: &mut Tx<'_>, user: ObjectId) -> Result<Vec<Token>, Fault> {
    let query = Select::from(&USER_TOKEN, &[1, 2, 3, 4, 5, 6, 7])
        .equals(2, Cell::Uuid(user.0))
        .order_by(1, Direction::Ascending);
    let mut tokens = Vec::new();
    tx.select(&query, &mut |row| {
        tokens.push(read(row)?.1);
        Ok(())
    })?;
    Ok(tokens)
}

/// Revokes a token of a user; false where they have no such token.
fn revoke(tx: &mut Tx<'_>, user: ObjectId, token: ObjectId) -> Result<bool, Fault> {
    let condition = Condition::eq(1, Cell::Uuid(token.0));
    let found = delete_where(tx, &[condition, Condition::eq(2, Cell::Uuid(user.0))])? > 0;
    if found {
        tx.emit("token.revoked", user, &json!({ "token": token.to_string() }))?;
    }
    Ok(found)
}

/// Deletes tokens that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    delete_where(tx, &[Condition::compare(5, Operator::Le, now)])
}

fn delete_where(tx: &mut Tx<'_>, conditions: &[Condition]) -> Result<usize, Fault> {
    let mut query = Select::from(&USER_TOKEN, &[0]);
    query.conditions = conditions.to_vec();
    let mut hashes = Vec::new();
    tx.select(&query, &mut |row| {
        hashes.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for hash in &hashes {
        tx.connection().delete(&USER_TOKEN, &[CellRef::Text(hash)])?;
    }
    Ok(hashes.len())
}

/// Reads the columns after the hash: the owner and the token.
fn read(row: &mut dyn RowSource) -> Result<(ObjectId, Token), Fault> {
    let missing = || Fault::corrupt("a token row is incomplete");
    let id = ObjectId(row.uuid()?.ok_or_else(missing)?);
    let owner = ObjectId(row.uuid()?.ok_or_else(missing)?);
    let name = row.text()?.ok_or_else(missing)?.to_string();
    let created_at = Instant::from_micros(row.instant()?.ok_or_else(missing)?);
    let expires_at = Instant::from_micros(row.instant()?.ok_or_else(missing)?);
    let scope = row.text()?.map(Scope::parse).transpose().map_err(Fault::corrupt)?;
    let scope = scope.unwrap_or_default();
    let used_at = row.instant()?.map(Instant::from_micros);
    Ok((owner, Token { id, name, created_at, expires_at, scope, used_at }))
}
