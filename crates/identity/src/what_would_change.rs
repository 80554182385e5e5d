//! What an edit of a role would do: which users would gain or lose what. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tessera_access::{Role, RoleField, RoleGrant, RoleLimit};
use tessera_kernel::{
    Access, Action, Cell, Checked as _, Composite as _, Form, Kind as _, ObjectDef, ObjectId,
    Problem, Ref, Registry, Rule, Tx, Visibility, json as bodies,
};

use crate::rights;
use crate::user::{User, UserRole};

/// Users that are named; all are counted.
const NAMED: usize = 200;

/// The role as it would be; what is left out would be gone.
#[derive(Form, Clone, Debug)]
pub(crate) struct Edited {
    /// What it would allow and deny.
    pub(crate) grants: Vec<RoleGrant>,
    /// What it would withhold.
    pub(crate) fields: Vec<RoleField>,
    /// Up to how much it would allow.
    pub(crate) limits: Vec<RoleLimit>,
}

const RULES: &[Rule] = &[
    Rule { name: "permission", help: "Whoever asks may explain the rights of users." },
    Rule {
        name: "names",
        help: "Object types, actions and fields are there, as for a change of the role.",
    },
];

/// The verb.
pub(crate) const ACTION: Action = Action::on_object(
    Role::NAME,
    "what_would_change",
    "Tells which users would gain or lose which action or field by an edit of the role; changes nothing.",
    Edited::composite,
    RULES,
    run,
)
.reading()
.with_right(User::NAME, crate::explain::RIGHT);

fn run(tx: &mut Tx<'_>, id: ObjectId, input: &Value) -> Result<Value, Problem> {
    tx.actor().require(User::NAME, crate::explain::RIGHT)?;
    let Edited { grants, fields, limits } = bodies::parse(input)?;
    let role = Ref::<Role>::new(id);
    let edited = Role { grants, fields, limits, ..tx.load(role)?.value };
    edited.check(tx)?;
    let with = tx.records_by::<UserRole>("role", Cell::Uuid(id.0))?;
    let users: BTreeSet<ObjectId> = with.into_iter().map(|(user, _)| user).collect();
    let registry = &tx.environment().registry;
    let (mut named, mut changed, mut totals) = (Vec::new(), 0, Totals::default());
    for user in &users {
        let Some(now) = rights::access(tx, *user)? else { continue };
        let Some(then) = rights::access_with(tx, *user, (role, &edited))? else { continue };
        let differences = compare(registry, &now, &then);
        if differences.is_empty() {
            continue;
        }
        changed += 1;
        totals.add(&differences);
        if named.len() < NAMED {
            let login = tx.load(Ref::<User>::new(*user))?.value.profile.login;
            let changes: Vec<Value> = differences.iter().map(Difference::to_json).collect();
            named.push(json!({ "id": user.to_string(), "login": login, "changes": changes }));
        }
    }
    Ok(json!({
        "users": users.len(),
        "changed": changed,
        "totals": totals.to_json(),
        "items": named,
    }))
}

/// What becomes different for a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    object: &'static str,
    /// An action, or part and field.
    what: String,
    kind: &'static str,
    from: &'static str,
    to: &'static str,
}

impl Difference {
    fn to_json(&self) -> Value {
        json!({
            "object_type": self.object,
            self.kind: self.what,
            "from": self.from,
            "to": self.to,
        })
    }
}

/// How many users each difference is one of.
#[derive(Default)]
struct Totals(BTreeMap<Difference, usize>);

impl Totals {
    fn add(&mut self, differences: &[Difference]) {
        for difference in differences {
            *self.0.entry(difference.clone()).or_default() += 1;
        }
    }

    fn to_json(&self) -> Vec<Value> {
        let total = |(difference, users): (&Difference, &usize)| {
            let mut value = difference.to_json();
            value["users"] = (*users).into();
            value
        };
        self.0.iter().map(total).collect()
    }
}

fn compare(registry: &Registry, now: &Access, then: &Access) -> Vec<Difference> {
    let mut found = Vec::new();
    for def in registry.objects().map(|entry| (entry.def)()) {
        for action in registry.rights(def.name) {
            let state = |allowed| if allowed { "allowed" } else { "refused" };
            let (from, to) = (now.allows(def.name, action), then.allows(def.name, action));
            let (from, to) = match (from, to) {
                (true, true) if now.rows(def, action) != then.rows(def, action) => {
                    ("some objects", "other objects")
                }
                (true, true) if now.limits(def.name, action) != then.limits(def.name, action) => {
                    ("up to a limit", "up to another limit")
                }
                (from, to) if from == to => continue,
                (from, to) => (state(from), state(to)),
            };
            let what = action.to_string();
            found.push(Difference { object: def.name, what, kind: "action", from, to });
        }
        compare_fields(def, now, then, &mut found);
    }
    found
}

fn compare_fields(
    def: &'static ObjectDef,
    now: &Access,
    then: &Access,
    found: &mut Vec<Difference>,
) {
    let (now, then) = (now.mask(def), then.mask(def));
    for (position, part) in def.composite.parts.iter().enumerate() {
        for field in part.fields {
            let name = |found: Option<Visibility>| found.map_or("shown", Visibility::name);
            let (from, to) =
                (name(now.of(position, field.name)), name(then.of(position, field.name)));
            if from != to {
                let what = format!("{}.{}", part.name, field.name);
                found.push(Difference { object: def.name, what, kind: "field", from, to });
            }
        }
    }
}
