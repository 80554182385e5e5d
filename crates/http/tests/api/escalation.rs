//! Nobody hands out what they have not: each way to become somebody else, or to get more.

use axum::http::Method;
use serde_json::{Value, json};

use crate::access::{Seat, grant, made, role, seat, team};
use crate::support::{Answer, Server};

/// An identity provider that nobody asks anything.
const PROVIDER: &str = "[identity_provider.CORP]\nname = \"Company\"\n\
                        issuer = \"http://127.0.0.1:9\"\nclient_id = \"tessera\"\n";

/// A refusal that names what is missing.
#[track_caller]
fn lacks(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text);
    let ty = answer.json()["type"].as_str().unwrap().to_string();
    assert!(ty.ends_with("access.escalation"), "{}", answer.text);
    assert!(answer.text.contains(what), "{what} in {}", answer.text);
}

fn credentials_of_others() -> Vec<Value> {
    let of_users = [
        "read",
        "create",
        "change",
        "create_token",
        "set_password",
        "bind_account",
        "assign_roles",
    ];
    let all = of_users.iter().chain(&["remove_second_factor", "read_sessions", "end_sessions"]);
    all.zip(1..).map(|(action, line)| grant(line, "user", action, "all")).collect()
}

/// Somebody who helps users and reads partners.
async fn helper<'s>(server: &'s Server, more: &[Value]) -> (Seat<'s>, String) {
    let mut grants = credentials_of_others();
    grants.push(grant(80, "business_partner", "read", "all"));
    grants.push(grant(81, "role", "read", "all"));
    grants.push(grant(82, "team", "read", "all"));
    grants.extend_from_slice(more);
    let role = role(server, "helper", json!(grants), json!([])).await;
    (seat(server, "hugo", &role, &[]).await, role)
}

async fn reader(server: &Server) -> String {
    role(server, "reader", json!([grant(1, "business_partner", "read", "all")]), json!([])).await
}

async fn seller(server: &Server) -> String {
    role(server, "seller", json!([grant(1, "product", "change", "all")]), json!([])).await
}

/// Tries every credential of a user.
async fn credentials(from: &Seat<'_>, user: &str) -> Vec<Answer> {
    let path = |rest: &str| format!("/api/v1/user/{user}/{rest}");
    let account = json!({ "provider": "CORP", "subject": user });
    vec![
        from.post(&path("tokens"), &json!({ "name": "x" })).await,
        from.post(&path("password"), &json!({ "password": "correct donkey battery" })).await,
        from.post(&path("reset-link"), &json!({})).await,
        from.post(&path("accounts"), &account).await,
        from.call(Method::DELETE, &path("totp"), &[], "").await,
    ]
}

