//! Single sign-on against a real OpenID provider, which runs in a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tessera_identity::Identity;

use crate::access::{grant, role};
use crate::sign_in::{add, browse, own_path};
use crate::support::{Answer, PASSWORD, PUBLIC_URL, Server, apart};

/// The variable with the secret that the provider knows, and the secret.
const VARIABLE: &str = "TESSERA_TEST_OIDC_SECRET";
const CALLBACK: &str = "/api/v1/oidc/CORP/callback";

/// A provider on loopback. It ends with its input, and so with this process.
struct Provider {
    issuer: String,
    process: Child,
    /// It ends where nobody can hear what it tells.
    _told: Lines<BufReader<ChildStdout>>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts one; none, aloud, where it is not installed.
fn provider() -> Option<Provider> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("../../target/oidc-provider");
    if !folder.join("node_modules/oidc-provider").exists() {
        let test = std::thread::current();
        let test = test.name().unwrap_or("a test").to_string();
        let why = "oidc-provider is not installed in target (`cargo xtask test` does)";
        // Straight to the stream: what macros print is shown of failed tests only.
        std::io::stderr().write_all(format!("skipped {test}: {why}\n").as_bytes()).ok();
        return None;
    }
    let mut process = Command::new("node")
        .arg(here.join("tests/api/oidc/provider.mjs"))
        .args([folder.display().to_string(), format!("{PUBLIC_URL}{CALLBACK}")])
        .arg(format!("{PUBLIC_URL}/"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let issuer = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("http")));
    Some(Provider { issuer: issuer.unwrap().unwrap(), process, _told: lines })
}

fn customizing(provider: &Provider, more: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let secret = folder.join(VARIABLE);
    std::fs::write(&secret, "a secret: with 100% signs\n").unwrap();
    format!(
        "[identity_provider.CORP]\nname = \"Company\"\nissuer = \"{}\"\nclient_id = \"tessera\"\n\
         client_secret_file = \"{}\"\nscopes = \"openid profile\"\n{more}\n",
        provider.issuer,
        secret.display()
    )
}

/// A browser at the provider's pages: keeps cookies, follows redirects until one leads back here.
struct Browser {
    agent: ureq::Agent,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false);
        Self { agent: config.build().into(), cookies: BTreeMap::new() }
    }

    /// Opens a page, signing in as somebody where it asks; answers the address outside that it
    /// leads to at last.
    fn visit(&mut self, issuer: &str, address: &str, login: &str) -> String {
        let mut address = address.to_string();
        for _ in 0..12 {
            if !address.starts_with(issuer) {
                return address;
            }
            let is_form = address.contains("/interaction/");
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let cookies = cookies.join("; ");
            let response = if is_form {
                let form = [("prompt", "login"), ("login", login), ("password", "any")];
                self.agent.post(&address).header("cookie", cookies).send_form(form).unwrap()
            } else {
                self.agent.get(&address).header("cookie", cookies).call().unwrap()
            };
            for set in response.headers().get_all("set-cookie") {
                let pair = set.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_string(), value.to_string());
            }
            let location = response.headers().get("location");
            let location = location.expect("a page of the provider").to_str().unwrap();
            address = match location.strip_prefix('/') {
                Some(path) => format!("{issuer}/{path}"),
                None => location.to_string(),
            };
        }
        panic!("the provider leads around in circles: {address}")
    }
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().uri(path).header("cookie", cookie);
    server.send(request.body(Body::empty()).unwrap()).await
}

/// Begins here and signs in there as somebody; answers the path that the browser comes back to, and
/// the cookie of the attempt.
async fn at_provider(server: &Server, provider: &Provider, login: &str) -> (String, String) {
    let begun = get(server, "/api/v1/oidc/CORP/start", "").await.expect(303);
    let state = begun.header("set-cookie").split(';').next().unwrap().to_string();
    let (location, issuer) = (begun.header("location").to_string(), provider.issuer.clone());
    let login = login.to_string();
    let back =
        tokio::task::spawn_blocking(move || Browser::new().visit(&issuer, &location, &login));
    let back = back.await.unwrap();
    (back.strip_prefix(PUBLIC_URL).expect(&back).to_string(), state)
}

/// The whole way; answers what the callback answered.
async fn sign_in(server: &Server, provider: &Provider, login: &str) -> Answer {
    let (path, state) = at_provider(server, provider, login).await;
    get(server, &path, &state).await
}

fn session(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
    let mut found = cookies.filter(|pair| pair.starts_with("tessera_session="));
    found.next().expect("a session").to_string()
}

