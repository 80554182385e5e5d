//! What people may do for themselves, and administrators for everybody.

use tessera_kernel::{Kind as _, ObjectId, Problem, Source, Tx};

use crate::{IdentityError, User};

/// Lets nobody but whoever is signed in as this user.
pub(crate) fn only(tx: &mut Tx<'_>, user: ObjectId) -> Result<(), IdentityError> {
    if is_own(tx, user) { Ok(()) } else { Err(IdentityError::SessionNeeded) }
}

fn is_own(tx: &mut Tx<'_>, user: ObjectId) -> bool {
    tx.actor().source() == Source::Session && tx.actor().user_id() == Some(user)
}

/// Lets whoever is signed in as this user; anybody else needs the right. A token gives no more than
/// rights: it can't make other credentials of its owner.
pub(crate) fn require(
    tx: &mut Tx<'_>,
    user: ObjectId,
    action: &'static str,
) -> Result<(), Problem> {
    if is_own(tx, user) { Ok(()) } else { tx.actor().require(User::NAME, action) }
}
