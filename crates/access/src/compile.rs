//! From roles, teams and lines to what the kernel decides by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tessera_kernel::{
    AccessDraft, Fault, FieldRule, Grant, Limit, Object, ObjectId, Pattern, Places, Ref, Rows,
    Select, Tx, Visibility, head_column,
};

use crate::{BusinessLine, Effect, FieldVisibility, Role, Scope, Team};

/// The role of whoever is marked as administrator: it is there also where nobody made it.
pub const ADMINISTRATOR: &str = "administrator";

/// A role that a user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The role.
    pub role: Ref<Role>,
    /// The line beyond which it reaches nothing.
    pub line: Option<Ref<BusinessLine>>,
}

/// What the rights of a user follow from.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Marked as administrator.
    pub administrator: bool,
    /// Roles on the day.
    pub roles: Vec<Assignment>,
    /// The user, and whom they substitute for on the day.
    pub owners: Vec<ObjectId>,
    /// Their teams, and those of whom they substitute for.
    pub teams: Vec<Ref<Team>>,
    /// The team to which belongs what they make.
    pub home_team: Option<Ref<Team>>,
}

/// Compiles what a user may do.
///
/// # Errors
///
/// Where the database can't be read.
pub fn draft(tx: &mut Tx<'_>, person: &Person) -> Result<AccessDraft, Fault> {
    draft_with(tx, person, None)
}

/// The same as if a role was another one.
///
/// # Errors
///
/// Where the database can't be read.
pub fn draft_with(
    tx: &mut Tx<'_>,
    person: &Person,
    edited: Option<(Ref<Role>, &Role)>,
) -> Result<AccessDraft, Fault> {
    let home_team = person.home_team.map(Ref::id);
    let mut draft = AccessDraft { home_team, ..AccessDraft::default() };
    if person.administrator {
        draft.grants.push(Grant {
            role: ADMINISTRATOR.into(),
            line: 1,
            object: Pattern::Every,
            action: Pattern::Every,
            allow: true,
            rows: Vec::new(),
        });
    }
    let teams: BTreeSet<ObjectId> = person.teams.iter().map(|team| team.id()).collect();
    let mut reach = Reach {
        owners: person.owners.clone().into(),
        tree: if teams.is_empty() { Arc::default() } else { below(tx, &teams)? },
        teams: teams.into_iter().collect(),
        line: None,
        no_line: Rows::Nothing,
    };
    for assignment in &person.roles {
        reach.line = match assignment.line {
            Some(line) => {
                let line = tx.load(line)?.value;
                Some(Arc::new(places(tx, &line)))
            }
            None => None,
        };
        match edited.filter(|(role, _)| *role == assignment.role) {
            Some((_, role)) => add(&mut draft, role, &reach),
            None => add(&mut draft, &tx.load(assignment.role)?.value, &reach),
        }
    }
    Ok(draft)
}

/// What scopes mean for one user.
pub(crate) struct Reach {
    pub(crate) owners: Arc<[ObjectId]>,
    pub(crate) teams: Arc<[ObjectId]>,
    pub(crate) tree: Arc<[ObjectId]>,
    /// The line for which the role is assigned.
    pub(crate) line: Option<Arc<Places>>,
    /// What is in the line where there is none.
    pub(crate) no_line: Rows,
}

impl Reach {
    fn rows(&self, scope: Scope) -> Vec<Rows> {
        let own = match scope {
            Scope::All => None,
            Scope::Own => Some(Rows::Owners(self.owners.clone())),
            Scope::Team => Some(Rows::Teams(self.teams.clone())),
            Scope::TeamTree => Some(Rows::Teams(self.tree.clone())),
            Scope::BusinessLine if self.line.is_none() => Some(self.no_line.clone()),
            Scope::BusinessLine => None,
        };
        own.into_iter().chain(self.line.clone().map(Rows::Places)).collect()
    }
}

/// Adds what a role allows and denies somebody with this reach.
pub(crate) fn add(draft: &mut AccessDraft, role: &Role, reach: &Reach) {
    let name: Arc<str> = role.header.name.as_str().into();
    draft.grants.extend(role.grants.iter().map(|grant| Grant {
        role: name.clone(),
        line: grant.line,
        object: Pattern::of(&grant.object_type),
        action: Pattern::of(&grant.action),
        allow: grant.effect == Effect::Allow,
        rows: reach.rows(grant.scope),
    }));
    draft.fields.extend(role.fields.iter().map(|rule| {
        let (part, field) = match rule.field.split_once('.') {
            Some((part, field)) => (part, Some(field.into())),
            None => (rule.field.as_str(), None),
        };
        FieldRule {
            role: name.clone(),
            line: rule.line,
            object: Pattern::of(&rule.object_type),
            part: part.into(),
            field,
            visibility: match rule.visibility {
                FieldVisibility::Hidden => Visibility::Hidden,
                FieldVisibility::Masked => Visibility::Masked,
                FieldVisibility::ReadOnly => Visibility::ReadOnly,
            },
        }
    }));
    draft.limits.extend(role.limits.iter().map(|limit| Limit {
        role: name.clone(),
        line: limit.line,
        object: Pattern::of(&limit.object_type),
        action: Pattern::of(&limit.action),
        amount: limit.amount,
        discount: limit.discount,
    }));
}

/// These teams and every team below them.
pub(crate) fn below(tx: &mut Tx<'_>, teams: &BTreeSet<ObjectId>) -> Result<Arc<[ObjectId]>, Fault> {
    let head = Team::def().head;
    let parent = head.position("parent").ok_or_else(|| Fault::corrupt("a team has no parent"))?;
    let mut children: BTreeMap<ObjectId, Vec<ObjectId>> = BTreeMap::new();
    tx.select(&Select::from(head, &[head_column::ID, parent]), &mut |row| {
        if let (Some(team), Some(above)) = (row.uuid()?, row.uuid()?) {
            children.entry(ObjectId(above)).or_default().push(ObjectId(team));
        }
        Ok(())
    })?;
    let (mut found, mut open) = (teams.clone(), Vec::from_iter(teams.iter().copied()));
    while let Some(team) = open.pop() {
        let below = children.get(&team).into_iter().flatten();
        open.extend(below.filter(|team| found.insert(**team)));
    }
    Ok(found.into_iter().collect())
}

/// The places of a line; a company code comes with what belongs to it.
pub(crate) fn places(tx: &Tx<'_>, line: &BusinessLine) -> Places {
    let mut places = Places::default();
    for company in &line.companies {
        places.company_codes.insert(company.company_code.to_string());
    }
    for area in &line.sales_areas {
        places.sales_areas.insert((
            area.sales_organisation.to_string(),
            area.distribution_channel.to_string(),
            area.division.to_string(),
        ));
    }
    for ((kind, code), (within, company)) in tx.environment().homes.joined() {
        if within != "company_code" || !places.company_codes.contains(company) {
            continue;
        }
        match kind {
            "plant" => places.plants.insert(code.to_string()),
            "sales_organisation" => places.sales_organisations.insert(code.to_string()),
            _ => false,
        };
    }
    places
}
