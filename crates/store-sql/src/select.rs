//! `Select` as SQL. The text of a query names its shape, so that an engine can keep the prepared
//! statement by it.

use std::marker::PhantomData;

use tessera_kernel::{
    Aggregate, Cell, ColumnType, Condition, Direction, Operator, Predicate, Select, TableDef,
};

use crate::Dialect;
use crate::names::{push_name, push_names};

/// A value that a query binds.
#[derive(Debug)]
pub enum Parameter<'q> {
    /// A value of a column of this type.
    Cell(&'q Cell, ColumnType),
    /// Text made for the query.
    Text(String),
    /// The limit.
    Limit(u32),
    /// The value of the engine's own column.
    Own(i64),
    /// Values of a column of this type, none of them empty, as one array.
    Many(Vec<&'q Cell>, ColumnType),
}

/// Writes the query to `sql` (which is emptied first); answers what its parameters bind, in order. `own` is a
/// column of the engine, not of the table's definition, with the value that all rows asked for have there.
pub fn render<'q, D: Dialect>(
    select: &'q Select,
    own: Option<(&str, i64)>,
    sql: &mut String,
) -> Vec<Parameter<'q>> {
    sql.clear();
    let mut render = Render::<D> {
        table: select.table,
        sql,
        parameters: Vec::new(),
        covered: false,
        dialect: PhantomData,
    };
    render.select(select, own);
    render.parameters
}

struct Render<'t, 'q, D> {
    table: &'static TableDef,
    sql: &'t mut String,
    parameters: Vec<Parameter<'q>>,
    /// No index is to be chosen by what is written now.
    covered: bool,
    dialect: PhantomData<D>,
}

