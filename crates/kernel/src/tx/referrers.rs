//! Who refers to an object.

use crate::{
    Cell, Fault, FieldType, Kind as _, ObjectDef, ObjectId, Select, TableDef, TeamKind, Tx,
    UserKind, head_column,
};

impl Tx<'_> {
    /// A type of which an object refers to this one, if there is any; it itself does not count.
    ///
    /// Where the column has no index all rows are read: for types of which there are few, like roles.
    pub fn referrer(
        &mut self,
        def: &ObjectDef,
        id: ObjectId,
    ) -> Result<Option<&'static str>, Fault> {
        let all: Vec<_> = self.environment.registry.objects().map(|entry| (entry.def)()).collect();
        for other in all {
            let other = self.stored(other);
            let responsible = match def.name {
                _ if !other.owned => None,
                UserKind::NAME => Some(head_column::OWNER),
                TeamKind::NAME => Some(head_column::TEAM),
                _ => None,
            };
            let fields = other.composite.parts.iter().filter_map(|part| part.segment);
            let fields = fields.flat_map(|segment| {
                let refers = segment.fields.iter().filter(
                    |field| matches!(field.kind, FieldType::Reference { object } if object == def.name),
                );
                refers.filter_map(|field| {
                    Some((segment.table(), segment.table().position(field.name)?))
                })
            });
            let columns: Vec<(&'static TableDef, usize)> =
                fields.chain(responsible.map(|column| (other.head, column))).collect();
            for (table, column) in columns {
                if self.is_referred(table, column, id)? {
                    return Ok(Some(other.name));
                }
            }
        }
        Ok(None)
    }

    fn is_referred(
        &mut self,
        table: &'static TableDef,
        column: usize,
        id: ObjectId,
    ) -> Result<bool, Fault> {
        let mut found = false;
        let query = Select::from(table, &[0]).equals(column, Cell::Uuid(id.0)).limit(2);
        self.select(&query, &mut |row| {
            found |= row.uuid()?.is_some_and(|other| other != id.0);
            Ok(())
        })?;
        Ok(found)
    }
}
