//! Scenarios on a database.

mod passkeys;
mod sessions;
mod shared;

use std::sync::Arc;

use serde_json::json;
use tessera_customizing::{Customizing, Diagnostics};
use tessera_kernel::{
    Actor, Cache, Catalogues, Clock, Database, Environment, FixedClock, Instant, Numbering,
    Problem, ProblemKind, RandomIds, Registry, Settings, Source, Store,
};
use tessera_store_sqlite::{Options, SqliteStore};

use crate::{Device, Identity, IdentityError, TokenRequest, UserProfile};

const PASSWORD: &str = "correct horse battery";

struct Fixture {
    identity: Identity,
    db: Database,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"), Options::creating()).unwrap();
    let now = Instant::parse("2026-06-01T08:00:00Z").unwrap();
    let db = open(Arc::new(store), Arc::new(FixedClock::at(now)));
    Fixture { identity: Identity::new(db.clone()), db, _folder: folder }
}

fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Database {
    let environment = Environment {
        registry: Registry::new(vec![tessera_access::module(), crate::module()]),
        clock,
        ids: Arc::new(RandomIds::system()),
        homes: tessera_kernel::Homes::default(),
        settings: settings(""),
        catalogues: Catalogues::default(),
        numbering: Numbering::default(),
        cache: Cache::default(),
        extensions: tessera_kernel::CurrentExtensions::default(),
    };
    Database::open(store, environment).unwrap()
}

/// What is shipped, with entries of an installation laid over it.
fn settings(own: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.toml"), own).unwrap();
    let mut problems = Diagnostics::default();
    let customizing = Customizing::load(&[crate::CONFIG], Some(folder.path()), &mut problems);
    let mut settings = Settings::default();
    settings.insert(crate::settings(&customizing, &mut problems));
    assert_eq!(problems, Diagnostics::default());
    settings
}

fn profile(login: &str, administrator: bool) -> UserProfile {
    UserProfile { administrator, ..UserProfile::person(login, &login.to_uppercase()) }
}

fn here() -> Device {
    Device::default()
}

fn at(address: &str) -> Device {
    Device { address: Some(address.parse().unwrap()), agent: Some("a browser".into()) }
}

fn system() -> Actor {
    Actor::system(Source::CommandLine)
}

#[test]
fn the_setup_secret_makes_the_first_administrator_once() {
    let f = fixture();
    let secret = f.identity.offer_setup().unwrap().unwrap();
    let wrong = f.identity.set_up("setup_guess", profile("ada", false), PASSWORD, &here());
    assert!(matches!(wrong, Err(IdentityError::WrongSetup)));
    let signed_in = f.identity.set_up(&secret, profile("ada", false), PASSWORD, &here()).unwrap();
    let actor = f.identity.authenticate(&signed_in.secret).unwrap().unwrap();
    assert_eq!((actor.actor.name(), actor.actor.source()), ("ada", Source::Session));
    actor.actor.require("user", "create").unwrap();
    let again = f.identity.set_up(&secret, profile("eve", true), PASSWORD, &here());
    assert!(matches!(again, Err(IdentityError::WrongSetup)));
    assert_eq!(f.identity.offer_setup().unwrap(), None);
}

#[test]
fn signing_in_needs_the_right_password_and_signing_out_ends_the_session() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let wrong = f.identity.sign_in("ada", "correct horse batterz", None, &here());
    assert!(matches!(wrong, Err(IdentityError::WrongCredentials)));
    let nobody = f.identity.sign_in("eve", PASSWORD, None, &here());
    assert!(matches!(nobody, Err(IdentityError::WrongCredentials)));
    let signed_in = f.identity.sign_in("ADA", PASSWORD, None, &here()).unwrap();
    assert!(f.identity.authenticate(&signed_in.secret).unwrap().is_some());
    assert!(f.identity.recall(&signed_in.secret).is_some());
    f.identity.sign_out(&signed_in.secret).unwrap();
    assert!(f.identity.recall(&signed_in.secret).is_none());
    assert!(f.identity.authenticate(&signed_in.secret).unwrap().is_none());
}

