//! Nobody hands out what they have not: whether what somebody holds covers what is to be given.
//!
//! Compared is for each action on each object type: which objects it may be done to, up to which
//! limit, and what of the objects is withheld. Where the comparison can't tell, it is not covered.

mod rows;

use std::fmt;

use tessera_kernel::{
    Access, Actor, Kind as _, Limit, ObjectDef, Problem, ProblemKind, Registry, Rows, Tx,
};

use crate::Role;

/// The right to hand out what one has not. It counts only where it reaches every object.
pub const ESCALATE: &str = "escalate";

/// Stands for what there will be: only a line about every one is about it.
const ANY: &str = "*";
/// Missing rights that a refusal names.
const NAMED: usize = 3;

/// Refuses to hand out what the giver does not hold and the receiver does not have already, unless
/// the giver has the right to do so all the same.
///
/// # Errors
///
/// As forbidden, with what is missing and the role that gives it.
pub fn require_cover(
    tx: &Tx<'_>,
    giver: &Actor,
    has: Option<&Actor>,
    gets: &Actor,
) -> Result<(), Problem> {
    if may_escalate(giver) {
        return Ok(());
    }
    let holders: Vec<&Actor> = std::iter::once(giver).chain(has).collect();
    let told = |def| tx.told(def);
    let missing = missing((&tx.environment().registry, &told), &holders, gets);
    if missing.is_empty() {
        return Ok(());
    }
    let mut detail: Vec<String> = missing.iter().take(NAMED).map(Missing::to_string).collect();
    if missing.len() > NAMED {
        detail.push(format!("and {} more", missing.len() - NAMED));
    }
    let detail = format!(
        "{}: nobody hands out more than they have, but whoever may {ESCALATE} role",
        detail.join("; ")
    );
    Err(Problem::new(ProblemKind::Forbidden, "access.escalation", detail))
}

/// Whether the actor may hand out what they have not.
fn may_escalate(actor: &Actor) -> bool {
    let everywhere = |access: &Access| {
        let mut grants = access.grants(Role::NAME, ESCALATE);
        grants.any(|grant| grant.allow && grant.rows.is_empty())
    };
    actor.may(Role::NAME, ESCALATE) && actor.access().is_none_or(|access| everywhere(access))
}

/// A right that is to be given and that nobody of those who should holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Missing {
    object: String,
    action: String,
    /// By which role it is to be given.
    role: String,
    lack: Lack,
}

/// What the giver lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lack {
    Action,
    Objects,
    Limit,
    Field(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, action, role, lack } = self;
        match lack {
            Lack::Action => {
                write!(f, "you do not hold {object}:{action}, which role {role} gives")
            }
            Lack::Objects => write!(
                f,
                "you hold {object}:{action} for other objects than role {role} gives it for"
            ),
            Lack::Limit => {
                write!(f, "you hold {object}:{action} up to less than role {role} gives")
            }
            Lack::Field(field) => write!(
                f,
                "{field} of {object} is withheld from you, and not from whoever gets \
                 {object}:{action} by role {role}"
            ),
        }
    }
}

