//! A segment comes to be there, and goes from sight.

use serde_json::{Value, json};
use tessera_kernel::{
    Action, Actor, Answer, Checked as _, Composite as _, Database, Fault, Kind as _, NoInput,
    Object as _, ObjectId, Problem, ProblemKind, Ref, Rule, Stored, Tx, json as bodies,
};

use crate::entry::expect_alone;
use crate::{CustomSegmentDefinition, Status};

const ACTIVATION: &[Rule] = &[
    Rule {
        name: "definition",
        help: "It is complete, and nothing that was activated is missing or of another kind.",
    },
    Rule { name: "alone", help: "No other definition of this segment was activated." },
];

/// The verbs.
pub(crate) fn actions() -> Vec<Action> {
    let object = CustomSegmentDefinition::NAME;
    vec![
        Action::on_object(
            object,
            "activate",
            "Has the segment be there as it is defined, on every surface at once; also again after a change or where \
             it was retired.",
            NoInput::composite,
            ACTIVATION,
            activate,
        )
        .preparing(prepare)
        .answering(Answer::Object(object)),
        Action::on_object(
            object,
            "retire",
            "Takes the segment from every surface. What it holds stays, and is there again when it is activated.",
            NoInput::composite,
            &[],
            retire,
        )
        .preparing(|_, _, _| Ok(()))
        .answering(Answer::Object(object)),
    ]
}

/// Makes the tables before the command, so that nobody waits for them.
fn prepare(database: &Database, actor: &Actor, id: ObjectId) -> Result<(), Problem> {
    let segment = database.read(actor, |tx| {
        tx.permit(CustomSegmentDefinition::def(), id, "activate")?;
        let stored: Stored<CustomSegmentDefinition> = tx.load(Ref::new(id))?;
        stored.check(tx)?;
        Ok::<_, Problem>(stored.to_segment(false))
    })?;
    Ok(database.prepare_extension(&segment).map_err(Fault::from)?)
}

fn activate(tx: &mut Tx<'_>, id: ObjectId, _input: &Value) -> Result<Value, Problem> {
    tx.actor().require(CustomSegmentDefinition::NAME, "activate")?;
    let stored: Stored<CustomSegmentDefinition> = tx.load(Ref::new(id))?;
    stored.check(tx)?;
    expect_alone(tx, &stored)?;
    let segment = stored.to_segment(false);
    if !tx.is_prepared(&segment) {
        let detail = format!("{} was changed meanwhile: activate it again", stored.header.name);
        return Err(Problem::new(ProblemKind::Conflict, "custom_segment.changed", detail));
    }
    tx.activate_segment(&segment)?;
    with_status(tx, stored, Status::Active, "custom_segment.activated")
}

fn retire(tx: &mut Tx<'_>, id: ObjectId, _input: &Value) -> Result<Value, Problem> {
    tx.actor().require(CustomSegmentDefinition::NAME, "retire")?;
    let stored: Stored<CustomSegmentDefinition> = tx.load(Ref::new(id))?;
    let table = stored.to_segment(true).table();
    let activated = tx.activated_segments()?.into_iter().find(|it| it.table() == table);
    let Some(mut activated) = activated.filter(|_| stored.header.status != Status::Draft) else {
        let detail = format!("{} was never activated: delete it", stored.header.name);
        return Err(Problem::new(ProblemKind::Conflict, "custom_segment.draft", detail));
    };
    activated.retired = true;
    tx.activate_segment(&activated)?;
    with_status(tx, stored, Status::Retired, "custom_segment.retired")
}

fn with_status(
    tx: &mut Tx<'_>,
    mut stored: Stored<CustomSegmentDefinition>,
    status: Status,
    event: &'static str,
) -> Result<Value, Problem> {
    stored.header.status = status;
    tx.save(&mut stored)?;
    let name = json!({ "object_type": stored.header.object_type, "name": stored.header.name });
    tx.emit(event, stored.id().id(), &name)?;
    Ok(bodies::stored_to_json(&stored)?)
}
