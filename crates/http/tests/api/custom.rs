//! Segments made at run time, over every surface.

use std::cell::Cell;

use axum::http::Method;
use serde_json::{Value, json};
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Source};

use crate::support::{Answer, Server, partner};

const PARTNERS: &str = "/api/v1/business_partner";

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_string()
}

fn loyalty() -> Value {
    json!({
        "header": { "object_type": "business_partner", "name": "x_loyalty",
            "label": { "en": "Loyalty", "de": "Treue" } },
        "fields": [
            { "name": "level", "kind": "choice", "indexed": true, "position": 1,
                "label": { "en": "Level", "de": "Stufe" } },
            { "name": "card", "kind": "text", "max": 20, "unique": true, "position": 2 },
            { "name": "since", "kind": "date", "indexed": true, "position": 3 },
            { "name": "points", "kind": "integer", "position": 4 },
            { "name": "spent", "kind": "money", "position": 5 },
            { "name": "rebate", "kind": "percentage", "position": 6 },
            { "name": "adviser", "kind": "reference", "refers_to": "business_partner", "position": 7 },
            { "name": "motto", "kind": "localized_text", "position": 8 },
        ],
        "choices": [{ "field": "level", "code": "gold" }, { "field": "level", "code": "silver" }],
    })
}

fn visits() -> Value {
    json!({
        "header": { "object_type": "business_partner", "name": "x_visits", "records": "many" },
        "fields": [
            { "name": "day", "kind": "date", "required": true },
            { "name": "report", "kind": "text", "max": 1000, "multiline": true },
        ],
    })
}

/// Defines and activates a segment; the path of its definition.
async fn activated(server: &Server, definition: &Value) -> String {
    let made = server.post("/api/v1/custom_segment", definition).await.expect(201);
    let path = format!("/api/v1/custom_segment/{}", id(&made));
    activate(server, &path).await;
    path
}

async fn activate(server: &Server, path: &str) {
    let active = server.post(&format!("{path}/activate"), &json!({})).await.expect(200);
    assert_eq!(active.json()["header"]["status"], "active");
}

fn gold(card: &str) -> Value {
    json!({ "level": "gold", "card": card, "since": "2026-01-31", "points": 7, "rebate": "2.5",
        "spent": { "amount": "12.50", "currency": "EUR" }, "motto": { "en": "More" } })
}

fn with(mut body: Value, part: &str, value: Value) -> Value {
    body[part] = value;
    body
}

async fn made(server: &Server, name: &str, card: &str) -> String {
    let body = with(partner(name), "x_loyalty", gold(card));
    id(&server.post(PARTNERS, &body).await.expect(201))
}

fn names(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap().to_string()).collect()
}

async fn listed(server: &Server, query: &str) -> Vec<String> {
    names(&server.get(&format!("{PARTNERS}?{query}")).await.expect(200))
}

/// Nothing differs.
fn verify(server: &Server) {
    let findings = crate::support::apart(|| server.installation.verify().unwrap());
    assert_eq!(findings.differences, Vec::<String>::new());
}

#[test]
fn a_segment_is_made_and_used_on_every_surface() {
    Server::everywhere("", async |server| {
        let before = server.partner("Old AG").await;
        activated(server, &loyalty()).await;
        activated(server, &visits()).await;
        let path = format!("{PARTNERS}/{}", made(server, "Anna", "A-1").await);
        let shown = server.get(&path).await.expect(200).json();
        assert_eq!(shown["x_loyalty"]["spent"], json!({ "amount": "12.50", "currency": "EUR" }));
        assert_eq!(
            (&shown["x_loyalty"]["adviser"], &shown["x_visits"]),
            (&Value::Null, &json!([]))
        );
        assert_eq!(shown["version"], 1);
        // A change of nothing but custom parts is a version; the fields given change.
        let body = json!({ "x_loyalty": { "level": "silver", "adviser": before },
            "x_visits": [{ "line": 1, "day": "2026-02-01", "report": "Came\nand went" }] });
        let changed = server.patch(&path, "\"1\"", &body).await.expect(200).json();
        assert_eq!((&changed["version"], &changed["x_loyalty"]["points"]), (&json!(2), &json!(7)));
        assert_eq!(changed["x_visits"][0]["day"], "2026-02-01");
        // Together with a declared field it is one version.
        let both = json!({ "general": { "name": "Anne" }, "x_loyalty": { "points": 8 } });
        let changed = server.patch(&path, "\"2\"", &both).await.expect(200).json();
        assert_eq!((&changed["version"], &changed["x_loyalty"]["points"]), (&json!(3), &json!(8)));
        server.patch(&path, "\"2\"", &both).await.expect(412);
        made(server, "Berta", "B-1").await;
        lists(server).await;
        past(server, &path).await;
        documents(server).await;
        verify(server);
    });
}