#[test]
fn nobody_makes_a_credential_of_somebody_who_may_more() {
    Server::everywhere(PROVIDER, async |server| {
        let (hugo, _) = helper(server, &[]).await;
        let (reader, seller) = (reader(server).await, seller(server).await);
        let (rita, sam) =
            (seat(server, "rita", &reader, &[]).await, seat(server, "sam", &seller, &[]).await);
        let users = server.get("/api/v1/user?login=ada").await.expect(200).json();
        let ada = users["items"][0]["id"].as_str().unwrap().to_string();
        for (user, missing) in [
            (&ada, "you do not hold *:*, which role administrator gives"),
            (&sam.id, "you do not hold product:change, which role seller gives"),
        ] {
            for answer in credentials(&hugo, user).await {
                lacks(&answer, missing);
            }
        }
        let statuses = |answers: Vec<Answer>| -> Vec<u16> {
            answers.iter().map(|answer| answer.status.as_u16()).collect()
        };
        // None of them has an app that could be removed.
        let all = [201, 204, 201, 204, 409];
        assert_eq!(statuses(credentials(&hugo, &rita.id).await), all);
        assert_eq!(statuses(credentials(&hugo, &hugo.id).await), all);
        let users = server.get("/api/v1/user").await.expect(200).json();
        assert_eq!(users["items"].as_array().unwrap().len(), 4);
        // As much of a credential as the giver has.
        let part = json!({ "name": "x", "scope": "business_partner:read" });
        hugo.post(&format!("/api/v1/user/{ada}/tokens"), &part).await.expect(201);
        let part = json!({ "name": "x", "scope": "business_partner:read,change" });
        lacks(&hugo.post(&format!("/api/v1/user/{ada}/tokens"), &part).await, "change");
        // Whoever is out of doors may be let in again.
        server.patch(&format!("/api/v1/user/{}", sam.id), "*", &active(false)).await.expect(200);
        for answer in credentials(&hugo, &sam.id).await {
            lacks(&answer, "product:change");
        }
        lacks(&hugo.patch(&format!("/api/v1/user/{}", sam.id), &active(true)).await, "product");
        let unlock = format!("/api/v1/user/{}/unlock", sam.id);
        lacks(&hugo.post(&unlock, &json!({})).await, "product:change");
        server.post(&unlock, &json!({})).await.expect(204);
        // To end what others do gives nothing.
        let sessions = format!("/api/v1/user/{ada}/sessions");
        assert_eq!(hugo.get(&sessions).await.expect(200).json()["items"], json!([]));
        hugo.call(Method::DELETE, &sessions, &[], "").await.expect(200);
    });
}

fn active(active: bool) -> Value {
    json!({ "profile": { "active": active } })
}

