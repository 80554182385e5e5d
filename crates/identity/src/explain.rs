//! Why a user may do something, or may not; and everything that they may do.

use serde_json::Value;
use tessera_kernel::{
    Action, Answer, Composite as _, Fault, Form, Kind as _, NoInput, ObjectId, Problem, Record,
    Rule, Tx, json,
};

use crate::{User, rights};

/// What is asked about.
#[derive(Record, Clone, Debug)]
pub(crate) struct Question {
    /// Object type.
    #[field(max = 60)]
    pub(crate) object_type: String,
    /// Action, like `change`.
    #[field(max = 60)]
    pub(crate) action: String,
    /// Id of one object, where the question is about one.
    #[field(max = 36)]
    pub(crate) object_id: Option<String>,
    /// Part and field, like `header.net_value`, where the question is about one.
    #[field(max = 120)]
    pub(crate) field: Option<String>,
}

/// The input of the verb.
#[derive(Form, Clone, Debug)]
pub(crate) struct Asked {
    /// What is asked about.
    #[form(flatten)]
    pub(crate) question: Question,
}

/// The right to the verbs.
pub(crate) const RIGHT: &str = "explain_access";

const RULES: &[Rule] =
    &[Rule { name: "permission", help: "Whoever asks may explain the rights of users." }];

/// The verbs.
pub(crate) fn actions() -> Vec<Action> {
    let why = "Tells why the user may do something, or may not, by role and line.";
    let all = "Tells everything that the user may do.";
    vec![
        Action::on_object(User::NAME, RIGHT, why, Asked::composite, RULES, explain)
            .reading()
            .answering(Answer::Report),
        Action::on_object(
            User::NAME,
            "effective_access",
            all,
            NoInput::composite,
            RULES,
            effective,
        )
        .reading()
        .with_right(User::NAME, RIGHT)
        .answering(Answer::Report),
        crate::what_would_change::ACTION,
    ]
}

fn explain(tx: &mut Tx<'_>, user: ObjectId, input: &Value) -> Result<Value, Problem> {
    tx.actor().require(User::NAME, RIGHT)?;
    let Question { object_type, action, object_id, field } = json::parse::<Asked>(input)?.question;
    let registry = &tx.environment().registry;
    let Some(entry) = registry.object(&object_type) else {
        let known: Vec<&str> = registry.objects().map(|entry| (entry.def)().name).collect();
        let rule = format!("is no object type; there are: {}", known.join(", "));
        return Err(Problem::invalid("object_type", rule));
    };
    let def = tx.told((entry.def)());
    let rights = registry.rights(def.name);
    if !rights.contains(action.as_str()) {
        let rights: Vec<&str> = rights.into_iter().collect();
        let rule = format!("is no action of {object_type}; there are: {}", rights.join(", "));
        return Err(Problem::invalid("action", rule));
    }
    let field = match field.as_deref() {
        None => None,
        Some(path) => Some(path.split_once('.').ok_or_else(|| {
            Problem::invalid("field", "must be a part and a field, like `header.net_value`")
        })?),
    };
    let row = match object_id {
        None => None,
        Some(text) => {
            let id: ObjectId =
                text.parse().map_err(|_| Problem::invalid("object_id", "must be a UUID"))?;
            tx.permit(def, id, "read")?;
            let row = tx.head_cells(def, id, false)?;
            Some(row.ok_or_else(|| Fault::missing(def.name, id))?)
        }
    };
    let Some(access) = rights::access(tx, user)? else { return Ok(inactive()) };
    Ok(access.explain(def, &action, row.as_deref(), field))
}

fn effective(tx: &mut Tx<'_>, user: ObjectId, _input: &Value) -> Result<Value, Problem> {
    tx.actor().require(User::NAME, RIGHT)?;
    let Some(access) = rights::access(tx, user)? else { return Ok(inactive()) };
    Ok(access.effective(&tx.environment().registry))
}

fn inactive() -> Value {
    serde_json::json!({ "allowed": false, "because": "the user is not active", "objects": [] })
}
