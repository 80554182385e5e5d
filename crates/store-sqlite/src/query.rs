//! `Select` as SQL. The text of a query names its shape; the connection keeps the prepared
//! statements by it, the least used of them go.

use std::fmt::Write as _;
use std::rc::Rc;

use rusqlite::types::{Null, Value};
use rusqlite::{CachedStatement, Connection};
use tessera_kernel::{Aggregate, Cell, CellRef, Condition, Direction, Operator, Select, TableDef};

use crate::bind::bind_cell;
use crate::sql::{push_name, push_names};

/// More values than these are handed over as one array.
const LISTED: usize = 4;

/// A parameter that a query binds.
enum Parameter<'q> {
    Cell(&'q Cell),
    Text(String),
    Int(u32),
    Many(Rc<Vec<Value>>),
}

/// Prepares a query with its values bound; `text` is scratch space.
pub(crate) fn prepare<'c>(
    connection: &'c Connection,
    text: &mut String,
    select: &Select,
) -> Result<CachedStatement<'c>, rusqlite::Error> {
    text.clear();
    let parameters = {
        let mut render = Render { table: select.table, sql: text, parameters: Vec::new() };
        render.select(select);
        render.parameters
    };
    let mut statement = connection.prepare_cached(text)?;
    for (position, parameter) in (1..).zip(&parameters) {
        match parameter {
            Parameter::Cell(cell) => bind_cell(&mut statement, position, cell.as_ref())?,
            Parameter::Text(text) => bind_cell(&mut statement, position, CellRef::Text(text))?,
            Parameter::Int(value) => statement.raw_bind_parameter(position, value)?,
            Parameter::Many(values) => statement.raw_bind_parameter(position, values)?,
        }
    }
    Ok(statement)
}

struct Render<'t, 'q> {
    table: &'static TableDef,
    sql: &'t mut String,
    parameters: Vec<Parameter<'q>>,
}

