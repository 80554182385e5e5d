//! Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce.
//!
//! A user of a provider is known by issuer and subject. They are bound to a user here by an
//! administrator, or made at their first sign-in where customizing says so; never by a login or an
//! address that the provider tells, which may be somebody else's.

mod account;
mod attempt;
mod jws;
mod provider;

use tessera_access::Role;
use tessera_kernel::{Actor, Cell, Code, Fault, Kind as _, ObjectId, Ref, Source, Tx};

pub use account::ExternalAccount;
pub(crate) use account::USER_EXTERNAL_ACCOUNT;
pub(crate) use attempt::{OIDC_ATTEMPT, sweep};
pub(crate) use provider::Providers;

use crate::client::Client;
use crate::scope::Scope;
use crate::session::Opening;
use crate::settings::IdentityProvider;
use crate::sign_in_log::{self, Method, Outcome};
use crate::{
    Device, Identity, IdentityError, SignedIn, User, UserProfile, UserRole, create, escalation,
    secret, user,
};
use attempt::Attempt;
use provider::Claims;

/// Where a browser is to go, and what it has to bring back.
#[derive(Clone, Debug)]
pub struct OidcStart {
    /// The provider's page.
    pub location: String,
    /// Proves that it is the browser that began: goes into a cookie.
    pub state: String,
}

impl Identity {
    /// The providers: code and what people call them.
    pub fn identity_providers(&self) -> Result<Vec<(Code, String)>, Fault> {
        let providers = self.settings()?.providers.iter();
        Ok(providers.map(|(code, provider)| (*code, provider.name.clone())).collect())
    }

    /// Refuses providers whose default role is none: whoever signs in there first could not be made.
    pub fn check_providers(&self) -> Result<(), IdentityError> {
        let settings = self.settings()?;
        self.db().read(&Actor::system(Source::System), |tx| {
            settings.providers.iter().try_for_each(|(code, provider)| {
                default_role(tx, *code, provider.default_role.as_deref()).map(drop)
            })
        })
    }

    /// Begins to sign in at a provider, which sends the browser back to `return_to`.
    pub fn start_oidc(&self, provider: &str, return_to: &str) -> Result<OidcStart, IdentityError> {
        let (code, settings) = self.identity_provider(provider)?;
        let endpoints = self.providers().endpoints(settings)?;
        let attempt = Attempt::new(code)?;
        let location = attempt.location(&endpoints.authorization, settings, return_to);
        let state = attempt.state.clone();
        let system = Actor::system(Source::Session);
        self.db().command(&system, move |tx| attempt.store(tx))?;
        Ok(OidcStart { location, state })
    }

    /// Ends it with what the provider sent back with the browser, which began with `state`.
    pub fn finish_oidc(
        &self,
        provider: &str,
        (state, answer): (&str, &str),
        return_to: &str,
        device: &Device,
    ) -> Result<SignedIn, IdentityError> {
        let (code, settings) = self.identity_provider(provider)?;
        let (hash, system) = (secret::hash(state), Actor::system(Source::Session));
        let attempt = self.db().command(&system, move |tx| attempt::take(tx, &hash, code))?;
        let Some(attempt) = attempt else { return Err(IdentityError::OidcAttempt) };
        let now = self.db().environment().clock.now();
        let claims = self.providers().redeem(settings, &attempt, answer, return_to, now)?;
        let user = self.user_of(code, settings, &claims)?;
        let method = Method::Oidc(code);
        let profile = self.db().read(&system, |tx| profile(tx, user))?;
        if !profile.active || profile.service {
            let client = Client::at(device.address);
            self.db().command(&system, move |tx| {
                let who = Some((user, profile.login.as_str()));
                sign_in_log::add(tx, who, client, &method, Outcome::Wrong)
            })?;
            return Err(IdentityError::WrongCredentials);
        }
        let (device, scope) = (device.clone(), Scope::unlimited());
        self.open_session(Opening { user, device, method, scope }, |_| Ok(()))
    }

    /// Where a browser goes to sign out at the provider too, if it has a page for it.
    pub fn oidc_sign_out(
        &self,
        secret: &str,
        return_to: &str,
    ) -> Result<Option<String>, IdentityError> {
        let hash = secret::hash(secret);
        let system = Actor::system(Source::Session);
        let method = self.db().read(&system, |tx| crate::session::method(tx, &hash))?;
        let method = method.unwrap_or_default();
        let Some(provider) = method.strip_prefix("oidc:") else { return Ok(None) };
        let Ok((_, settings)) = self.identity_provider(provider) else { return Ok(None) };
        let Some(end) = self.providers().endpoints(settings)?.end_session else { return Ok(None) };
        let parameters =
            [("client_id", settings.client_id.as_str()), ("post_logout_redirect_uri", return_to)];
        Ok(Some(attempt::with_query(&end, &parameters)))
    }

