//! A company at work, with secrets: rows that some may not read, and fields whose value they may not see.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::http::Method;
use serde_json::{Value, json};
use tessera_identity::{Identity, TokenRequest};
use tessera_kernel::{
    Actor, Cell, CellRef, FieldDef, FieldType, Kind as _, ObjectDef, ObjectEntry, ObjectId, Query,
    Registry, RowBuffer, Source, Tx, UserKind, head_column, read_cell,
};

use super::secrets::Secrets;
use crate::support::{Answer, Server};

/// What the texts that nobody else writes begin with.
const MARK: &str = "SECRET";
/// Types that the roles by rows may read as a whole.
const SHARED: [&str; 3] = ["product", "user", "team"];

/// Everything that a walk needs.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) seats: Vec<Seat>,
    pub(super) kinds: Vec<Kind>,
    /// Marks that the history has as former or new values.
    pub(super) changed: Vec<String>,
    /// What belongs to the roles by rows, by type and id, and who is responsible for it.
    own: Vec<(&'static str, String)>,
    responsible: Value,
}

/// An object type with an object for the roles by rows, and one beyond them.
pub(super) struct Kind {
    pub(super) entry: ObjectEntry,
    pub(super) def: &'static ObjectDef,
    pub(super) own: Thing,
    pub(super) secret: Thing,
}

/// An object as the administrator sees it.
#[derive(Clone)]
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) body: Value,
}

/// Somebody with one role, and what is withheld from them.
pub(super) struct Seat {
    pub(super) role: &'static str,
    pub(super) token: String,
    pub(super) user: String,
    pub(super) secrets: Secrets,
}

/// Objects by type and id, each with the company that it is at, if it is at one.
type All = BTreeMap<&'static str, BTreeMap<String, Option<bool>>>;

