//! Changing a user. Who is deactivated is signed out.

use serde_json::{Value, json as value};
use tessera_kernel::{Kind, ObjectId, Problem, ProblemKind, Ref, Stored, Tx, json};

use crate::escalation::Gift;
use crate::{User, session, user};

/// The right to give and take rights.
pub(crate) const ASSIGN: &str = "assign_roles";

/// The generic surface.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: ObjectId,
    version: Option<i64>,
    body: &Value,
) -> Result<(), Problem> {
    tx.actor().require(User::NAME, "change")?;
    let mut stored: Stored<User> = tx.load(Ref::new(id))?;
    if let Some(version) = version {
        tx.expect_version(&stored, version)?;
    }
    let before = stored.value.clone();
    stored.value = json::patch(&stored, body)?;
    if !stored.is_assigned_like(&before) {
        tx.actor().require(User::NAME, ASSIGN)?;
    }
    tx.check_references(&stored.value)?;
    save(tx, stored)
}

/// Saves a user under the rules.
pub(crate) fn save(tx: &mut Tx<'_>, mut stored: Stored<User>) -> Result<(), Problem> {
    stored.check()?;
    let gift = Gift::of(tx, stored.head.id, &stored.value)?;
    if !stored.administers() && !user::other_administrator(tx, stored.head.id)? {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "identity.last_administrator",
            format!(
                "{} is the last administrator: make somebody else one first",
                stored.profile.login
            ),
        ));
    }
    if !stored.profile.active || stored.profile.service {
        session::close_all(tx, stored.head.id, None)?;
    }
    if tx.save(&mut stored)? {
        tessera_access::changed(tx)?;
        let payload = value!({ "login": stored.profile.login, "active": stored.profile.active });
        tx.emit("user.changed", stored.head.id, &payload)?;
    }
    gift.check(tx)
}
