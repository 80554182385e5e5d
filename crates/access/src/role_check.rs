//! What a role must be: every name in it means something.

use tessera_kernel::{
    Checked, Fault, FieldProblem, Kind as _, ObjectDef, ObjectEntry, Problem, Registry, Tx,
    UserKind,
};

use crate::{Effect, FieldVisibility, Role, RoleField, Scope};

impl Checked for Role {
    fn check(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let registry = &tx.environment().registry;
        let told = |entry: &ObjectEntry| tx.told((entry.def)());
        let mut findings = Vec::new();
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let name = &self.header.name;
        if name.is_empty() || !name.chars().all(letters) {
            let rule = "must be 1 to 40 lower-case letters, digits and `_`";
            findings.push(FieldProblem::new("header.name", rule));
        }
        for (position, grant) in self.grants.iter().enumerate() {
            let path = format!("grants[{position}]");
            let def =
                check_names(registry, &path, (&grant.object_type, &grant.action), &mut findings);
            let is_about_people = matches!(grant.scope, Scope::Own | Scope::Team | Scope::TeamTree);
            if def.is_some_and(|def| !def.owned) && is_about_people {
                let rule = format!(
                    "{} belongs to no user and no team: take `all` or `business_line`",
                    grant.object_type
                );
                findings.push(FieldProblem::new(format!("{path}.scope"), rule));
            }
        }
        for (position, rule) in self.fields.iter().enumerate() {
            let path = format!("fields[{position}]");
            if let Err(finding) =
                check_field(registry, &told, &path, (&rule.object_type, &rule.field))
            {
                findings.push(finding);
            }
            if rule.visibility != FieldVisibility::ReadOnly && is_name_of_users(rule) {
                let (_, login) = UserKind::NAMED_BY;
                let rule =
                    format!("{login} tells at every object who made it: withhold other fields");
                findings.push(FieldProblem::new(format!("{path}.field"), rule));
            }
        }
        for (position, limit) in self.limits.iter().enumerate() {
            let path = format!("limits[{position}]");
            check_names(registry, &path, (&limit.object_type, &limit.action), &mut findings);
            if limit.amount.is_none() && limit.discount.is_none() {
                let rule = "give an amount or a discount";
                findings.push(FieldProblem::new(format!("{path}.amount"), rule));
            }
            let allows = |grant: &&crate::RoleGrant| grant.effect == Effect::Allow;
            let fits = |own: &str, other: &str| own == "*" || own == other;
            let granted = self.grants.iter().filter(allows).any(|grant| {
                fits(&grant.object_type, &limit.object_type) && fits(&grant.action, &limit.action)
            });
            if !granted {
                let rule = "is allowed by no grant of this role: a limit limits what it allows";
                findings.push(FieldProblem::new(format!("{path}.action"), rule));
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(Fault::Invalid(findings).into()) }
    }
}

fn is_name_of_users(rule: &RoleField) -> bool {
    let (part, field) = UserKind::NAMED_BY;
    let own = rule.field.as_str();
    let is_it =
        own == part || own.strip_prefix(part).is_some_and(|rest| rest == format!(".{field}"));
    rule.object_type == UserKind::NAME && is_it
}

/// The definition of an object type that a role names; none for `*`, and for what is no type.
fn check_names(
    registry: &Registry,
    path: &str,
    (object, action): (&str, &str),
    findings: &mut Vec<FieldProblem>,
) -> Option<&'static ObjectDef> {
    let entry = match known(registry, object) {
        _ if object == "*" => None,
        Ok(entry) => Some(entry),
        Err(rule) => {
            findings.push(FieldProblem::new(format!("{path}.object_type"), rule));
            return None;
        }
    };
    let rights = match entry {
        Some(entry) => registry.rights((entry.def)().name),
        None => registry.objects().flat_map(|entry| registry.rights((entry.def)().name)).collect(),
    };
    if action != "*" && !rights.contains(action) {
        let rights: Vec<&str> = rights.into_iter().collect();
        let rule = format!("is no action of {object}; there are: *, {}", rights.join(", "));
        findings.push(FieldProblem::new(format!("{path}.action"), rule));
    }
    entry.map(|entry| (entry.def)())
}

fn known<'r>(registry: &'r Registry, object: &str) -> Result<&'r ObjectEntry, String> {
    registry.object(object).ok_or_else(|| {
        let known: Vec<&str> = registry.objects().map(|entry| (entry.def)().name).collect();
        format!("is no object type; there are: {}", known.join(", "))
    })
}

fn check_field(
    registry: &Registry,
    told: &dyn Fn(&ObjectEntry) -> &'static ObjectDef,
    path: &str,
    (object, field): (&str, &str),
) -> Result<(), FieldProblem> {
    let refuse = |member: &str, rule| FieldProblem::new(format!("{path}.{member}"), rule);
    let entry = known(registry, object).map_err(|rule| refuse("object_type", rule))?;
    let parts = &told(entry).composite.parts;
    let (part, rest) = field.split_once('.').map_or((field, None), |(p, f)| (p, Some(f)));
    let Some(part) = parts.iter().find(|known| known.name == part) else {
        let known: Vec<&str> = parts.iter().map(|part| part.name).collect();
        return Err(refuse("field", format!("must begin with one of: {}", known.join(", "))));
    };
    match rest {
        Some(name) if !part.fields.iter().any(|known| known.name == name) => {
            let known: Vec<&str> = part.fields.iter().map(|field| field.name).collect();
            let rule = format!("is no field of {}; there are: {}", part.name, known.join(", "));
            Err(refuse("field", rule))
        }
        _ => Ok(()),
    }
}
