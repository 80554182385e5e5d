//! What is asked of a provider over the network: where its pages are, its keys, a token for a code.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

use hashbrown::HashMap;
use serde_json::Value;
use tessera_kernel::Instant;
use ureq::Agent;

use super::attempt::Attempt;
use super::jws;
use crate::IdentityError;
use crate::settings::IdentityProvider;

/// How long its pages and keys are believed.
const BELIEVED: Duration = Duration::from_secs(3600);
/// How often they are asked for anew at most where a key is not among them.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for one call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST: u64 = 256 * 1024;
/// Seconds that the clocks may differ.
const SKEW: i64 = 60;

/// The providers as they were when last asked.
pub(crate) struct Providers {
    agent: Agent,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    endpoints: Endpoints,
    keys: Vec<Value>,
    since: Moment,
}

/// Addresses of a provider (OpenID Connect Discovery 1.0, 3).
#[derive(Clone)]
pub(super) struct Endpoints {
    pub(super) authorization: String,
    token: String,
    keys: String,
    userinfo: Option<String>,
    pub(super) end_session: Option<String>,
}

/// Who signed in, as the provider says.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    pub(super) subject: String,
    pub(super) login: Option<String>,
    pub(super) name: Option<String>,
}

impl Default for Providers {
    fn default() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("tessera/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), known: Mutex::default() }
    }
}

impl Providers {
    /// The addresses of a provider.
    pub(super) fn endpoints(
        &self,
        settings: &IdentityProvider,
    ) -> Result<Endpoints, IdentityError> {
        Ok(self.known(settings, BELIEVED)?.endpoints)
    }

    /// Redeems the code that came back with an attempt, and checks what is told for it (OpenID
    /// Connect Core 1.0, 3.1.3.7).
    pub(super) fn redeem(
        &self,
        settings: &IdentityProvider,
        attempt: &Attempt,
        code: &str,
        return_to: &str,
        now: Instant,
    ) -> Result<Claims, IdentityError> {
        let endpoints = self.endpoints(settings)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", return_to),
            ("code_verifier", &attempt.verifier),
        ];
        let answer = self.token(settings, &endpoints.token, &form)?;
        let failed = |reason: String| failed(settings, reason);
        let token = answer["id_token"].as_str();
        let token = token.ok_or_else(|| failed("it sent no ID token".to_string()))?;
        let claims = self.verify(settings, token).map_err(failed)?;
        check(&claims, settings, &attempt.nonce, now).map_err(failed)?;
        let mut told = claims.clone();
        if let (None, Some(userinfo), Some(access)) = (
            text(&claims, &settings.login_claim),
            &endpoints.userinfo,
            text(&answer, "access_token"),
        ) {
            let more = self.get(userinfo, Some(&access)).map_err(failed)?;
            if more["sub"] != claims["sub"] {
                return Err(failed("its user information is of somebody else".to_string()));
            }
            told = more;
        }
        let subject = text(&claims, "sub").unwrap_or_default();
        Ok(Claims { subject, login: text(&told, &settings.login_claim), name: text(&told, "name") })
    }

    /// The claims of an ID token that the provider has signed. Keys change: where none fits, they are
    /// asked for anew.
    fn verify(&self, settings: &IdentityProvider, token: &str) -> Result<Value, String> {
        let keys = self.known(settings, BELIEVED).map_err(|error| error.to_string())?.keys;
        if let Ok(claims) = jws::verify(token, &keys) {
            return Ok(claims);
        }
        let keys = self.known(settings, PATIENCE).map_err(|error| error.to_string())?.keys;
        jws::verify(token, &keys)
    }

    fn known(
        &self,
        settings: &IdentityProvider,
        believed: Duration,
    ) -> Result<Known, IdentityError> {
        let issuer = settings.issuer.as_str();
        let found = self.lock().get(issuer).cloned();
        if let Some(known) = found.filter(|known| known.since.elapsed() < believed) {
            return Ok(known);
        }
        let known = self.discover(issuer).map_err(|reason| failed(settings, reason))?;
        self.lock().insert(issuer.to_string(), known.clone());
        Ok(known)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn discover(&self, issuer: &str) -> Result<Known, String> {
        let path = "/.well-known/openid-configuration";
        let found = self.get(&format!("{}{path}", issuer.trim_end_matches('/')), None)?;
        if found["issuer"].as_str() != Some(issuer) {
            return Err(format!("it calls itself {}, not {issuer}", found["issuer"]));
        }
        let must = |name: &str| text(&found, name).ok_or_else(|| format!("it has no {name}"));
        let endpoints = Endpoints {
            authorization: must("authorization_endpoint")?,
            token: must("token_endpoint")?,
            keys: must("jwks_uri")?,
            userinfo: text(&found, "userinfo_endpoint"),
            end_session: text(&found, "end_session_endpoint"),
        };
        let keys = self.get(&endpoints.keys, None)?;
        let keys = keys["keys"].as_array().cloned().unwrap_or_default();
        Ok(Known { endpoints, keys, since: Moment::now() })
    }

    fn get(&self, address: &str, bearer: Option<&str>) -> Result<Value, String> {
        let mut request = self.agent.get(address).header("accept", "application/json");
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer(request.call())
    }

    /// Calls the token endpoint as this client (RFC 6749, 2.3.1).
    fn token(
        &self,
        settings: &IdentityProvider,
        address: &str,
        form: &[(&str, &str)],
    ) -> Result<Value, IdentityError> {
        let secret = settings.client_secret().map_err(|reason| failed(settings, reason))?;
        let mut form = form.to_vec();
        let mut request = self.agent.post(address).header("accept", "application/json");
        match &secret {
            Some(secret) => {
                let encoded = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let pair = format!("{}:{}", encoded(&settings.client_id), encoded(secret));
                let pair = data_encoding::BASE64.encode(pair.as_bytes());
                request = request.header("authorization", format!("Basic {pair}"));
            }
            None => form.push(("client_id", &settings.client_id)),
        }
        answer(request.send_form(form)).map_err(|reason| failed(settings, reason))
    }
}

