//! Nobody becomes by a user what they are not: who hands out a credential of a user, or gives them
//! rights, must hold what the user holds then.
//!
//! Asked is for today and for every later day on which a role or a substitution begins or ends. Who
//! may not sign in counts as if they could: somebody may let them in again.

use std::collections::BTreeSet;

use tessera_access::require_cover;
use tessera_kernel::{
    Actor, Cell, Date, Fault, ObjectId, Problem, Ref, Source, Tx, Validity, Zone,
};

use crate::rights;
use crate::scope::Scope;
use crate::user::{User, UserSubstitute};

/// Refuses a credential of a user, by which may be done what is within the scope.
///
/// # Errors
///
/// As forbidden, where the actor does not hold all of that; where there is no such user.
pub(crate) fn check_credential(
    tx: &mut Tx<'_>,
    user: ObjectId,
    scope: &Scope,
) -> Result<(), Problem> {
    let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
    let today = tx.today(&Zone::UTC);
    // What will be theirs is theirs already.
    let days = match tx.actor().user_id() {
        Some(own) if own == user => BTreeSet::from([today]),
        _ => days(tx, user)?,
    };
    for day in days {
        if let Some(gets) = held(tx, user, day)? {
            let gets = scope.limit(gets);
            require_cover(tx, tx.actor(), None, &gets).map_err(|refused| about(refused, &login))?;
        }
    }
    Ok(())
}

/// What a change of a user gives, and to whom: to the user, and to whoever stands in for them.
pub(crate) struct Gift {
    login: String,
    days: BTreeSet<Date>,
    /// Who gets something, with what they had on each of the days.
    receivers: Vec<(ObjectId, Vec<Option<Actor>>)>,
}

impl Gift {
    /// What making a user is going to give, to others at first.
    pub(crate) fn to_be_made(tx: &mut Tx<'_>, user: &User) -> Result<Self, Fault> {
        let others = user.substitutes.iter().map(|record| record.substitute.id()).collect();
        Self::begin(tx, user, None, others)
    }

    /// The same, and to somebody who had nothing.
    pub(crate) fn to(mut self, user: ObjectId) -> Self {
        let nothing = self.days.iter().map(|_| None).collect();
        self.receivers.push((user, nothing));
        self
    }

    /// What is going to be given by a change of a user that is not stored yet.
    pub(crate) fn of(tx: &mut Tx<'_>, id: ObjectId, after: &User) -> Result<Self, Fault> {
        let before = tx.load(Ref::<User>::new(id))?.value;
        let let_in = after.profile.active && !before.profile.active;
        let mut others = BTreeSet::new();
        if !after.is_assigned_like(&before) {
            let substitutes = before.substitutes.iter().chain(&after.substitutes);
            others.extend(substitutes.map(|record| record.substitute.id()));
            if !let_in {
                others.insert(id);
            }
        }
        let gift = Self::begin(tx, after, Some(id), others)?;
        Ok(if let_in { gift.to(id) } else { gift })
    }

    fn begin(
        tx: &mut Tx<'_>,
        after: &User,
        id: Option<ObjectId>,
        receivers: BTreeSet<ObjectId>,
    ) -> Result<Self, Fault> {
        let mut days = BTreeSet::from([tx.today(&Zone::UTC)]);
        days.extend(turns(after));
        for user in receivers.iter().copied().chain(id) {
            days.extend(self::days(tx, user)?);
        }
        let mut gift = Self { login: after.profile.login.clone(), days, receivers: Vec::new() };
        gift.days.retain(|day| *day >= tx.today(&Zone::UTC));
        for user in receivers {
            let had: Result<Vec<_>, Fault> = gift
                .days
                .iter()
                .map(|day| match held(tx, user, *day) {
                    // A role of theirs is gone: they have nothing, and get what is left.
                    Err(Fault::Missing { .. }) => Ok(None),
                    found => found,
                })
                .collect();
            gift.receivers.push((user, had?));
        }
        Ok(gift)
    }

    /// Refuses the change, which was stored meanwhile, where the actor gives by it what they do not
    /// hold.
    pub(crate) fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        for (user, had) in &self.receivers {
            for (day, had) in self.days.iter().zip(had) {
                let Some(gets) = held(tx, *user, *day)? else { continue };
                require_cover(tx, tx.actor(), had.as_ref(), &gets)
                    .map_err(|refused| about(refused, &self.login))?;
            }
        }
        Ok(())
    }
}

/// What a user holds on a day, who might be let in again.
fn held(tx: &mut Tx<'_>, user: ObjectId, day: Date) -> Result<Option<Actor>, Fault> {
    let access = rights::once_active(tx, user, day)?;
    Ok(access.map(|access| Actor::with_access("somebody", Source::System, access)))
}

/// Today, and the later days on which what a user holds turns into something else.
fn days(tx: &mut Tx<'_>, user: ObjectId) -> Result<BTreeSet<Date>, Fault> {
    let today = tx.today(&Zone::UTC);
    let mut days = BTreeSet::from([today]);
    match tx.load(Ref::<User>::new(user)) {
        Ok(stored) => days.extend(turns(&stored.value)),
        Err(Fault::Missing { .. }) => {}
        Err(fault) => return Err(fault),
    }
    let absent = tx.records_by::<UserSubstitute>("substitute", Cell::Uuid(user.0))?;
    days.extend(absent.iter().flat_map(|(_, record)| ends(record.valid)));
    days.retain(|day| *day >= today);
    Ok(days)
}

fn turns(user: &User) -> impl Iterator<Item = Date> {
    let roles = user.roles.iter().filter_map(|role| role.valid);
    roles.chain(user.substitutes.iter().map(|record| record.valid)).flat_map(ends)
}

/// The first day of a time, and the first after it.
fn ends(valid: Validity) -> impl Iterator<Item = Date> {
    std::iter::once(valid.from).chain(valid.to.tomorrow().ok())
}

fn about(refused: Problem, login: &str) -> Problem {
    Problem { detail: format!("user {login}: {}", refused.detail), ..refused }
}