impl World {
    pub(super) async fn make() -> Self {
        let server = Server::demo();
        let people = people(&server).await;
        seldom(&server).await;
        let all = everything(&server);
        let registry = &server.installation.db().environment().registry;
        let own = own_chain(&server, registry, &all).await;
        let responsible = json!({ "owner": people.owner, "team": people.team });
        let defs = registry.objects().map(|entry| (entry.def)());
        let assigned: Vec<(&'static str, String)> = defs
            .filter(|def| is_assigned(registry, def))
            .flat_map(|def| all[def.name].keys().map(move |id| (def.name, id.clone())))
            .filter(|(_, id)| own.contains(id))
            .collect();
        hand_over(&server, &assigned, &responsible).await;
        let mut kinds = Vec::new();
        for entry in registry.objects() {
            kinds.push(kind(&server, *entry, &all[(entry.def)().name], &own).await);
        }
        let changed = change(&server, &kinds).await;
        let mut marks = mark(&server, &kinds);
        for (id, mark) in &changed {
            marks.entry(id.clone()).or_default().push(mark.clone());
        }
        let changed = changed.into_iter().map(|(_, mark)| mark).collect();
        for kind in &mut kinds {
            for thing in [&mut kind.own, &mut kind.secret] {
                *thing = shown(&server, kind.def, &thing.id).await;
            }
        }
        let seats = people.seats.iter();
        let seats = seats
            .map(|(role, token, user)| {
                let secrets = withheld(role, user, (&all, &own), &kinds, &marks);
                Seat { role, token: token.clone(), user: user.clone(), secrets }
            })
            .collect();
        Self { server, seats, kinds, changed, own: assigned, responsible }
    }

    /// Gives the roles by rows what is theirs, also where somebody handed it over meanwhile.
    pub(super) async fn hand_over(&self) {
        hand_over(&self.server, &self.own, &self.responsible).await;
    }

    pub(super) fn seat(&self, role: &str) -> &Seat {
        self.seats.iter().find(|seat| seat.role == role).unwrap()
    }

    pub(super) fn kind(&self, name: &str) -> &Kind {
        self.kinds.iter().find(|kind| kind.def.name == name).unwrap()
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.server.installation.db().environment().registry
    }
}

fn system() -> Actor {
    Actor::system(Source::CommandLine)
}

/// Who walks.
struct People {
    seats: Vec<(&'static str, String, String)>,
    owner: String,
    team: String,
}

async fn made(server: &Server, path: &str, body: Value) -> String {
    let answer = server.post(path, &body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer.json()["id"].as_str().unwrap().to_string()
}

fn grant(line: usize, object: &str, action: &str, scope: &str) -> Value {
    json!({ "line": line, "object_type": object, "action": action, "scope": scope })
}

async fn people(server: &Server) -> People {
    let team =
        |name: &str, parent: Option<&str>| json!({ "header": { "name": name, "parent": parent } });
    let north = made(server, "/api/v1/team", team("north", None)).await;
    let coast = made(server, "/api/v1/team", team("coast", Some(&north))).await;
    let webhook =
        json!({ "target": { "url": "https://example.com/a" }, "events": [{ "pattern": "*" }] });
    for _ in 0..2 {
        let other =
            json!({ "header": { "name": format!("other_{}", uuid::Uuid::now_v7().simple()) } });
        made(server, "/api/v1/role", other).await;
        let login = uuid::Uuid::now_v7().simple().to_string();
        made(server, "/api/v1/user", json!({ "profile": { "login": login, "name": "Else" } }))
            .await;
        made(server, "/api/v1/webhook/register", webhook.clone()).await;
    }
    let company = json!([{ "company_code": company(server) }]);
    let line = json!({ "header": { "name": "line" }, "companies": company });
    let line = made(server, "/api/v1/business_line", line).await;
    let other = json!({ "header": { "name": "other line" } });
    made(server, "/api/v1/business_line", other).await;
    let registry = &server.installation.db().environment().registry;
    let mut people = People { seats: Vec::new(), owner: String::new(), team: coast.clone() };
    for (name, team) in [
        ("nobody", None),
        ("own", Some(&coast)),
        ("team", Some(&coast)),
        ("team_tree", Some(&north)),
        ("business_line", None),
        ("hidden", None),
        ("masked", None),
        ("read_only", None),
    ] {
        let body = json!({
            "header": { "name": name },
            "grants": grants(registry, name),
            "fields": fields(registry, name),
        });
        let role = made(server, "/api/v1/role", body).await;
        let line = (name == "business_line").then_some(&line);
        let body = json!({
            "profile": { "login": name, "name": name },
            "roles": [{ "line": 1, "role": role, "business_line": line }],
            "teams": team.iter().map(|team| json!({ "team": team, "home": true })).collect::<Vec<_>>(),
        });
        let user = made(server, "/api/v1/user", body).await;
        if name == "own" {
            people.owner.clone_from(&user);
        }
        let identity = Identity::new(server.installation.db().clone());
        let id: ObjectId = user.parse().unwrap();
        let token = identity.create_token(&system(), id, &TokenRequest::new("walk", 30)).unwrap();
        people.seats.push((name, token.secret, user));
    }
    people
}

/// What weeks of trade leave out.
async fn seldom(server: &Server) {
    let companies: BTreeSet<String> = {
        let homes = &server.installation.db().environment().homes;
        homes.joined().map(|(_, (_, company))| company.to_string()).collect()
    };
    for (company, period) in companies.iter().flat_map(|it| [(it, 1), (it, 2)]) {
        let period = json!({ "company_code": company, "fiscal_year": 2020, "period": period });
        server.post("/api/v1/posting_period/close", &period).await.expect(200);
    }
    for name in ["x_loyalty", "x_visits"] {
        let definition = json!({
            "header": { "object_type": "business_partner", "name": name },
            "fields": [{ "name": "remark", "kind": "text", "max": 80 }],
        });
        made(server, "/api/v1/custom_segment", definition).await;
    }
    let products = server.get("/api/v1/product?limit=20").await.expect(200).json();
    for product in products["items"].as_array().unwrap() {
        let path = format!("/api/v1/product/{}", product["id"].as_str().unwrap());
        for stored in server.get(&path).await.json()["plants"].as_array().unwrap() {
            let mut change = json!({
                "plant": stored["plant"],
                "standard_price": stored["standard_price"],
                "reason": "new contract",
            });
            let amount = stored["standard_price"]["amount"].as_str().unwrap();
            change["standard_price"]["amount"] = format!("9{amount}").into();
            let changed = format!("{path}/change_standard_price");
            server.post(&changed, &change).await.expect(200);
        }
    }
}

/// The company whose line has a role of its own.
fn company(server: &Server) -> String {
    let homes = &server.installation.db().environment().homes;
    let mut companies: Vec<&str> = homes.joined().map(|(_, (_, company))| company).collect();
    companies.sort_unstable();
    (*companies.first().unwrap()).to_string()
}

fn grants(registry: &Registry, role: &str) -> Vec<Value> {
    match role {
        "nobody" => Vec::new(),
        "own" | "team" | "team_tree" => {
            let owned = registry.objects().map(|entry| (entry.def)()).filter(|def| def.owned);
            let owned = owned.map(|def| (def.name, "*", role));
            let shared = SHARED.map(|name| (name, "read", "all"));
            let all = owned.chain(shared).enumerate();
            all.map(|(at, (object, action, scope))| grant(at + 1, object, action, scope)).collect()
        }
        "business_line" => vec![grant(1, "*", "*", "business_line")],
        "read_only" => vec![grant(1, "*", "read", "all")],
        _ => vec![grant(1, "*", "*", "all")],
    }
}

fn fields(registry: &Registry, role: &str) -> Vec<Value> {
    if !matches!(role, "hidden" | "masked" | "read_only") {
        return Vec::new();
    }
    let mut rules = Vec::new();
    for def in registry.objects().map(|entry| (entry.def)()) {
        for (part, field) in secret_fields(def) {
            let name = format!("{}.{}", def.composite.parts[part].name, field.name);
            rules.push(json!({
                "line": rules.len() + 1, "object_type": def.name, "field": name, "visibility": role,
            }));
        }
    }
    rules
}

/// The fields that some are not shown: amounts, and texts that are no key. By which users are named no role may
/// withhold.
pub(super) fn secret_fields(def: &'static ObjectDef) -> Vec<(usize, &'static FieldDef)> {
    let parts = def.composite.parts.iter().enumerate();
    let fields = parts.flat_map(|(position, part)| {
        let keys = part.segment.map_or(0, tessera_kernel::SegmentDef::key_fields);
        let fields = part.fields.iter().skip(keys);
        fields.filter(|_| part.segment.is_some()).map(move |field| (position, field))
    });
    let is_secret = |field: &FieldDef| is_text(field) || field.kind == FieldType::Money;
    fields.filter(|(_, field)| is_secret(field) && !is_name(def, field)).collect()
}

fn is_name(def: &ObjectDef, field: &FieldDef) -> bool {
    def.name == UserKind::NAME && field.name == UserKind::NAMED_BY.1
}

fn is_text(field: &FieldDef) -> bool {
    matches!(field.kind, FieldType::Text { max } if max >= 12)
}

/// Every object, and whether it is at the company of the line.
fn everything(server: &Server) -> All {
    let db = server.installation.db();
    let environment = db.environment();
    let company = company(server);
    let at_company = |catalogue: &str, code: &str| {
        let is_it = |((kind, own), (_, with)): ((&str, &str), (&str, &str))| {
            kind == catalogue && own == code && with == company
        };
        (catalogue == "company_code" && code == company) || environment.homes.joined().any(is_it)
    };
    let mut all = All::new();
    for def in environment.registry.objects().map(|entry| (entry.def)()) {
        let found = all.entry(def.name).or_default();
        let mut query = Query::default().limit(200);
        loop {
            let page = db.read(&system(), |tx| tx.list(def, &query)).unwrap();
            for row in &page.rows {
                let Cell::Uuid(id) = row[head_column::ID] else { continue };
                let mut at = None;
                for catalogue in ["company_code", "sales_organisation", "plant"] {
                    if let Some(Cell::Text(code)) = def.place(catalogue).map(|column| &row[column])
                    {
                        at = Some(at.unwrap_or(false) || at_company(catalogue, code));
                    } else if def.place(catalogue).is_some() {
                        at = Some(at.unwrap_or(false));
                    }
                }
                found.insert(id.to_string(), at);
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
    }
    all
}

async fn shown(server: &Server, def: &ObjectDef, id: &str) -> Thing {
    let body = server.get(&format!("/api/v1/{}/{id}", def.name)).await.expect(200).json();
    let number = body["number"].as_str().unwrap_or_default().to_string();
    Thing { id: id.to_string(), number, body }
}

/// Ids within a value.
pub(super) fn ids(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() == 36 && uuid::Uuid::try_parse(text).is_ok() => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(members) => members.values().for_each(|member| ids(member, found)),
        _ => {}
    }
}

/// One object of each owned type, with all owned ones that it refers to, and they.
async fn own_chain(server: &Server, registry: &Registry, all: &All) -> BTreeSet<String> {
    let owned: Vec<&'static ObjectDef> = registry
        .objects()
        .map(|entry| (entry.def)())
        .filter(|def| is_assigned(registry, def))
        .collect();
    let mut own = BTreeSet::new();
    // What comes last refers to what came before.
    for def in owned.iter().rev() {
        let here = &all[def.name];
        if here.keys().any(|id| own.contains(id)) {
            continue;
        }
        let first = here.iter().find(|(_, at)| **at != Some(false));
        let Some((first, _)) = first else { panic!("the company has no {}", def.name) };
        let mut open = vec![first.clone()];
        while let Some(id) = open.pop() {
            let Some(def) = owned.iter().find(|def| all[def.name].contains_key(&id)) else {
                continue;
            };
            if own.insert(id.clone()) {
                let mut found = BTreeSet::new();
                ids(&shown(server, def, &id).await.body, &mut found);
                open.extend(found);
            }
        }
    }
    own
}

async fn hand_over(server: &Server, own: &[(&'static str, String)], to: &Value) {
    for (kind, id) in own {
        server.post(&format!("/api/v1/{kind}/{id}/assign"), to).await.expect(200);
    }
}

/// Whether objects of a type can be handed over.
fn is_assigned(registry: &Registry, def: &ObjectDef) -> bool {
    registry.action(def.name, "assign").is_some()
}

async fn kind(
    server: &Server,
    entry: ObjectEntry,
    all: &BTreeMap<String, Option<bool>>,
    own: &BTreeSet<String>,
) -> Kind {
    let def = (entry.def)();
    assert!(all.len() > 1, "the company has {} of {}: make two in `surface`", all.len(), def.name);
    let mine = all.keys().find(|id| own.contains(*id));
    let mine = mine.or_else(|| all.iter().find(|(_, at)| **at != Some(false)).map(|(id, _)| id));
    let mine = mine.or_else(|| all.keys().next()).unwrap();
    let other = |id: &&String| *id != mine && !own.contains(*id);
    let beyond = all.iter().find(|(id, at)| **at == Some(false) && other(id)).map(|(id, _)| id);
    let beyond = beyond.or_else(|| all.keys().find(other));
    let beyond = beyond.unwrap_or_else(|| panic!("all of {} is own", def.name));
    let (own, secret) = (shown(server, def, mine).await, shown(server, def, beyond).await);
    Kind { entry, def, own, secret }
}

/// Marks by object.
type Marks = HashMap<String, Vec<String>>;

/// Writes marks into the texts of the objects of every type, beneath all rules.
fn mark(server: &Server, kinds: &[Kind]) -> Marks {
    let things = kinds
        .iter()
        .flat_map(|kind| [&kind.own, &kind.secret].map(|thing| (kind.def, thing.id.clone())));
    let things: Vec<(&'static ObjectDef, String)> = things.collect();
    let write = move |tx: &mut Tx<'_>| {
        let (mut marks, mut count) = (Marks::new(), 0_u32);
        for (def, id) in &things {
            let given = marks.entry(id.clone()).or_default();
            let id: ObjectId = id.parse().unwrap();
            let mut next = || {
                count += 1;
                let mark = format!("{MARK}{count:05}");
                given.push(mark.clone());
                mark
            };
            mark_object(tx, def, id, &mut next);
        }
        Ok::<_, tessera_kernel::Fault>(marks)
    };
    server.installation.db().command(&system(), write).unwrap()
}

fn mark_object(
    tx: &mut Tx<'_>,
    def: &'static ObjectDef,
    id: ObjectId,
    next: &mut dyn FnMut() -> String,
) {
    let mut head = tx.head_cells(def, id, false).unwrap().unwrap();
    for (position, part) in def.composite.parts.iter().enumerate() {
        let Some(segment) = part.segment else { continue };
        let (table, mut rows) = (segment.table(), Vec::new());
        let read = &mut |row: &mut dyn tessera_kernel::RowSource| {
            let cells: Result<Vec<Cell>, _> =
                table.columns.iter().map(|column| read_cell(row, column.ty)).collect();
            rows.push(cells?);
            Ok(())
        };
        tx.connection().rows(table, &[CellRef::Uuid(id.0)], read).unwrap();
        for mut row in rows {
            let mut column = 1;
            for (at, field) in segment.fields.iter().enumerate() {
                let is_free = is_text(field) && at >= segment.key_fields() && !is_name(def, field);
                if is_free && row[column] != Cell::Null {
                    row[column] = Cell::Text(next());
                    let is_it = |it: &&tessera_kernel::HeadField| {
                        it.part == position && it.field.name == field.name
                    };
                    if let Some(listed) = def.head_fields.iter().find(is_it) {
                        head[listed.column] = row[column].clone();
                    }
                }
                column += field.kind.columns().len();
            }
            assert!(tx.connection().replace(table, &RowBuffer(row)).unwrap());
        }
    }
    assert!(tx.connection().replace(def.head, &RowBuffer(head)).unwrap());
}

/// Changes texts twice by the rules, so that the history has marks as former and as new values; answers them by object.
async fn change(server: &Server, kinds: &[Kind]) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.entry.change.is_some()) {
        for thing in [&kind.own, &kind.secret] {
            for (position, field) in secret_fields(kind.def).into_iter().filter(|it| is_text(it.1))
            {
                let part = kind.def.composite.parts[position].name;
                for letter in ["a", "b"] {
                    let new = format!("{MARK}{letter}{:04}", changed.len());
                    let body = json!({ part: { field.name: new } }).to_string();
                    let path = format!("/api/v1/{}/{}", kind.def.name, thing.id);
                    let any = [("if-match", "*")];
                    if server.call(Method::PATCH, &path, &any, &body).await.status.is_success() {
                        changed.push((thing.id.clone(), new));
                    }
                }
            }
        }
    }
    assert!(changed.len() > 20, "only {changed:?} are in the history");
    changed
}

/// What is withheld from a role.
fn withheld(
    role: &str,
    user: &str,
    (all, own): (&All, &BTreeSet<String>),
    kinds: &[Kind],
    marks: &Marks,
) -> Secrets {
    let mut secrets = Secrets::default();
    if matches!(role, "hidden" | "masked") {
        for thing in kinds.iter().flat_map(|kind| [(kind.def, &kind.own), (kind.def, &kind.secret)])
        {
            secrets.texts.extend(marks[&thing.1.id].iter().cloned());
            let (mut found, text) = (BTreeSet::new(), thing.1.body.to_string());
            amounts(&thing.1.body, &mut found);
            // Rates and bases of conditions are no amounts, and may be the same number.
            let only = |it: &String| {
                text.matches(&format!("\"{it}\"")).count()
                    == text.matches(&format!("\"amount\":\"{it}\"")).count()
            };
            secrets.texts.extend(found.into_iter().filter(only));
        }
    }
    if matches!(role, "hidden" | "masked" | "read_only") {
        return secrets;
    }
    let is_secret = |def: &ObjectDef, id: &str, at: Option<bool>| match role {
        "nobody" => true,
        "business_line" => at == Some(false),
        _ => !SHARED.contains(&def.name) && !own.contains(id),
    };
    for kind in kinds {
        for (id, at) in &all[kind.def.name] {
            if is_secret(kind.def, id, *at) {
                secrets.ids.insert(id.clone());
                secrets.texts.extend(marks.get(id).into_iter().flatten().cloned());
            }
        }
    }
    secrets.ids.remove(user);
    // What may be read may name others.
    if role != "nobody" {
        let mut named = BTreeSet::new();
        for kind in kinds.iter().filter(|kind| !secrets.ids.contains(&kind.own.id)) {
            ids(&kind.own.body, &mut named);
        }
        secrets.ids.retain(|id| !named.contains(id));
    }
    secrets
}

/// Amounts that are no round ones, and so stand for nothing else.
fn amounts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let amount = members.get("amount").and_then(Value::as_str).unwrap_or_default();
            if amount.len() >= 6 && amount.contains('.') && !amount.ends_with("00") {
                found.insert(amount.to_string());
            }
            members.values().for_each(|member| amounts(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| amounts(item, found)),
        _ => {}
    }
}

/// Sends a request with somebody's token.
pub(super) async fn call(
    world: &World,
    token: &str,
    (method, path): (&Method, &str),
    more: &[(&str, &str)],
    body: &str,
) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str()), ("x-request-id", "walk")];
    headers.extend_from_slice(more);
    world.server.call(method.clone(), path, &headers, body).await
}