/// The definition of an object type with what was added to it.
type Told<'a> = &'a dyn Fn(&'static ObjectDef) -> &'static ObjectDef;

/// What of the rights of an actor none of the holders has: empty where they cover it. Each right
/// must be covered by one of them alone. Names what the first of them lacks.
///
/// It is reflexive and transitive, and a holder who gets another grant covers no less.
fn missing(
    (registry, told): (&Registry, Told<'_>),
    holders: &[&Actor],
    gets: &Actor,
) -> Vec<Missing> {
    let mut found = Vec::new();
    let mut compare = |def: Option<&'static ObjectDef>, object: &str, action: &str| {
        if !gets.may(object, action) {
            return;
        }
        let mut first = None;
        for holder in holders {
            match lack(def, (object, action), holder, gets) {
                None => return,
                Some(missing) => first = first.take().or(Some(missing)),
            }
        }
        found.extend(first);
    };
    let names = || registry.objects().map(|entry| (entry.def)());
    let mut every: Vec<&str> = names().flat_map(|def| registry.rights(def.name)).collect();
    every.sort_unstable();
    every.dedup();
    compare(None, ANY, ANY);
    every.into_iter().for_each(|action| compare(None, ANY, action));
    for def in names() {
        let told = told(def);
        compare(Some(told), def.name, ANY);
        registry.rights(def.name).into_iter().for_each(|action| {
            compare(Some(told), def.name, action);
        });
    }
    found
}

/// What one holder lacks of a right.
fn lack(
    def: Option<&'static ObjectDef>,
    (object, action): (&str, &str),
    holder: &Actor,
    gets: &Actor,
) -> Option<Missing> {
    let owned = def.is_none_or(|def| def.owned);
    let (given, held) = (lines(gets, object, action, owned), lines(holder, object, action, owned));
    let withheld = |rows: &[Rows]| denied(&given).any(|deny| rows::within(rows, deny));
    let is_live =
        |line: &&Line| line.allow && !line.rows.contains(&Rows::Nothing) && !withheld(&line.rows);
    let mut live = given.iter().filter(is_live).peekable();
    let role = live.peek()?.role.clone();
    let missing = |role: &str, lack| {
        let (object, action) = (object.to_string(), action.to_string());
        Some(Missing { object, action, role: role.to_string(), lack })
    };
    if !holder.may(object, action) {
        return missing(&role, Lack::Action);
    }
    for line in live {
        let is_allowed = held.iter().any(|own| own.allow && rows::within(&line.rows, &own.rows));
        let denied = denied(&held).all(|deny| withheld(deny) || rows::are_apart(deny, &line.rows));
        if !is_allowed || !denied {
            return missing(&line.role, Lack::Objects);
        }
    }
    if !limits(holder, object, action).cover(&limits(gets, object, action)) {
        return missing(&role, Lack::Limit);
    }
    let field = def.and_then(|def| withheld_field(def, holder, gets));
    field.and_then(|field| missing(&role, Lack::Field(field)))
}

/// A grant that speaks of a right, as it holds for objects of the type.
struct Line {
    role: String,
    allow: bool,
    rows: Vec<Rows>,
}

fn denied(lines: &[Line]) -> impl Iterator<Item = &[Rows]> {
    lines.iter().filter(|line| !line.allow).map(|line| line.rows.as_slice())
}

fn lines(actor: &Actor, object: &str, action: &str, owned: bool) -> Vec<Line> {
    match actor.access() {
        Some(access) => access
            .grants(object, action)
            .map(|grant| Line {
                role: grant.role.to_string(),
                allow: grant.allow,
                rows: rows::meant(&grant.rows, owned),
            })
            .collect(),
        None if actor.may(object, action) => {
            vec![Line { role: crate::ADMINISTRATOR.into(), allow: true, rows: Vec::new() }]
        }
        None => Vec::new(),
    }
}

/// Up to how much: none is without a limit.
struct Ceiling<'a>(Vec<&'a Limit>);

fn limits<'a>(actor: &'a Actor, object: &str, action: &str) -> Ceiling<'a> {
    Ceiling(actor.access().map_or_else(Vec::new, |access| access.limits(object, action)))
}

impl Ceiling<'_> {
    fn cover(&self, other: &Self) -> bool {
        let is_open = |it: &Self| it.0.is_empty() || it.0.iter().any(|l| l.amount.is_none());
        let amounts = is_open(self)
            || (!is_open(other)
                && other.0.iter().filter_map(|limit| limit.amount).all(|amount| {
                    let mut own = self.0.iter().filter_map(|limit| limit.amount);
                    own.any(|own| {
                        own.currency() == amount.currency() && own.minor() >= amount.minor()
                    })
                }));
        let is_open = |it: &Self| it.0.is_empty() || it.0.iter().any(|l| l.discount.is_none());
        let most = |it: &Self| it.0.iter().filter_map(|limit| limit.discount).max();
        amounts && (is_open(self) || (!is_open(other) && most(self) >= most(other)))
    }
}

/// A field that the holder sees less of, or may not change.
fn withheld_field(def: &'static ObjectDef, holder: &Actor, gets: &Actor) -> Option<String> {
    let (own, given) = (holder.mask(def)?, gets.mask(def));
    let is_less = |part: usize, field: &str| {
        own.of(part, field) > given.as_ref().and_then(|mask| mask.of(part, field))
    };
    def.composite.parts.iter().enumerate().find_map(|(at, part)| {
        let field = part.fields.iter().find(|field| is_less(at, field.name))?;
        Some(format!("{}.{}", part.name, field.name))
    })
}

#[cfg(test)]
mod tests;
