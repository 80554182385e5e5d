//! Scenarios on a database.

mod shared;

use std::sync::Arc;

use serde_json::json;
use tessera_kernel::{
    Actor, Cache, Catalogues, Clock, Database, Environment, Numbering, Problem, ProblemKind,
    RandomIds, Registry, Settings, Source, Store, SystemClock,
};
use tessera_store_sqlite::{Options, SqliteStore};

use crate::{Identity, IdentityError, UserProfile};

const PASSWORD: &str = "correct horse battery";

struct Fixture {
    identity: Identity,
    db: Database,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db"), Options::creating()).unwrap();
    let db = open(Arc::new(store), Arc::new(SystemClock));
    Fixture { identity: Identity::new(db.clone()), db, _folder: folder }
}

fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Database {
    let environment = Environment {
        registry: Registry::new(vec![tessera_access::module(), crate::module()]),
        clock,
        ids: Arc::new(RandomIds::system()),
        homes: tessera_kernel::Homes::default(),
        settings: Settings::default(),
        catalogues: Catalogues::default(),
        numbering: Numbering::default(),
        cache: Cache::default(),
    };
    Database::open(store, environment).unwrap()
}

fn profile(login: &str, administrator: bool) -> UserProfile {
    UserProfile { login: login.into(), name: login.to_uppercase(), administrator, active: true }
}

fn system() -> Actor {
    Actor::system(Source::CommandLine)
}

#[test]
fn the_setup_secret_makes_the_first_administrator_once() {
    let f = fixture();
    let secret = f.identity.offer_setup().unwrap().unwrap();
    let wrong = f.identity.set_up("setup_guess", profile("ada", false), PASSWORD);
    assert!(matches!(wrong, Err(IdentityError::WrongSetup)));
    let signed_in = f.identity.set_up(&secret, profile("ada", false), PASSWORD).unwrap();
    let actor = f.identity.authenticate(&signed_in.secret).unwrap().unwrap();
    assert_eq!((actor.name(), actor.source()), ("ada", Source::Session));
    actor.require("user", "create").unwrap();
    let again = f.identity.set_up(&secret, profile("eve", true), PASSWORD);
    assert!(matches!(again, Err(IdentityError::WrongSetup)));
    assert_eq!(f.identity.offer_setup().unwrap(), None);
}

#[test]
fn signing_in_needs_the_right_password_and_signing_out_ends_the_session() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let wrong = f.identity.sign_in("ada", "correct horse batterz", None);
    assert!(matches!(wrong, Err(IdentityError::WrongCredentials)));
    let nobody = f.identity.sign_in("eve", PASSWORD, None);
    assert!(matches!(nobody, Err(IdentityError::WrongCredentials)));
    let signed_in = f.identity.sign_in("ADA", PASSWORD, None).unwrap();
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
        let _ = f.identity.sign_in("ada", "wrong wrong wrong", None);
    }
    let error = f.identity.sign_in("ada", PASSWORD, None).unwrap_err();
    assert_eq!(Problem::from(error).kind, ProblemKind::TooMany);
}

#[test]
fn whoever_guesses_elsewhere_does_not_keep_out_whoever_knows_the_password() {
    let f = fixture();
    f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let guesser = Some("203.0.113.9".parse().unwrap());
    for _ in 0..5 {
        let _ = f.identity.sign_in("ada", "wrong wrong wrong", guesser);
    }
    assert!(f.identity.sign_in("ada", PASSWORD, guesser).is_err());
    f.identity.sign_in("ada", PASSWORD, Some("192.0.2.1".parse().unwrap())).unwrap();
}

#[test]
fn a_revoked_token_and_a_deactivated_user_are_refused_at_once() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    f.identity.add_user(&system(), profile("bob", true), PASSWORD).unwrap();
    let first = f.identity.create_token(&system(), ada, "one", 30).unwrap();
    let second = f.identity.create_token(&system(), ada, "two", 30).unwrap();
    assert_eq!(f.identity.tokens(&system(), ada).unwrap().len(), 2);
    assert!(f.identity.authenticate(&first.secret).unwrap().is_some());
    f.identity.revoke_token(&system(), ada, first.token.id).unwrap();
    assert!(f.identity.authenticate(&first.secret).unwrap().is_none());
    let gone = f.identity.revoke_token(&system(), ada, first.token.id);
    assert!(matches!(gone, Err(IdentityError::NoToken { .. })));
    assert!(f.identity.authenticate(&second.secret).unwrap().is_some());
    f.identity.deactivate(&system(), ada).unwrap();
    assert!(f.identity.authenticate(&second.secret).unwrap().is_none());
}

#[test]
fn the_last_administrator_stays_one() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    f.identity.add_user(&system(), profile("bob", false), PASSWORD).unwrap();
    let error = f.identity.deactivate(&system(), ada).unwrap_err();
    assert_eq!(Problem::from(error).code, "identity.last_administrator");
}

#[test]
fn a_new_password_ends_the_sessions() {
    let f = fixture();
    let ada = f.identity.add_user(&system(), profile("ada", true), PASSWORD).unwrap();
    let signed_in = f.identity.sign_in("ada", PASSWORD, None).unwrap();
    f.identity.set_password(&system(), ada, "another long password").unwrap();
    assert!(f.identity.authenticate(&signed_in.secret).unwrap().is_none());
    f.identity.sign_in("ada", "another long password", None).unwrap();
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
