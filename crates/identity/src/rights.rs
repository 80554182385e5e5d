//! From a user to what their roles allow.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use tessera_access::{Assignment, Person, Role};
use tessera_kernel::{
    Access, Actor, Authority, Cell, Date, Fault, Object as _, ObjectId, Ref, Source, Tx, Validity,
    Zone,
};

use crate::user::{User, UserSubstitute};

/// Users whose access is remembered at most.
const CAPACITY: usize = 10_000;

/// Compiles the rights of users and remembers them until something of that was changed.
#[derive(Default)]
struct Rights(Mutex<HashMap<ObjectId, Arc<Access>>>);

/// What makes the access of users.
pub fn authority() -> Arc<dyn Authority> {
    Arc::new(Rights::default())
}

impl Authority for Rights {
    fn current(
        &self,
        tx: &mut Tx<'_>,
        access: &Arc<Access>,
        kept: bool,
    ) -> Result<Option<Arc<Access>>, Fault> {
        let made = now(tx)?;
        if access.made() == made {
            return Ok(Some(access.clone()));
        }
        let known =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&access.user()).cloned();
        if let Some(known) = known.filter(|known| known.made() == made) {
            return Ok(Some(known));
        }
        let found = of(tx, access.user(), made)?;
        if let Some(found) = found.as_ref().filter(|_| kept) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= CAPACITY {
                known.clear();
            }
            known.insert(access.user(), found.clone());
        }
        Ok(found)
    }
}

/// The actor that a user is; none where they may not sign in.
pub(crate) fn actor(
    tx: &mut Tx<'_>,
    user: ObjectId,
    source: Source,
) -> Result<Option<Actor>, Fault> {
    let made = now(tx)?;
    let Some(access) = of(tx, user, made)? else { return Ok(None) };
    let login = tx.load(Ref::<User>::new(user))?.value.profile.login;
    Ok(Some(Actor::with_access(&login, source, access)))
}

/// What a user may do; none where they may not sign in.
pub(crate) fn access(tx: &mut Tx<'_>, user: ObjectId) -> Result<Option<Arc<Access>>, Fault> {
    let made = now(tx)?;
    tx.head(User::def(), user)?;
    of(tx, user, made)
}

/// What a user could do if a role was another one; none where they may not sign in.
pub(crate) fn access_with(
    tx: &mut Tx<'_>,
    user: ObjectId,
    edited: (Ref<Role>, &Role),
) -> Result<Option<Arc<Access>>, Fault> {
    let made = now(tx)?;
    let Some(person) = person(tx, user, made.1, Counting::Active)? else { return Ok(None) };
    let draft = tessera_access::draft_with(tx, &person, Some(edited))?;
    Ok(Some(Arc::new(Access::new(user, made, draft))))
}

/// What an access was made under: the count of changes, and the day.
fn now(tx: &mut Tx<'_>) -> Result<(i64, Date), Fault> {
    Ok((tessera_access::generation(tx)?, tx.today(&Zone::UTC)))
}

fn of(tx: &mut Tx<'_>, id: ObjectId, made: (i64, Date)) -> Result<Option<Arc<Access>>, Fault> {
    let Some(person) = person(tx, id, made.1, Counting::Active)? else { return Ok(None) };
    let draft = tessera_access::draft(tx, &person)?;
    Ok(Some(Arc::new(Access::new(id, made, draft))))
}

/// What a user may do on a day once they may sign in; none where there is no such user.
pub(crate) fn once_active(
    tx: &mut Tx<'_>,
    user: ObjectId,
    day: Date,
) -> Result<Option<Arc<Access>>, Fault> {
    let Some(person) = person(tx, user, day, Counting::Everybody)? else { return Ok(None) };
    let draft = tessera_access::draft(tx, &person)?;
    Ok(Some(Arc::new(Access::new(user, (i64::MIN, day), draft))))
}

/// Whose rights count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// Those of whoever may sign in.
    Active,
    /// Also those of whoever may not for now.
    Everybody,
}

/// What the rights of a user follow from on a day; none where they do not count.
fn person(
    tx: &mut Tx<'_>,
    id: ObjectId,
    day: Date,
    counting: Counting,
) -> Result<Option<Person>, Fault> {
    let user = match tx.load(Ref::<User>::new(id)) {
        Ok(user) => user.value,
        Err(Fault::Missing { .. }) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    if !user.profile.active && counting == Counting::Active {
        return Ok(None);
    }
    let counts = |valid: &Option<Validity>| valid.is_none_or(|valid| valid.contains(day));
    let roles = user.roles.iter().filter(|role| counts(&role.valid));
    let home = user.teams.iter().find(|team| team.home).or(user.teams.first());
    let mut person = Person {
        administrator: user.profile.administrator,
        roles: roles.map(|r| Assignment { role: r.role, line: r.business_line }).collect(),
        owners: vec![id],
        teams: user.teams.iter().map(|team| team.team).collect(),
        home_team: home.map(|team| team.team),
    };
    let absent = tx.records_by::<UserSubstitute>("substitute", Cell::Uuid(id.0))?;
    for (absent, _) in absent.into_iter().filter(|(_, record)| record.valid.contains(day)) {
        person.owners.push(absent);
        let teams = tx.load(Ref::<User>::new(absent))?.value.teams;
        person.teams.extend(teams.iter().map(|team| team.team));
    }
    Ok(Some(person))
}