async fn lists(server: &Server) {
    assert_eq!(listed(server, "x_loyalty_level=gold").await, ["Berta"]);
    assert_eq!(listed(server, "x_loyalty_level=silver").await, ["Anne"]);
    assert_eq!(listed(server, "x_loyalty_card=A-1").await, ["Anne"]);
    assert_eq!(
        listed(server, "x_loyalty_since.gte=2026-01-01&sort=-x_loyalty_card").await.len(),
        2
    );
    assert_eq!(listed(server, "sort=-x_loyalty_card&limit=2").await, ["Berta", "Anne"]);
    let rows = server.get(&format!("{PARTNERS}?x_loyalty_card=A-1")).await.json();
    assert_eq!(rows["items"][0]["x_loyalty_level"], "silver");
    server.get(&format!("{PARTNERS}?x_loyalty_points=7")).await.expect(422);
}

async fn past(server: &Server, path: &str) {
    let history = server.get(&format!("{path}/history?language=de")).await.expect(200).json();
    let changes = history["items"][1]["changes"].as_array().unwrap();
    let level = changes.iter().find(|it| it["field"] == "level").unwrap();
    assert_eq!((&level["part"], &level["label"]), (&json!("x_loyalty"), &json!("Stufe")));
    assert_eq!((&level["old"], &level["new"]), (&json!("gold"), &json!("silver")));
    let was = server.get(&format!("{path}/as-of?version=1")).await.expect(200).json();
    assert_eq!(was["object"]["x_loyalty"]["level"], "gold");
    assert_eq!(was["object"]["x_visits"], json!([]));
    let restored = restored(server, path, &json!({ "version": 1 })).await;
    assert_eq!(restored["x_loyalty"]["level"], "gold");
    assert_eq!((&restored["x_visits"], &restored["general"]["name"]), (&json!([]), &json!("Anna")));
}

async fn restored(server: &Server, path: &str, what: &Value) -> Value {
    let path = format!("{path}/restore");
    let any = [("if-match", "*")];
    server.call(Method::POST, &path, &any, &what.to_string()).await.expect(200).json()
}

