#![doc = include_str!("../README.md")]

mod attempts;
mod change;
mod create;
mod error;
mod explain;
mod password;
mod rights;
mod secret;
mod service;
mod session;
mod setup;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod verified;

use tessera_customizing::Shipped;
use tessera_kernel::{Composite as _, EventDef, Kind as _, Module, ObjectEntry};

pub use error::IdentityError;
pub use rights::authority;
pub use service::{Identity, SignedIn};
pub use token::{NewToken, Token};
pub use user::{User, UserProfile, UserRole, UserSubstitute, UserTeam};

/// Customizing shipped: none.
pub const CONFIG: &[Shipped] = &[];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("user.created", "There is a new user."),
    EventDef::new("user.changed", "A user was changed."),
    EventDef::new("user.password_set", "A password was set."),
    EventDef::new("token.created", "A user got a token for programs."),
    EventDef::new("token.revoked", "A token was revoked."),
];

/// The table of contents.
pub fn module() -> Module {
    Module {
        name: "identity",
        owner: "platform",
        help: "Users, passwords, sessions and API tokens.",
        objects: vec![ObjectEntry {
            create: Some(create::create),
            create_input: Some(User::composite),
            change: Some(change::change),
            ..ObjectEntry::document::<User>()
        }],
        actions: explain::actions(),
        tables: vec![
            &password::USER_PASSWORD,
            &session::USER_SESSION,
            &token::USER_TOKEN,
            &attempts::SIGN_IN_LOGIN,
            &attempts::SIGN_IN_CLIENT,
            &setup::SETUP_SECRET,
        ],
        events: EVENTS,
        rights: &[
            (User::NAME, change::ASSIGN),
            (User::NAME, "set_password"),
            (User::NAME, "create_token"),
            (User::NAME, "revoke_token"),
        ],
        ..Module::default()
    }
}

/// Deletes sessions, tokens, setup secrets and wrong passwords that count no more; answers how many.
pub fn sweep(tx: &mut tessera_kernel::Tx<'_>) -> Result<usize, tessera_kernel::Fault> {
    let credentials = session::sweep(tx)? + token::sweep(tx)?;
    Ok(credentials + setup::sweep(tx)? + attempts::sweep(tx)?)
}
