#![doc = include_str!("../README.md")]

mod business_line;
mod compile;
mod cover;
mod entry;
mod files;
mod generation;
mod gives;
mod role;
mod role_check;
mod team;

use tessera_kernel::{EventDef, Kind as _, Module};

pub use business_line::{BusinessLine, LineCompany, LineHeader, LineSalesArea};
pub use compile::{ADMINISTRATOR, Assignment, Person, draft, draft_with};
pub use cover::{ESCALATE, require_cover};
pub use files::{Imported, SHIPPED_ROLES, compare_roles, export_roles, import_roles};
pub use generation::{changed, generation};
pub use role::{Effect, FieldVisibility, Role, RoleField, RoleGrant, RoleHeader, RoleLimit, Scope};
pub use team::{Team, TeamHeader};

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("role.changed", "A role was made, changed or deleted."),
    EventDef::new("team.changed", "A team was made, changed or deleted."),
    EventDef::new("business_line.changed", "A business line was made, changed or deleted."),
];

/// The table of contents.
pub fn module() -> Module {
    Module {
        name: "access",
        owner: "platform",
        help: "Roles, teams and business lines: what users may do.",
        objects: vec![
            entry::entry::<Role>(),
            entry::entry::<Team>(),
            entry::entry::<BusinessLine>(),
        ],
        tables: vec![&generation::ACCESS_GENERATION],
        events: EVENTS,
        rights: &[(Role::NAME, ESCALATE)],
        ..Module::default()
    }
}
