//! Lists of objects, answered from the head table.

use crate::cell::read_cell;
use crate::{Cell, Condition, Direction, Fault, Object, ObjectDef, Ref, Select, Tx, head_column};

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

impl Tx<'_> {
    /// One page of head rows.
    pub fn list(&mut self, def: &'static ObjectDef, query: &Query) -> Result<Page, Fault> {
        let (sort, direction) = query.sort;
        let mut select = Select::all(def.head).limit(query.limit.saturating_add(1));
        select.conditions.clone_from(&query.conditions);
        select.order.push((sort, direction));
        if sort != head_column::ID {
            select.order.push((head_column::ID, direction));
        }
        select.after = query.after.as_ref().map(|(value, id)| {
            if sort == head_column::ID { vec![id.clone()] } else { vec![value.clone(), id.clone()] }
        });
        let mut rows = Vec::new();
        self.connection.select(&select, &mut |row| {
            let mut cells = Vec::with_capacity(def.head.columns.len());
            for column in &def.head.columns {
                cells.push(read_cell(row, column.ty)?);
            }
            rows.push(cells);
            Ok(())
        })?;
        let mut next = None;
        if rows.len() > query.limit as usize {
            rows.truncate(query.limit as usize);
            next = rows.last().map(|row| (row[sort].clone(), row[head_column::ID].clone()));
        }
        Ok(Page { rows, next })
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
