//! API tokens of programs.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Direction, Fault, Instant, ObjectId, Operator,
    RowBuffer, RowSource, Select, TableDef, Tx,
};

use crate::secret;

/// Tokens by the hash of their secret.
pub(crate) static USER_TOKEN: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("name", ColumnType::Text),
        ColumnDef::required("created_at", ColumnType::Instant),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("user_token", columns, 1)
        .with_index(&["id"], true)
        .with_index(&["user"], false)
        .with_index(&["expires_at"], false)
});

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
}

impl Token {
    /// The token as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id.to_string(),
            "name": self.name,
            "created_at": self.created_at.to_string(),
            "expires_at": self.expires_at.to_string(),
        })
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

/// Makes a token.
pub(crate) fn create(
    tx: &mut Tx<'_>,
    user: ObjectId,
    hash: &[u8; 32],
    name: &str,
    seconds: i64,
) -> Result<Token, Fault> {
    let token = Token {
        id: tx.new_id(),
        name: name.to_string(),
        created_at: tx.now(),
        expires_at: tx.now().plus_seconds(seconds),
    };
    let row = RowBuffer(vec![
        Cell::Text(secret::hex(hash)),
        Cell::Uuid(token.id.0),
        Cell::Uuid(user.0),
        Cell::Text(token.name.clone()),
        Cell::Instant(token.created_at.as_micros()),
        Cell::Instant(token.expires_at.as_micros()),
    ]);
    tx.connection().insert(&USER_TOKEN, &row)?;
    tx.emit("token.created", user, &json!({ "token": token.id.to_string(), "name": name }))?;
    Ok(token)
}

/// The user of a token that has not ended, and its name.
pub(crate) fn find(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<(ObjectId, String)>, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now());
    let mut user = None;
    tx.connection().rows(&USER_TOKEN, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        let (owner, token) = read(row)?;
        if token.expires_at > now {
            user = Some((owner, token.name));
        }
        Ok(())
    })?;
    Ok(user)
}

/// The tokens of a user, oldest first.
pub(crate) fn of_user(tx: &mut Tx<'_>, user: ObjectId) -> Result<Vec<Token>, Fault> {
    let query = Select::from(&USER_TOKEN, &[1, 2, 3, 4, 5])
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
pub(crate) fn revoke(tx: &mut Tx<'_>, user: ObjectId, token: ObjectId) -> Result<bool, Fault> {
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
    Ok((owner, Token { id, name, created_at, expires_at }))
}
