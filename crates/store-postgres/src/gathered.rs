//! Questions about several tables, under one key or under each of several, as one statement.
//!
//! What a statement costs the server is mostly that it is one. The tables become the arms of a `UNION
//! ALL`: each row says which question it answers, and has its columns in places that the arms share, as many for
//! each type as the arm with the most columns of that type needs. One statement is also one snapshot.

use std::fmt::Write as _;
use std::sync::Arc;

use tessera_kernel::{ColumnType, TableDef};
use tessera_store_sql::quote;

use crate::link::Answer;
use crate::placed::{bucket_column, is_told_by};
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

/// Of how many keys rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Keys {
    /// One: a parameter for each of its columns.
    One,
    /// Several, in one bucket: an array for each of their columns.
    Several,
}

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
    pub(crate) fn new(tables: &[&'static TableDef], key: usize, keys: Keys) -> Self {
        let most = TYPES.map(|(ty, _)| {
            let count = |table: &&'static TableDef| {
                known(table).filter(|at| table.columns[*at].ty == ty).count()
            };
            tables.iter().map(count).max().unwrap_or(0)
        });
        let (mut sql, mut places) = (String::new(), Vec::with_capacity(tables.len()));
        for (part, table) in tables.iter().enumerate() {
            let union = if part == 0 { "" } else { " UNION ALL " };
            let question = match keys {
                Keys::One => format!("{part}::bigint"),
                Keys::Several => format!("(u.n - 1) * {} + {part}", tables.len()),
            };
            let _ = write!(sql, "{union}(SELECT {question}");
            // The first column says which table it is.
            let (mut of_table, mut place) = (vec![0; known(table).count()], 1);
            let bucket = bucket_column(table);
            for ((ty, native), most) in TYPES.into_iter().zip(most) {
                let mut columns = known(table).filter(|at| table.columns[*at].ty == ty);
                for _ in 0..most {
                    match columns.next() {
                        Some(at) => {
                            let _ = write!(sql, ", t.{}", quote(&table.columns[at].name));
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
            let order = order_behind(table, key);
            let _ = match keys {
                Keys::One => {
                    write!(sql, " FROM {} AS t{}{order})", name(table), by_key(table, key, 0))
                }
                Keys::Several => {
                    let order = order.replacen(" ORDER BY ", " ORDER BY u.n, ", 1);
                    write!(
                        sql,
                        " FROM {} JOIN {} AS t ON {}{order})",
                        numbered(key),
                        name(table),
                        same(table, key)
                    )
                }
            };
        }
        Self { sql: sql.into(), places }
    }

    /// The answer as an answer of each table under each of so many keys, key by key.
    pub(crate) fn split(
        &self,
        answer: Answer,
        keys: usize,
    ) -> Result<Vec<Answer>, tokio_postgres::Error> {
        let of =
            |places: &Arc<[usize]>| Answer { places: Some(places.clone()), ..Answer::default() };
        let places = self.places.iter().cycle().take(self.places.len() * keys);
        let mut answers: Vec<Answer> = places.map(of).collect();
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

/// The keys as rows `u`, each with its number `n`, from 1.
fn numbered(key: usize) -> String {
    let parameters: Vec<String> = (1..=key).map(|at| format!("${at}")).collect();
    let names: Vec<String> = (0..key).map(|at| format!("k{at}")).collect();
    let (parameters, names) = (parameters.join(", "), names.join(", "));
    format!("unnest({parameters}) WITH ORDINALITY AS u ({names}, n)")
}

/// That a row of the table is of the key in `u`, and in the bucket in the parameter behind the keys, where they
/// tell it.
fn same(table: &TableDef, key: usize) -> String {
    let column = |at: usize| quote(&table.columns[at].name);
    let equal = (0..key).map(|at| format!("t.{} = u.k{at}", column(at)));
    let bucket = bucket_column(table).filter(|_| is_told_by(table, key));
    let bucket = bucket.map(|at| format!("t.{} = ${}", column(at), key + 1));
    equal.chain(bucket).collect::<Vec<_>>().join(" AND ")
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
        let gathered = Gathered::new(&tables, 1, Keys::One);
        assert_eq!(
            &*gathered.sql,
            "(SELECT 0::bigint, t.\"id\", NULL::bigint, t.\"text\" FROM \"letter\" AS t WHERE \"id\" = $1) \
             UNION ALL (SELECT 1::bigint, t.\"id\", t.\"no\", t.\"text\" FROM \"line\" AS t WHERE \"id\" = $1 \
             ORDER BY \"no\")"
        );
        let several = Gathered::new(&tables[1..], 1, Keys::Several);
        assert_eq!(
            &*several.sql,
            "(SELECT (u.n - 1) * 1 + 0, t.\"id\", t.\"no\", t.\"text\" \
             FROM unnest($1) WITH ORDINALITY AS u (k0, n) JOIN \"line\" AS t ON t.\"id\" = u.k0 \
             ORDER BY u.n, \"no\")"
        );
        assert_eq!(gathered.places, [Arc::from([1, 3]), Arc::from([1, 2, 3])]);
    }
}
