//! Making a user. A password is set afterwards; until then nobody can sign in as them.

use serde_json::{Value, json as value};
use tessera_kernel::{Kind, ObjectId, Problem, Stored, Tx, json};

use crate::escalation::Gift;
use crate::{User, change};

/// The generic surface.
pub(crate) fn create(tx: &mut Tx<'_>, body: &Value) -> Result<ObjectId, Problem> {
    tx.actor().require(User::NAME, "create")?;
    let user: User = json::parse(body)?;
    if !user.is_assigned_like(&User::of(user.profile.clone().powerless())) {
        tx.actor().require(User::NAME, change::ASSIGN)?;
    }
    tx.check_references(&user)?;
    Ok(insert(tx, user)?.head.id)
}

/// Makes a user, whoever asks: the caller has checked that they may.
pub(crate) fn insert(tx: &mut Tx<'_>, user: User) -> Result<Stored<User>, Problem> {
    user.check()?;
    let login = user.profile.login.clone();
    if crate::user::by_login(tx, &login)?.is_some() {
        return Err(Problem::invalid("profile.login", format!("there is a user {login} already")));
    }
    let gift = Gift::to_be_made(tx, &user)?;
    let stored = tx.insert(user)?;
    gift.to(stored.head.id).check(tx)?;
    tessera_access::changed(tx)?;
    tx.emit("user.created", stored.head.id, &value!({ "login": login }))?;
    Ok(stored)
}
