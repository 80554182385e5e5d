//! Every operation of the API for every object type, and what it tells.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use tessera_http::{Operation, Policy, operations};
use tessera_kernel::{ActionTarget, FieldType};

use super::input::Input;
use super::world::{Kind, Seat, Thing, World, call, ids, secret_fields};
use crate::support::Answer;

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// The ids of what it is about: nothing may tell them from ids of nothing.
    pub(super) about: Vec<String>,
    /// It asks about a place that is beyond the caller's business line: it has to be refused.
    pub(super) beyond: bool,
}

/// Where the walk goes.
pub(super) struct Walk<'w> {
    pub(super) world: &'w World,
    pub(super) seat: &'w Seat,
    /// A surface that forgets to ask: it answers as to an administrator. What the walk is worth shows in that it
    /// finds such a one.
    pub(super) planted: Option<&'static Operation>,
    pub(super) found: Vec<String>,
    pub(super) calls: usize,
}

/// The operations that a walk calls: not those that make somebody known, or end that.
pub(super) fn walked() -> impl Iterator<Item = &'static Operation> {
    operations().filter(|operation| {
        let ends = operation.name.starts_with("session.") && operation.method != Method::GET;
        let opens = operation.policy == Policy::Open && operation.method != Method::GET;
        !ends && !opens && !operation.path.contains("/oidc/")
    })
}

impl<'w> Walk<'w> {
    pub(super) fn new(world: &'w World, seat: &'w Seat) -> Self {
        Self { world, seat, planted: None, found: Vec::new(), calls: 0 }
    }

    /// Calls everything.
    pub(super) async fn all(&mut self) {
        for operation in walked() {
            self.operation(operation).await;
        }
    }

    /// Calls one operation in every way that there is.
    pub(super) async fn operation(&mut self, operation: &'static Operation) {
        let world = self.world;
        if !operation.path.contains("{object}") {
            let ids = [self.seat.user.clone(), world.kind("webhook").secret.id.clone()];
            for id in ids.into_iter().take(if operation.path.contains("{id}") { 2 } else { 1 }) {
                let path = operation.path.replace("{id}", &id);
                let path = path.replace("{token}", "x").replace("{session}", "x");
                for query in self.queries_of_all(operation) {
                    let mut call = self.call_of(operation, format!("{path}{query}"));
                    call.body = json!({}).to_string();
                    self.make(operation, call).await;
                }
            }
            return;
        }
        for kind in &world.kinds {
            if operation.policy == Policy::Verb {
                self.verbs(operation, kind).await;
                continue;
            }
            for (thing, other) in [(&kind.own, &kind.secret), (&kind.secret, &kind.own)] {
                for call in self.calls(operation, kind, (thing, other)) {
                    self.make(operation, call).await;
                }
            }
        }
    }

    fn call_of(&self, operation: &Operation, path: String) -> Call {
        let (method, headers) = (operation.method.clone(), Vec::new());
        Call { method, path, headers, body: String::new(), about: Vec::new(), beyond: false }
    }

    fn queries_of_all(&self, operation: &Operation) -> Vec<String> {
        let mut queries = vec![String::new()];
        if operation.name == "history.search" {
            let world = self.world;
            // A few stand for all: the same code looks for each.
            for mark in world.changed.iter().step_by(9) {
                queries.extend([format!("?old={mark}"), format!("?new={mark}")]);
            }
            for kind in &world.kinds {
                queries.push(format!("?type={}&object={}", kind.def.name, kind.secret.id));
            }
        }
        queries
    }

    /// What can be asked of an object type, or of one of its objects, by one operation.
    fn calls(&self, operation: &Operation, kind: &Kind, things: (&Thing, &Thing)) -> Vec<Call> {
        let (thing, _) = things;
        let number = if thing.number.is_empty() { "0" } else { &thing.number };
        let path = operation.path.replace("{object}", kind.def.name);
        let path = path.replace("{id}", &thing.id).replace("{number}", number);
        let mut call = self.call_of(operation, path.clone());
        call.about = vec![thing.id.clone()];
        let with = |query: String| Call { path: format!("{path}{query}"), ..call.clone() };
        match operation.name {
            "list" => self.lists(kind, thing).into_iter().map(with).collect(),
            // What was before is not what the marks were written over.
            "as_of" => vec![
                with(format!("?version={}", thing.body["version"])),
                with("?at=2030-01-01T00:00:00Z".into()),
            ],
            "create" | "bulk" => self.creates(&call, kind, things),
            "change" | "delete" | "restore" => self.changes(&call, operation.name, thing),
            _ => vec![call],
        }
    }

