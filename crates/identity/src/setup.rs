//! Setup secrets: whoever has one makes the first administrator. Each process that starts on an
//! installation without users offers one of its own; the first that is used ends all of them.

use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fault, RowBuffer, Select, TableDef, Tx,
};

use crate::secret;

/// Setup secrets by their hash.
pub(crate) static SETUP_SECRET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("hash", ColumnType::Text),
        ColumnDef::required("expires_at", ColumnType::Instant),
    ];
    TableDef::new("setup_secret", columns, 1)
});

/// Seconds that one serves: the administrator may read the log tomorrow.
const LASTS: i64 = 7 * 24 * 3600;

/// Offers one.
pub(crate) fn offer(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<(), Fault> {
    let expires = tx.now().plus_seconds(LASTS).as_micros();
    let row = RowBuffer(vec![Cell::Text(secret::hex(hash)), Cell::Instant(expires)]);
    Ok(tx.connection().insert(&SETUP_SECRET, &row)?)
}

/// Whether one is offered.
pub(crate) fn is_offered(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<bool, Fault> {
    let (hash, now) = (secret::hex(hash), tx.now().as_micros());
    let mut offered = false;
    tx.connection().rows(&SETUP_SECRET, &[CellRef::Text(&hash)], &mut |row| {
        row.text()?;
        offered = row.instant()?.is_some_and(|expires| expires > now);
        Ok(())
    })?;
    Ok(offered)
}

/// Uses one up, and ends all others with it; false where it is not offered. Who comes at the same
/// time with another one waits here, and then finds a user.
pub(crate) fn take(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<bool, Fault> {
    if !is_offered(tx, hash)? {
        return Ok(false);
    }
    Ok(tx.connection().delete(&SETUP_SECRET, &[])? > 0)
}

/// Deletes those that ended.
pub(crate) fn sweep(tx: &mut Tx<'_>) -> Result<usize, Fault> {
    let now = tx.now().as_micros();
    let mut ended = Vec::new();
    tx.select(&Select::from(&SETUP_SECRET, &[0, 1]), &mut |row| {
        let hash = row.text()?.unwrap_or_default().to_string();
        if row.instant()?.is_none_or(|expires| expires <= now) {
            ended.push(hash);
        }
        Ok(())
    })?;
    for hash in &ended {
        tx.connection().delete(&SETUP_SECRET, &[CellRef::Text(hash)])?;
    }
    Ok(ended.len())
}
