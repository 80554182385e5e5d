//! What users see and do by their roles, over every surface.

use axum::http::Method;
use serde_json::{Value, json};
use tessera_access::{Imported, SHIPPED_ROLES, compare_roles, export_roles, import_roles};
use tessera_identity::{Identity, TokenRequest};
use tessera_kernel::{Actor, ObjectId, Pattern, Source};

use crate::support::{Answer, Server, partner};

/// A user at the API.
pub(crate) struct Seat<'s> {
    server: &'s Server,
    token: String,
    pub(crate) id: String,
}

impl Seat<'_> {
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let token = format!("Bearer {}", self.token);
        // Answers that are to be the same are compared as they are: also by the request that they name.
        let mut headers = vec![("authorization", token.as_str()), ("x-request-id", "seat")];
        headers.extend_from_slice(more);
        self.server.call(method, path, &headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &[], &body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, &[("if-match", "*")], &body.to_string()).await
    }

    async fn partner(&self, name: &str) -> String {
        id(&self.post("/api/v1/business_partner", &partner(name)).await.expect(201))
    }
}

pub(crate) fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_string()
}

pub(crate) async fn made(server: &Server, object: &str, body: Value) -> String {
    id(&server.post(&format!("/api/v1/{object}"), &body).await.expect(201))
}

pub(crate) async fn team(server: &Server, name: &str, parent: Option<&str>) -> String {
    made(server, "team", json!({ "header": { "name": name, "parent": parent } })).await
}

pub(crate) fn grant(line: u32, object: &str, action: &str, scope: &str) -> Value {
    json!({ "line": line, "object_type": object, "action": action, "scope": scope })
}

pub(crate) async fn role(server: &Server, name: &str, grants: Value, fields: Value) -> String {
    let body = json!({ "header": { "name": name }, "grants": grants, "fields": fields });
    made(server, "role", body).await
}

pub(crate) async fn seat<'s>(
    server: &'s Server,
    login: &str,
    role: &str,
    teams: &[&str],
) -> Seat<'s> {
    let teams = teams.iter().enumerate();
    let teams: Vec<Value> =
        teams.map(|(position, team)| json!({ "team": team, "home": position == 0 })).collect();
    let body = json!({
        "profile": { "login": login, "name": login },
        "roles": [{ "line": 1, "role": role }],
        "teams": teams,
    });
    let user = made(server, "user", body).await;
    let identity = Identity::new(server.installation.db().clone());
    let owner: ObjectId = user.parse().unwrap();
    let system = Actor::system(Source::CommandLine);
    let request = TokenRequest::new("test", 1);
    let token = identity.create_token(&system, owner, &request).unwrap().secret;
    Seat { server, token, id: user }
}

/// Somebody who works with all partners and is withheld these fields.
pub(crate) async fn clerk(server: &Server, fields: Value) -> Seat<'_> {
    let grants = json!([grant(1, "business_partner", "*", "all")]);
    let role = role(server, "clerk", grants, fields).await;
    seat(server, "ben", &role, &[]).await
}

fn names(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap_or("?").to_string()).collect()
}

/// Everybody works with the partners of their teams.
async fn team_role(server: &Server) -> String {
    let grants = json!([grant(1, "business_partner", "*", "team_tree")]);
    role(server, "clerk", grants, json!([])).await
}

