//! Sessions of browsers.

use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Fault, Instant, ObjectId, Operator, RowBuffer,
    Select, TableDef, Tx,
};

use crate::secret;

/// Sessions by the hash of their secret.
pub(crate) static USER_SESSION: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("opened_at", ColumnType::Instant),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("user_session", columns, 1)
        .with_index(&["user"], false)
        .with_index(&["expires_at"], false)
});

/// Seconds that a session lasts.
const LASTS: i64 = 12 * 3600;

/// Opens a session; answers when it ends.
pub(crate) fn open(tx: &mut Tx<'_>, user: ObjectId, hash: &[u8; 32]) -> Result<Instant, Fault> {
    let expires = tx.now().plus_seconds(LASTS);
    let row = RowBuffer(vec![
        Cell::Text(secret::hex(hash)),
        Cell::Uuid(user.0),
        Cell::Instant(tx.now().as_micros()),
        Cell::Instant(expires.as_micros()),
    ]);
    tx.connection().insert(&USER_SESSION, &row)?;
    Ok(expires)
}

/// The user of a session that has not ended.
pub(crate) fn find(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<ObjectId>, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let mut user = None;
    tx.connection().rows(&USER_SESSION, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        let id = row.uuid()?;
        row.instant()?;
        if row.instant()?.is_some_and(|expires| expires > now) {
            user = id.map(ObjectId);
        }
        Ok(())
    })?;
    Ok(user)
}

/// Ends one session.
pub(crate) fn close(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    tx.connection().delete(&USER_SESSION, &[CellRef::Text(&secret::hex(hash))])?;
    Ok(())
}

/// Ends every session of a user.
pub(crate) fn close_all(tx: &mut Tx<'_>, user: ObjectId) -> Result<(), Fault> {
    delete_where(tx, Condition::eq(1, Cell::Uuid(user.0))).map(drop)
}

/// Deletes sessions that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = Cell::Instant(tx.now().as_micros());
    delete_where(tx, Condition::compare(3, Operator::Le, now))
}

fn delete_where(tx: &mut Tx<'_>, condition: Condition) -> Result<usize, Fault> {
    let mut hashes = Vec::new();
    tx.select(&Select::from(&USER_SESSION, &[0]).filter(condition), &mut |row| {
        hashes.extend(row.text()?.map(str::to_string));
        Ok(())
    })?;
    for hash in &hashes {
        tx.connection().delete(&USER_SESSION, &[CellRef::Text(hash)])?;
    }
    Ok(hashes.len())
}
