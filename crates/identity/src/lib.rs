#![doc = include_str!("../README.md")]

mod attempts;
mod change;
mod client;
mod create;
mod error;
mod escalation;
mod explain;
mod oidc;
mod own;
mod passkey;
mod password;
mod password_policy;
mod recovery_code;
mod reset_link;
mod rights;
mod scope;
mod secret;
mod service;
mod session;
mod settings;
mod setup;
mod sign_in;
mod sign_in_log;
#[cfg(test)]
mod tests;
mod token;
mod totp;
mod user;
mod verified;
mod what_would_change;

use tessera_customizing::Shipped;
use tessera_kernel::{Composite as _, EventDef, Kind as _, Module, ObjectEntry};

pub use error::IdentityError;
pub use oidc::{ExternalAccount, OidcStart};
pub use passkey::Passkey;
pub use reset_link::ResetLink;
pub use rights::authority;
pub use scope::{Scope, ScopeGrant};
pub use service::Identity;
pub use session::{Device, Session};
pub use settings::{
    IdentityProvider, IdentitySettings, PasswordPolicy, SecondFactor, SessionPolicy, SignInPolicy,
    settings,
};
pub use sign_in::SignedIn;
pub use sign_in_log::{SignIn, SignInQuery};
pub use token::{NewToken, Token, TokenRequest};
pub use totp::{TotpEnrolment, TotpState};
pub use user::{User, UserProfile, UserRole, UserSubstitute, UserTeam};
pub use verified::VerifiedCaller;

/// Customizing shipped.
pub const CONFIG: &[Shipped] =
    &[Shipped { file: "identity.toml", text: include_str!("../config/identity.toml") }];

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("user.created", "There is a new user."),
    EventDef::new("user.changed", "A user was changed."),
    EventDef::new("user.password_set", "A password was set."),
    EventDef::new("user.reset_link_created", "A user got a link to set a password."),
    EventDef::new("user.totp_confirmed", "A user enrolled an authenticator app."),
    EventDef::new("user.totp_removed", "A user's authenticator app was removed."),
    EventDef::new("user.passkey_added", "A user added a passkey."),
    EventDef::new("user.passkey_removed", "A passkey of a user was removed."),
    EventDef::new("user.account_bound", "An account of an identity provider was bound to a user."),
    EventDef::new("user.account_unbound", "Such an account was taken from a user."),
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
            &client::SIGN_IN_BUCKET,
            &sign_in_log::SIGN_IN_LOG,
            &setup::SETUP_SECRET,
            &reset_link::RESET_LINK,
            &totp::USER_TOTP,
            &recovery_code::USER_RECOVERY_CODE,
            &oidc::OIDC_ATTEMPT,
            &passkey::USER_PASSKEY,
            &passkey::PASSKEY_CHALLENGE,
            &oidc::USER_EXTERNAL_ACCOUNT,
        ],
        events: EVENTS,
        rights: &[
            (User::NAME, change::ASSIGN),
            (User::NAME, "set_password"),
            (User::NAME, "create_token"),
            (User::NAME, "read_tokens"),
            (User::NAME, "revoke_token"),
            (User::NAME, "bind_account"),
            (User::NAME, "read_accounts"),
            (User::NAME, "read_sessions"),
            (User::NAME, "end_sessions"),
            (User::NAME, "read_sign_ins"),
            (User::NAME, "remove_second_factor"),
        ],
        ..Module::default()
    }
}

/// Deletes what has ended and counts no more: sessions, tokens, links, wrong tries, old entries of
/// the sign-in log; answers how many.
pub fn sweep(tx: &mut tessera_kernel::Tx<'_>) -> Result<usize, tessera_kernel::Fault> {
    let credentials = session::sweep(tx)? + token::sweep(tx)?;
    let links = setup::sweep(tx)? + reset_link::sweep(tx)? + oidc::sweep(tx)? + passkey::sweep(tx)?;
    let tries = attempts::sweep(tx)? + client::sweep(tx)? + sign_in_log::sweep(tx)?;
    Ok(credentials + links + tries)
}