/// The JSON of an answer; a sentence, without anything secret, where it is a refusal.
fn answer(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let mut response = answer.map_err(|error| error.to_string())?;
    let status = response.status();
    let text = response.body_mut().with_config().limit(MOST).read_to_string();
    let text = text.map_err(|error| error.to_string())?;
    let value: Value =
        serde_json::from_str(&text).map_err(|_| format!("it answered {status} without JSON"))?;
    if status.is_success() {
        return Ok(value);
    }
    let error = value["error"].as_str().unwrap_or_default();
    Err(format!("it answered {status} {}", error.chars().take(60).collect::<String>()))
}

fn failed(settings: &IdentityProvider, reason: String) -> IdentityError {
    IdentityError::Provider { name: settings.name.clone(), reason }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().filter(|text| !text.is_empty()).map(str::to_string)
}

/// Whether an ID token is of this provider, for this client, of this attempt, and of now.
fn check(
    claims: &Value,
    settings: &IdentityProvider,
    nonce: &str,
    now: Instant,
) -> Result<(), String> {
    let refuse = |reason: &str| Err(format!("its ID token {reason}"));
    if claims["iss"].as_str() != Some(settings.issuer.as_str()) {
        return refuse("is of another issuer");
    }
    let client = settings.client_id.as_str();
    let (audience, others) = match &claims["aud"] {
        Value::String(one) => (one == client, false),
        Value::Array(many) => (many.iter().any(|one| one == client), many.len() > 1),
        _ => (false, false),
    };
    if !audience {
        return refuse("is for another client");
    }
    let authorized = claims["azp"].as_str();
    if authorized.is_some_and(|party| party != client) || (others && authorized.is_none()) {
        return refuse("was made for another client");
    }
    let now = now.as_micros() / 1_000_000;
    if claims["exp"].as_i64().is_none_or(|end| end + SKEW <= now) {
        return refuse("has ended");
    }
    if claims["iat"].as_i64().is_none_or(|made| made - SKEW > now) {
        return refuse("is from the future");
    }
    if claims["nonce"].as_str() != Some(nonce) {
        return refuse("is of another sign-in");
    }
    match claims["sub"].as_str() {
        Some(subject) if (1..=255).contains(&subject.len()) => Ok(()),
        _ => refuse("names nobody"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider() -> IdentityProvider {
        IdentityProvider {
            name: "Company".into(),
            issuer: "https://id.example.com".into(),
            client_id: "tessera".into(),
            client_secret_env: None,
            client_secret_file: None,
            scopes: "openid".into(),
            login_claim: "email".into(),
            create_users: false,
            default_role: None,
        }
    }

    #[test]
    fn an_id_token_counts_only_for_this_client_this_sign_in_and_now() {
        let now = Instant::from_micros(1_800_000_000 * 1_000_000);
        let good = json!({
            "iss": "https://id.example.com",
            "aud": "tessera",
            "sub": "7",
            "nonce": "n",
            "exp": 1_800_000_300,
            "iat": 1_800_000_000,
        });
        check(&good, &provider(), "n", now).unwrap();
        for (name, wrong) in [
            ("iss", json!("https://id.example.org")),
            ("aud", json!("other")),
            ("aud", json!(["tessera", "other"])),
            ("azp", json!("other")),
            ("sub", json!("")),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("exp", json!(1_799_999_940)),
            ("exp", Value::Null),
            ("iat", json!(1_800_000_061)),
        ] {
            let mut claims = good.clone();
            claims[name] = wrong.clone();
            assert!(check(&claims, &provider(), "n", now).is_err(), "{name} {wrong}");
        }
    }
}
