//! What verbs take besides what they were compiled with.

use std::borrow::Cow;

use super::{Extended, Extensions};
use crate::{Action, ActionTarget, Answer, CompositeDef};

/// A body of a new object with what was added to its type: what it may have.
///
/// Parts of the form come first.
fn with_custom(form: &CompositeDef, extended: Option<&Extended>) -> CompositeDef {
    let custom = extended.into_iter().flat_map(|it| it.told_parts.parts.iter());
    let parts = form.parts.iter().chain(custom).cloned().collect();
    CompositeDef { name: form.name, help: form.help, parts }
}

impl Extensions {
    /// The input of a verb that makes objects of a type: with what was added to these.
    pub fn input<'d>(&self, object: &str, form: &'d CompositeDef) -> Cow<'d, CompositeDef> {
        match self.of(object) {
            None => Cow::Borrowed(form),
            extended => Cow::Owned(with_custom(form, extended)),
        }
    }

    /// The input of a verb; one that makes objects of its type takes what was added to these.
    pub fn input_of(&self, action: &Action) -> Cow<'static, CompositeDef> {
        let form = (action.input)();
        if action.makes() { self.input(action.object, form) } else { Cow::Borrowed(form) }
    }
}

impl Action {
    /// Whether it is a verb of a collection that answers with objects of this, which it made.
    pub fn makes(&self) -> bool {
        let answers = match self.answer {
            Answer::Object(name) | Answer::Member(_, name) | Answer::Members(_, name) => {
                name == self.object
            }
            Answer::Head => true,
            Answer::Report => false,
        };
        answers && self.target == ActionTarget::Collection && !self.reads
    }
}
