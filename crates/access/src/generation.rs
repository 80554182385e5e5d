//! How often roles, teams, lines and users were changed: whoever keeps a compiled access asks
//! whether it still holds, by one row.

use std::sync::LazyLock;

use tessera_kernel::{CellRef, ColumnDef, ColumnType, Fault, Placement, TableDef, Tx};

/// One row.
pub(crate) static ACCESS_GENERATION: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("id", ColumnType::Int),
        ColumnDef::required("generation", ColumnType::Int),
    ];
    TableDef::new("access_generation", columns, 1).placed(Placement::Everywhere)
});

const ROW: CellRef<'static> = CellRef::Int(1);

/// The count as the transaction sees it.
///
/// # Errors
///
/// Where the database can't be read.
pub fn generation(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    let mut found = 0;
    tx.connection().rows(&ACCESS_GENERATION, &[ROW], &mut |row| {
        row.int()?;
        found = row.int()?.unwrap_or(0);
        Ok(())
    })?;
    Ok(found)
}

/// Counts a change. Changes wait for each other's end, so that each count stands for one state.
///
/// # Errors
///
/// Where the database can't be written.
pub fn changed(tx: &mut Tx<'_>) -> Result<(), Fault> {
    tx.connection().adjust(&ACCESS_GENERATION, &[ROW], &[(1, 1)], None)?;
    Ok(())
}
