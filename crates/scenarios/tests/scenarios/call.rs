//! A call as the API gets it: data, so that it can be planned, shown, sent and repeated.

use std::fmt;

use serde_json::{Value, json};
use tessera_kernel::{Object, ObjectId, Problem, Ref, Tx};

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) object: &'static str,
    pub(crate) verb: Verb,
    pub(crate) body: Value,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Make an object.
    Create,
    /// Change the version of an object that somebody saw, or whichever there is.
    Change(ObjectId, Option<i64>),
    /// An action of an object, or of the object type.
    Act(Option<ObjectId>, &'static str),
}

impl Call {
    pub(crate) fn create(object: &'static str, body: Value) -> Self {
        Self { object, verb: Verb::Create, body }
    }

    pub(crate) fn change<T: Object>(id: Ref<T>, version: Option<i64>, body: Value) -> Self {
        Self { object: T::NAME, verb: Verb::Change(id.id(), version), body }
    }

    pub(crate) fn act<T: Object>(id: Ref<T>, action: &'static str, body: Value) -> Self {
        Self { object: T::NAME, verb: Verb::Act(Some(id.id()), action), body }
    }

    pub(crate) fn act_on_all<T: Object>(action: &'static str, body: Value) -> Self {
        Self { object: T::NAME, verb: Verb::Act(None, action), body }
    }

    /// The action, if it is one.
    pub(crate) fn action(&self) -> Option<&'static str> {
        match self.verb {
            Verb::Act(_, action) => Some(action),
            Verb::Create | Verb::Change(..) => None,
        }
    }

    /// Does it, after the right to it was demanded as the API does, before anything is told of
    /// the body or the object. Answers the id of what was made, what an action answers, and nothing of a change.
    pub(crate) fn perform(&self, tx: &mut Tx<'_>) -> Result<Value, Problem> {
        let registry = &tx.environment().registry;
        match self.verb {
            Verb::Create => {
                let create = registry.object(self.object).unwrap().create.unwrap();
                tx.actor().require(self.object, "create")?;
                create(tx, &self.body).map(|id| json!({ "id": id.to_string() }))
            }
            Verb::Change(id, version) => {
                let change = registry.object(self.object).unwrap().change.unwrap();
                tx.actor().require(self.object, "change")?;
                change(tx, id, version, &self.body).map(|()| Value::Null)
            }
            Verb::Act(id, action) => {
                let action = registry.action(self.object, action).unwrap();
                action.permit(tx.actor())?;
                // A verb of the object type looks at no target.
                (action.run)(tx, id.unwrap_or(ObjectId(Default::default())), &self.body)
            }
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, verb, body } = self;
        match verb {
            Verb::Create => write!(f, "{object}.create {body}"),
            Verb::Change(id, None) => write!(f, "{object}.change {id} {body}"),
            Verb::Change(id, Some(version)) => {
                write!(f, "{object}.change {id} version {version} {body}")
            }
            Verb::Act(None, action) => write!(f, "{object}.{action} {body}"),
            Verb::Act(Some(id), action) => write!(f, "{object}.{action} {id} {body}"),
        }
    }
}
