//! Secrets of webhooks, in a table of their own.

use std::fmt::Write as _;
use std::sync::LazyLock;

use tessera_kernel::{
    Cell, CellRef, ColumnDef, ColumnType, Fault, ObjectId, RowBuffer, StoreError, TableDef, Tx,
};

/// The secret of each webhook.
pub(crate) static WEBHOOK_SECRET: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("webhook", ColumnType::Uuid),
        ColumnDef::required("secret", ColumnType::Text),
        ColumnDef::required("set_at", ColumnType::Instant),
    ];
    TableDef::new("webhook_secret", columns, 1)
});

/// Gives a webhook a new secret and tells it.
pub(super) fn renew(tx: &mut Tx<'_>, webhook: ObjectId) -> Result<String, Fault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Fault::Store(StoreError::Unavailable(format!("the system has no random source: {error}")))
    })?;
    let mut secret = String::from("whsec_");
    for byte in bytes {
        // Writing to a text can't fail.
        let _ = write!(secret, "{byte:02x}");
    }
    let now = Cell::Instant(tx.now().as_micros());
    let row = RowBuffer(vec![Cell::Uuid(webhook.0), Cell::Text(secret.clone()), now]);
    tx.connection().put(&WEBHOOK_SECRET, &row)?;
    Ok(secret)
}

/// The secret of a webhook.
pub(super) fn load(tx: &mut Tx<'_>, webhook: ObjectId) -> Result<String, Fault> {
    let mut secret = None;
    tx.connection().rows(&WEBHOOK_SECRET, &[CellRef::Uuid(webhook.0)], &mut |row| {
        row.uuid()?;
        secret = row.text()?.map(str::to_string);
        Ok(())
    })?;
    secret.ok_or_else(|| Fault::corrupt(format!("webhook {webhook} has no secret")))
}

/// Forgets the secret of a webhook.
pub(super) fn remove(tx: &mut Tx<'_>, webhook: ObjectId) -> Result<(), Fault> {
    tx.connection().delete(&WEBHOOK_SECRET, &[CellRef::Uuid(webhook.0)])?;
    Ok(())
}
