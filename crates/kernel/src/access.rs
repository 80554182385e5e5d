//! What a user may do: grants, field rules and limits, compiled from their roles.
//!
//! The kernel decides and knows no role object: a service makes the [`AccessDraft`] of a user, by
//! the [`Authority`] that it puts into the settings.

mod explain;
mod mask;
mod rows;

use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashMap;

pub use mask::{FieldRule, Mask, Visibility};
pub use rows::{Places, Rows};

use crate::{Date, Fault, Money, ObjectDef, ObjectId, Percentage, Predicate, Tx};

/// An object type or an action, or every one (`*`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// `*`
    Every,
    /// This one.
    One(Box<str>),
}

impl Pattern {
    /// Reads a pattern.
    pub fn of(text: &str) -> Self {
        if text == "*" { Self::Every } else { Self::One(text.into()) }
    }

    /// Whether a name is among what it means.
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::Every => true,
            Self::One(own) => **own == *name,
        }
    }
}

/// One line of a role as it holds for one user: it allows or denies an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Name of the role.
    pub role: Arc<str>,
    /// Line in the role.
    pub line: u32,
    /// Object type.
    pub object: Pattern,
    /// What is done to it: `read`, `create`, `change`, `delete`, or the name of a business action.
    pub action: Pattern,
    /// Allows; else denies, whatever other lines allow.
    pub allow: bool,
    /// Which objects: all of these hold.
    pub rows: Vec<Rows>,
}

impl Grant {
    fn fits(&self, object: &str, action: &str) -> bool {
        self.object.fits(object) && self.action.fits(action)
    }

    fn predicate(&self, def: &ObjectDef) -> Predicate {
        Predicate::all(self.rows.iter().map(|rows| rows.predicate(def)))
    }
}

/// Up to how much an action is allowed. What a role with the grant does not limit is not limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Name of the role.
    pub role: Arc<str>,
    /// Line in the role.
    pub line: u32,
    /// Object type.
    pub object: Pattern,
    /// Action.
    pub action: Pattern,
    /// Largest amount; amounts in other currencies are beyond it.
    pub amount: Option<Money>,
    /// Largest discount.
    pub discount: Option<Percentage>,
}

/// What an [`Access`] is made of.
#[derive(Clone, Debug, Default)]
pub struct AccessDraft {
    /// The team to which new objects of the user belong.
    pub home_team: Option<ObjectId>,
    /// Grants.
    pub grants: Vec<Grant>,
    /// Rules for fields.
    pub fields: Vec<FieldRule>,
    /// Limits.
    pub limits: Vec<Limit>,
}

/// Which objects of a type each action may be done to.
type ByAction = HashMap<Box<str>, Arc<Predicate>>;

/// What one user may do on one day.
#[derive(Debug)]
pub struct Access {
    user: ObjectId,
    generation: i64,
    day: Date,
    draft: AccessDraft,
    /// Asked for before: which objects of a type an action may be done to.
    rows: RwLock<HashMap<&'static str, ByAction>>,
    /// By the definition of the type: what was added to it has rules too.
    masks: RwLock<HashMap<usize, Arc<Mask>>>,
}

/// Makes the access of users and knows when it changed.
pub trait Authority: Send + Sync {
    /// The access of the user as the transaction sees it; the one given where that still holds.
    /// None where the user may not do anything any more. Unless what the transaction sees is
    /// `kept`, it may be undone, and nothing is remembered of it.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    fn current(
        &self,
        tx: &mut Tx<'_>,
        access: &Arc<Access>,
        kept: bool,
    ) -> Result<Option<Arc<Access>>, Fault>;
}

impl Access {
    /// The access of a user; `generation` counts the changes of roles and assignments.
    pub fn new(user: ObjectId, (generation, day): (i64, Date), draft: AccessDraft) -> Self {
        let (rows, masks) = (RwLock::default(), RwLock::default());
        Self { user, generation, day, draft, rows, masks }
    }

    /// One that does not hold: an [`Authority`] makes the one of the user of it.
    pub fn unknown(user: ObjectId) -> Self {
        Self::new(user, (i64::MIN, Date::MIN), AccessDraft::default())
    }

    /// The user.
    pub fn user(&self) -> ObjectId {
        self.user
    }

    /// When it was made: count of changes, and day.
    pub fn made(&self) -> (i64, Date) {
        (self.generation, self.day)
    }

    /// What it is made of.
    pub fn draft(&self) -> &AccessDraft {
        &self.draft
    }

    /// The grants that speak of an action on an object type.
    pub fn grants<'a>(
        &'a self,
        object: &'a str,
        action: &'a str,
    ) -> impl Iterator<Item = &'a Grant> {
        self.draft.grants.iter().filter(move |grant| grant.fits(object, action))
    }

    /// Whether the action may be done to any object of the type.
    pub fn allows(&self, object: &str, action: &str) -> bool {
        let mut allowed = false;
        for grant in self.grants(object, action) {
            if !grant.allow && grant.rows.is_empty() {
                return false;
            }
            allowed |= grant.allow && !grant.rows.contains(&Rows::Nothing);
        }
        allowed
    }

    /// To which objects of the type the action may be done: those that a grant allows and none
    /// denies.
    pub fn rows(&self, def: &'static ObjectDef, action: &str) -> Arc<Predicate> {
        let known = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(def.name).and_then(|actions| actions.get(action)) {
            return found.clone();
        }
        drop(known);
        let (allowed, denied): (Vec<&Grant>, Vec<&Grant>) =
            self.grants(def.name, action).partition(|grant| grant.allow);
        let allowed = Predicate::any(allowed.into_iter().map(|grant| grant.predicate(def)));
        let denied = denied.into_iter().map(|grant| grant.predicate(def).negated());
        let found = Arc::new(Predicate::all(std::iter::once(allowed).chain(denied)));
        let mut known = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(def.name).or_default().insert(action.into(), found.clone());
        found
    }

    /// What the user does not see of objects of the type, and may not change.
    pub fn mask(&self, def: &'static ObjectDef) -> Arc<Mask> {
        let known = self.masks.read().unwrap_or_else(PoisonError::into_inner);
        let address = std::ptr::from_ref(def).addr();
        if let Some(found) = known.get(&address) {
            return found.clone();
        }
        drop(known);
        let found = Arc::new(Mask::new(def, &self.draft.fields));
        let mut known = self.masks.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(address, found.clone());
        found
    }

    /// The limits of an action; none where a role allows it without one.
    pub fn limits(&self, object: &str, action: &str) -> Vec<&Limit> {
        let is = |limit: &&Limit| limit.object.fits(object) && limit.action.fits(action);
        let limits: Vec<&Limit> = self.draft.limits.iter().filter(is).collect();
        let mut granting = self.grants(object, action).filter(|grant| grant.allow);
        let unlimited = granting.any(|grant| !limits.iter().any(|l| l.role == grant.role));
        if unlimited { Vec::new() } else { limits }
    }
}

#[cfg(test)]
mod tests;