#[tokio::test]
async fn a_user_works_with_what_their_teams_and_those_below_are_responsible_for() {
    let server = Server::start();
    let north = team(&server, "north", None).await;
    let coast = team(&server, "coast", Some(&north)).await;
    let south = team(&server, "south", None).await;
    let role = team_role(&server).await;
    let nora = seat(&server, "nora", &role, &[&north]).await;
    let carl = seat(&server, "carl", &role, &[&coast]).await;
    let sue = seat(&server, "sue", &role, &[&south]).await;
    let (seen, hidden) = (carl.partner("Seen").await, sue.partner("Hidden").await);
    nora.partner("Own").await;
    server.partner("Nobody's").await;

    assert_eq!(names(&nora.get("/api/v1/business_partner").await.expect(200)), ["Own", "Seen"]);
    assert_eq!(names(&carl.get("/api/v1/business_partner").await.expect(200)), ["Seen"]);
    let sorted = "/api/v1/business_partner?name.gte=A&sort=name";
    assert_eq!(names(&nora.get(sorted).await.expect(200)), ["Own", "Seen"]);
    assert_eq!(names(&server.get(sorted).await.expect(200)).len(), 4);

    let path = |id: &str| format!("/api/v1/business_partner/{id}");
    let change = json!({ "general": { "name": "Changed" } });
    nora.patch(&path(&seen), &change).await.expect(200);
    for answer in [
        nora.get(&path(&hidden)).await,
        nora.get(&format!("{}/changes", path(&hidden))).await,
        nora.patch(&path(&hidden), &change).await,
        nora.post(&format!("{}/assign", path(&hidden)), &json!({ "owner": nora.id })).await,
    ] {
        let answer = answer.expect(404);
        assert!(answer.text.contains(&format!("there is no business_partner {hidden}")));
    }
    let number = server.get(&path(&hidden)).await.json()["number"].as_str().unwrap().to_string();
    let by_number = |number: &str| format!("/api/v1/business_partner/by-number/{number}");
    let refused = nora.get(&by_number(&number)).await.expect(404).told();
    let nothing = nora.get(&by_number("4711")).await.expect(404).told();
    assert_eq!(refused.replace(&number, "4711"), nothing);
}

