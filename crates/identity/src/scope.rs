//! How much of what its user may do a credential may do.
//!
//! In the notation of OAuth (RFC 6749, 3.3): `product:read,create business_partner:* *:read`.

use std::fmt;
use std::sync::Arc;

use tessera_kernel::{Actor, Pattern};

/// Stands for every object type, or every action.
const ANY: &str = "*";

/// Actions on objects of a type that a credential may do, if its user may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeGrant {
    /// Object type, or `*`.
    pub object: String,
    /// Actions, or `*`.
    pub actions: Vec<String>,
}

/// What a credential may do at most; nothing is added to what its user may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Option<Arc<[ScopeGrant]>>);

impl Scope {
    /// Whatever the user may.
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Reads the notation; a sentence where it is wrong. Empty text is no scope.
    pub fn parse(text: &str) -> Result<Self, String> {
        let grants: Result<Vec<ScopeGrant>, String> = text.split_whitespace().map(grant).collect();
        match grants?.as_slice() {
            [] => {
                Err("names nothing: leave it out, or write like `product:read,create *:read`"
                    .into())
            }
            grants => Ok(Self(Some(grants.into()))),
        }
    }

    /// The grants; none where the scope is not limited.
    pub fn grants(&self) -> Option<&[ScopeGrant]> {
        self.0.as_deref()
    }

    /// The actor as far as this goes.
    pub(crate) fn limit(&self, actor: Actor) -> Actor {
        let Some(grants) = &self.0 else { return actor };
        let pairs = grants.iter().flat_map(|grant| {
            let object = Pattern::of(&grant.object);
            grant.actions.iter().map(move |action| (object.clone(), Pattern::of(action)))
        });
        actor.within(pairs)
    }

    /// Whether this action on objects of this type is within it.
    pub fn allows(&self, object: &str, action: &str) -> bool {
        let Some(grants) = &self.0 else { return true };
        let covers = |grant: &ScopeGrant| {
            (grant.object == ANY || grant.object == object)
                && grant.actions.iter().any(|known| known == ANY || known == action)
        };
        grants.iter().any(covers)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, grant) in self.grants().into_iter().flatten().enumerate() {
            let space = if position > 0 { " " } else { "" };
            write!(f, "{space}{}:{}", grant.object, grant.actions.join(","))?;
        }
        Ok(())
    }
}

fn grant(text: &str) -> Result<ScopeGrant, String> {
    let is_name = |name: &str| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        name == ANY || (!name.is_empty() && name.chars().all(letters))
    };
    let parts = text.split_once(':').map(|(object, actions)| {
        let actions: Vec<String> = actions.split(',').map(str::to_string).collect();
        ScopeGrant { object: object.to_string(), actions }
    });
    parts
        .filter(|grant| is_name(&grant.object) && grant.actions.iter().all(|name| is_name(name)))
        .ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            format!("`{shown}` is no grant: write `object:action,action`, with * for all of them")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_it_names_and_nothing_else() {
        let scope = Scope::parse("product:read,create  business_partner:* ").unwrap();
        assert!(scope.allows("product", "create") && scope.allows("business_partner", "block"));
        assert!(!scope.allows("product", "change") && !scope.allows("user", "read"));
        assert_eq!(scope.to_string(), "product:read,create business_partner:*");
        assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
        let reading = Scope::parse("*:read").unwrap();
        assert!(reading.allows("user", "read") && !reading.allows("user", "create"));
        assert!(Scope::unlimited().allows("user", "create"));
    }

    #[test]
    fn what_is_no_scope_is_refused_and_never_taken_for_an_unlimited_one() {
        for text in ["", " ", "product", "product:", ":read", "product:read,", "a:b:c", "Ö:read"] {
            Scope::parse(text).unwrap_err();
        }
    }
}