impl<'q, D: Dialect> Render<'_, 'q, D> {
    fn select(&mut self, select: &'q Select, own: Option<(&str, i64)>) {
        self.sql.push_str("SELECT ");
        self.answer(select);
        self.sql.push_str(" FROM ");
        if select.branches.is_empty() {
            push_name(self.sql, &select.table.name);
            self.conditions(select, None, own);
            if !select.aggregates.is_empty() && !select.columns.is_empty() {
                self.sql.push_str(" GROUP BY ");
                self.names(&select.columns);
            }
            self.order(select);
            self.limit(select);
        } else if D::MERGES {
            push_name(self.sql, &select.table.name);
            self.keys_of_branches(select, own);
            self.order(select);
        } else {
            self.branches(select, own);
        }
    }

    /// The keys of the first rows of the branches, which the engine merges.
    fn keys_of_branches(&mut self, select: &'q Select, own: Option<(&str, i64)>) {
        self.sql.push_str(" WHERE ");
        self.name(0);
        self.sql.push_str(" IN (SELECT ");
        self.name(0);
        self.sql.push_str(" FROM (");
        for (position, branch) in select.branches.iter().enumerate() {
            self.sql.push_str(if position > 0 { " UNION ALL SELECT " } else { "SELECT " });
            self.name(0);
            self.sql.push_str(" FROM ");
            push_name(self.sql, &select.table.name);
            self.conditions(select, Some(branch), own);
        }
        self.order(select);
        self.limit(select);
        self.sql.push_str(") AS found)");
    }

    /// The first rows of each branch, and of these the first: an engine that is told how many it is to take of each
    /// reads them side by side, and of most branches but one.
    fn branches(&mut self, select: &'q Select, own: Option<(&str, i64)>) {
        for (position, branch) in select.branches.iter().enumerate() {
            self.sql.push_str(if position > 0 { " UNION ALL (SELECT " } else { "((SELECT " });
            self.answer(select);
            self.sql.push_str(" FROM ");
            push_name(self.sql, &select.table.name);
            self.conditions(select, Some(branch), own);
            self.order(select);
            self.limit(select);
            self.sql.push(')');
        }
        self.sql.push_str(") AS found");
        // A single query in brackets is in order already.
        if select.branches.len() > 1 {
            self.order(select);
            self.limit(select);
        }
    }

    fn limit(&mut self, select: &Select) {
        if let Some(limit) = select.limit {
            self.sql.push_str(" LIMIT ");
            self.parameter(Parameter::Limit(limit));
        }
    }

    /// The conditions of a query, or of a branch of it.
    fn conditions(
        &mut self,
        select: &'q Select,
        branch: Option<&'q Condition>,
        own: Option<(&str, i64)>,
    ) {
        let mut word = " WHERE ";
        for condition in branch.into_iter().chain(&select.conditions) {
            self.sql.push_str(word);
            self.condition(condition);
            word = " AND ";
        }
        if let Some((column, value)) = own {
            self.sql.push_str(word);
            push_name(self.sql, column);
            self.sql.push_str(" = ");
            self.parameter(Parameter::Own(value));
            word = " AND ";
        }
        if let Some(after) = &select.after {
            self.sql.push_str(word);
            self.after(&select.order, after);
            word = " AND ";
        }
        if select.scope != Predicate::Always {
            self.sql.push_str(word);
            self.covered = true;
            self.predicate(&select.scope);
            self.covered = false;
        }
    }

    fn predicate(&mut self, predicate: &'q Predicate) {
        match predicate {
            Predicate::Always => self.sql.push_str(D::TRUE),
            Predicate::Never => self.sql.push_str(D::FALSE),
            Predicate::Is(condition) => self.condition(condition),
            Predicate::All(parts) => self.joined(parts, " AND "),
            Predicate::Any(parts) => self.joined(parts, " OR "),
            Predicate::Not(inner) => {
                // An empty value fails the comparison, and so passes its opposite.
                self.sql.push_str("((");
                self.predicate(inner);
                self.sql.push_str(") IS NOT TRUE)");
            }
        }
    }

    fn joined(&mut self, parts: &'q [Predicate], word: &str) {
        self.sql.push('(');
        for (position, part) in parts.iter().enumerate() {
            self.sql.push_str(if position > 0 { word } else { "" });
            self.predicate(part);
        }
        self.sql.push(')');
    }

    fn answer(&mut self, select: &Select) {
        self.names(&select.columns);
        for (position, aggregate) in select.aggregates.iter().enumerate() {
            if position > 0 || !select.columns.is_empty() {
                self.sql.push_str(", ");
            }
            let (Aggregate::Sum(column) | Aggregate::Max(column) | Aggregate::Min(column)) =
                *aggregate
            else {
                self.sql.push_str("count(*)");
                continue;
            };
            let (before, after) = D::aggregate(*aggregate, self.table.columns[column].ty);
            self.sql.push_str(before);
            self.name(column);
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
            let descending = *direction == Direction::Descending;
            self.sql.push_str(D::order(&self.table.columns[*column], descending));
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
            (Operator::Ne, Some(value)) => self.compare(column, D::DIFFERS, value),
            (Operator::Lt, Some(value)) => self.compare(column, " < ", value),
            (Operator::Le, Some(value)) => self.compare(column, " <= ", value),
            (Operator::Gt, Some(value)) => self.compare(column, " > ", value),
            (Operator::Ge, Some(value)) => self.compare(column, " >= ", value),
            (Operator::StartsWith, Some(value)) => self.starts_with(column, value),
            (_, None) => self.sql.push_str(D::FALSE),
        }
    }

    fn starts_with(&mut self, column: usize, value: &'q Cell) {
        let Cell::Text(prefix) = value else {
            self.sql.push_str(D::FALSE);
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
        let ty = self.table.columns[column].ty;
        if count > D::LISTED {
            self.name(column);
            self.parameters.push(Parameter::Many(given().collect(), ty));
            D::one_of(self.sql, self.parameters.len(), ty);
        } else if count > 0 {
            self.name(column);
            self.sql.push_str(" IN (");
            for (position, value) in given().enumerate() {
                self.sql.push_str(if position > 0 { ", " } else { "" });
                self.parameter(Parameter::Cell(value, ty));
            }
            self.sql.push(')');
        }
        if empty {
            self.sql.push_str(if count > 0 { " OR " } else { "" });
            self.test(column, " IS NULL");
        } else if count == 0 {
            self.sql.push_str(D::FALSE);
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
            self.sql.push_str(D::TRUE);
        } else if one_way && !empty && !(descending && optional) {
            self.sql.push('(');
            self.names(&order.iter().map(|(column, _)| *column).collect::<Vec<_>>()[..count]);
            self.sql.push_str(if descending { ") < (" } else { ") > (" });
            for (position, (value, (column, _))) in values.iter().zip(order).enumerate() {
                self.sql.push_str(if position > 0 { ", " } else { "" });
                self.parameter(Parameter::Cell(value, self.table.columns[*column].ty));
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
            (Direction::Descending, Cell::Null) => self.sql.push_str(D::FALSE),
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
        self.parameter(Parameter::Cell(value, self.table.columns[column].ty));
    }

    fn test(&mut self, column: usize, test: &str) {
        self.name(column);
        self.sql.push_str(test);
    }

    fn name(&mut self, column: usize) {
        self.sql.push_str(if self.covered { D::COVERED } else { "" });
        push_name(self.sql, &self.table.columns[column].name);
    }

    fn names(&mut self, columns: &[usize]) {
        let table = self.table;
        push_names(self.sql, columns.iter().map(|column| &*table.columns[*column].name));
    }

    fn parameter(&mut self, parameter: Parameter<'q>) {
        self.parameters.push(parameter);
        D::parameter(self.sql, self.parameters.len());
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
