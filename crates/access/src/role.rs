//! Roles.

use tessera_kernel::{Choice, Money, Object, Percentage, Segment};

/// Whether a grant allows.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever other grants and roles allow.
    Deny,
}

/// Which objects a grant is about.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every object.
    All,
    /// What the user is responsible for, and who they substitute for.
    Own,
    /// What their teams are responsible for.
    Team,
    /// What their teams and the teams below are responsible for.
    TeamTree,
    /// What is in the business line for which the role is assigned.
    BusinessLine,
}

/// What is withheld of a field.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldVisibility {
    /// It is not there: not in lists, filters, sorting, metadata, history.
    Hidden,
    /// Its value is shown as `***`.
    Masked,
    /// It is shown and can't be given.
    ReadOnly,
}

/// Who a role is.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "role_header", everywhere, one)]
pub struct RoleHeader {
    /// Name: lower-case letters, digits and `_`.
    #[field(max = 40, unique, list)]
    pub name: String,
    /// What it is for.
    #[field(max = 400)]
    pub description: Option<String>,
}

/// Allows or denies an action.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "role_grant", everywhere, many(line))]
pub struct RoleGrant {
    /// Line; explanations name it.
    #[field(positive)]
    pub line: u32,
    /// Object type, or `*`.
    #[field(max = 60)]
    pub object_type: String,
    /// `read`, `create`, `change`, `delete`, `export`, `mass_change`, `assign`, the name of a business action, or `*`.
    #[field(max = 60)]
    pub action: String,
    /// Allows or denies.
    #[field(default = "allow")]
    pub effect: Effect,
    /// Which objects.
    #[field(default = "all")]
    pub scope: Scope,
}

/// Withholds a field.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "role_field", everywhere, many(line))]
pub struct RoleField {
    /// Line; explanations name it.
    #[field(positive)]
    pub line: u32,
    /// Object type.
    #[field(max = 60)]
    pub object_type: String,
    /// Part and field, like `header.net_value`, or a part, like `credit`.
    #[field(max = 120)]
    pub field: String,
    /// What is withheld.
    pub visibility: FieldVisibility,
}

/// Up to how much an action is allowed.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "role_limit", everywhere, many(line))]
pub struct RoleLimit {
    /// Line; explanations name it.
    #[field(positive)]
    pub line: u32,
    /// Object type.
    #[field(max = 60)]
    pub object_type: String,
    /// Action.
    #[field(max = 60)]
    pub action: String,
    /// Largest amount; amounts in other currencies are beyond it.
    #[field(not_negative)]
    pub amount: Option<Money>,
    /// Largest discount.
    #[field(not_negative)]
    pub discount: Option<Percentage>,
}

/// What somebody may do who has the role.
#[derive(Object, Clone, Debug, PartialEq)]
#[object(name = "role", shared)]
pub struct Role {
    /// Who it is.
    pub header: RoleHeader,
    /// What it allows and denies.
    pub grants: Vec<RoleGrant>,
    /// What it withholds.
    pub fields: Vec<RoleField>,
    /// Up to how much it allows.
    pub limits: Vec<RoleLimit>,
}