async fn documents(server: &Server) {
    let metadata = server.get("/api/v1/metadata").await.expect(200).json();
    let objects = metadata["objects"].as_array().unwrap();
    let object = objects.iter().find(|it| it["name"] == "business_partner").unwrap();
    let parts = object["segments"].as_array().unwrap();
    let part = parts.iter().find(|it| it["name"] == "x_loyalty").unwrap();
    assert_eq!((&part["label"], &part["labels"]["de"]), (&json!("Loyalty"), &json!("Treue")));
    assert_eq!(part["fields"][0]["labels"]["de"], "Stufe");
    let list = object["list"].as_array().unwrap();
    assert!(list.iter().any(|it| it["name"] == "x_loyalty_level" && it["label"] == "Level"));
    let openapi = server.get("/api/openapi.json").await.expect(200).json();
    let schemas = &openapi["components"]["schemas"];
    for schema in ["business_partner", "business_partner_input", "business_partner_change"] {
        assert!(schemas[schema]["properties"]["x_loyalty"].is_object(), "{schema}");
    }
    assert!(schemas["business_partner_row"]["properties"]["x_loyalty_since"].is_object());
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_every_finding() {
    let server = Server::start();
    let wrong = json!({
        "header": { "object_type": "unicorn", "name": "loyalty" },
        "fields": [
            { "name": "Level", "kind": "text", "max": 9000 },
            { "name": "to", "kind": "reference", "refers_to": "unicorn" },
            { "name": "code", "kind": "code", "catalogue": "unicorn" },
            { "name": "list", "kind": "choice" },
        ],
    });
    let refused = server.post("/api/v1/custom_segment", &wrong).await.expect(422);
    let mut paths = refused.paths();
    paths.sort();
    let expected = [
        "fields[0].max",
        "fields[0].name",
        "fields[1].refers_to",
        "fields[2].catalogue",
        "fields[3].kind",
        "header.name",
        "header.object_type",
    ];
    assert_eq!(paths, expected, "{}", refused.text);
}

#[tokio::test]
async fn findings_in_custom_parts_name_the_path_and_what_is_allowed() {
    let server = Server::start();
    activated(&server, &loyalty()).await;
    activated(&server, &visits()).await;
    let anna = format!("{PARTNERS}/{}", made(&server, "Anna", "A-1").await);
    let body = json!({
        "x_loyalty": { "level": "lead", "card": "x".repeat(60), "colour": 1 },
        "x_visits": [{ "line": 1, "report": "no day" }],
    });
    let mut whole = with(partner("Berta"), "x_loyalty", body["x_loyalty"].clone());
    whole["x_visits"] = body["x_visits"].clone();
    let expected = ["x_loyalty.card", "x_loyalty.colour", "x_loyalty.level", "x_visits[0].day"];
    for answer in [
        server.post(PARTNERS, &whole).await.expect(422),
        server.patch(&anna, "*", &body).await.expect(422),
    ] {
        let mut paths = answer.paths();
        paths.sort();
        paths.dedup();
        assert_eq!(paths, expected, "{}", answer.text);
        assert!(answer.text.contains("gold, silver"), "{}", answer.text);
    }
    let missing = json!({ "x_loyalty": { "adviser": "00000000-0000-7000-8000-000000000000" } });
    assert_eq!(server.patch(&anna, "*", &missing).await.expect(422).paths(), ["x_loyalty.adviser"]);
    let day = |day: &str| json!({ "line": 1, "day": day });
    let twice = json!({ "x_visits": [day("2026-01-01"), day("2026-01-02")] });
    assert_eq!(server.patch(&anna, "*", &twice).await.expect(422).paths(), ["x_visits[1]"]);
    server.post(PARTNERS, &with(partner("Berta"), "x_loyalty", gold("A-1"))).await.expect(409);
    server.post(PARTNERS, &with(partner("Berta"), "x_unknown", json!({}))).await.expect(422);
    verify(&server);
}

#[test]
fn what_is_retired_is_nowhere_to_be_seen_and_comes_back() {
    Server::everywhere("", async |server| {
        let definition = activated(server, &loyalty()).await;
        let anna = format!("{PARTNERS}/{}", made(server, "Anna", "A-1").await);
        server.patch(&anna, "*", &json!({ "x_loyalty": { "points": 9 } })).await.expect(200);
        server.post(&format!("{definition}/retire"), &json!({})).await.expect(200);
        for surface in [
            server.get(&anna).await,
            server.get(PARTNERS).await,
            server.get(&format!("{anna}/changes")).await,
            server.get(&format!("{anna}/history")).await,
            server.get(&format!("{anna}/as-of?version=1")).await,
            server.get("/api/v1/history?type=business_partner").await,
            server.get("/api/openapi.json").await,
            server.get("/api/v1/metadata").await,
        ] {
            let text = surface.expect(200).text;
            assert!(!text.contains("x_loyalty") && !text.contains("A-1"), "{text}");
        }
        server.get(&format!("{PARTNERS}?x_loyalty_level=gold")).await.expect(422);
        server.patch(&anna, "*", &json!({ "x_loyalty": { "points": 1 } })).await.expect(422);
        server.patch(&anna, "*", &json!({ "general": { "name": "Anne" } })).await.expect(200);
        verify(server);
        activate(server, &definition).await;
        assert_eq!(server.get(&anna).await.expect(200).json()["x_loyalty"]["points"], 9);
        assert_eq!(listed(server, "x_loyalty_level=gold").await, ["Anne"]);
        field_by_field(server, &definition, &anna).await;
        verify(server);
    });
}

/// The same of one field; and what was activated stays what it is.
async fn field_by_field(server: &Server, definition: &str, anna: &str) {
    let fields = async || server.get(definition).await.json()["fields"].clone();
    let at = |fields: &Value, name: &str| {
        fields.as_array().unwrap().iter().position(|field| field["name"] == name).unwrap()
    };
    let known = fields().await;
    let points = at(&known, "points");
    let mut other = known.clone();
    other[points]["kind"] = "date".into();
    let refused = server.patch(definition, "*", &json!({ "fields": other })).await.expect(422);
    assert_eq!(refused.paths(), [format!("fields[{points}].kind")]);
    let less = known.as_array().unwrap().iter().filter(|field| field["name"] != "points");
    let less = json!({ "fields": less.collect::<Vec<_>>() });
    let refused = server.patch(definition, "*", &less).await.expect(422);
    assert!(refused.text.contains("retire it instead"), "{}", refused.text);
    let mut wanted = known.clone();
    wanted[points]["retired"] = true.into();
    let new = json!({ "name": "colour", "kind": "text", "indexed": true });
    wanted.as_array_mut().unwrap().push(new);
    server.patch(definition, "*", &json!({ "fields": wanted })).await.expect(200);
    // Not before it is activated.
    assert_eq!(server.get(anna).await.json()["x_loyalty"]["points"], 9);
    activate(server, definition).await;
    let shown = server.get(anna).await.json();
    assert!(shown["x_loyalty"].get("points").is_none(), "{shown}");
    let body = json!({ "x_loyalty": { "colour": "red", "level": "silver" } });
    server.patch(anna, "*", &body).await.expect(200);
    assert_eq!(listed(server, "x_loyalty_colour=red").await, ["Anne"]);
    let given = json!({ "x_loyalty": { "points": 1 } });
    let refused = server.patch(anna, "*", &given).await.expect(422);
    assert!(refused.paths().contains(&"x_loyalty.points".to_string()), "{}", refused.text);
    let mut wanted = fields().await;
    let points = at(&wanted, "points");
    wanted[points]["retired"] = false.into();
    server.patch(definition, "*", &json!({ "fields": wanted })).await.expect(200);
    activate(server, definition).await;
    assert_eq!(server.get(anna).await.json()["x_loyalty"]["points"], 9);
}

#[test]
fn documents_that_verbs_make_and_change_have_custom_parts_too() {
    Server::everywhere("", async |server| {
        let definition = json!({
            "header": { "object_type": "sales_document", "name": "x_trade" },
            "fields": [{ "name": "route", "kind": "text", "max": 20, "indexed": true },
                { "name": "weight", "kind": "quantity" }],
        });
        activated(server, &definition).await;
        let made = server.post("/api/v1/sales_document", &order(server).await).await.expect(201);
        assert_eq!(made.json()["x_trade"]["route"], "north");
        let path = format!("/api/v1/sales_document/{}", id(&made));
        let body = json!({ "x_trade": { "route": "south" } });
        let changed = server.patch(&path, made.header("etag"), &body).await.expect(200);
        assert_eq!(changed.json()["x_trade"]["route"], "south");
        assert_eq!(changed.json()["x_trade"]["weight"], json!({ "value": "3", "unit": "KG" }));
        server.patch(&path, made.header("etag"), &body).await.expect(412);
        let list = "/api/v1/sales_document?x_trade_route=south";
        assert_eq!(server.get(list).await.expect(200).json()["items"].as_array().unwrap().len(), 1);
        let what = json!({ "version": 1, "only": [{ "part": "x_trade" }] });
        assert_eq!(restored(server, &path, &what).await["x_trade"]["route"], "north");
        verify(server);
    });
}

/// The body of an order.
async fn order(server: &Server) -> Value {
    let mut customer = partner("Anna");
    customer["roles"] = json!([{ "role": "customer" }]);
    customer["addresses"] = json!([{ "kind": "main", "street": "Hauptstrasse",
        "postal_code": "10115", "city": "Berlin", "country": "DE" }]);
    customer["sales_areas"] = json!([{
        "sales_organisation": "1000", "distribution_channel": "10", "division": "00",
        "valid": { "from": "2000-01-01", "to": "9999-12-31" },
        "currency": "EUR", "payment_terms": "N30", "shipping_condition": "STANDARD",
        "account_assignment_group": "01",
    }]);
    let customer = id(&server.post(PARTNERS, &customer).await.expect(201));
    let product = json!({
        "general": { "product_type": "goods", "base_unit": "PC", "product_group": "hardware",
            "name": "Bolt" },
        "descriptions": [{ "language": "en", "name": "Bolt" }],
        "sales": [{ "sales_organisation": "1000", "distribution_channel": "10",
            "item_category_group": "NORM", "account_assignment_group": "01" }],
        "taxes": [{ "country": "DE", "tax_class": "full" }],
        "plants": [{ "plant": "1000", "availability_check": "stock",
            "standard_price": { "amount": "6.50", "currency": "EUR" },
            "valuation_class": "merchandise", "storage_location": "1000-0001" }],
    });
    let product = id(&server.post("/api/v1/product", &product).await.expect(201));
    json!({
        "header": { "document_type": "OR", "sold_to": customer, "sales_organisation": "1000",
            "distribution_channel": "10", "division": "00" },
        "items": [{ "product": product, "quantity": { "value": "2", "unit": "PC" } }],
        "x_trade": { "route": "north", "weight": { "value": "3", "unit": "KG" } },
    })
}

#[test]
fn activation_refuses_nobody_who_works_meanwhile() {
    Server::everywhere("", async |server| {
        let path = format!("{PARTNERS}/{}", server.partner("Anna").await);
        let done = Cell::new(false);
        let work = async {
            let mut requests = 0;
            while !done.get() {
                let name = json!({ "general": { "name": format!("Anna {requests}") } });
                server.partner("Berta").await;
                server.patch(&path, "*", &name).await.expect(200);
                server.get(&format!("{PARTNERS}?limit=5")).await.expect(200);
                server.get(&path).await.expect(200);
                requests += 4;
            }
            requests
        };
        let activation = async {
            for name in ["x_one", "x_two", "x_three"] {
                let definition = json!({
                    "header": { "object_type": "business_partner", "name": name },
                    "fields": [{ "name": "note", "kind": "text", "indexed": true }],
                });
                activated(server, &definition).await;
                let body = json!({ name: { "note": "here" } });
                server.patch(&path, "*", &body).await.expect(200);
                assert_eq!(listed(server, &format!("{name}_note=here")).await.len(), 1);
            }
            done.set(true);
        };
        let (requests, ()) = tokio::join!(work, activation);
        assert!(requests > 4, "{requests}");
        verify(server);
    });
}

#[tokio::test]
async fn a_custom_field_that_a_role_hides_is_on_no_surface_of_its_users() {
    let server = Server::start();
    activated(&server, &loyalty()).await;
    let anna = format!("{PARTNERS}/{}", made(&server, "Anna", "SECRET").await);
    server.patch(&anna, "*", &json!({ "x_loyalty": { "card": "SECRET2" } })).await.expect(200);
    let fields = json!([{ "line": 1, "object_type": "business_partner",
        "field": "x_loyalty.card", "visibility": "hidden" }]);
    let ben = crate::access::clerk(&server, fields).await;
    for path in [
        anna.clone(),
        PARTNERS.to_string(),
        format!("{anna}/history"),
        format!("{anna}/as-of?version=1"),
        "/api/v1/metadata".to_string(),
        "/api/openapi.json".to_string(),
    ] {
        let text = ben.get(&path).await.expect(200).text;
        assert!(!text.contains("SECRET"), "{path}: {text}");
        assert!(!text.contains("x_loyalty_card"), "{path}: {text}");
    }
    assert_eq!(ben.get(&anna).await.json()["x_loyalty"]["level"], "gold");
    ben.get(&format!("{PARTNERS}?x_loyalty_card=SECRET")).await.expect(422);
    let body = json!({ "x_loyalty": { "card": "X" } });
    assert_eq!(ben.patch(&anna, &body).await.expect(422).paths(), ["x_loyalty.card"]);
    ben.patch(&anna, &json!({ "x_loyalty": { "points": 3 } })).await.expect(200);
    assert_eq!(server.get(&anna).await.json()["x_loyalty"]["card"], "SECRET2");
    let refused = ben.post("/api/v1/custom_segment", &visits()).await;
    assert_eq!(refused.status, 403, "definitions have rights like anything else");
}

#[test]
fn another_process_has_the_segment_when_its_activation_is_answered() {
    Server::on_two(async |one, other| {
        let definition = activated(one, &loyalty()).await;
        let anna = format!("{PARTNERS}/{}", made(other, "Anna", "A-1").await);
        assert_eq!(one.get(&anna).await.expect(200).json()["x_loyalty"]["card"], "A-1");
        assert_eq!(listed(other, "x_loyalty_level=gold").await, ["Anna"]);
        assert!(other.get("/api/openapi.json").await.text.contains("x_loyalty_level"));
        one.post(&format!("{definition}/retire"), &json!({})).await.expect(200);
        assert!(other.get(&anna).await.json().get("x_loyalty").is_none());
        verify(other);
    });
}

#[test]
fn a_copy_has_the_segments_with_what_they_hold() {
    Server::everywhere("", async |server| {
        activated(server, &loyalty()).await;
        let anna = made(server, "Anna", "A-1").await;
        let copied = crate::support::apart(|| copied(server, &anna));
        assert_eq!(copied["x_loyalty"]["card"], "A-1");
    });
}

/// A partner in a copy of the installation, opened anew.
fn copied(server: &Server, partner: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("copy.db").display());
    let target = Installation::open_target(Options::creating(&url)).unwrap();
    server.installation.copy_to(&target, &mut |_, _| {}).unwrap();
    drop(target);
    let target = Installation::open(Options::writing(&url)).unwrap();
    assert_eq!(target.verify().unwrap().differences, Vec::<String>::new());
    let entry = *target.db().environment().registry.object("business_partner").unwrap();
    let system = Actor::system(Source::CommandLine);
    let id = partner.parse().unwrap();
    target.db().read(&system, |tx| (entry.get)(tx, id)).unwrap()
}
