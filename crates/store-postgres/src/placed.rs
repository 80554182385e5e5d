//! Tables as they are on the server: each row has its bucket as the last column of its key, so that a
//! sharded server (Citus) can be told to keep what has one bucket on one node, and each statement can say
//! on which node its rows are.
//!
//! The bucket follows from another column of the key, so it makes no key longer than it was. Modules never
//! see it. Tables that stand on every node, or on the coordinator only, have none.

use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;
use tessera_kernel::{Bucket, Cell, CellRef, ColumnDef, ColumnType, Homes, TableDef};

/// The name of the column.
pub(crate) const BUCKET: &str = "bucket";

/// Which places of the organisation live together, as soon as that is told.
pub(crate) type SharedHomes = Arc<OnceLock<Homes>>;

/// Tables as they are elsewhere, by the address of the table that they are made of: both live as long as the
/// program.
type Derived = LazyLock<Mutex<HashMap<usize, &'static TableDef>>>;

static ON_SERVER: Derived = LazyLock::new(Mutex::default);
static ON_CLUSTER: Derived = LazyLock::new(Mutex::default);

fn derived(
    known: &Derived,
    table: &'static TableDef,
    make: impl FnOnce(&TableDef) -> TableDef,
) -> &'static TableDef {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let address = std::ptr::from_ref(table) as usize;
    known.entry(address).or_insert_with(|| Box::leak(Box::new(make(table))))
}

/// A table as it is on the server.
pub(crate) fn on_server(table: &'static TableDef) -> &'static TableDef {
    if table.placing_column().is_none() {
        return table;
    }
    derived(&ON_SERVER, table, with_bucket)
}

/// A table, as it is on the server, as it is where the server is a cluster: no node sees the rows of another, so a
/// unique index has the bucket behind its columns. What has to be unique across buckets is so by what it is: a
/// number that comes from a range, or that says itself where its object lives.
pub(crate) fn on_cluster(server: &'static TableDef) -> &'static TableDef {
    let Some(bucket) = bucket_column(server) else { return server };
    derived(&ON_CLUSTER, server, |server| {
        let mut table = server.clone();
        for index in table.indexes.iter_mut().filter(|index| index.unique) {
            index.columns.push(bucket);
        }
        table
    })
}

fn with_bucket(table: &TableDef) -> TableDef {
    let mut server = table.clone();
    // Nobody could say the bucket of rows that are there: they were written by a program without homes.
    let bucket = ColumnDef::required(BUCKET, ColumnType::Int).filled(tessera_kernel::Fill::Nothing);
    server.columns.insert(table.key, bucket);
    server.key += 1;
    for index in &mut server.indexes {
        index.columns.iter_mut().for_each(|at| *at = column(table, *at));
    }
    server
}

/// Where a column of a table, as modules know it, stands on the server.
pub(crate) fn column(table: &TableDef, at: usize) -> usize {
    if at >= table.key && table.placing_column().is_some() { at + 1 } else { at }
}

/// The position of the bucket in a table as it is on the server.
pub(crate) fn bucket_column(server: &TableDef) -> Option<usize> {
    server.placing_column().map(|_| server.key - 1)
}

/// How many columns the key has for modules, of a table as it is on the server.
pub(crate) fn key_columns(server: &TableDef) -> usize {
    server.key - usize::from(server.placing_column().is_some())
}

/// Whether so many leading key columns tell the bucket, of a table as it is on the server.
pub(crate) fn is_told_by(server: &TableDef, prefix: usize) -> bool {
    server.placing_column().is_some_and(|column| column < prefix)
}

/// The bucket of the rows of a table as it is on the server by leading key columns, if they tell it.
pub(crate) fn bucket(
    server: &TableDef,
    homes: &SharedHomes,
    key: &[CellRef<'_>],
) -> Option<Bucket> {
    bucket_of(server, homes, *key.get(server.placing_column()?)?)
}

/// The same by what stands in the column that tells it.
pub(crate) fn bucket_of(
    server: &TableDef,
    homes: &SharedHomes,
    cell: CellRef<'_>,
) -> Option<Bucket> {
    server.bucket(homes.get_or_init(Homes::default), cell)
}

/// A bucket as a cell.
pub(crate) fn cell(bucket: Bucket) -> Cell {
    Cell::Int(i64::from(bucket.number()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::Placement;

    fn table() -> &'static TableDef {
        let columns = vec![
            ColumnDef::required("area", ColumnType::Text),
            ColumnDef::required("partner", ColumnType::Uuid),
            ColumnDef::required("open", ColumnType::Int),
        ];
        let table = TableDef::new("exposure", columns, 2).with_index(&["open"], false);
        Box::leak(Box::new(table.placed(Placement::Object(1))))
    }

    #[test]
    fn the_bucket_is_the_last_column_of_the_key_and_follows_from_it() {
        let (table, homes) = (table(), SharedHomes::default());
        let server = on_server(table);
        let names: Vec<&str> = server.columns.iter().map(|column| &*column.name).collect();
        assert_eq!((names, server.key), (vec!["area", "partner", "bucket", "open"], 3));
        assert_eq!((bucket_column(server), key_columns(server)), (Some(2), 2));
        assert_eq!(
            (column(table, 1), column(table, 2), &server.indexes[0].columns[..]),
            (1, 3, &[3][..])
        );
        assert!(std::ptr::eq(server, on_server(table)));
        assert_eq!(on_cluster(server), server, "it has no unique index");
        let partner = uuid::Uuid::from_u128(77);
        let key = [CellRef::Text("1000"), CellRef::Uuid(partner)];
        assert_eq!(bucket(server, &homes, &key).map(Bucket::number), Some(77));
        assert_eq!(bucket(server, &homes, &key[..1]), None);
        assert!(is_told_by(server, 2) && !is_told_by(server, 1));
    }

    #[test]
    fn on_a_cluster_unique_indexes_have_the_bucket() {
        let columns = vec![
            ColumnDef::required("id", ColumnType::Uuid),
            ColumnDef::optional("number", ColumnType::Text),
        ];
        let table = TableDef::new("letter", columns, 1).with_index(&["number"], true);
        let everywhere: &'static TableDef = Box::leak(Box::new(table.clone()));
        let placed: &'static TableDef =
            Box::leak(Box::new(table.placed(Placement::Object(0)).with_index(&["number"], false)));
        let indexes = |table: &'static TableDef| -> Vec<Vec<usize>> {
            on_cluster(on_server(table)).indexes.iter().map(|index| index.columns.clone()).collect()
        };
        assert_eq!(indexes(placed), [vec![2, 1], vec![2]]);
        assert_eq!(indexes(everywhere), [vec![1]]);
    }
}
