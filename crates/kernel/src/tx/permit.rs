//! Whether the actor may do something to one object: what decides by rows.

use serde_json::Value;

use crate::cell::read_cell;
use crate::{
    Action, Cell, CellRef, CompositeDef, Fault, FieldType, Multiplicity, ObjectDef, ObjectId,
    Predicate, Problem, ProblemKind, RowSource, TableDef, Tx, Visibility,
};

impl Tx<'_> {
    /// Refuses unless the actor may do `action` to this object. One that they may not read is
    /// missing for them. A command holds the object.
    ///
    /// # Errors
    ///
    /// As missing, or as forbidden.
    pub fn permit(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        action: &'static str,
    ) -> Result<(), Problem> {
        let actor = self.actor;
        actor.require(def.name, action)?;
        let (readable, wanted) = (actor.rows(def, "read"), actor.rows(def, action));
        if *readable == Predicate::Always && *wanted == Predicate::Always {
            return Ok(());
        }
        let held = self.writable().is_ok();
        let row = self.head_cells(def, id, held)?;
        if !row.as_ref().is_some_and(|row| readable.holds(row)) {
            return Err(Fault::missing(def.name, id).into());
        }
        if row.is_some_and(|row| wanted.holds(&row)) {
            return Ok(());
        }
        Err(self.beyond(def, id, action))
    }

    /// Refuses what the command of a user made or moved to where they may not do `action`.
    ///
    /// # Errors
    ///
    /// As forbidden.
    pub fn permit_outcome(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        action: &'static str,
    ) -> Result<(), Problem> {
        let wanted = self.actor.rows(def, action);
        if *wanted == Predicate::Always {
            return Ok(());
        }
        match self.head_cells(def, id, false)? {
            Some(row) if !wanted.holds(&row) => Err(self.beyond(def, id, action)),
            _ => Ok(()),
        }
    }

    /// The same of everything of a type that the command made.
    ///
    /// # Errors
    ///
    /// As forbidden.
    pub fn permit_made(&mut self, object: &str, action: &'static str) -> Result<(), Problem> {
        let made = std::mem::take(&mut self.made);
        for (def, id) in made.iter().filter(|(def, _)| def.name == object) {
            self.permit_outcome(def, *id, action)?;
        }
        Ok(())
    }

    /// Refuses a report to whoever may not read everything that it is about: the places that its input names, or
    /// else every object of the type.
    ///
    /// # Errors
    ///
    /// As forbidden.
    pub fn permit_report(
        &mut self,
        input: &CompositeDef,
        body: &Value,
        (object, action): (&str, &'static str),
    ) -> Result<(), Problem> {
        let Some(entry) = self.environment.registry.object(object) else { return Ok(()) };
        let def = (entry.def)();
        let wanted = self.actor.rows(def, action);
        if *wanted == Predicate::Always {
            return Ok(());
        }
        let mut row = vec![Cell::Null; def.head.columns.len()];
        for part in input.parts.iter().filter(|part| part.multiplicity != Multiplicity::Many) {
            let record = if part.flatten { body } else { &body[part.name] };
            for field in part.fields {
                if let FieldType::Code { catalogue } = field.kind
                    && let (Some(column), Some(code)) =
                        (def.place(catalogue), record[field.name].as_str())
                {
                    row[column] = Cell::Text(code.to_string());
                }
            }
        }
        if wanted.holds(&row) {
            return Ok(());
        }
        let name = self.actor.name();
        let detail = format!(
            "{name} may {action} only some of {object}, and this is about more: name a company code \
             or a sales organisation that your roles reach"
        );
        Err(Problem::new(ProblemKind::Forbidden, "forbidden", detail))
    }

    /// Refuses a report to whoever is not shown a field that it tells: what was summed or derived can't be taken out.
    ///
    /// # Errors
    ///
    /// As forbidden.
    pub fn permit_fields(&self, action: &Action) -> Result<(), Problem> {
        let mask = |object: &str| {
            let entry = self.environment.registry.object(object)?;
            self.actor.mask((entry.def)())
        };
        let withheld = match action.tells {
            Some(fields) => fields.iter().any(|(object, part, field)| {
                mask(object).and_then(|mask| mask.named(part, field)) > Some(Visibility::ReadOnly)
            }),
            None => [action.object, action.right.0]
                .iter()
                .any(|object| mask(object).is_some_and(|mask| !mask.shows_all())),
        };
        if !withheld {
            return Ok(());
        }
        let (name, object) = (self.actor.name(), action.object);
        let detail = format!(
            "{name} may not see {} of {object}: it tells fields that are not shown to them",
            action.name
        );
        Err(Problem::new(ProblemKind::Forbidden, "forbidden", detail))
    }

    /// Whether there is this object, as far as the actor may know.
    pub fn may_read(&mut self, def: &'static ObjectDef, id: ObjectId) -> Result<bool, Fault> {
        let readable = self.actor.rows(def, "read");
        Ok(self.head_cells(def, id, false)?.is_some_and(|row| readable.holds(&row)))
    }

    fn beyond(&self, def: &ObjectDef, id: ObjectId, action: &str) -> Problem {
        let (name, object) = (self.actor.name(), def.name);
        let detail = format!(
            "{name} may {action} some of {object}, but not {id}: it is outside of what their \
             roles reach; ask an administrator"
        );
        Problem::new(ProblemKind::Forbidden, "forbidden", detail)
    }

    /// The head row of an object, every column; held until the end of the command, where that is asked for.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    pub fn head_cells(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        held: bool,
    ) -> Result<Option<Vec<Cell>>, Fault> {
        let key = [CellRef::Uuid(id.0)];
        let mut found = None;
        let visit = &mut |row: &mut dyn RowSource| {
            found = Some(cells(def.head, row)?);
            Ok(())
        };
        if held {
            self.connection.row_held(def.head, &key, visit)?;
        } else {
            self.connection.rows(def.head, &key, visit)?;
        }
        Ok(found)
    }
}

/// Every column of a row.
pub(super) fn cells(table: &TableDef, row: &mut dyn RowSource) -> Result<Vec<Cell>, Fault> {
    table.columns.iter().map(|column| read_cell(row, column.ty)).collect()
}
