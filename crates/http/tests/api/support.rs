//! An installation with an administrator, and a client.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tessera_http::{Api, Limits, router};
use tessera_identity::{Identity, TokenRequest, UserProfile};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Database, FixedClock, Instant, RandomIds, Source, parse_date};
use tessera_testing_postgres::{TestDatabase, database};
use tower::ServiceExt as _;

/// Where an identity provider sends browsers back to; nobody listens there.
pub(crate) const PUBLIC_URL: &str = "http://localhost:9";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server without a network.
pub(crate) struct Server {
    pub(crate) installation: Installation,
    pub(crate) router: Router,
    pub(crate) token: String,
    _folder: TempDir,
    _database: OnServer,
}

/// A database of a server, where there is one, with the last that holds its connections.
struct OnServer(Option<(Database, TestDatabase)>);

impl Drop for OnServer {
    fn drop(&mut self) {
        let database = self.0.take();
        apart(move || drop(database));
    }
}

/// Waits for what waits for the database, on a thread that no runtime has.
pub(crate) fn apart<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// What a problem says, whatever the request was.
    pub(crate) fn told(&self) -> String {
        let mut problem = self.json();
        assert!(problem["request"].take().is_string(), "{}", self.text);
        problem.to_string()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Fails unless the status is this one.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The paths of the findings of a problem.
    pub(crate) fn paths(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|e| e["path"].as_str()).map(str::to_string).collect()
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        apart(|| Self::build(limits))
    }

    fn build(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As the scenarios do.
        let server = std::env::var("TESSERA_TEST_ENGINE").is_ok_and(|it| it == "postgres");
        let database = server.then(|| database().unwrap());
        let url = match &database {
            Some(database) => database.url(""),
            None => format!("sqlite:{}", folder.path().join("t.db").display()),
        };
        Self::on(Options::creating(&url), limits, (folder, database))
    }

    /// Runs a test with a server on each engine, each with this customizing of its own.
    pub(crate) fn everywhere(customizing: &str, test: impl AsyncFn(&Self)) {
        let file = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", file.path().join("t.db").display());
        Self::run(&url, customizing, &test);
        if let Some(database) = database() {
            Self::run(&database.url("?writers=4&readers=4"), customizing, &test);
        }
    }

    /// Runs a test with two processes on one database of a server, where there is one.
    pub(crate) fn on_two(test: impl AsyncFn(&Self, &Self)) {
        let Some(database) = database() else { return };
        let start = |login: &str| {
            let folder = tempfile::tempdir().unwrap();
            let options = Options::creating(&database.url("?writers=4&readers=4"));
            Self::signed_in(login, options, Limits::default(), (folder, None))
        };
        let (one, other) = (start("ada"), start("bea"));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(test(&one, &other));
    }

    /// Servers are started and stopped outside of the runtime: a database server has its own.
    fn run(url: &str, customizing: &str, test: &impl AsyncFn(&Self)) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.toml"), customizing).unwrap();
        let options = Options::creating(url).config_folder(Some(folder.path().into()));
        let server = Self::on(options, Limits::default(), (folder, None));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(test(&server));
    }

    fn on(options: Options, limits: Limits, place: (TempDir, Option<TestDatabase>)) -> Self {
        Self::signed_in("ada", options, limits, place)
    }

    fn signed_in(
        login: &str,
        options: Options,
        limits: Limits,
        (folder, database): (TempDir, Option<TestDatabase>),
    ) -> Self {
        Self::of(login, Installation::open(options).unwrap(), limits, (folder, database))
    }

    /// A server of a small company that has been at work for some weeks.
    pub(crate) fn demo() -> Self {
        apart(|| {
            let folder = tempfile::tempdir().unwrap();
            let customizing = folder.path().join("config");
            tessera_demo::write_customizing(&customizing).unwrap();
            let clock = Arc::new(FixedClock::at(Instant::from_micros(0)));
            let url = format!("sqlite:{}", folder.path().join("t.db").display());
            let mut options = Options::creating(&url).config_folder(Some(customizing));
            options.clock = clock.clone();
            options.ids = Arc::new(RandomIds::seeded(1));
            options.engine.sync = false;
            let installation = Installation::open(options).unwrap();
            let plan = tessera_demo::Plan::few_weeks(parse_date("2026-06-15").unwrap());
            tessera_demo::build(installation.db(), &clock, &plan, &mut |_, _| {}).unwrap();
            Self::of("ada", installation, Limits::default(), (folder, None))
        })
    }

    fn of(
        login: &str,
        installation: Installation,
        limits: Limits,
        (folder, database): (TempDir, Option<TestDatabase>),
    ) -> Self {
        let identity = Arc::new(Identity::new(installation.db().clone()));
        let system = Actor::system(Source::CommandLine);
        let profile = UserProfile::administrator(login, login);
        let ada = identity.add_user(&system, profile, PASSWORD).unwrap();
        let request = TokenRequest::new("test", 1);
        let token = identity.create_token(&system, ada, &request).unwrap().secret;
        let router =
            router(Arc::new(Api::new(&installation, identity, limits).public_url(PUBLIC_URL)));
        let database = OnServer(database.map(|it| (installation.db().clone(), it)));
        Self { installation, router, token, _folder: folder, _database: database }
    }

    /// The server as somebody sees it who is no administrator.
    pub(crate) fn seen_by_a_clerk(mut self) -> Self {
        self.token = apart(|| self.token_of_a_clerk());
        self
    }

    fn token_of_a_clerk(&self) -> String {
        let identity = Identity::new(self.installation.db().clone());
        let system = Actor::system(Source::CommandLine);
        let bob = UserProfile::person("bob", "Bob");
        let bob = identity.add_user(&system, bob, PASSWORD).unwrap();
        identity.create_token(&system, bob, &TokenRequest::new("test", 1)).unwrap().secret
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request with the administrator's token.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        for (name, value) in headers {
            if let Some(known) = request.headers_mut() {
                known.remove(*name);
            }
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &[], &body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, &[("if-match", etag)], &body.to_string()).await
    }

    /// Makes a partner; answers its id.
    pub(crate) async fn partner(&self, name: &str) -> String {
        let answer = self.post("/api/v1/business_partner", &partner(name)).await.expect(201);
        answer.json()["id"].as_str().unwrap().to_string()
    }
}

/// The least that a partner has.
pub(crate) fn partner(name: &str) -> Value {
    json!({ "general": {
        "category": "organisation",
        "name": name,
        "country": "DE",
        "language": "en",
        "tax_classification": "full",
    } })
}