#[test]
fn after_five_wrong_passwords_even_the_right_one_waits() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    for _ in 0..5 {
        let _ = f.identity.sign_in("ada", "wrong wrong wrong", None, &here());
    }
    let error = f.identity.sign_in("ada", PASSWORD, None, &here()).unwrap_err();
    assert_eq!(Problem::from(error).kind, ProblemKind::TooMany);
}

#[test]
fn whoever_guesses_elsewhere_does_not_keep_out_whoever_knows_the_password() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let guesser = at("203.0.113.9");
    for _ in 0..5 {
        let _ = f.identity.sign_in("ada", "wrong wrong wrong", None, &guesser);
    }
    assert!(f.identity.sign_in("ada", PASSWORD, None, &guesser).is_err());
    f.identity.sign_in("ada", PASSWORD, None, &at("192.0.2.1")).unwrap();
}

#[test]
fn a_revoked_token_and_a_deactivated_user_are_refused_at_once() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    f.identity.add_user(&system(), profile("bob", true), PASSWORD).unwrap();
    let first = f.identity.create_token(&system(), ada, &TokenRequest::new("one", 30)).unwrap();
    let second = f.identity.create_token(&system(), ada, &TokenRequest::new("two", 30)).unwrap();
    assert_eq!(f.identity.tokens(&system(), ada).unwrap().len(), 2);
    assert!(f.identity.authenticate(&first.secret).unwrap().is_some());
    f.identity.revoke_token(&system(), ada, first.token.id).unwrap();
    assert!(f.identity.authenticate(&first.secret).unwrap().is_none());
    let gone = f.identity.revoke_token(&system(), ada, first.token.id);
    assert!(matches!(gone, Err(IdentityError::NoToken { .. })));
    assert!(f.identity.authenticate(&second.secret).unwrap().is_some());
    f.identity.set_active(&system(), ada, false).unwrap();
    assert!(f.identity.authenticate(&second.secret).unwrap().is_none());
}

#[test]
fn the_last_administrator_stays_one() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    f.identity.add_user(&system(), profile("bob", false), PASSWORD).unwrap();
    let error = f.identity.set_active(&system(), ada, false).unwrap_err();
    assert_eq!(Problem::from(error).code, "identity.last_administrator");
}

#[test]
fn a_new_password_ends_the_sessions() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let signed_in = f.identity.sign_in("ada", PASSWORD, None, &here()).unwrap();
    f.identity.set_password(&system(), ada, "another long password").unwrap();
    assert!(f.identity.authenticate(&signed_in.secret).unwrap().is_none());
    f.identity.sign_in("ada", "another long password", None, &here()).unwrap();
}

#[test]
fn no_secret_stands_in_the_object_or_its_history() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    f.identity.set_password(&system(), ada, "another long password").unwrap();
    let registry = Registry::new(vec![tessera_access::module(), crate::module()]);
    let get = registry.object("user").unwrap().get;
    let (object, history) =
        f.db.read(&system(), |tx| {
            let object = get(tx, ada)?;
            Ok::<_, Problem>((object, tx.changes(ada, 0).map_err(Problem::from)?))
        })
        .unwrap();
    assert_eq!(object["profile"]["login"], "ada");
    assert!(!object.to_string().contains("argon2") && history.is_empty());
}

#[test]
fn a_login_is_unique_and_has_no_strange_letters() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    for login in ["ada", "Ada", "a b", "", "system"] {
        let error = f.identity.add_user(&system(), profile(login, false), PASSWORD).unwrap_err();
        assert_eq!(Problem::from(error).fields[0].path, "profile.login", "{login}");
    }
}

#[test]
fn a_stale_change_is_refused() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let body = json!({ "profile": { "name": "Ada" } });
    let refused: Result<(), Problem> =
        f.db.command(&system(), move |tx| crate::change::change(tx, ada, Some(7), &body));
    assert_eq!(refused.unwrap_err().kind, ProblemKind::Stale);
}