impl<'q> Render<'_, 'q> {
    fn select(&mut self, select: &'q Select) {
        self.sql.push_str("SELECT ");
        self.answer(select);
        self.sql.push_str(" FROM ");
        push_name(self.sql, &select.table.name);
        let mut word = " WHERE ";
        for condition in &select.conditions {
            self.sql.push_str(word);
            self.condition(condition);
            word = " AND ";
        }
        if let Some(after) = &select.after {
            self.sql.push_str(word);
            self.after(&select.order, after);
        }
        if !select.aggregates.is_empty() && !select.columns.is_empty() {
            self.sql.push_str(" GROUP BY ");
            self.names(&select.columns);
        }
        self.order(select);
        if let Some(limit) = select.limit {
            self.sql.push_str(" LIMIT ");
            self.parameter(Parameter::Int(limit));
        }
    }

    fn answer(&mut self, select: &Select) {
        self.names(&select.columns);
        for (position, aggregate) in select.aggregates.iter().enumerate() {
            if position > 0 || !select.columns.is_empty() {
                self.sql.push_str(", ");
            }
            let (before, column, after) = match *aggregate {
                Aggregate::Count => ("count(*)", None, ""),
                Aggregate::Sum(column) => ("coalesce(sum(", Some(column), "), 0)"),
                Aggregate::Max(column) => ("max(", Some(column), ")"),
                Aggregate::Min(column) => ("min(", Some(column), ")"),
            };
            self.sql.push_str(before);
            if let Some(column) = column {
                self.name(column);
            }
            self.sql.push_str(after);
        }
        if select.columns.is_empty() && select.aggregates.is_empty() {
            self.sql.push_str("NULL");
        }
    }

    /// Without an order of its own, a query answers in the order of the key or the group.
    fn order(&mut self, select: &Select) {
        let mut word = " ORDER BY ";
        for (column, direction) in &select.order {
            self.sql.push_str(word);
            self.name(*column);
            if *direction == Direction::Descending {
                self.sql.push_str(" DESC");
            }
            word = ", ";
        }
        if !select.order.is_empty() {
            return;
        }
        if select.aggregates.is_empty() {
            self.sql.push_str(word);
            push_names(self.sql, self.table.columns[..self.table.key].iter().map(|c| &*c.name));
        } else if !select.columns.is_empty() {
            self.sql.push_str(word);
            self.names(&select.columns);
        }
    }

    fn condition(&mut self, condition: &'q Condition) {
        let column = condition.column;
        let first = condition.values.first().filter(|cell| **cell != Cell::Null);
        match (condition.operator, first) {
            (Operator::In, _) => self.one_of(column, &condition.values),
            (Operator::Empty, _) | (Operator::Eq, None) => self.test(column, " IS NULL"),
            (Operator::NotEmpty, _) | (Operator::Ne, None) => self.test(column, " IS NOT NULL"),
            (Operator::Eq, Some(value)) => self.compare(column, " = ", value),
            (Operator::Ne, Some(value)) => self.compare(column, " IS NOT ", value),
            (Operator::Lt, Some(value)) => self.compare(column, " < ", value),
            (Operator::Le, Some(value)) => self.compare(column, " <= ", value),
            (Operator::Gt, Some(value)) => self.compare(column, " > ", value),
            (Operator::Ge, Some(value)) => self.compare(column, " >= ", value),
            (Operator::StartsWith, Some(value)) => self.starts_with(column, value),
            (_, None) => self.sql.push('0'),
        }
    }

    fn starts_with(&mut self, column: usize, value: &'q Cell) {
        let Cell::Text(prefix) = value else {
            self.sql.push('0');
            return;
        };
        self.compare(column, " >= ", value);
        if let Some(end) = successor(prefix) {
            self.sql.push_str(" AND ");
            self.name(column);
            self.sql.push_str(" < ");
            self.parameter(Parameter::Text(end));
        }
    }

    fn one_of(&mut self, column: usize, values: &'q [Cell]) {
        let given = || values.iter().filter(|cell| **cell != Cell::Null);
        let (count, empty) = (given().count(), values.contains(&Cell::Null));
        self.sql.push('(');
        if count > 0 {
            self.name(column);
            self.sql.push_str(" IN (");
            if count > LISTED {
                self.sql.push_str("SELECT value FROM rarray(");
                self.parameter(Parameter::Many(Rc::new(given().map(value_of).collect())));
                self.sql.push(')');
            } else {
                for (position, value) in given().enumerate() {
                    self.sql.push_str(if position > 0 { ", " } else { "" });
                    self.parameter(Parameter::Cell(value));
                }
            }
            self.sql.push(')');
        }
        if empty {
            self.sql.push_str(if count > 0 { " OR " } else { "" });
            self.test(column, " IS NULL");
        } else if count == 0 {
            self.sql.push('0');
        }
        self.sql.push(')');
    }

    /// Rows behind `values` in the sort order. An empty value comes before every other.
    fn after(&mut self, order: &'q [(usize, Direction)], values: &'q [Cell]) {
        let one_way = order.iter().all(|(_, direction)| *direction == order[0].1);
        let descending = order.iter().any(|(_, direction)| *direction == Direction::Descending);
        let optional = order.iter().any(|(column, _)| !self.table.columns[*column].required);
        let empty = values.contains(&Cell::Null);
        let count = order.len().min(values.len());
        if count == 0 {
            self.sql.push('1');
        } else if one_way && !empty && !(descending && optional) {
            self.sql.push('(');
            self.names(&order.iter().map(|(column, _)| *column).collect::<Vec<_>>()[..count]);
            self.sql.push_str(if descending { ") < (" } else { ") > (" });
            for (position, value) in values[..count].iter().enumerate() {
                self.sql.push_str(if position > 0 { ", " } else { "" });
                self.parameter(Parameter::Cell(value));
            }
            self.sql.push(')');
        } else {
            self.bound(order[0], &values[0]);
            self.behind(&order[..count], &values[..count]);
        }
    }

    /// A condition that follows from the one behind it and that an index can use.
    fn bound(&mut self, (column, direction): (usize, Direction), value: &'q Cell) {
        let required = self.table.columns[column].required;
        match direction {
            _ if *value == Cell::Null => return,
            Direction::Ascending => self.compare(column, " >= ", value),
            Direction::Descending if required => self.compare(column, " <= ", value),
            Direction::Descending => return,
        }
        self.sql.push_str(" AND ");
    }

    fn behind(&mut self, order: &'q [(usize, Direction)], values: &'q [Cell]) {
        let ((column, direction), value) = (order[0], &values[0]);
        let required = self.table.columns[column].required;
        self.sql.push('(');
        match (direction, value) {
            (Direction::Ascending, Cell::Null) => self.test(column, " IS NOT NULL"),
            (Direction::Descending, Cell::Null) => self.sql.push('0'),
            (Direction::Ascending, value) => self.compare(column, " > ", value),
            (Direction::Descending, value) => {
                self.compare(column, " < ", value);
                if !required {
                    self.sql.push_str(" OR ");
                    self.test(column, " IS NULL");
                }
            }
        }
        if order.len() > 1 {
            self.sql.push_str(" OR ");
            if *value == Cell::Null {
                self.test(column, " IS NULL");
            } else {
                self.compare(column, " = ", value);
            }
            self.sql.push_str(" AND ");
            self.behind(&order[1..], &values[1..]);
        }
        self.sql.push(')');
    }

    fn compare(&mut self, column: usize, operator: &str, value: &'q Cell) {
        self.name(column);
        self.sql.push_str(operator);
        self.parameter(Parameter::Cell(value));
    }

    fn test(&mut self, column: usize, test: &str) {
        self.name(column);
        self.sql.push_str(test);
    }

    fn name(&mut self, column: usize) {
        push_name(self.sql, &self.table.columns[column].name);
    }

    fn names(&mut self, columns: &[usize]) {
        let table = self.table;
        push_names(self.sql, columns.iter().map(|column| &*table.columns[*column].name));
    }

    fn parameter(&mut self, parameter: Parameter<'q>) {
        self.parameters.push(parameter);
        let _ = write!(self.sql, "?{}", self.parameters.len());
    }
}

/// The smallest text behind every text with this prefix; none where there is no such text.
fn successor(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

fn value_of(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::from(Null),
        Cell::Bool(value) => Value::from(*value),
        Cell::Int(value) | Cell::Instant(value) => Value::from(*value),
        Cell::Text(value) => Value::from(value.clone()),
        Cell::Uuid(value) => Value::from(value.as_bytes().to_vec()),
        Cell::Date(value) => Value::from(*value),
    }
}
