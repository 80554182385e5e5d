//! Lists of objects, answered from the head table.

use super::permit::cells;
use crate::{
    Branches, Cell, Condition, Direction, Fault, Object, ObjectDef, Predicate, Ref, Select, Tx,
    head_column,
};

/// A list query over one object type: conditions joined by *and*, one sort column, keyset paging.
#[derive(Clone, Debug)]
pub struct Query {
    /// Conditions on head columns.
    pub conditions: Vec<Condition>,
    /// Sort column; the id decides among equals, in the same direction.
    pub sort: (usize, Direction),
    /// The last row of the page before: its sort value and id.
    pub after: Option<(Cell, Cell)>,
    /// Rows per page.
    pub limit: u32,
}

impl Default for Query {
    /// The newest objects first.
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            sort: (head_column::ID, Direction::Descending),
            after: None,
            limit: 50,
        }
    }
}

impl Query {
    /// Adds `field = value`; the field must be a list field of the object type.
    pub fn equals(mut self, def: &ObjectDef, field: &str, value: Cell) -> Result<Self, Fault> {
        let column = def
            .head
            .position(field)
            .ok_or_else(|| Fault::corrupt(format!("{} has no list field {field}", def.name)))?;
        self.conditions.push(Condition::eq(column, value));
        Ok(self)
    }

    /// Sets the page size.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows;
        self
    }
}

/// One page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Head rows, every column.
    pub rows: Vec<Vec<Cell>>,
    /// Where the next page starts; none on the last page.
    pub next: Option<(Cell, Cell)>,
}

/// Branches of one query at most; there are more queries where a scope has more.
const BRANCHES: usize = 32;

impl Tx<'_> {
    /// One page of head rows: of the objects that the actor may read.
    pub fn list(&mut self, def: &'static ObjectDef, query: &Query) -> Result<Page, Fault> {
        let (sort, direction) = query.sort;
        let wanted = query.limit.saturating_add(1);
        let mut select = Select::all(def.head).limit(wanted);
        select.conditions.clone_from(&query.conditions);
        select.order.push((sort, direction));
        if sort != head_column::ID {
            select.order.push((head_column::ID, direction));
        }
        select.after = query.after.as_ref().map(|(value, id)| {
            if sort == head_column::ID { vec![id.clone()] } else { vec![value.clone(), id.clone()] }
        });
        let mut rows = self.readable(def, select)?;
        let mut next = None;
        if rows.len() > query.limit as usize {
            rows.truncate(query.limit as usize);
            next = rows.last().map(|row| (row[sort].clone(), row[head_column::ID].clone()));
        }
        Ok(Page { rows, next })
    }

    /// The first rows of a query that the actor may read.
    fn readable(
        &mut self,
        def: &'static ObjectDef,
        mut select: Select,
    ) -> Result<Vec<Vec<Cell>>, Fault> {
        let scope = self.actor.rows(def, "read");
        let is_first = |column: usize| {
            def.head.indexes.iter().any(|index| {
                index.columns == [column, head_column::ID] || index.columns == [column]
            })
        };
        let by_id = select.order[0].0 == head_column::ID;
        let other = select.conditions.iter().any(|condition| is_first(condition.column));
        // Where nothing else leads to the rows, each value of the scope does, in order of the id.
        let branches = if by_id && !other { scope.branches(&is_first) } else { None };
        let Some(Branches { values, rest, repeats }) = branches else {
            select.scope = Predicate::clone(&scope);
            return self.head_rows(&select);
        };
        let wanted = select.limit.unwrap_or(u32::MAX);
        select.scope = rest;
        select.limit = Some(wanted.saturating_mul(repeats));
        let (mut rows, many) = (Vec::new(), values.len() > BRANCHES);
        for values in values.chunks(BRANCHES) {
            select.branches = values.to_vec();
            rows.extend(self.head_rows(&select)?);
        }
        if many {
            rows.sort_unstable_by(|a, b| match select.order[0].1 {
                Direction::Ascending => a[head_column::ID].cmp(&b[head_column::ID]),
                Direction::Descending => b[head_column::ID].cmp(&a[head_column::ID]),
            });
        }
        rows.dedup_by(|a, b| a[head_column::ID] == b[head_column::ID]);
        rows.truncate(wanted as usize);
        Ok(rows)
    }

    fn head_rows(&mut self, select: &Select) -> Result<Vec<Vec<Cell>>, Fault> {
        let mut rows = Vec::new();
        if select.scope == Predicate::Never {
            return Ok(rows);
        }
        self.connection.select(select, &mut |row| {
            rows.push(cells(select.table, row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Ids of the objects whose list field equals `value`, oldest first.
    pub fn find<T: Object>(&mut self, field: &str, value: Cell) -> Result<Vec<Ref<T>>, Fault> {
        let def = T::def();
        let column = def
            .head
            .position(field)
            .ok_or_else(|| Fault::corrupt(format!("{} has no list field {field}", def.name)))?;
        let select = Select::from(def.head, &[head_column::ID])
            .equals(column, value)
            .order_by(head_column::ID, Direction::Ascending);
        self.ids(&select)
    }

    /// Ids of every object of a type, oldest first.
    pub fn all<T: Object>(&mut self) -> Result<Vec<Ref<T>>, Fault> {
        let select = Select::from(T::def().head, &[head_column::ID])
            .order_by(head_column::ID, Direction::Ascending);
        self.ids(&select)
    }

    fn ids<T: Object>(&mut self, select: &Select) -> Result<Vec<Ref<T>>, Fault> {
        let mut ids = Vec::new();
        self.connection.select(select, &mut |row| {
            ids.extend(row.uuid()?.map(|id| Ref::new(crate::ObjectId(id))));
            Ok(())
        })?;
        Ok(ids)
    }
}