    /// Every filter and order of a list, by the values of a secret.
    fn lists(&self, kind: &Kind, thing: &Thing) -> Vec<String> {
        let mut queries = vec![
            "?limit=200".to_string(),
            format!("?id={}", thing.id),
            format!("?number={}", thing.number),
        ];
        for head in &kind.def.head_fields {
            let (part, name) = (&kind.def.composite.parts[head.part], head.field.name);
            let record = match &thing.body[part.name] {
                _ if part.flatten => &thing.body,
                Value::Array(records) => records.first().unwrap_or(&Value::Null),
                record => record,
            };
            let value = match (&record[name], head.field.kind) {
                (Value::String(text), _) => text.clone(),
                (Value::Object(money), FieldType::Money) => {
                    let text =
                        |member: &str| money[member].as_str().unwrap_or_default().to_string();
                    format!("{}&{name}.currency={}", text("amount"), text("currency"))
                }
                _ => "1".to_string(),
            };
            let value = value.replace(' ', "%20").replace('+', "%2B");
            for suffix in ["", ".prefix"] {
                queries.push(format!("?{name}{suffix}={value}&number.gte=0"));
            }
            queries.push(format!("?sort={name}&limit=20"));
        }
        queries
    }

    fn creates(&self, call: &Call, kind: &Kind, (thing, other): (&Thing, &Thing)) -> Vec<Call> {
        let mut bodies = vec![json!({}), self.body_of(kind, thing)];
        let mut named = self.body_of(kind, other);
        named["number"] = thing.number.clone().into();
        bodies.push(named);
        if let Some(input) = kind.entry.create_input {
            bodies.push(self.input(thing).body(input()));
        }
        let bulk = call.path.ends_with("/bulk");
        let bodies = bodies.into_iter().enumerate().flat_map(|(at, body)| {
            let body = if bulk { json!([body, {}]) } else { body };
            let mut named = BTreeSet::new();
            ids(&body, &mut named);
            let key = format!("{}-{}-{at}-{bulk}", kind.def.name, thing.id);
            let call = Call {
                headers: vec![("idempotency-key", key)],
                body: body.to_string(),
                about: named.intersection(&self.seat.secrets.ids).cloned().collect(),
                ..call.clone()
            };
            // The answer to a repeated call is one of its own.
            [call.clone(), call]
        });
        bodies.collect()
    }

    /// The object as one might send it to make another one: without what the program sets, and what this role is
    /// not shown.
    fn body_of(&self, kind: &Kind, thing: &Thing) -> Value {
        let mut body = thing.body.clone();
        let withheld: BTreeSet<(usize, &str)> = match self.seat.role {
            "hidden" | "masked" => secret_fields(kind.def)
                .into_iter()
                .map(|(part, field)| (part, field.name))
                .collect(),
            _ => BTreeSet::new(),
        };
        for (position, part) in kind.def.composite.parts.iter().enumerate() {
            let clean = |record: &mut Value| {
                let Some(members) = record.as_object_mut() else { return };
                for field in part.fields {
                    if field.read_only || withheld.contains(&(position, field.name)) {
                        members.shift_remove(field.name);
                    }
                }
            };
            match &mut body[part.name] {
                Value::Array(records) => records.iter_mut().for_each(clean),
                record => clean(record),
            }
        }
        let members = body.as_object_mut().unwrap();
        let parts = kind.def.composite.parts.iter().map(|part| part.name);
        let parts: Vec<&str> = parts.collect();
        members.retain(|name, value| parts.contains(&name.as_str()) && !value.is_null());
        body
    }

    fn changes(&self, call: &Call, name: &str, thing: &Thing) -> Vec<Call> {
        let body = match name {
            "restore" => json!({ "version": thing.body["version"], "dry_run": true }),
            _ => json!({}),
        };
        let body = if name == "delete" { String::new() } else { body.to_string() };
        // Nothing is deleted: what is left is what the walk is about.
        let stale = vec!["\"0\""];
        let tags = if name == "delete" { stale } else { vec!["*", "\"0\""] };
        let made = tags.into_iter().map(|tag| Call {
            headers: vec![("if-match", tag.to_string())],
            body: body.clone(),
            ..call.clone()
        });
        made.collect()
    }