#[tokio::test]
async fn a_token_makes_no_token_that_may_more_than_itself() {
    let server = Server::start();
    let users = server.get("/api/v1/user?login=ada").await.expect(200).json();
    let tokens = format!("/api/v1/user/{}/tokens", users["items"][0]["id"].as_str().unwrap());
    let scope = "user:create_token business_partner:*";
    let small = server.post(&tokens, &json!({ "name": "small", "scope": scope })).await.expect(201);
    let bearer = format!("Bearer {}", small.json()["secret"].as_str().unwrap());
    let with = [("authorization", bearer.as_str())];
    for (scope, status) in [
        (None, 403),
        (Some("product:read"), 403),
        (Some("*:read"), 403),
        (Some("business_partner:read"), 201),
        (Some(scope), 201),
    ] {
        let body = json!({ "name": "more", "scope": scope }).to_string();
        let answer = server.call(Method::POST, &tokens, &with, &body).await;
        assert_eq!(answer.status, status, "{scope:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn nobody_assigns_a_role_that_gives_more_than_they_have() {
    let server = Server::start();
    let (hugo, helps) = helper(&server, &[]).await;
    let (reader, seller) = (reader(&server).await, seller(&server).await);
    let rita = seat(&server, "rita", &reader, &[]).await;
    let later = json!({ "from": "2090-01-01", "to": "9999-12-31" });
    let first = json!({ "line": 1, "role": helps });
    for user in [&hugo.id, &rita.id] {
        let path = format!("/api/v1/user/{user}");
        for body in [
            json!({ "roles": [first, { "line": 2, "role": seller }] }),
            json!({ "roles": [first, { "line": 2, "role": seller, "valid": later }] }),
        ] {
            lacks(&hugo.patch(&path, &body).await, "product:change, which role seller gives");
        }
        let administrator = json!({ "profile": { "administrator": true } });
        lacks(&hugo.patch(&path, &administrator).await, "*:*, which role administrator gives");
    }
    let user = |login: &str, more: Value| {
        let mut user = more;
        user["profile"]["login"] = login.into();
        user["profile"]["name"] = login.into();
        user
    };
    let roles = |role: &str| json!({ "roles": [{ "line": 1, "role": role }] });
    for body in
        [user("eve", roles(&seller)), user("eve", json!({ "profile": { "administrator": true } }))]
    {
        lacks(&hugo.post("/api/v1/user", &body).await, "you do not hold");
    }
    // What they have they give; what they take away gives nothing.
    hugo.post("/api/v1/user", &user("eva", roles(&reader))).await.expect(201);
    let path = format!("/api/v1/user/{}", rita.id);
    hugo.patch(&path, &json!({ "roles": [{ "line": 1, "role": helps }] })).await.expect(200);
    let sam = seat(&server, "sam", &seller, &[]).await;
    let path = format!("/api/v1/user/{}", sam.id);
    let both = json!({ "roles": [{ "line": 1, "role": seller }, { "line": 2, "role": reader }] });
    hugo.patch(&path, &both).await.expect(200);
    hugo.patch(&path, &json!({ "roles": [] })).await.expect(200);
    lacks(&hugo.patch(&path, &roles(&seller)).await, "product:change");
    server.patch(&path, "*", &roles(&seller)).await.expect(200);
}

#[tokio::test]
async fn nobody_reaches_the_objects_of_others_by_a_team_or_as_a_substitute() {
    let server = Server::start();
    let (north, south) = (team(&server, "north", None).await, team(&server, "south", None).await);
    let of_team = json!([grant(1, "business_partner", "change", "team")]);
    let of_team = role(&server, "of_team", of_team, json!([])).await;
    let own = [grant(90, "business_partner", "change", "team")];
    let (hugo, helps) = helper(&server, &own).await;
    let sue = seat(&server, "sue", &of_team, &[&south]).await;
    let path = format!("/api/v1/user/{}", hugo.id);
    let member = |team: &str| json!({ "teams": [{ "team": team, "home": true }] });
    server.patch(&path, "*", &member(&north)).await.expect(200);
    let more = "you hold business_partner:change for other objects than role helper gives it for";
    lacks(&hugo.patch(&path, &member(&south)).await, more);
    let valid = json!({ "from": "2020-01-01", "to": "9999-12-31" });
    let instead = json!({ "substitutes": [{ "substitute": hugo.id, "valid": valid }] });
    lacks(&hugo.patch(&format!("/api/v1/user/{}", sue.id), &instead).await, more);
    let mut new = instead.clone();
    new["profile"] = json!({ "login": "eve", "name": "Eve" });
    new["teams"] = member(&south)["teams"].clone();
    lacks(&hugo.post("/api/v1/user", &new).await, more);
    // A role of one's own does not reach the team of somebody else either.
    let empty = role(&server, "empty", json!([]), json!([])).await;
    let sven = seat(&server, "sven", &empty, &[&south]).await;
    let roles = json!({ "roles": [{ "line": 1, "role": helps }] });
    lacks(&hugo.patch(&format!("/api/v1/user/{}", sven.id), &roles).await, more);
}

/// Whoever edits roles, and may do some things besides.
async fn designer<'s>(server: &'s Server, more: &[Value]) -> Seat<'s> {
    let actions = ["read", "create", "change", "delete"];
    let mut grants: Vec<Value> =
        actions.iter().zip(1..).map(|(action, at)| grant(at, "role", action, "all")).collect();
    grants.push(grant(80, "business_partner", "read", "all"));
    grants.push(grant(81, "business_partner", "change", "own"));
    grants.extend_from_slice(more);
    let role = role(server, "designer", json!(grants), json!([])).await;
    seat(server, "dora", &role, &[]).await
}