#[tokio::test]
async fn pages_of_many_teams_follow_each_other() {
    let server = Server::start();
    let top = team(&server, "top", None).await;
    let role = team_role(&server).await;
    let boss = seat(&server, "boss", &role, &[&top]).await;
    for number in 0..40 {
        let below = team(&server, &format!("team {number}"), Some(&top)).await;
        let clerk = seat(&server, &format!("clerk{number}"), &role, &[&below]).await;
        clerk.partner(&format!("P{number:02}")).await;
        server.partner("Nobody's").await;
    }
    let (mut path, mut found) = ("/api/v1/business_partner?limit=7".to_string(), Vec::new());
    loop {
        let page = boss.get(&path).await.expect(200);
        found.extend(names(&page));
        let Some(next) = page.json()["next"].as_str().map(str::to_string) else { break };
        path = format!("/api/v1/business_partner?limit=7&cursor={next}");
    }
    let expected: Vec<String> = (0..40).rev().map(|number| format!("P{number:02}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_grant_that_denies_wins_and_other_actions_stay() {
    let server = Server::start();
    let mut deny = grant(2, "business_partner", "change", "all");
    deny["effect"] = "deny".into();
    let grants = json!([grant(1, "business_partner", "*", "all"), deny]);
    let role = role(&server, "reader", grants, json!([])).await;
    let rita = seat(&server, "rita", &role, &[]).await;
    let made = rita.partner("Anna").await;
    let path = format!("/api/v1/business_partner/{made}");
    rita.get(&path).await.expect(200);
    rita.patch(&path, &json!({ "general": { "name": "B" } })).await.expect(403);
    rita.get("/api/v1/product").await.expect(403);
}

/// Somebody who is withheld fields of partners, and a partner with a secret in one of them.
async fn withheld(server: &Server) -> (Seat<'_>, String) {
    let grants = json!([grant(1, "business_partner", "*", "all")]);
    let fields = json!([
        { "line": 1, "object_type": "business_partner", "field": "general.search_term", "visibility": "hidden" },
        { "line": 2, "object_type": "business_partner", "field": "general.country", "visibility": "masked" },
        { "line": 3, "object_type": "business_partner", "field": "credit", "visibility": "hidden" },
        { "line": 4, "object_type": "business_partner", "field": "general.blocked", "visibility": "read_only" },
    ]);
    let role = role(server, "blind", grants, fields).await;
    let ben = seat(server, "ben", &role, &[]).await;
    let mut body = partner("Anna");
    body["general"]["search_term"] = "SECRET".into();
    let path = format!("/api/v1/business_partner/{}", made(server, "business_partner", body).await);
    server.patch(&path, "*", &term("SECRET2")).await.expect(200);
    (ben, path)
}

fn term(term: &str) -> Value {
    json!({ "general": { "search_term": term } })
}

#[tokio::test]
async fn a_hidden_field_is_on_no_surface() {
    let server = Server::start();
    let (ben, path) = withheld(&server).await;
    let renamed = json!({ "general": { "name": "Berta" } });
    let list = "/api/v1/business_partner";
    let one = ben.get(&path).await.expect(200);
    assert_eq!(one.json()["general"]["country"], "***");
    assert_eq!(one.json()["general"]["blocked"], false);
    let stale =
        ben.call(Method::PATCH, &path, &[("if-match", "\"1\"")], &renamed.to_string()).await;
    for answer in [
        one,
        ben.get(list).await.expect(200),
        ben.get(&format!("{path}/changes")).await.expect(200),
        stale.expect(412),
        ben.patch(&path, &renamed).await.expect(200),
        ben.get("/api/v1/metadata").await.expect(200),
        ben.get("/api/openapi.json").await.expect(200),
    ] {
        let about_partners = match answer.json()["objects"].as_array() {
            Some(objects) => objects.iter().find(|o| o["name"] == "business_partner").cloned(),
            None => answer.json()["components"]["schemas"].get("business_partner").cloned(),
        };
        let text = about_partners.map_or(answer.text, |value| value.to_string());
        for secret in ["SECRET", "search_term", "\"credit\"", "\"DE\""] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_hidden_field_can_be_neither_asked_for_nor_given() {
    let server = Server::start();
    let (ben, path) = withheld(&server).await;
    let list = "/api/v1/business_partner";
    for query in
        ["search_term=SECRET2", "sort=search_term", "search_term.prefix=S", "country=DE&name=A"]
    {
        let refused = ben.get(&format!("{list}?{query}")).await.expect(422);
        assert!(!refused.text.contains("search_term,"), "{}", refused.text);
    }
    let nothing = ben.get(&format!("{list}?nonsense=1")).await.expect(422).told();
    let hidden = ben.get(&format!("{list}?search_term=1")).await.expect(422).told();
    assert_eq!(hidden.replace("search_term", "nonsense"), nothing);
    for (body, path_of_finding) in [
        (term("X"), "general.search_term"),
        (json!({ "general": { "country": "FR" } }), "general.country"),
        (json!({ "general": { "country": "***" } }), "general.country"),
        (json!({ "general": { "blocked": true } }), "general.blocked"),
        (json!({ "credit": [] }), "credit"),
    ] {
        assert_eq!(ben.patch(&path, &body).await.expect(422).paths(), [path_of_finding], "{body}");
    }
    let kept = server.get(&path).await.json();
    assert_eq!(
        (&kept["general"]["search_term"], &kept["general"]["country"]),
        (&json!("SECRET2"), &json!("DE"))
    );
}

#[tokio::test]
async fn a_repeated_call_is_answered_under_the_rights_of_its_moment() {
    let server = Server::start();
    let grants = json!([grant(1, "business_partner", "*", "all")]);
    let role_id = role(&server, "clerk", grants, json!([])).await;
    let ben = seat(&server, "ben", &role_id, &[]).await;
    let mut body = partner("Anna");
    body["general"]["search_term"] = "SECRET".into();
    let (path, key) = ("/api/v1/business_partner", [("idempotency-key", "k1")]);
    let first = ben.call(Method::POST, path, &key, &body.to_string()).await.expect(201);
    assert!(first.text.contains("SECRET"));
    let rule = json!({
        "line": 1, "object_type": "business_partner", "field": "general.search_term", "visibility": "hidden",
    });
    let role_path = format!("/api/v1/role/{role_id}");
    server.patch(&role_path, "*", &json!({ "fields": [rule] })).await.expect(200);
    let again = ben.call(Method::POST, path, &key, &body.to_string()).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert!(!again.text.contains("SECRET") && again.text.contains("Anna"), "{}", again.text);
    let own = json!([grant(1, "business_partner", "*", "team")]);
    server.patch(&role_path, "*", &json!({ "grants": own })).await.expect(200);
    let again = ben.call(Method::POST, path, &key, &body.to_string()).await.expect(201);
    assert!(!again.text.contains("Anna"), "{}", again.text);
}

#[tokio::test]
async fn what_somebody_may_not_read_can_not_be_referred_to_and_looks_like_nothing() {
    let server = Server::start();
    let (north, south) = (team(&server, "north", None).await, team(&server, "south", None).await);
    let role = team_role(&server).await;
    let nora = seat(&server, "nora", &role, &[&north]).await;
    let sue = seat(&server, "sue", &role, &[&south]).await;
    let hidden = sue.partner("Hidden").await;
    let nothing = uuid::Uuid::now_v7().to_string();
    let mut texts = Vec::new();
    for target in [&hidden, &nothing] {
        let mut body = partner("Own");
        let link = json!({ "category": "employee_of", "other": target, "valid": { "from": "2026-01-01", "to": "9999-12-31" } });
        body["relationships"] = json!([link]);
        let refused = nora.post("/api/v1/business_partner", &body).await.expect(422);
        assert!(refused.text.contains("there is no"), "{}", refused.text);
        texts.push(refused.told().replace(target.as_str(), "ID"));
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn an_object_is_handed_over_and_its_history_tells() {
    let server = Server::start();
    let (north, south) = (team(&server, "north", None).await, team(&server, "south", None).await);
    let grants = json!([
        grant(1, "business_partner", "*", "team_tree"),
        grant(2, "user", "read", "all"),
        grant(3, "team", "read", "all"),
    ]);
    let role = role(&server, "clerk", grants, json!([])).await;
    let nora = seat(&server, "nora", &role, &[&north]).await;
    let sue = seat(&server, "sue", &role, &[&south]).await;
    let path = format!("/api/v1/business_partner/{}", nora.partner("Anna").await);
    let before = nora.get(&path).await.expect(200).json();
    assert_eq!((&before["owner"], &before["team"]), (&json!(nora.id), &json!(north)));
    sue.get(&path).await.expect(404);
    let to = json!({ "owner": sue.id, "team": south });
    nora.post(&format!("{path}/assign"), &to).await.expect(200);
    nora.get(&path).await.expect(404);
    let after = sue.get(&path).await.expect(200).json();
    assert_eq!((&after["owner"], &after["version"]), (&json!(sue.id), &json!(2)));
    let changes = sue.get(&format!("{path}/changes")).await.expect(200).json();
    let fields: Vec<&str> =
        changes["items"].as_array().unwrap().iter().map(|c| c["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["owner", "team"]);
    assert_eq!(changes["items"][0]["actor"], "nora");
}

#[tokio::test]
async fn rights_that_are_taken_are_gone_with_the_next_call() {
    let server = Server::start();
    let grants = json!([grant(1, "business_partner", "*", "all")]);
    let role = role(&server, "clerk", grants, json!([])).await;
    let ben = seat(&server, "ben", &role, &[]).await;
    ben.partner("Anna").await;
    let path = format!("/api/v1/role/{role}");
    server.patch(&path, "*", &json!({ "grants": [] })).await.expect(200);
    ben.get("/api/v1/business_partner").await.expect(403);
    ben.post("/api/v1/business_partner", &partner("B")).await.expect(403);
    let grants = json!([grant(1, "business_partner", "read", "all")]);
    server.patch(&path, "*", &json!({ "grants": grants })).await.expect(200);
    ben.get("/api/v1/business_partner").await.expect(200);
    let over =
        json!([{ "line": 1, "role": role, "valid": { "from": "2020-01-01", "to": "2020-12-31" } }]);
    let user = format!("/api/v1/user/{}", ben.id);
    server.patch(&user, "*", &json!({ "roles": over })).await.expect(200);
    ben.get("/api/v1/business_partner").await.expect(403);
}

#[tokio::test]
async fn a_substitute_reaches_what_the_absent_user_is_responsible_for() {
    let server = Server::start();
    let grants = json!([grant(1, "business_partner", "*", "own")]);
    let role = role(&server, "clerk", grants, json!([])).await;
    let (ann, bob) =
        (seat(&server, "ann", &role, &[]).await, seat(&server, "bob", &role, &[]).await);
    ann.partner("Ann's").await;
    let list = "/api/v1/business_partner";
    assert!(names(&bob.get(list).await.expect(200)).is_empty());
    let valid = json!({ "from": "2020-01-01", "to": "9999-12-31" });
    let stands_in = json!({ "substitutes": [{ "substitute": bob.id, "valid": valid }] });
    server.patch(&format!("/api/v1/user/{}", ann.id), "*", &stands_in).await.expect(200);
    assert_eq!(names(&bob.get(list).await.expect(200)), ["Ann's"]);
}

#[tokio::test]
async fn whoever_may_change_users_gives_no_rights_by_that() {
    let server = Server::start();
    let grants = json!([
        grant(1, "user", "create", "all"),
        grant(2, "user", "change", "all"),
        grant(3, "user", "read", "all"),
        grant(4, "role", "read", "all"),
    ]);
    let role = role(&server, "help_desk", grants, json!([])).await;
    let hugo = seat(&server, "hugo", &role, &[]).await;
    let own = format!("/api/v1/user/{}", hugo.id);
    hugo.patch(&own, &json!({ "profile": { "name": "Hugo" } })).await.expect(200);
    for body in [
        json!({ "profile": { "administrator": true } }),
        json!({ "roles": [{ "line": 1, "role": role }, { "line": 2, "role": role }] }),
    ] {
        hugo.patch(&own, &body).await.expect(403);
    }
    let user = json!({ "profile": { "login": "eve", "name": "Eve", "administrator": true } });
    hugo.post("/api/v1/user", &user).await.expect(403);
    hugo.post("/api/v1/role", &json!({ "header": { "name": "own" } })).await.expect(403);
}

#[tokio::test]
async fn a_role_names_only_what_there_is() {
    let server = Server::start();
    let body = json!({
        "header": { "name": "Wrong" },
        "grants": [
            grant(1, "nonsense", "read", "all"),
            grant(2, "product", "fly", "all"),
            grant(3, "product", "read", "team"),
        ],
        "fields": [
            { "line": 1, "object_type": "product", "field": "general.wings", "visibility": "hidden" },
            { "line": 2, "object_type": "user", "field": "profile.login", "visibility": "masked" },
        ],
        "limits": [{ "line": 1, "object_type": "payment", "action": "pay" }],
    });
    let refused = server.post("/api/v1/role", &body).await.expect(422);
    let expected = [
        "header.name",
        "grants[0].object_type",
        "grants[1].action",
        "grants[2].scope",
        "fields[0].field",
        "fields[1].field",
        "limits[0].amount",
        "limits[0].action",
    ];
    assert_eq!(refused.paths(), expected, "{}", refused.text);
}

#[tokio::test]
async fn the_roles_that_are_shipped_fit_and_are_told_from_others() {
    let server = Server::start();
    let db = server.installation.db();
    let system = Actor::system(Source::CommandLine);
    let shipped: serde_json::Map<String, Value> = toml::from_str(SHIPPED_ROLES).unwrap();
    let (file, again) = (shipped.clone(), shipped.clone());
    let made = db.command(&system, move |tx| import_roles(tx, &file)).unwrap();
    assert!(made.iter().all(|(_, outcome)| *outcome == Imported::Made), "{made:?}");
    let same = db.command(&system, move |tx| import_roles(tx, &again)).unwrap();
    assert!(same.iter().all(|(_, outcome)| *outcome == Imported::Same), "{same:?}");
    let exported = db.read(&system, export_roles).unwrap();
    assert_eq!(exported.len(), 8);
    let reader =
        Actor::system(Source::CommandLine).within([(Pattern::of("role"), Pattern::of("read"))]);
    let refused = db.read(&reader, export_roles).unwrap_err();
    assert!(refused.detail.contains("may not export role"), "{refused}");
    let compared = |roles: &_| db.read(&system, |tx| compare_roles(tx, roles)).unwrap();
    assert!(compared(&exported).is_empty());
    let mut other = exported;
    other["auditor"]["grants"][0]["action"] = "change".into();
    let found = compared(&other);
    assert!(found.len() == 1 && found[0].starts_with("auditor: grants would change"), "{found:?}");
}

#[tokio::test]
async fn why_somebody_may_is_told_by_role_and_line() {
    let server = Server::start();
    let north = team(&server, "north", None).await;
    let mut deny = grant(2, "business_partner", "change", "own");
    deny["effect"] = "deny".into();
    let grants = json!([grant(1, "business_partner", "*", "team_tree"), deny]);
    let fields = json!([
        { "line": 1, "object_type": "business_partner", "field": "general.search_term", "visibility": "masked" },
    ]);
    let role = role(&server, "clerk", grants, fields).await;
    let nora = seat(&server, "nora", &role, &[&north]).await;
    let (own, other) = (nora.partner("Own").await, server.partner("Other").await);
    let path = format!("/api/v1/user/{}/explain_access", nora.id);
    let ask = |action: &str, object: &str| json!({ "object_type": "business_partner", "action": action, "object_id": object, "field": "general.search_term" });
    for (action, object, allowed, because) in [
        ("read", &own, true, "clerk, line 1, allows it"),
        ("change", &own, false, "clerk, line 2, denies it"),
        ("read", &other, false, "it is in no scope of the roles that speak of it"),
    ] {
        let answer = server.post(&path, &ask(action, object)).await.expect(200).json();
        assert_eq!((&answer["allowed"], &answer["because"]), (&json!(allowed), &json!(because)));
        assert_eq!(answer["field"]["visibility"], "masked");
        assert_eq!(answer["field"]["lines"][0]["role"], "clerk");
    }
    let all = format!("/api/v1/user/{}/effective_access", nora.id);
    let all = server.post(&all, &json!({})).await.expect(200).json();
    assert_eq!(all["objects"].as_array().unwrap().len(), 1);
    assert_eq!(all["objects"][0]["fields"]["general.search_term"], "masked");
    nora.post(&path, &ask("read", &own)).await.expect(403);
}

#[tokio::test]
async fn what_an_edit_of_a_role_would_change_is_told_by_user_and_counted() {
    let server = Server::start();
    let grants = json!([grant(1, "business_partner", "*", "all")]);
    let role = role(&server, "clerk", grants, json!([])).await;
    for login in ["ann", "bob"] {
        seat(&server, login, &role, &[]).await;
    }
    let path = format!("/api/v1/role/{role}");
    let version = server.get(&path).await.json()["version"].clone();
    let ask = format!("{path}/what_would_change");
    let same = json!({ "grants": [grant(1, "business_partner", "*", "all")] });
    let same = server.post(&ask, &same).await.expect(200).json();
    assert_eq!((&same["users"], &same["changed"]), (&json!(2), &json!(0)));
    let edit = json!({
        "grants": [grant(1, "business_partner", "read", "own"), grant(2, "product", "read", "all")],
        "fields": [
            { "line": 1, "object_type": "business_partner", "field": "general.search_term", "visibility": "hidden" },
        ],
    });
    let told = server.post(&ask, &edit).await.expect(200).json();
    assert_eq!((&told["changed"], &told["items"][1]["login"]), (&json!(2), &json!("bob")));
    let totals = told["totals"].as_array().unwrap();
    let find = |kind: &str, what: &str, object: &str| {
        let found = totals.iter().find(|it| it[kind] == what && it["object_type"] == object);
        let it = found.unwrap_or_else(|| panic!("{what} of {object} in {totals:?}"));
        (it["from"].clone(), it["to"].clone(), it["users"].clone())
    };
    let two = |from: &str, to: &str| (json!(from), json!(to), json!(2));
    assert_eq!(find("action", "change", "business_partner"), two("allowed", "refused"));
    assert_eq!(find("action", "read", "business_partner"), two("some objects", "other objects"));
    assert_eq!(find("action", "read", "product"), two("refused", "allowed"));
    assert_eq!(find("field", "general.search_term", "business_partner"), two("shown", "hidden"));
    assert_eq!(server.get(&path).await.json()["version"], version);
    let wrong = json!({ "grants": [grant(1, "nonsense", "read", "all")] });
    server.post(&ask, &wrong).await.expect(422);
}

/// Otherwise it could not be told any more what they may do, and they could not sign in.
#[tokio::test]
async fn what_somebody_has_rights_by_is_not_deleted() {
    let server = Server::start();
    let grants = json!([grant(1, "business_partner", "create", "business_line")]);
    let role = role(&server, "reader", grants, json!([])).await;
    let above = team(&server, "All", None).await;
    let below = team(&server, "North", Some(&above)).await;
    let line = made(&server, "business_line", json!({ "header": { "name": "Retail" } })).await;
    let user = json!({
        "profile": { "login": "rita", "name": "Rita" },
        "roles": [{ "line": 1, "role": role, "business_line": line }],
        "teams": [{ "team": below, "home": true }],
    });
    let user = made(&server, "user", user).await;
    let delete = async |kind: &str, id: &str| {
        let path = format!("/api/v1/{kind}/{id}");
        server.call(Method::DELETE, &path, &[("if-match", "*")], "").await
    };
    let kept = [
        ("role", &role, "user"),
        ("business_line", &line, "user"),
        ("team", &below, "user"),
        ("team", &above, "team"),
    ];
    for (kind, id, by) in kept {
        let refused = delete(kind, id).await.expect(409);
        let detail = refused.json()["detail"].as_str().unwrap().to_string();
        assert!(detail.ends_with(&format!("a {by} refers to it")), "{detail}");
    }
    let path = format!("/api/v1/user/{user}");
    server.patch(&path, "*", &json!({ "roles": [], "teams": [] })).await.expect(200);
    for (kind, id) in [("role", &role), ("business_line", &line), ("team", &below)] {
        delete(kind, id).await.expect(204);
    }
}

/// It hears of what its owner may read, so that nobody else may say where that goes.
#[tokio::test]
async fn a_webhook_of_somebody_else_is_taken_over_before_it_is_changed() {
    let server = Server::start();
    let target = json!({ "url": "https://example.com/hook", "active": true });
    let body = json!({ "target": target, "events": [{ "pattern": "sales_document.*" }] });
    let made = server.post("/api/v1/webhook/register", &body).await.expect(200).json();
    let path = format!("/api/v1/webhook/{}", made["id"].as_str().unwrap());
    let rights = ["read", "change", "renew_secret", "assign"];
    let mut grants: Vec<Value> =
        rights.iter().zip(1..).map(|(right, line)| grant(line, "webhook", right, "all")).collect();
    let keeper = role(&server, "keeper", json!(grants), json!([])).await;
    let ivy = seat(&server, "ivy", &keeper, &[]).await;
    let away = json!({ "target": { "url": "https://elsewhere.example/hook" } });
    for refused in [
        ivy.patch(&path, &away).await.expect(403),
        ivy.post(&format!("{path}/renew_secret"), &json!({})).await.expect(403),
    ] {
        assert!(refused.json()["type"].as_str().unwrap().ends_with("webhook.not_yours"));
    }
    ivy.post(&format!("{path}/take_over"), &json!({})).await.expect(403);
    grants.push(grant(9, "webhook", "take_over", "all"));
    let role = format!("/api/v1/role/{keeper}");
    server.patch(&role, "*", &json!({ "grants": grants })).await.expect(200);
    let taken = ivy.post(&format!("{path}/take_over"), &json!({})).await.expect(200).json();
    assert_eq!(taken["owner"], ivy.id.as_str());
    ivy.patch(&path, &away).await.expect(200);
    // Whoever had it does not get it back by changing it, administrator or not.
    server.patch(&path, "*", &json!({ "target": { "active": false } })).await.expect(403);
}
