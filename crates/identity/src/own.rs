//! What people may do for themselves, and administrators for everybody.

use tessera_kernel::{Kind as _, ObjectId, Problem, Ref, Source, Tx};

use crate::User;

/// Lets whoever is signed in as this user; anybody else needs the right. A token gives no more than
/// rights: it can't make other credentials of its owner.
pub(crate) fn require(
    tx: &mut Tx<'_>,
    user: ObjectId,
    action: &'static str,
) -> Result<(), Problem> {
    let actor = tx.actor();
    let is_person = actor.source() == Source::Session;
    if is_person && tx.load(Ref::<User>::new(user)).is_ok_and(|u| u.profile.login == actor.name()) {
        return Ok(());
    }
    actor.require(User::NAME, action)
}