#[tokio::test]
async fn nobody_edits_a_role_so_that_it_gives_more_than_they_have() {
    let server = Server::start();
    let dora = designer(&server, &[]).await;
    let named = |name: &str, grants: Value| json!({ "header": { "name": name }, "grants": grants });
    let read = grant(1, "business_partner", "read", "all");
    let more =
        |action: &str, scope: &str| json!([read, grant(2, "business_partner", action, scope)]);
    let path = format!("/api/v1/role/{}", made_by(&dora, named("new", json!([read]))).await);
    for (grants, missing) in [
        (more("delete", "all"), "business_partner:delete, which role new gives"),
        (more("*", "all"), "business_partner:*"),
        (json!([read, grant(2, "*", "read", "all")]), "*:read"),
        (json!([read, grant(2, "role", "escalate", "all")]), "role:escalate"),
        // What is one's own is somebody else's for whoever gets the role.
        (more("change", "own"), "other objects"),
        (more("change", "all"), "other objects"),
    ] {
        lacks(&dora.patch(&path, &json!({ "grants": grants })).await, missing);
        let other = missing.replace("new", "other");
        lacks(&dora.post("/api/v1/role", &named("other", grants.clone())).await, &other);
    }
    // Also not the one that is their own, or one that is assigned already.
    let own = server.get("/api/v1/role?name=designer").await.expect(200).json();
    let own = format!("/api/v1/role/{}", own["items"][0]["id"].as_str().unwrap());
    lacks(&dora.patch(&own, &json!({ "grants": more("delete", "all") })).await, "delete");
    // A part of what a role gives may go, and comes back through who has it only.
    let wide = role(&server, "wide", more("delete", "all"), json!([])).await;
    let wide = format!("/api/v1/role/{wide}");
    let version = server.get(&wide).await.json()["version"].clone();
    dora.patch(&wide, &json!({ "grants": [read] })).await.expect(200);
    let former = json!({ "version": version }).to_string();
    let restore = format!("{wide}/restore");
    let back = dora.call(Method::POST, &restore, &[("if-match", "*")], &former);
    lacks(&back.await, "delete");
    // Customizing names roles.
    server.patch(&wide, "*", &json!({ "grants": more("delete", "all") })).await.expect(200);
    lacks(&dora.patch(&wide, &json!({ "header": { "name": "clerk" } })).await, "delete");
}

async fn made_by(seat: &Seat<'_>, body: Value) -> String {
    let answer = seat.post("/api/v1/role", &body).await.expect(201);
    answer.json()["id"].as_str().unwrap().to_string()
}

#[tokio::test]
async fn nobody_takes_out_of_a_role_what_holds_back_more_than_they_have() {
    let server = Server::start();
    let sales = grant(90, "sales_document", "release_credit", "all");
    let dora = designer(&server, &[sales]).await;
    let own = server.get("/api/v1/role?name=designer").await.expect(200).json();
    let own = format!("/api/v1/role/{}", own["items"][0]["id"].as_str().unwrap());
    let amount = |amount: &str| {
        json!([{ "line": 1, "object_type": "sales_document", "action": "release_credit",
                 "amount": { "amount": amount, "currency": "EUR" } }])
    };
    server.patch(&own, "*", &json!({ "limits": amount("100.00") })).await.expect(200);
    let mut deny = grant(1, "product", "change", "all");
    deny["effect"] = "deny".into();
    let release = grant(2, "sales_document", "release_credit", "all");
    let hidden = |field: &str, visibility: &str| json!({ "line": 1, "object_type": "business_partner", "field": field, "visibility": visibility });
    let body = json!({
        "header": { "name": "limits" },
        "grants": [deny, release],
        "fields": [hidden("general.search_term", "hidden")],
        "limits": amount("50.00"),
    });
    let path = format!("/api/v1/role/{}", made(&server, "role", body).await);
    for (body, missing) in [
        (json!({ "grants": [release] }), "product:change"),
        (json!({ "fields": [] }), "business_partner:*"),
        (json!({ "fields": [hidden("general.search_term", "masked")] }), "business_partner:*"),
        (json!({ "limits": amount("200.00") }), "up to less"),
        (json!({ "limits": [] }), "up to less"),
    ] {
        lacks(&dora.patch(&path, &body).await, missing);
    }
    let gone = dora.call(Method::DELETE, &path, &[("if-match", "*")], "").await;
    lacks(&gone, "business_partner:*, which role limits gives");
    dora.patch(&path, &json!({ "limits": amount("100.00") })).await.expect(200);
    dora.patch(&path, &json!({ "fields": [hidden("general", "hidden")] })).await.expect(200);
}

