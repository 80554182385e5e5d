//! The codes that customizing defines, and the check that input refers to what exists.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::SliceSource;
use crate::{
    Ahead, CellRef, Code, Composite, CompositeDef, Fault, FieldProblem, FieldType, FieldValue,
    Multiplicity, ObjectDef, ObjectId, Part, Predicate, RowBuffer, Tx, read_cell,
};

/// Codes by catalogue, like `plant` or `payment_terms`.
#[derive(Clone, Debug, Default)]
pub struct Catalogues(BTreeMap<String, BTreeSet<Code>>);

impl Catalogues {
    /// Adds the codes of a catalogue.
    pub fn insert(&mut self, catalogue: &str, codes: impl IntoIterator<Item = Code>) {
        self.0.entry(catalogue.to_string()).or_default().extend(codes);
    }

    /// Every catalogue with its codes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<Code>)> {
        self.0.iter().map(|(name, codes)| (name.as_str(), codes))
    }

    /// Refuses a code that the catalogue lacks, naming what is allowed.
    pub fn check(&self, catalogue: &str, code: Code) -> Result<(), String> {
        let Some(codes) = self.0.get(catalogue) else { return Ok(()) };
        if codes.contains(&code) {
            return Ok(());
        }
        let mut allowed: Vec<&str> = codes.iter().take(20).map(Code::as_str).collect();
        if codes.len() > allowed.len() {
            allowed.push("…");
        }
        let label = catalogue.replace('_', " ");
        Err(format!("{code} is no {label}; allowed are: {}", allowed.join(", ")))
    }
}

impl Tx<'_> {
    /// Refuses input whose codes are not in customizing or whose references point to nothing;
    /// every finding with its path.
    pub fn check_references<C: Composite>(&mut self, value: &C) -> Result<(), Fault> {
        let mut rows: Vec<(usize, RowBuffer)> = Vec::new();
        value.visit(&mut |part, row| rows.push((part, RowBuffer::of(row))));
        self.check_rows(C::composite(), &rows)
    }

    /// Refuses references, in the input of a verb, to what is not there for the actor: also to what they may not
    /// read, or not do that to which the verb needs the `right`. The verb itself looks for what anybody may read.
    pub fn check_input(
        &mut self,
        definition: &CompositeDef,
        body: &serde_json::Value,
        (object, action): (&str, &str),
    ) -> Result<(), Fault> {
        if self.actor.access().is_none() {
            return Ok(());
        }
        let mut problems = Vec::new();
        for (part, rows) in definition.parts.iter().zip(crate::json::rows(definition, body)?) {
            for (position, row) in rows.iter().enumerate() {
                for (field, id) in references(part.fields, row)? {
                    let FieldType::Reference { object: kind } = field.kind else { continue };
                    let Some(entry) = self.environment.registry.object(kind) else { continue };
                    let action = if kind == object { action } else { "read" };
                    if let Err(message) = self.check_reachable((entry.def)(), id, action)? {
                        let path = path_of(part, position);
                        problems.push(FieldProblem::new(format!("{path}{}", field.name), message));
                    }
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
    }

    fn check_reachable(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        action: &str,
    ) -> Result<Result<(), String>, Fault> {
        let (readable, wanted) = (self.actor.rows(def, "read"), self.actor.rows(def, action));
        if *readable == Predicate::Always && *wanted == Predicate::Always {
            return Ok(Ok(()));
        }
        let row = self.head_cells(def, id, false)?.filter(|row| readable.holds(row));
        let label = def.name.replace('_', " ");
        Ok(match row {
            None => Err(format!("there is no {label} {id}")),
            Some(row) if !wanted.holds(&row) => Err(format!("you may not {action} this {label}")),
            Some(_) => Ok(()),
        })
    }

    pub(crate) fn check_rows(
        &mut self,
        composite: &CompositeDef,
        rows: &[(usize, RowBuffer)],
    ) -> Result<(), Fault> {
        let mut problems = Vec::new();
        self.ask_for_references(composite, rows)?;
        let (mut current, mut position) = (usize::MAX, 0);
        for (index, row) in rows {
            position = if *index == current { position + 1 } else { 0 };
            current = *index;
            let part = &composite.parts[*index];
            let path = path_of(part, position);
            self.check_row(part.fields, row, &path, &mut problems)?;
        }
        if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
    }

    /// Asks for everything that is referred to at once.
    fn ask_for_references(
        &mut self,
        composite: &CompositeDef,
        rows: &[(usize, RowBuffer)],
    ) -> Result<(), Fault> {
        let mut keys = Vec::new();
        for (part, row) in rows {
            let mut source = SliceSource::new(&row.0);
            for field in composite.parts[*part].fields {
                match field.kind {
                    FieldType::Reference { object } => {
                        if let (Some(entry), Some(id)) =
                            (self.environment.registry.object(object), ObjectId::read(&mut source)?)
                        {
                            keys.push(((entry.def)().head, [CellRef::Uuid(id.0)]));
                        }
                    }
                    kind => {
                        for (_, ty) in kind.columns() {
                            read_cell(&mut source, *ty)?;
                        }
                    }
                }
            }
        }
        let asks: Vec<Ahead<'_>> =
            keys.iter().map(|(table, key)| Ahead { table, key, held: false }).collect();
        Ok(self.connection.ahead(&asks)?)
    }

    fn check_row(
        &mut self,
        fields: &[crate::FieldDef],
        row: &RowBuffer,
        path: &str,
        problems: &mut Vec<FieldProblem>,
    ) -> Result<(), Fault> {
        let mut source = SliceSource::new(&row.0);
        for field in fields {
            let outcome = match field.kind {
                FieldType::Code { catalogue } => match Code::read(&mut source)? {
                    Some(code) => self.environment.catalogues.check(catalogue, code),
                    None => Ok(()),
                },
                FieldType::Reference { object } => match ObjectId::read(&mut source)? {
                    Some(id) if !object.is_empty() => self.check_exists(object, id)?,
                    _ => Ok(()),
                },
                kind => {
                    for (_, ty) in kind.columns() {
                        read_cell(&mut source, *ty)?;
                    }
                    Ok(())
                }
            };
            if let Err(message) = outcome {
                problems.push(FieldProblem::new(format!("{path}{}", field.name), message));
            }
        }
        Ok(())
    }

    fn check_exists(&mut self, object: &str, id: ObjectId) -> Result<Result<(), String>, Fault> {
        let Some(entry) = self.environment.registry.object(object) else { return Ok(Ok(())) };
        // What the actor may not read is not there for them.
        let found = self.may_read((entry.def)(), id)?;
        let label = object.replace('_', " ");
        Ok(if found { Ok(()) } else { Err(format!("there is no {label} {id}")) })
    }
}

/// How the fields of a record begin in the body.
fn path_of(part: &Part, position: usize) -> String {
    match part.multiplicity {
        _ if part.flatten => String::new(),
        Multiplicity::Many => format!("{}[{position}].", part.name),
        _ => format!("{}.", part.name),
    }
}

/// The references in a record.
fn references<'f>(
    fields: &'f [crate::FieldDef],
    row: &RowBuffer,
) -> Result<Vec<(&'f crate::FieldDef, ObjectId)>, Fault> {
    let (mut source, mut found) = (SliceSource::new(&row.0), Vec::new());
    for field in fields {
        if let FieldType::Reference { .. } = field.kind {
            found.extend(ObjectId::read(&mut source)?.map(|id| (field, id)));
            continue;
        }
        for (_, ty) in field.kind.columns() {
            read_cell(&mut source, *ty)?;
        }
    }
    Ok(found)
}
