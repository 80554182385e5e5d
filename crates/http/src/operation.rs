//! What the API offers: each operation with its path, its name, and who may call it.
//!
//! Routes are made of [`Operation`]s and of nothing else (`routes.rs`), so that none is without a policy. Whoever
//! calls is measured by it before the handler runs, in [`crate::caller::Caller`].

use axum::extract::MatchedPath;
use axum::http::{Extensions, Method};
use tessera_identity::Scope;
use tessera_kernel::{Actor, Problem, ProblemKind, Registry};

use crate::routes;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Anybody: it tells nothing of an installation, or is how somebody becomes known.
    Open,
    /// Whoever is known: it tells them of themselves, or only what they may read.
    Known,
    /// Whoever may do all of this to objects of the type that the path names.
    Object(&'static [&'static str]),
    /// Whoever has the right of the verb that the path names.
    Verb,
    /// Whoever may do this to objects of this type.
    Of(&'static str, &'static str),
    /// The user whom the path names, signed in; and whoever may do this to users.
    Own(&'static str),
}

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Method.
    pub method: Method,
    /// Path with its parameters, like `/api/v1/{object}/{id}`.
    pub path: &'static str,
    /// Name in figures and logs; where the path names the object type, what stands behind that.
    pub name: &'static str,
    /// Who may call it.
    pub policy: Policy,
}

impl Operation {
    /// The operation of a request that found its route.
    pub(crate) fn of(method: &Method, extensions: &Extensions) -> Option<&'static Self> {
        let path = extensions.get::<MatchedPath>()?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        routes::operations().find(|it| it.method == *method && it.path == path.as_str())
    }

    /// The right that a call needs: object type and action.
    fn right<'r>(&'r self, registry: &'r Registry, path: &str) -> Right<'r> {
        let of = |name: &str| {
            let at = self.path.split('/').position(|part| part == format!("{{{name}}}"));
            at.and_then(|at| path.split('/').nth(at)).unwrap_or_default()
        };
        let object = registry.object(of("object")).map(|entry| (entry.def)().name);
        match (&self.policy, object) {
            (Policy::Open | Policy::Known, _) => Right::Free,
            (Policy::Of(object, action), _) => Right::Of(object, std::slice::from_ref(action)),
            (Policy::Own(action), _) => Right::Own("user", std::slice::from_ref(action)),
            (Policy::Object(actions), Some(object)) => Right::Of(object, actions),
            (Policy::Verb, Some(object)) => {
                let name = if self.path.contains("{action}") { of("action") } else { of("id") };
                match registry.action(object, name) {
                    Some(verb) => Right::Of(verb.right.0, std::slice::from_ref(&verb.right.1)),
                    None => Right::Nowhere,
                }
            }
            (Policy::Object(_) | Policy::Verb, None) => Right::Nowhere,
        }
    }
}

/// What a call needs.
enum Right<'r> {
    /// Nothing beyond being known.
    Free,
    /// All of these actions on objects of this type.
    Of(&'static str, &'r [&'static str]),
    /// The same, unless it is about the caller.
    Own(&'static str, &'r [&'static str]),
    /// There is no such object type or verb: the handler says so.
    Nowhere,
}

/// Refuses whoever may not call an operation, by the scope of their credential and by their roles. What is no
/// operation is beyond every scope.
///
/// # Errors
///
/// As forbidden.
pub(crate) fn permit(
    operation: Option<&Operation>,
    (registry, path): (&Registry, &str),
    (actor, scope): (&Actor, &Scope),
) -> Result<(), Problem> {
    let right = operation.map_or(Right::Nowhere, |operation| operation.right(registry, path));
    let beyond = match right {
        Right::Free => None,
        Right::Of(object, actions) | Right::Own(object, actions) => {
            let beyond = actions.iter().find(|action| !scope.allows(object, action));
            beyond.map(|action| format!("this credential may not {action} {object}"))
        }
        Right::Nowhere => scope.grants().map(|_| "this credential may not do this".to_string()),
    };
    if let Some(detail) = beyond {
        let detail = format!("{detail}: its scope is `{scope}`");
        return Err(Problem::new(ProblemKind::Forbidden, "beyond_scope", detail));
    }
    match right {
        Right::Of(object, actions) => {
            actions.iter().try_for_each(|action| actor.require(object, action))
        }
        _ => Ok(()),
    }
}

/// The name of a request in figures and logs, like `product.create`: bounded in number, whatever callers ask for;
/// `other` where there is no such operation.
pub(crate) fn name(operation: Option<&Operation>, registry: &Registry, path: &str) -> String {
    let Some(operation) = operation else { return "other".to_string() };
    if !operation.path.contains("{object}") {
        return operation.name.to_string();
    }
    let mut parts = path.trim_start_matches("/api/v1/").split('/');
    let Some(entry) = parts.next().and_then(|object| registry.object(object)) else {
        return "other".to_string();
    };
    let object = (entry.def)().name;
    if operation.policy != Policy::Verb {
        return format!("{object}.{}", operation.name);
    }
    let verb = parts.next_back().and_then(|name| registry.action(object, name));
    verb.map_or_else(|| "other".to_string(), |verb| format!("{object}.{}", verb.name))
}
