//! The user object.

use tessera_access::{BusinessLine, Role, Team};
use tessera_kernel::{
    Cell, Fault, Object, ObjectId, Problem, Query, Ref, Segment, Tx, Validity, head_column,
};

/// Who a user is.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "user_profile", everywhere, one)]
pub struct UserProfile {
    /// Name to sign in with: 1 to 64 lower-case letters, digits, `.`, `_`, `-` and `@`.
    #[field(max = 64, unique, list)]
    pub login: String,
    /// Name that people see.
    #[field(max = 120, list)]
    pub name: String,
    /// May do everything.
    #[field(default = false, list)]
    pub administrator: bool,
    /// May sign in.
    #[field(default = true, list)]
    pub active: bool,
    /// Is a program: has tokens only, and can't sign in.
    #[field(default = false, list)]
    pub service: bool,
    /// Must sign in with a second factor, whatever the installation asks of others.
    #[field(default = false)]
    pub second_factor: bool,
}

impl UserProfile {
    /// Somebody who may sign in, and who administers nothing.
    pub fn person(login: &str, name: &str) -> Self {
        let (login, name) = (login.to_string(), name.to_string());
        Self {
            login,
            name,
            administrator: false,
            active: true,
            service: false,
            second_factor: false,
        }
    }

    /// Somebody who may do everything.
    pub fn administrator(login: &str, name: &str) -> Self {
        Self { administrator: true, ..Self::person(login, name) }
    }
}

impl UserProfile {
    /// The same without the mark of an administrator.
    #[must_use]
    pub(crate) fn powerless(self) -> Self {
        Self { administrator: false, ..self }
    }
}

/// A role of a user.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "user_role", everywhere, many(line))]
pub struct UserRole {
    /// Line.
    #[field(positive)]
    pub line: u32,
    /// The role.
    #[field(index)]
    pub role: Ref<Role>,
    /// The business line beyond which it reaches nothing.
    pub business_line: Option<Ref<BusinessLine>>,
    /// From day to day (UTC); always, where it is left out.
    pub valid: Option<Validity>,
}

/// A team of a user.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "user_team", everywhere, many(team))]
pub struct UserTeam {
    /// The team.
    pub team: Ref<Team>,
    /// What the user makes belongs to it; of several teams one is the home.
    #[field(default = false)]
    pub home: bool,
}

/// Who stands in for a user: what the user is responsible for, and their teams, is in the scopes of whoever does.
/// Rights beyond that are not lent.
#[derive(Segment, Clone, Debug, PartialEq, Eq)]
#[segment(table = "user_substitute", everywhere, many(substitute))]
pub struct UserSubstitute {
    /// Who stands in.
    #[field(index)]
    pub substitute: Ref<User>,
    /// From day to day (UTC).
    pub valid: Validity,
}

/// Somebody who may sign in.
#[derive(Object, Clone, Debug)]
#[object(name = "user", shared)]
pub struct User {
    /// Who they are.
    pub profile: UserProfile,
    /// What they may do.
    pub roles: Vec<UserRole>,
    /// Whom they work with.
    pub teams: Vec<UserTeam>,
    /// Who stands in for them.
    pub substitutes: Vec<UserSubstitute>,
}

impl User {
    /// A user without roles and teams.
    pub fn of(profile: UserProfile) -> Self {
        Self { profile, roles: Vec::new(), teams: Vec::new(), substitutes: Vec::new() }
    }

    /// Whether both have the same rights.
    pub(crate) fn is_assigned_like(&self, other: &Self) -> bool {
        let of = |user: &Self| {
            let Self { profile, roles, teams, substitutes } = user.clone();
            (profile.administrator, roles, teams, substitutes)
        };
        of(self) == of(other)
    }

    /// Refuses a login that is none.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let allowed = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@')
        };
        let login = &self.profile.login;
        if login.is_empty() || !login.chars().all(allowed) {
            let rule = "must be 1 to 64 lower-case letters, digits, `.`, `_`, `-` or `@`";
            return Err(Problem::invalid("profile.login", rule));
        }
        // Changes made by the program itself bear this name.
        if login == "system" {
            return Err(Problem::invalid("profile.login", "`system` is the program itself"));
        }
        if self.profile.name.trim().is_empty() {
            return Err(Problem::invalid("profile.name", "is missing"));
        }
        let homes = self.teams.iter().filter(|team| team.home).count();
        if homes > 1 || (homes == 0 && self.teams.len() > 1) {
            return Err(Problem::invalid("teams", "one of several teams must be the home"));
        }
        Ok(())
    }

    /// Whether this user can administer the installation.
    pub(crate) fn administers(&self) -> bool {
        self.profile.administrator && self.profile.active && !self.profile.service
    }
}

/// The user with this login.
pub(crate) fn by_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<Ref<User>>, Fault> {
    Ok(tx.find::<User>("login", Cell::Text(login.to_string()))?.pop())
}

/// Whether there is no user at all.
pub(crate) fn nobody(tx: &mut Tx<'_>) -> Result<bool, Fault> {
    Ok(tx.list(User::def(), &Query::default().limit(1))?.rows.is_empty())
}

/// Whether somebody besides this user can administer the installation.
pub(crate) fn other_administrator(tx: &mut Tx<'_>, user: ObjectId) -> Result<bool, Fault> {
    for id in tx.all::<User>()? {
        if id.id() != user && tx.load(id)?.administers() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The id column of a head row.
pub(crate) fn id_of(row: &[Cell]) -> Option<ObjectId> {
    match row.get(head_column::ID) {
        Some(Cell::Uuid(id)) => Some(ObjectId(*id)),
        _ => None,
    }
}
