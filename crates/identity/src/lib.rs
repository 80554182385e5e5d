#![doc = include_str!("../README.md")]

mod attempts;
mod change;
mod create;
mod error;
mod password;
mod secret;
mod service;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod verified;

use tessera_customizing::Shipped;
use tessera_kernel::{Module, ObjectEntry};

pub use error::IdentityError;
pub use service::{Identity, SignedIn};
pub use token::{NewToken, Token};
pub use user::{User, UserProfile};

/// Customizing shipped: none.
pub const CONFIG: &[Shipped] = &[];

/// The table of contents.
pub fn module() -> Module {
    Module {
        name: "identity",
        owner: "platform",
        help: "Users, passwords, sessions and API tokens.",
        objects: vec![ObjectEntry {
            create: Some(create::create),
            change: Some(change::change),
            ..ObjectEntry::document::<User>()
        }],
        tables: vec![&password::USER_PASSWORD, &session::USER_SESSION, &token::USER_TOKEN],
        ..Module::default()
    }
}

/// Deletes sessions and tokens that expired; answers how many.
pub fn sweep(tx: &mut tessera_kernel::Tx<'_>) -> Result<usize, tessera_kernel::Fault> {
    Ok(session::sweep(tx)? + token::sweep(tx)?)
}
