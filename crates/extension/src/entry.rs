//! Definitions as objects: made and changed by their segments, deleted while they are drafts.

use serde_json::Value;
use tessera_kernel::{
    Cell, Checked, Composite as _, Fault, FieldProblem, Kind as _, ObjectEntry, ObjectId, Problem,
    ProblemKind, Ref, Stored, Tx,
};

use crate::{CustomSegmentDefinition, FieldKind, Status};

/// What the generic surfaces of master data do.
const PLAIN: ObjectEntry =
    ObjectEntry::master_data::<CustomSegmentDefinition>().deletable::<CustomSegmentDefinition>();

/// The object type.
pub(crate) const ENTRY: ObjectEntry = ObjectEntry {
    create_input: Some(CustomSegmentDefinition::composite),
    delete: Some(delete),
    ..PLAIN
};

/// Deletes a draft.
fn delete(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(CustomSegmentDefinition::NAME, "delete")?;
    let stored: Stored<CustomSegmentDefinition> = tx.load(Ref::new(id))?;
    if stored.header.status != Status::Draft {
        let detail = format!("{} was activated: retire it instead", stored.header.name);
        return Err(Problem::new(ProblemKind::Conflict, "custom_segment.activated", detail));
    }
    let delete = PLAIN.delete.expect("it is deletable: so it says above");
    delete(tx, id, version, body)
}

impl Checked for CustomSegmentDefinition {
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let environment = tx.environment();
        let catalogues: Vec<&str> = environment.catalogues.iter().map(|(name, _)| name).collect();
        let segment = self.to_segment(false);
        let mut problems = segment.problems(&environment.registry, &catalogues);
        for (position, choice) in self.choices.iter().enumerate() {
            let is_it = |field: &crate::SegmentField| {
                field.name == choice.field && field.kind == FieldKind::Choice
            };
            if !self.fields.iter().any(is_it) {
                let rule = "must be one of the fields, of the kind `choice`";
                problems.push(FieldProblem::new(format!("choices[{position}].field"), rule));
            }
        }
        let table = segment.table();
        let activated = tx.activated_segments()?;
        if self.header.status != Status::Draft
            && let Some(activated) = activated.iter().find(|it| it.table() == table)
        {
            problems.extend(segment.breaks(activated));
        }
        if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems).into()) }
    }
}

/// Refuses a second definition of a segment that is there.
pub(crate) fn expect_alone(
    tx: &mut Tx<'_>,
    stored: &Stored<CustomSegmentDefinition>,
) -> Result<(), Problem> {
    let name = Cell::Text(stored.header.name.clone());
    for other in tx.find::<CustomSegmentDefinition>("name", name)? {
        if other == stored.id() {
            continue;
        }
        let other = tx.load(other)?;
        if other.header.object_type == stored.header.object_type
            && other.header.status != Status::Draft
        {
            let detail = format!(
                "{} has a segment {} already: change that one",
                other.header.object_type, other.header.name
            );
            return Err(Problem::new(ProblemKind::Conflict, "custom_segment.duplicate", detail)
                .field("header.name", "is taken already"));
        }
    }
    Ok(())
}