#[test]
fn a_bound_user_signs_in_at_the_provider_and_out_of_both() {
    let Some(provider) = provider() else { return };
    Server::everywhere(&customizing(&provider, ""), async |server| {
        let bob = add(server, "bob").await;
        let listed = get(server, "/api/v1/oidc", "").await.expect(200).json();
        assert_eq!(listed["items"], json!([{ "code": "CORP", "name": "Company" }]));
        let unknown = sign_in(server, &provider, "bob").await.expect(403);
        assert!(unknown.json()["type"].as_str().unwrap().ends_with("identity.not_bound"));
        let account = json!({ "provider": "CORP", "subject": "bob" });
        server.post(&format!("{bob}/accounts"), &account).await.expect(204);
        let answer = sign_in(server, &provider, "bob").await.expect(303);
        assert_eq!(answer.header("location"), "/");
        let cookie = session(&answer);
        assert_eq!(own_path(server, &cookie).await, bob);
        let sessions = format!("{bob}/sessions");
        let sessions = browse(server, Method::GET, &sessions, &cookie, &Value::Null).await;
        assert_eq!(sessions.expect(200).json()["items"][0]["method"], "oidc:CORP");
        let out = browse(server, Method::DELETE, "/api/v1/session", &cookie, &json!({})).await;
        let further = out.expect(200).json()["continue_at"].as_str().unwrap().to_string();
        assert!(further.starts_with(&provider.issuer) && further.contains("client_id=tessera"));
        get(server, "/api/v1/session", &cookie).await.expect(401);
        // Taken away again, and locked out.
        let account_of = format!("{bob}/accounts");
        server.post(&format!("{account_of}/remove"), &account).await.expect(204);
        server.post(&format!("{account_of}/remove"), &account).await.expect(404);
        sign_in(server, &provider, "bob").await.expect(403);
        server.post(&account_of, &account).await.expect(204);
        server.patch(&bob, "*", &json!({ "profile": { "active": false } })).await.expect(200);
        sign_in(server, &provider, "bob").await.expect(401);
        let log = server.get("/api/v1/sign-in-log").await.expect(200);
        assert!(log.text.contains("oidc:CORP"), "{}", log.text);
    });
}

#[test]
fn whoever_is_known_there_becomes_a_user_where_customizing_says_so() {
    let Some(provider) = provider() else { return };
    let more = "create_users = true\ndefault_role = \"clerk\"";
    Server::everywhere(&customizing(&provider, more), async |server| {
        let identity = Identity::new(server.installation.db().clone());
        let lacking = sign_in(server, &provider, "eve").await.expect(409);
        assert!(lacking.text.contains("there is no role `clerk` for default_role"));
        let refused = apart(|| identity.check_providers()).unwrap_err().to_string();
        assert!(refused.contains("identity_provider.CORP"), "{refused}");
        assert_eq!(server.get("/api/v1/user").await.json()["items"].as_array().unwrap().len(), 1);
        let grants = json!([grant(1, "product", "read", "all")]);
        let clerk = role(server, "clerk", grants, json!([])).await;
        apart(|| identity.check_providers()).unwrap();
        let answer = sign_in(server, &provider, "eve").await.expect(303);
        get(server, "/api/v1/product", &session(&answer)).await.expect(200);
        get(server, "/api/v1/business_partner", &session(&answer)).await.expect(403);
        let own = own_path(server, &session(&answer)).await;
        let eve = server.get(&own).await.expect(200).json();
        assert_eq!(eve["profile"]["login"], "eve.of.id");
        assert_eq!(
            (&eve["profile"]["name"], &eve["profile"]["administrator"]),
            (&json!("EVE"), &json!(false))
        );
        let accounts = server.get(&format!("{own}/accounts")).await.expect(200).json();
        assert_eq!(accounts["items"][0]["role"], "clerk");
        assert_eq!(eve["roles"][0]["role"], clerk.as_str());
        let again = sign_in(server, &provider, "eve").await.expect(303);
        assert_eq!(own_path(server, &session(&again)).await, own);
        // A login that the provider tells gives nobody the user who has it here.
        add(server, "dan.of.id").await;
        let taken = sign_in(server, &provider, "dan").await.expect(409);
        assert!(taken.json()["type"].as_str().unwrap().ends_with("identity.login_taken"));
    });
}

#[test]
fn what_comes_back_counts_once_and_only_in_the_browser_that_began() {
    let Some(provider) = provider() else { return };
    Server::everywhere(&customizing(&provider, "create_users = true"), async |server| {
        let (path, state) = at_provider(server, &provider, "eve").await;
        get(server, &path, "").await.expect(403);
        get(server, &path, "tessera_oidc=another").await.expect(403);
        get(server, CALLBACK, &state).await.expect(403);
        get(server, &path, &state).await.expect(303);
        get(server, &path, &state).await.expect(403);
        // A code of one attempt is worth nothing in another: verifier and nonce differ.
        let (first, _) = at_provider(server, &provider, "eve").await;
        let (second, state) = at_provider(server, &provider, "eve").await;
        let part = |path: &str, name: &str| {
            let query = path.split_once('?').unwrap().1;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).unwrap().1.to_string()
        };
        let mixed =
            format!("{CALLBACK}?code={}&state={}", part(&first, "code"), part(&second, "state"));
        let refused = get(server, &mixed, &state).await.expect(503);
        assert!(refused.text.contains("invalid_grant"), "{}", refused.text);
        assert!(!refused.text.contains(&part(&first, "code")));
        get(server, "/api/v1/oidc/NONE/start", "").await.expect(404);
        // Somebody who has no account there is sent back without a code.
        let denied = format!("{CALLBACK}?error=access_denied&state=s");
        get(server, &denied, "tessera_oidc=s").await.expect(503);
        let wrong = json!({ "login": "eve.of.id", "password": PASSWORD });
        browse(server, Method::POST, "/api/v1/session", "", &wrong).await.expect(401);
    });
}

#[test]
fn a_provider_that_is_not_there_is_a_clear_refusal() {
    let config = "[identity_provider.CORP]\nname = \"Company\"\n\
                  issuer = \"http://127.0.0.1:9\"\nclient_id = \"tessera\"\n";
    Server::everywhere(config, async |server| {
        let refused = get(server, "/api/v1/oidc/CORP/start", "").await.expect(503);
        assert!(refused.text.contains("Company can't be used"), "{}", refused.text);
    });
}