    fn identity_provider(&self, code: &str) -> Result<(Code, &IdentityProvider), IdentityError> {
        let providers = &self.settings()?.providers;
        let found = providers.iter().find(|(known, _)| known.as_str() == code);
        found.map(|(code, provider)| (*code, provider)).ok_or_else(|| {
            let known: Vec<&str> = providers.keys().map(Code::as_str).collect();
            IdentityError::NoProvider { code: code.to_string(), known: known.join(", ") }
        })
    }

    /// The user whom a provider's subject is bound to; made now where customizing says so.
    fn user_of(
        &self,
        provider: Code,
        settings: &IdentityProvider,
        claims: &Claims,
    ) -> Result<ObjectId, IdentityError> {
        let (claims, settings) = (claims.clone(), settings.clone());
        self.db().command(&Actor::system(Source::Session), move |tx| {
            if let Some(user) = account::find(tx, provider, &claims.subject)? {
                return Ok(user);
            }
            if !settings.create_users {
                return Err(IdentityError::NotBound {
                    provider: provider.to_string(),
                    subject: claims.subject.clone(),
                });
            }
            let login = claims.login.clone().unwrap_or_default().to_lowercase();
            if user::by_login(tx, &login)?.is_some() {
                return Err(IdentityError::LoginTaken { login, subject: claims.subject.clone() });
            }
            let name = claims.name.clone().unwrap_or_else(|| login.clone());
            let role = settings.default_role.as_deref();
            let mut made = User::of(UserProfile::person(&login, &name));
            if let Some(role) = default_role(tx, provider, role)? {
                made.roles.push(UserRole { line: 1, role, business_line: None, valid: None });
            }
            let user = create::insert(tx, made)?.head.id;
            account::bind(tx, provider, &claims.subject, user, role)?;
            Ok(user)
        })
    }

    /// Binds a provider's subject to a user.
    pub fn bind_account(
        &self,
        actor: &Actor,
        user: ObjectId,
        provider: &str,
        subject: &str,
    ) -> Result<(), IdentityError> {
        actor.require(User::NAME, "bind_account")?;
        let (provider, _) = self.identity_provider(provider)?;
        if subject.is_empty() || subject.len() > 255 {
            let rule = "must have 1 to 255 characters";
            return Err(tessera_kernel::Problem::invalid("subject", rule).into());
        }
        let subject = subject.to_string();
        self.db().command(actor, move |tx| {
            escalation::check_credential(tx, user, &Scope::unlimited())?;
            match account::find(tx, provider, &subject)? {
                Some(bound) if bound != user => {
                    Err(IdentityError::BoundAlready { login: profile(tx, bound)?.login })
                }
                Some(_) => Ok(()),
                None => Ok(account::bind(tx, provider, &subject, user, None)?),
            }
        })
    }

    /// The subjects of providers that are bound to a user.
    pub fn accounts(
        &self,
        actor: &Actor,
        user: ObjectId,
    ) -> Result<Vec<ExternalAccount>, IdentityError> {
        self.db().read(actor, |tx| {
            crate::own::require(tx, user, "read_accounts")?;
            profile(tx, user)?;
            Ok(account::of_user(tx, user)?)
        })
    }

    /// Takes a binding away, and ends the user's sessions.
    pub fn unbind_account(
        &self,
        actor: &Actor,
        user: ObjectId,
        provider: &str,
        subject: &str,
    ) -> Result<(), IdentityError> {
        actor.require(User::NAME, "bind_account")?;
        let (provider, subject) = (provider.to_string(), subject.to_string());
        let done = self.db().command(actor, move |tx| {
            let login = profile(tx, user)?.login;
            if !account::unbind(tx, user, &provider, &subject)? {
                return Err(IdentityError::NotBoundTo { login });
            }
            Ok(crate::session::close_all(tx, user, None).map(drop)?)
        });
        self.forget();
        done
    }
}

/// The role of this name; refused where there is none.
fn default_role(
    tx: &mut Tx<'_>,
    provider: Code,
    name: Option<&str>,
) -> Result<Option<Ref<Role>>, IdentityError> {
    let Some(name) = name else { return Ok(None) };
    if let Some(role) = tx.find::<Role>("name", Cell::Text(name.to_string()))?.pop() {
        return Ok(Some(role));
    }
    let (provider, role) = (provider.to_string(), name.to_string());
    Err(IdentityError::NoDefaultRole { provider, role })
}

fn profile(tx: &mut Tx<'_>, user: ObjectId) -> Result<UserProfile, Fault> {
    Ok(tx.load(Ref::<User>::new(user))?.value.profile)
}
