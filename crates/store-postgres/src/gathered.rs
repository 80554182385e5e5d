//! Questions about several tables under one key as one statement.
//!
//! What a statement costs the server is mostly that it is one. The tables become the arms of a `UNION
//! ALL`: each row says which arm it is of, and has its columns in places that the arms share, as many for
//! each type as the arm with the most columns of that type needs. One statement is also one snapshot.

use std::fmt::Write as _;
use std::sync::Arc;

use tessera_kernel::{ColumnType, TableDef};
use tessera_store_sql::quote;

use crate::link::Answer;
use crate::placed::bucket_column;
use crate::statement::{by_key, known, name, order_behind};

/// The types, in the order of their places.
const TYPES: [(ColumnType, &str); 6] = [
    (ColumnType::Uuid, "uuid"),
    (ColumnType::Int, "bigint"),
    (ColumnType::Text, "text"),
    (ColumnType::Date, "date"),
    (ColumnType::Instant, "timestamptz"),
    (ColumnType::Bool, "boolean"),
];

/// A statement over several tables.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Text.
    pub(crate) sql: Arc<str>,
    /// For each table where the columns stand in the answer.
    places: Vec<Arc<[usize]>>,
}

impl Gathered {
    /// The rows of the tables by so many leading key columns, in key order in each table.
    pub(crate) fn new(tables: &[&'static TableDef], key: usize) -> Self {
        let most = TYPES.map(|(ty, _)| {
            let count = |table: &&'static TableDef| {
                known(table).filter(|at| table.columns[*at].ty == ty).count()
            };
            tables.iter().map(count).max().unwrap_or(0)
        });
        let (mut sql, mut places) = (String::new(), Vec::with_capacity(tables.len()));
        for (part, table) in tables.iter().enumerate() {
            let union = if part == 0 { "" } else { " UNION ALL " };
            let _ = write!(sql, "{union}(SELECT {part}::bigint");
            // The first column says which table it is.
            let (mut of_table, mut place) = (vec![0; known(table).count()], 1);
            let bucket = bucket_column(table);
            for ((ty, native), most) in TYPES.into_iter().zip(most) {
                let mut columns = known(table).filter(|at| table.columns[*at].ty == ty);
                for _ in 0..most {
                    match columns.next() {
                        Some(at) => {
                            let _ = write!(sql, ", {}", quote(&table.columns[at].name));
                            let behind = bucket.is_some_and(|bucket| at > bucket);
                            of_table[at - usize::from(behind)] = place;
                        }
                        None => {
                            let _ = write!(sql, ", NULL::{native}");
                        }
                    }
                    place += 1;
                }
            }
            places.push(of_table.into());
            let (by_key, order) = (by_key(table, key, 0), order_behind(table, key));
            let _ = write!(sql, " FROM {}{by_key}{order})", name(table));
        }
        Self { sql: sql.into(), places }
    }

    /// The answer as an answer of each table.
    pub(crate) fn split(&self, answer: Answer) -> Result<Vec<Answer>, tokio_postgres::Error> {
        let of =
            |places: &Arc<[usize]>| Answer { places: Some(places.clone()), ..Answer::default() };
        let mut answers: Vec<Answer> = self.places.iter().map(of).collect();
        for row in answer.rows {
            let part: i64 = row.try_get(0)?;
            let part = usize::try_from(part).ok().and_then(|part| answers.get_mut(part));
            if let Some(answer) = part {
                answer.rows.push(row);
                answer.affected += 1;
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use tessera_kernel::ColumnDef;

    use super::*;

    #[test]
    fn columns_of_one_type_share_places() {
        let column = ColumnDef::required;
        let letter = TableDef::new(
            "letter",
            vec![column("id", ColumnType::Uuid), column("text", ColumnType::Text)],
            1,
        );
        let line = TableDef::new(
            "line",
            vec![
                column("id", ColumnType::Uuid),
                column("no", ColumnType::Int),
                column("text", ColumnType::Text),
            ],
            2,
        );
        let tables: Vec<&'static TableDef> =
            [letter, line].map(|table| &*Box::leak(Box::new(table))).to_vec();
        let gathered = Gathered::new(&tables, 1);
        assert_eq!(
            &*gathered.sql,
            "(SELECT 0::bigint, \"id\", NULL::bigint, \"text\" FROM \"letter\" WHERE \"id\" = $1) \
             UNION ALL (SELECT 1::bigint, \"id\", \"no\", \"text\" FROM \"line\" WHERE \"id\" = $1 \
             ORDER BY \"no\")"
        );
        assert_eq!(gathered.places, [Arc::from([1, 3]), Arc::from([1, 2, 3])]);
    }
}
