//! What an edit of a role, a team or a business line gives: nobody gives by it what they have not.
//!
//! Whom it gives something to is not asked, since tomorrow it may be somebody else: a role is
//! measured as somebody would have it of whom nothing is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use tessera_kernel::{
    Access, AccessDraft, Actor, Checked, Date, Grant, ObjectId, Pattern, Places, Problem, Rows,
    Source, Tx,
};
use uuid::Uuid;

use crate::compile::{self, Reach};
use crate::cover::require_cover;
use crate::{BusinessLine, Effect, Role, Scope, Team};

/// What rights are made of.
pub(crate) trait Gives: Checked {
    /// Refuses an edit, which may be done already, that gives what the actor has not.
    fn check_given(
        tx: &mut Tx<'_>,
        id: ObjectId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<(), Problem>;
}

impl Gives for Role {
    fn check_given(
        tx: &mut Tx<'_>,
        _id: ObjectId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<(), Problem> {
        let draft = |role: Option<&Self>| {
            role.map_or_else(AccessDraft::default, |role| draft_of(role, &anybody()))
        };
        let (former, mut gets) = (draft(before), draft(after));
        let freed = freed(tx, &former, &gets);
        gets.grants.extend(freed);
        // Customizing names roles: under another name it is another role.
        let same = before.zip(after).is_some_and(|(a, b)| a.header.name == b.header.name);
        let has = same.then(|| somebody(former));
        require_cover(tx, tx.actor(), has.as_ref(), &somebody(gets))
    }
}

impl Gives for Team {
    /// Whoever may do something in the tree above reaches what moves there.
    fn check_given(
        tx: &mut Tx<'_>,
        id: ObjectId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<(), Problem> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        if after.header.parent.is_none() || before.header.parent == after.header.parent {
            return Ok(());
        }
        let tree = compile::below(tx, &BTreeSet::from([id]))?;
        let reach = Reach { tree, ..anybody() };
        let is_given = |scope| scope == Scope::TeamTree;
        for role in roles(tx, is_given)? {
            require_cover(tx, tx.actor(), None, &somebody(draft_of(&role, &reach)))?;
        }
        Ok(())
    }
}

impl Gives for BusinessLine {
    /// Whoever has a role in the line reaches what comes into it.
    fn check_given(
        tx: &mut Tx<'_>,
        _id: ObjectId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<(), Problem> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        let (former, wider) = (compile::places(tx, before), compile::places(tx, after));
        if former == wider {
            return Ok(());
        }
        let (former, wider) = (Arc::new(former), Arc::new(wider));
        for role in roles(tx, |_| true)? {
            let within = |line: &Arc<Places>| {
                somebody(draft_of(&role, &Reach { line: Some(line.clone()), ..anybody() }))
            };
            require_cover(tx, tx.actor(), Some(&within(&former)), &within(&wider))?;
        }
        Ok(())
    }
}

/// Every role with those of its grants that allow something in these scopes.
fn roles(tx: &mut Tx<'_>, is_given: impl Fn(Scope) -> bool) -> Result<Vec<Role>, Problem> {
    let mut found = Vec::new();
    for id in tx.all::<Role>()? {
        let mut role = tx.load(id)?.value;
        role.grants.retain(|grant| grant.effect == Effect::Allow && is_given(grant.scope));
        found.push(role);
    }
    Ok(found)
}

/// Somebody of whom nothing is known: whoever has the role has rows of their own, which nobody else
/// has but who may do it to all.
fn anybody() -> Reach {
    let nobody = |number| ObjectId(Uuid::from_u128(number));
    let company_codes = BTreeSet::from([String::new()]);
    let line = Places { company_codes, ..Places::default() };
    Reach {
        owners: [nobody(1)].into(),
        teams: [nobody(2)].into(),
        tree: [nobody(2), nobody(3)].into(),
        line: None,
        no_line: Rows::Places(line.into()),
    }
}

/// What a role gives somebody with this reach.
fn draft_of(role: &Role, reach: &Reach) -> AccessDraft {
    let mut draft = AccessDraft::default();
    compile::add(&mut draft, role, reach);
    draft
}

fn somebody(draft: AccessDraft) -> Actor {
    let access = Access::new(ObjectId(Uuid::nil()), (0, Date::MIN), draft);
    Actor::with_access("somebody", Source::System, access.into())
}

/// What a role held back, also of what other roles allow, and holds back no more.
fn freed(tx: &Tx<'_>, former: &AccessDraft, now: &AccessDraft) -> Vec<Grant> {
    let is_same = |a: &Grant, b: &Grant| {
        (&a.object, &a.action, a.allow, &a.rows) == (&b.object, &b.action, b.allow, &b.rows)
    };
    let denies = former.grants.iter().filter(|grant| !grant.allow);
    let ended = denies.filter(|deny| !now.grants.iter().any(|grant| is_same(grant, deny)));
    let mut freed: Vec<Grant> = ended.map(|deny| Grant { allow: true, ..deny.clone() }).collect();
    let Some(role) = former.fields.first().map(|rule| rule.role.clone()) else { return freed };
    for def in tx.environment().registry.objects().map(|entry| tx.told((entry.def)())) {
        let of = |draft: &AccessDraft| somebody(draft.clone()).mask(def);
        let Some(former) = of(former) else { continue };
        let now = of(now);
        let is_shown = |part: usize, field: &str| {
            now.as_ref().and_then(|now| now.of(part, field)) < former.of(part, field)
        };
        let mut parts = def.composite.parts.iter().enumerate();
        if parts.any(|(at, part)| part.fields.iter().any(|field| is_shown(at, field.name))) {
            // Whoever may do something to such objects sees more of them.
            freed.push(Grant {
                role: role.clone(),
                line: 0,
                object: Pattern::of(def.name),
                action: Pattern::Every,
                allow: true,
                rows: Vec::new(),
            });
        }
    }
    freed
}
