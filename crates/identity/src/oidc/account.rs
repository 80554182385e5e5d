//! Which subject of a provider is which user here.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tessera_kernel::{
    Cell, CellRef, Code, ColumnDef, ColumnType, Fault, Instant, ObjectId, RowBuffer, Select,
    TableDef, Tx,
};

/// Users by provider and subject.
pub(crate) static USER_EXTERNAL_ACCOUNT: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("provider", ColumnType::Text),
        ColumnDef::required("subject", ColumnType::Text),
        ColumnDef::required("user", ColumnType::Uuid),
        ColumnDef::required("bound_at", ColumnType::Instant),
        ColumnDef::optional("role", ColumnType::Text),
    ];
    TableDef::new("user_external_account", columns, 2).with_index(&["user"], false)
});

/// A subject of a provider that is bound to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalAccount {
    /// Code of the provider.
    pub provider: String,
    /// Who they are there.
    pub subject: String,
    /// Since when.
    pub bound_at: Instant,
    /// Name of the role that the user was made with, if the sign-in made them.
    pub role: Option<String>,
}

impl ExternalAccount {
    /// The account as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "provider": self.provider,
            "subject": self.subject,
            "bound_at": self.bound_at.to_string(),
            "role": self.role,
        })
    }
}

/// The user that a subject is bound to. Of two who bind it at the same time one is refused by its key.
pub(super) fn find(
    tx: &mut Tx<'_>,
    provider: Code,
    subject: &str,
) -> Result<Option<ObjectId>, Fault> {
    let key = [CellRef::Text(provider.as_str()), CellRef::Text(subject)];
    let mut found = None;
    tx.connection().rows(&USER_EXTERNAL_ACCOUNT, &key, &mut |row| {
        row.text()?;
        row.text()?;
        found = row.uuid()?.map(ObjectId);
        Ok(())
    })?;
    Ok(found)
}

/// Binds a subject.
pub(super) fn bind(
    tx: &mut Tx<'_>,
    provider: Code,
    subject: &str,
    user: ObjectId,
    role: Option<&str>,
) -> Result<(), Fault> {
    let row = RowBuffer(vec![
        Cell::Text(provider.to_string()),
        Cell::Text(subject.to_string()),
        Cell::Uuid(user.0),
        Cell::Instant(tx.now().as_micros()),
        role.map_or(Cell::Null, |role| Cell::Text(role.to_string())),
    ]);
    tx.connection().insert(&USER_EXTERNAL_ACCOUNT, &row)?;
    tx.emit("user.account_bound", user, &json!({ "provider": provider.as_str(), "role": role }))
}

/// Takes a binding away; false where there is none.
pub(super) fn unbind(
    tx: &mut Tx<'_>,
    user: ObjectId,
    provider: &str,
    subject: &str,
) -> Result<bool, Fault> {
    let is_theirs =
        |account: &ExternalAccount| account.provider == provider && account.subject == subject;
    if !of_user(tx, user)?.iter().any(is_theirs) {
        return Ok(false);
    }
    let key = [CellRef::Text(provider), CellRef::Text(subject)];
    tx.connection().delete(&USER_EXTERNAL_ACCOUNT, &key)?;
    tx.emit("user.account_unbound", user, &json!({ "provider": provider }))?;
    Ok(true)
}

/// The accounts of a user.
pub(super) fn of_user(tx: &mut Tx<'_>, user: ObjectId) -> Result<Vec<ExternalAccount>, Fault> {
    let query = Select::from(&USER_EXTERNAL_ACCOUNT, &[0, 1, 3, 4]).equals(2, Cell::Uuid(user.0));
    let missing = || Fault::corrupt("an external account is incomplete");
    let mut accounts = Vec::new();
    tx.select(&query, &mut |row| {
        accounts.push(ExternalAccount {
            provider: row.text()?.ok_or_else(missing)?.to_string(),
            subject: row.text()?.ok_or_else(missing)?.to_string(),
            bound_at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
            role: row.text()?.map(str::to_string),
        });
        Ok(())
    })?;
    Ok(accounts)
}