    /// Input that names what is as secret as this.
    fn input(&self, thing: &Thing) -> Input<'w> {
        let secret = self.world.kinds.iter().any(|kind| kind.secret.id == thing.id);
        Input { world: self.world, secret }
    }

    async fn verbs(&mut self, operation: &'static Operation, kind: &Kind) {
        let on_object = operation.path.contains("{action}");
        let target = if on_object { ActionTarget::Object } else { ActionTarget::Collection };
        let actions: Vec<_> = self.world.registry().actions().copied().collect();
        for action in actions {
            if action.object != kind.def.name || action.target != target {
                continue;
            }
            for thing in [&kind.own, &kind.secret] {
                for body in [json!({}), self.input(thing).body((action.input)())] {
                    let path = operation.path.replace("{object}", kind.def.name);
                    let path = match target {
                        ActionTarget::Object => {
                            path.replace("{id}", &thing.id).replace("{action}", action.name)
                        }
                        ActionTarget::Collection => path.replace("{id}", action.name),
                    };
                    let mut call = self.call_of(operation, path);
                    call.body = body.to_string();
                    if on_object {
                        call.about = vec![thing.id.clone()];
                    } else {
                        let theirs = &self.world.kind("receivable").secret.body;
                        let names = body["company_code"] == theirs["header"]["company_code"];
                        call.beyond = self.seat.role == "business_line" && names;
                    }
                    self.make(operation, call).await;
                }
            }
        }
    }

    /// Makes a call and looks at its answer.
    async fn make(&mut self, operation: &'static Operation, it: Call) {
        self.calls += 1;
        let answer = self.answer(operation, &it).await;
        let said = format!("{} {}", it.path, it.body);
        let told = self.seat.secrets.told_by(&answer, &said);
        let status = answer.status;
        if !told.is_empty() {
            self.note(&it, &answer, &format!("tells {}", told[..told.len().min(4)].join(", ")));
        }
        if it.beyond && status.is_success() {
            self.note(&it, &answer, "answers about another line");
        }
        if status.is_server_error() {
            self.note(&it, &answer, "fails");
        }
        // Who reads finds something where a surface forgets to ask: what it tells of that is what counts. Who makes,
        // restores or deletes something is told little, but whether there is what they name.
        let forgets = self.planted.is_some()
            && !matches!(operation.name, "create" | "bulk" | "delete" | "restore");
        if forgets || !it.about.iter().any(|id| self.seat.secrets.ids.contains(id)) {
            return;
        }
        // What may not be read is as if there was nothing.
        let nothing = "0199f3c2-0000-7000-8000-000000000000";
        let swap = |text: &str| {
            it.about.iter().fold(text.to_string(), |text, id| text.replace(id, nothing))
        };
        let mut other = Call { path: swap(&it.path), body: swap(&it.body), ..it.clone() };
        if (&other.path, &other.body) == (&it.path, &it.body) {
            return;
        }
        other.headers.retain(|(name, _)| *name != "idempotency-key");
        let other = self.answer(operation, &other).await;
        if (other.status, &other.text) != (status, &swap(&answer.text)) {
            let text: String = other.text.chars().take(300).collect();
            self.note(
                &it,
                &answer,
                &format!("is told from nothing, which is {} {text}", other.status),
            );
        }
    }

    fn note(&mut self, it: &Call, answer: &Answer, what: &str) {
        let (role, status) = (self.seat.role, answer.status);
        let text: String = answer.text.chars().take(300).collect();
        self.found.push(format!("{role} {} {} {what}: {status} {text}", it.method, it.path));
    }

    async fn answer(&self, operation: &'static Operation, it: &Call) -> Answer {
        let is = |planted: &Operation| {
            planted.path == operation.path && planted.method == operation.method
        };
        let token = match self.planted {
            Some(planted) if is(planted) => &self.world.server.token,
            _ => &self.seat.token,
        };
        let headers: Vec<(&str, &str)> =
            it.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        call(self.world, token, (&it.method, &it.path), &headers, &it.body).await
    }
}