#[tokio::test]
async fn nobody_widens_a_line_or_moves_a_team_to_reach_more() {
    let server = Server::start();
    let catalogues = &server.installation.db().environment().catalogues;
    let mut known = catalogues.iter().filter(|(name, _)| *name == "company_code");
    let companies: Vec<String> = known.next().unwrap().1.iter().map(ToString::to_string).collect();
    assert!(companies.len() > 1, "{companies:?}");
    let grants = json!([
        grant(1, "business_line", "*", "all"),
        grant(2, "team", "*", "all"),
        grant(3, "journal_entry", "read", "business_line"),
        grant(4, "business_partner", "change", "team_tree"),
    ]);
    let planner = role(&server, "planner", grants, json!([])).await;
    let north = team(&server, "north", None).await;
    let south = team(&server, "south", None).await;
    let header = json!({ "name": "west" });
    let company = |codes: &[String]| -> Vec<Value> {
        codes.iter().map(|code| json!({ "company_code": code })).collect()
    };
    let line = json!({ "header": header, "companies": company(&companies[..1]) });
    let line = made(&server, "business_line", line).await;
    let pia = seat(&server, "pia", &planner, &[&north]).await;
    let assigned = json!([{ "line": 1, "role": planner, "business_line": line }]);
    let user = format!("/api/v1/user/{}", pia.id);
    server.patch(&user, "*", &json!({ "roles": assigned })).await.expect(200);
    let path = format!("/api/v1/business_line/{line}");
    pia.patch(&path, &json!({ "header": { "name": "far west" } })).await.expect(200);
    let wider = json!({ "companies": company(&companies) });
    lacks(&pia.patch(&path, &wider).await, "other objects than role planner gives it for");
    pia.patch(&path, &json!({ "companies": [] })).await.expect(200);
    let path = format!("/api/v1/team/{south}");
    let below = json!({ "header": { "parent": north } });
    lacks(&pia.patch(&path, &below).await, "business_partner:change");
    pia.patch(&path, &json!({ "header": { "name": "deep south" } })).await.expect(200);
    server.patch(&path, "*", &below).await.expect(200);
    pia.patch(&path, &json!({ "header": { "parent": null } })).await.expect(200);
}

#[tokio::test]
async fn the_right_to_hand_out_more_is_one_of_its_own_and_counts_everywhere_only() {
    let server = Server::start();
    let escalate = grant(90, "role", "escalate", "all");
    let (hugo, helps) = helper(&server, &[escalate]).await;
    let seller = seller(&server).await;
    let sam = seat(&server, "sam", &seller, &[]).await;
    let tokens = format!("/api/v1/user/{}/tokens", sam.id);
    hugo.post(&tokens, &json!({ "name": "x" })).await.expect(201);
    let roles = json!({ "roles": [{ "line": 1, "role": seller }, { "line": 2, "role": helps }] });
    hugo.patch(&format!("/api/v1/user/{}", sam.id), &roles).await.expect(200);
    // Who may do everything in a line only is no administrator of all.
    let all = role(&server, "all", json!([grant(1, "*", "*", "all")]), json!([])).await;
    let line = made(&server, "business_line", json!({ "header": { "name": "west" } })).await;
    let lena = seat(&server, "lena", &all, &[]).await;
    let in_line = json!({ "roles": [{ "line": 1, "role": all, "business_line": line }] });
    let path = format!("/api/v1/user/{}", lena.id);
    server.patch(&path, "*", &in_line).await.expect(200);
    lacks(&lena.patch(&path, &json!({ "roles": [{ "line": 1, "role": all }] })).await, "*:*");
    let administrator = json!({ "profile": { "administrator": true } });
    lacks(&lena.patch(&path, &administrator).await, "*:*");
    lacks(&lena.post(&tokens, &json!({ "name": "x" })).await, "other objects");
}
