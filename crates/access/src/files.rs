//! Roles as files: read from objects, written to them, compared.

use serde_json::{Map, Value, json};
use tessera_kernel::{
    Cell, Checked as _, Kind as _, Object as _, ObjectId, Problem, Ref, Tx, json as bodies,
};
use uuid::Uuid;

use crate::gives::Gives as _;
use crate::{Role, changed};

/// The roles that Tessera ships, as a file.
pub const SHIPPED_ROLES: &str = include_str!("../config/roles.toml");

/// What a role file did to a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// There was none of this name.
    Made,
    /// It was another one.
    Changed,
    /// It was the same.
    Same,
}

/// Every role as it stands in a file, by name: without ids and versions, without what is empty.
///
/// # Errors
///
/// Where the actor may not export roles, or the database can't be read.
pub fn export_roles(tx: &mut Tx<'_>) -> Result<Map<String, Value>, Problem> {
    tx.actor().require_whole(Role::def(), "export")?;
    every_role(tx)
}

fn every_role(tx: &mut Tx<'_>) -> Result<Map<String, Value>, Problem> {
    let mut roles = Map::new();
    let mut found: Vec<(String, Value)> = Vec::new();
    for id in tx.all::<Role>()? {
        let role = tx.load(id)?.value;
        let mut body = Value::Object(bodies::composite_to_json(&role)?);
        reduce(&mut body);
        found.push((role.header.name, body));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    roles.extend(found);
    Ok(roles)
}

/// Makes or changes roles so that they are as in the file; others stay.
///
/// # Errors
///
/// Where one is no role, with its name; nothing is kept then.
pub fn import_roles(
    tx: &mut Tx<'_>,
    roles: &Map<String, Value>,
) -> Result<Vec<(String, Imported)>, Problem> {
    let mut done = Vec::with_capacity(roles.len());
    for (name, body) in roles {
        let outcome = import(tx, name, body).map_err(|mut problem| {
            problem.detail = format!("role {name}: {}", problem.detail);
            problem
        })?;
        done.push((name.clone(), outcome));
    }
    if done.iter().any(|(_, outcome)| *outcome != Imported::Same) {
        changed(tx)?;
    }
    Ok(done)
}

fn import(tx: &mut Tx<'_>, name: &str, body: &Value) -> Result<Imported, Problem> {
    let mut body = body.clone();
    if !body.is_object() {
        return Err(Problem::invalid(name, "must be a table"));
    }
    if body.get("header").is_none() {
        body["header"] = json!({});
    }
    body["header"]["name"] = name.into();
    let role: Role = bodies::parse(&body)?;
    role.check(tx)?;
    let outcome = match find(tx, name)? {
        None => {
            tx.actor().require(Role::NAME, "create")?;
            Role::check_given(tx, ObjectId(Uuid::nil()), None, Some(&role))?;
            let made = tx.insert(role)?;
            Some((made.head.id, Imported::Made))
        }
        Some(id) => {
            tx.actor().require(Role::NAME, "change")?;
            let mut stored = tx.load(id)?;
            Role::check_given(tx, id.id(), Some(&stored.value), Some(&role))?;
            stored.value = role;
            tx.save(&mut stored)?.then_some((id.id(), Imported::Changed))
        }
    };
    let Some((id, outcome)) = outcome else { return Ok(Imported::Same) };
    tx.emit("role.changed", id, &json!({}))?;
    Ok(outcome)
}

/// What importing the file would change, a sentence for each line of a role.
///
/// # Errors
///
/// Where the actor may not read every role, one is no role, or the database can't be read.
pub fn compare_roles(tx: &mut Tx<'_>, roles: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    tx.actor().require_whole(Role::def(), "read")?;
    let there = every_role(tx)?;
    let mut differences = Vec::new();
    for (name, body) in roles {
        let mut body = body.clone();
        if let Some(members) = body.as_object_mut() {
            members.entry("header").or_insert_with(|| json!({}));
        }
        body["header"]["name"] = name.as_str().into();
        let role: Role = bodies::parse(&body)?;
        let mut wanted = Value::Object(bodies::composite_to_json(&role)?);
        reduce(&mut wanted);
        let Some(former) = there.get(name) else {
            differences.push(format!("{name}: would be made"));
            continue;
        };
        for part in ["header", "grants", "fields", "limits"] {
            compare(name, part, former, &wanted, &mut differences);
        }
    }
    Ok(differences)
}

fn compare(name: &str, part: &str, former: &Value, wanted: &Value, out: &mut Vec<String>) {
    let records = |role: &Value| match role.get(part) {
        Some(Value::Array(records)) => records.clone(),
        Some(record) => vec![record.clone()],
        None => Vec::new(),
    };
    let (former, wanted) = (records(former), records(wanted));
    let same = |record: &Value, other: &Value| record["line"] == other["line"];
    for record in &wanted {
        match former.iter().find(|other| same(record, other)) {
            None => out.push(format!("{name}: {part} would get {record}")),
            Some(other) if other != record => {
                out.push(format!("{name}: {part} would change from {other} to {record}"));
            }
            Some(_) => {}
        }
    }
    for record in former.iter().filter(|record| !wanted.iter().any(|other| same(record, other))) {
        out.push(format!("{name}: {part} would lose {record}"));
    }
}

fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Ref<Role>>, Problem> {
    Ok(tx.find::<Role>("name", Cell::Text(name.to_string()))?.pop())
}

/// Leaves out what is null or empty.
fn reduce(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(reduce);
            members.retain(|_, member| !member.is_null() && *member != json!([]));
        }
        Value::Array(items) => items.iter_mut().for_each(reduce),
        _ => {}
    }
}
