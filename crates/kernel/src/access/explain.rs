//! Why somebody may do something, or may not: by role and line.

use serde_json::{Value, json};

use super::{Access, Grant, Rows};
use crate::{Cell, ObjectDef, Registry};

impl Rows {
    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing: the role is assigned for no business line",
            Self::Owners(_) => "what the user, and whom they substitute for, is responsible for",
            Self::Teams(_) => "what their teams are responsible for",
            Self::Places(_) => "what is in the business line",
            Self::Where(..) => "what meets the condition",
        }
    }
}

impl Access {
    /// Why an action on a type, on one object of it by its head row, and on one of its fields is
    /// allowed or not. `lines` are the grants that speak of it; where one denies, it decides.
    pub fn explain(
        &self,
        def: &'static ObjectDef,
        action: &str,
        row: Option<&[Cell]>,
        field: Option<(&str, &str)>,
    ) -> Value {
        let reaches = |grant: &Grant| match row {
            Some(row) => grant.predicate(def).holds(row),
            None => !grant.rows.contains(&Rows::Nothing),
        };
        let grants: Vec<&Grant> = self.grants(def.name, action).collect();
        let lines: Vec<Value> = grants
            .iter()
            .map(|grant| {
                let scope: Vec<&str> = grant.rows.iter().map(Rows::name).collect();
                json!({
                    "role": &*grant.role,
                    "line": grant.line,
                    "effect": if grant.allow { "allow" } else { "deny" },
                    "scope": if scope.is_empty() { "all".to_string() } else { scope.join(", ") },
                    "applies": reaches(grant),
                })
            })
            .collect();
        let is_seen = row.is_none_or(|row| self.rows(def, "read").holds(row));
        let allowed = match row {
            Some(row) => is_seen && self.rows(def, action).holds(row),
            None => self.allows(def.name, action),
        };
        let because = match grants.iter().find(|grant| !grant.allow && reaches(grant)) {
            Some(grant) => format!("{}, line {}, denies it", grant.role, grant.line),
            None => match grants.iter().find(|grant| grant.allow && reaches(grant)) {
                Some(_) if !is_seen => "they may not read the object".to_string(),
                Some(grant) => format!("{}, line {}, allows it", grant.role, grant.line),
                None if grants.is_empty() => "no role speaks of it".to_string(),
                None => "it is in no scope of the roles that speak of it".to_string(),
            },
        };
        let mut answer = json!({ "allowed": allowed, "because": because, "lines": lines });
        if let Some((part, name)) = field {
            answer["field"] = self.explain_field(def, part, name);
        }
        let limits = self.limits(def.name, action).into_iter().map(|limit| {
            json!({
                "role": &*limit.role,
                "line": limit.line,
                "amount": limit.amount.map(|amount| amount.to_string()),
                "discount": limit.discount.map(|discount| discount.to_string()),
            })
        });
        answer["limits"] = limits.collect();
        answer
    }

    fn explain_field(&self, def: &'static ObjectDef, part: &str, name: &str) -> Value {
        let rules = self.draft.fields.iter().filter(|rule| rule.fits(def.name, part, name));
        let lines: Vec<Value> = rules
            .map(|rule| {
                let visibility = rule.visibility.name();
                json!({ "role": &*rule.role, "line": rule.line, "visibility": visibility })
            })
            .collect();
        let visibility = self.mask(def).named(part, name).map_or("open", |found| found.name());
        json!({ "visibility": visibility, "lines": lines })
    }

    /// Everything that the user may do: by object type the actions, each with the objects that it may be
    /// done to, and what is withheld.
    pub fn effective(&self, registry: &Registry) -> Value {
        let mut objects = Vec::new();
        for entry in registry.objects() {
            let def = (entry.def)();
            let mut actions = serde_json::Map::new();
            for action in registry.rights(def.name) {
                if !self.allows(def.name, action) {
                    continue;
                }
                let mut scopes: Vec<String> = Vec::new();
                for grant in self.grants(def.name, action) {
                    let names: Vec<&str> = grant.rows.iter().map(Rows::name).collect();
                    let scope = if names.is_empty() { "all".into() } else { names.join(", ") };
                    let not = if grant.allow { "" } else { "not: " };
                    let scope = format!("{not}{scope}");
                    if !scopes.contains(&scope) {
                        scopes.push(scope);
                    }
                }
                actions.insert(action.into(), scopes.into());
            }
            let mask = self.mask(def);
            let mut fields = serde_json::Map::new();
            for (position, part) in def.composite.parts.iter().enumerate() {
                for field in part.fields {
                    if let Some(withheld) = mask.of(position, field.name) {
                        let path = format!("{}.{}", part.name, field.name);
                        fields.insert(path, withheld.name().into());
                    }
                }
            }
            if !actions.is_empty() {
                let object =
                    json!({ "object_type": def.name, "actions": actions, "fields": fields });
                objects.push(object);
            }
        }
        json!({ "objects": objects })
    }
}
