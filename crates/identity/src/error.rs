//! What can go wrong between a person and the actor they want to be.

use tessera_kernel::{Fault, Problem, ProblemKind};

/// Why somebody is not let in, or a credential not made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Login and password do not fit, or the user is not active. Which of them is not told.
    #[error("login or password is wrong: check both, or ask an administrator")]
    WrongCredentials,
    /// Too many wrong passwords.
    #[error("too many wrong tries for {login}: try again in {seconds} seconds")]
    TooManyTries {
        /// The login.
        login: String,
        /// How long to wait.
        seconds: u64,
    },
    /// The password is too easy to guess or too long.
    #[error("{0}")]
    WeakPassword(String),
    /// The setup secret is wrong or was used.
    #[error("the setup link is wrong or used up: start the server again to get a new one")]
    WrongSetup,
    /// The installation has users already.
    #[error("this installation has users already: sign in, or run `tessera user password LOGIN`")]
    SetUpAlready,
    /// There is no such token.
    #[error("user {login} has no token {token}")]
    NoToken {
        /// The login.
        login: String,
        /// The token's id.
        token: String,
    },
    /// A token was used for what a person must do.
    #[error("this is done by people for themselves, signed in and not with a token")]
    SessionNeeded,
    /// The password is right, and a code is asked for besides.
    #[error("send a code of your authenticator app as well, or a recovery code")]
    CodeNeeded,
    /// The code is wrong, too old, or was used.
    #[error("the code is wrong or was used: wait for the next one")]
    WrongCode,
    /// An app is enrolled already.
    #[error("an authenticator app is enrolled already: remove it first")]
    TotpAlready,
    /// No app is enrolled.
    #[error("no authenticator app is enrolled")]
    NoTotp,
    /// What a device answered is not what was asked of it.
    #[error("this passkey can't be taken: {0}")]
    Passkey(&'static str),
    /// A passkey is not known, or not of this user, or has not signed.
    #[error("this passkey is not known here: sign in another way, and add it")]
    WrongPasskey,
    /// The password is right, and who has it signs in by a passkey only.
    #[error("sign in by your passkey: a password alone is not enough for you")]
    PasskeyNeeded,
    /// A user has no such passkey.
    #[error("{login} has no such passkey")]
    NoPasskey {
        /// The login.
        login: String,
    },
    /// There is no such identity provider.
    #[error("there is no identity provider `{code}`; customizing has: {known}")]
    NoProvider {
        /// The code that was given.
        code: String,
        /// Those that there are.
        known: String,
    },
    /// A provider can't be reached, or what it says can't be believed.
    #[error("{name} can't be used to sign in now: {reason}")]
    Provider {
        /// What people call it.
        name: String,
        /// Why.
        reason: String,
    },
    /// Nobody began this sign-in in this browser.
    #[error("this sign-in was begun elsewhere, ended, or took too long: begin it again")]
    OidcAttempt,
    /// Whoever signed in at the provider is no user here.
    #[error("{subject} of {provider} is no user here: an administrator has to bind them to one")]
    NotBound {
        /// The provider's code.
        provider: String,
        /// Who they are there.
        subject: String,
    },
    /// Whoever signed in at the provider would get a login that somebody has.
    #[error("the login {login} is taken: an administrator has to bind {subject} to its user")]
    LoginTaken {
        /// The login.
        login: String,
        /// Who they are at the provider.
        subject: String,
    },
    /// Customizing names a role that there is not.
    #[error(
        "identity_provider.{provider}: there is no role `{role}` for default_role: make it, or name \
         another one"
    )]
    NoDefaultRole {
        /// The provider's code.
        provider: String,
        /// The name that is given.
        role: String,
    },
    /// A subject is bound to somebody else.
    #[error("this account is bound to {login} already: take it from them first")]
    BoundAlready {
        /// Whose it is.
        login: String,
    },
    /// A subject is not bound to this user.
    #[error("{login} has no such account")]
    NotBoundTo {
        /// The login.
        login: String,
    },
    /// There is no such session.
    #[error("user {login} has no session {session}")]
    NoSession {
        /// The login.
        login: String,
        /// The session's id.
        session: String,
    },
    /// A one-time link is wrong, used up or too old.
    #[error("this link is wrong, used up or too old: ask an administrator for a new one")]
    WrongLink,
    /// A service account can't do what people do to sign in.
    #[error("{0} is a service account: it has tokens only, and no password")]
    ServiceAccount(String),
    /// There is no such user.
    #[error("there is no user {0}: `tessera user list` shows them")]
    NoUser(String),
    /// A rule of the user object.
    #[error(transparent)]
    Problem(#[from] Problem),
    /// The transaction.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        let detail = error.to_string();
        let (kind, code) = match error {
            IdentityError::WrongCredentials => {
                (ProblemKind::Unauthenticated, "identity.wrong_credentials")
            }
            IdentityError::TooManyTries { .. } => (ProblemKind::TooMany, "identity.too_many_tries"),
            IdentityError::WeakPassword(message) => {
                return Problem::new(ProblemKind::Invalid, "identity.weak_password", detail)
                    .field("password", message.clone());
            }
            IdentityError::WrongSetup => (ProblemKind::Forbidden, "identity.wrong_setup"),
            IdentityError::SetUpAlready => (ProblemKind::Conflict, "identity.set_up_already"),
            IdentityError::SessionNeeded => (ProblemKind::Forbidden, "identity.session_needed"),
            IdentityError::WrongLink => (ProblemKind::Forbidden, "identity.wrong_link"),
            IdentityError::ServiceAccount(_) => (ProblemKind::Conflict, "identity.service_account"),
            IdentityError::CodeNeeded => (ProblemKind::Unauthenticated, "identity.code_needed"),
            IdentityError::WrongCode => (ProblemKind::Unauthenticated, "identity.wrong_code"),
            IdentityError::Passkey(_) => (ProblemKind::Forbidden, "identity.passkey"),
            IdentityError::WrongPasskey => (ProblemKind::Unauthenticated, "identity.wrong_passkey"),
            IdentityError::PasskeyNeeded => {
                (ProblemKind::Unauthenticated, "identity.passkey_needed")
            }
            IdentityError::TotpAlready => (ProblemKind::Conflict, "identity.totp_already"),
            IdentityError::NoTotp => (ProblemKind::Conflict, "identity.no_totp"),
            IdentityError::Provider { .. } => (ProblemKind::Unavailable, "identity.provider"),
            IdentityError::OidcAttempt => (ProblemKind::Forbidden, "identity.oidc_attempt"),
            IdentityError::NotBound { .. } => (ProblemKind::Forbidden, "identity.not_bound"),
            IdentityError::LoginTaken { .. } => (ProblemKind::Conflict, "identity.login_taken"),
            IdentityError::NoDefaultRole { .. } => {
                (ProblemKind::Conflict, "identity.no_default_role")
            }
            IdentityError::BoundAlready { .. } => (ProblemKind::Conflict, "identity.bound_already"),
            IdentityError::NoProvider { .. }
            | IdentityError::NotBoundTo { .. }
            | IdentityError::NoToken { .. }
            | IdentityError::NoPasskey { .. }
            | IdentityError::NoSession { .. }
            | IdentityError::NoUser(_) => (ProblemKind::Missing, "missing"),
            IdentityError::Problem(problem) => return problem,
            IdentityError::Fault(fault) => return fault.into(),
        };
        Problem::new(kind, code, detail)
    }
}
