//! Who is responsible for an object: handed over, with a change document.

use serde_json::{Value, json};

use crate::change::{OWNER, RESPONSIBLE, TEAM};
use crate::history::Deed;
use crate::{
    Action, Cell, CellRef, Composite, Fault, FieldChange, Form, Kind, Object, ObjectDef, ObjectId,
    Problem, Record, Ref, Rule, Tx, head_column, json as body,
};

/// Somebody who may sign in; the service that has users defines them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserKind;

impl UserKind {
    /// Part and field by which a user is named wherever it is told who did something. It stands with every object and
    /// change, so it can't be withheld.
    pub const NAMED_BY: (&'static str, &'static str) = ("profile", "login");
}

impl Kind for UserKind {
    const NAME: &'static str = "user";
}

/// People who are responsible together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamKind;

impl Kind for TeamKind {
    const NAME: &'static str = "team";
}

/// Who is responsible from now on; what is left out stays.
#[derive(Record, Clone, Debug, PartialEq)]
pub struct Responsible {
    /// The user.
    pub owner: Option<Ref<UserKind>>,
    /// The team.
    pub team: Option<Ref<TeamKind>>,
}

/// Hands an object over.
#[derive(Form, Clone, Debug)]
pub struct Assign {
    /// Who is responsible.
    #[form(flatten)]
    pub responsible: Responsible,
}

/// Rules of `assign`, in order.
const RULES: &[Rule] = &[
    Rule {
        name: "permission",
        help: "Whoever hands it over may assign such objects, and this one.",
    },
    Rule { name: "known", help: "The user and the team exist." },
];

impl Action {
    /// The verb that hands an object over: of every object type that is `owned`.
    pub const fn assigning<T: Object>() -> Self {
        let help = "Hands it over to another user or team.";
        Self::on_object(T::NAME, "assign", help, Assign::composite, RULES, assign::<T>)
    }
}

fn assign<T: Object>(tx: &mut Tx<'_>, id: ObjectId, input: &Value) -> Result<Value, Problem> {
    tx.actor().require(T::NAME, "assign")?;
    let input: Assign = body::parse(input)?;
    if input.responsible == (Responsible { owner: None, team: None }) {
        return Err(Problem::invalid("owner", "is missing: give a user, a team, or both"));
    }
    tx.check_references(&input)?;
    let Responsible { owner, team } = input.responsible;
    tx.hand_over(T::def(), id, owner.map(Ref::id), team.map(Ref::id))?;
    let head = tx.head(T::def(), id)?;
    Ok(json!({ "id": id.to_string(), "number": head.number, "version": head.version }))
}

impl Tx<'_> {
    /// Hands an object over to a user, who is known.
    pub fn give<T: Object>(&mut self, id: Ref<T>, owner: Ref<UserKind>) -> Result<(), Fault> {
        self.hand_over(T::def(), id.id(), Some(owner.id()), None)
    }

    fn hand_over(
        &mut self,
        def: &'static ObjectDef,
        id: ObjectId,
        owner: Option<ObjectId>,
        team: Option<ObjectId>,
    ) -> Result<(), Fault> {
        self.writable()?;
        let head = self.hold_object(def, id)?;
        let (mut cells, mut changes) = (Vec::new(), Vec::new());
        for (field, column, old, new) in [
            (OWNER, head_column::OWNER, head.owner, owner),
            (TEAM, head_column::TEAM, head.team, team),
        ] {
            let Some(new) = new.filter(|new| old != Some(*new)) else { continue };
            cells.push((column, Cell::Uuid(new.0)));
            let text = |id: ObjectId| Value::from(id.to_string()).to_string();
            changes.push(FieldChange {
                line: cells.len() as i64,
                segment: RESPONSIBLE.into(),
                old: old.map(text),
                new: Some(text(new)),
                ..self.mark((id, head.version + 1), field)
            });
        }
        if cells.is_empty() {
            return Ok(());
        }
        self.supersede(def, id)?;
        let columns: Vec<(usize, CellRef<'_>)> =
            cells.iter().map(|(column, cell)| (*column, cell.as_ref())).collect();
        let next = self.next(def, (id, head.history), Deed::Changed, changes);
        self.raise_version(def, id, (head.version, next.history), &columns)?;
        self.write_changes(id, &next)
    }
}
