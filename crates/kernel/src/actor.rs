//! Who acts. Every call of a verb carries one.

use std::sync::Arc;

use crate::{Access, Mask, Money, ObjectDef, ObjectId, Pattern, Predicate, Problem, ProblemKind};

/// Where a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A person's browser session.
    Session,
    /// An API token.
    Token,
    /// An import.
    Import,
    /// The command line on the server.
    CommandLine,
    /// A subscriber or job.
    System,
    /// The program that brings a database up to date.
    Migration,
}

impl Source {
    /// Name in change documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Import => "import",
            Self::CommandLine => "command_line",
            Self::System => "system",
            Self::Migration => "migration",
        }
    }
}

/// A user (or the system) on whose behalf something is done.
#[derive(Clone, Debug)]
pub struct Actor {
    name: Arc<str>,
    source: Source,
    rights: Rights,
    within: Option<Arc<[(Pattern, Pattern)]>>,
    via: Option<Arc<str>>,
    request: Option<Arc<str>>,
}

/// What an actor may do.
#[derive(Clone, Debug)]
enum Rights {
    /// Everything: the program itself, and whoever works on the server.
    Everything,
    /// Nothing.
    Nothing,
    /// What the roles of a user say.
    Access(Arc<Access>),
}

impl Actor {
    /// A trusted actor, who may do everything, or one who may do nothing.
    pub fn user(name: &str, source: Source, trusted: bool) -> Self {
        let rights = if trusted { Rights::Everything } else { Rights::Nothing };
        Self::with(name, source, rights)
    }

    /// A signed-in user.
    pub fn with_access(name: &str, source: Source, access: Arc<Access>) -> Self {
        Self::with(name, source, Rights::Access(access))
    }

    fn with(name: &str, source: Source, rights: Rights) -> Self {
        Self { name: name.into(), source, rights, within: None, via: None, request: None }
    }

    /// The program itself.
    pub fn system(source: Source) -> Self {
        Self::with("system", source, Rights::Everything)
    }

    /// Name in change documents.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the change comes from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The same through something that has a name of its own: a token, a run of an import, a job.
    #[must_use]
    pub fn through(self, via: &str) -> Self {
        Self { via: Some(via.into()), ..self }
    }

    /// The same for a request of the API.
    #[must_use]
    pub fn for_request(self, request: &str) -> Self {
        Self { request: Some(request.into()), ..self }
    }

    /// The same by a credential that allows only these actions on objects of these types.
    #[must_use]
    pub fn within(self, allowed: impl IntoIterator<Item = (Pattern, Pattern)>) -> Self {
        Self { within: Some(allowed.into_iter().collect()), ..self }
    }

    /// The same with the rights that the roles of the user give now; none: they may do nothing any more.
    #[must_use]
    pub(crate) fn renewed(&self, access: Option<Arc<Access>>) -> Self {
        Self { rights: access.map_or(Rights::Nothing, Rights::Access), ..self.clone() }
    }

    /// Whether the credential allows an action, whatever the user may do.
    fn reaches(&self, object: &str, action: &str) -> bool {
        self.within.as_ref().is_none_or(|allowed| {
            allowed.iter().any(|(types, actions)| types.fits(object) && actions.fits(action))
        })
    }

    /// What the change comes through.
    pub fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }

    /// The request that it belongs to.
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// What the roles of the user say, where that decides.
    pub fn access(&self) -> Option<&Arc<Access>> {
        match &self.rights {
            Rights::Access(access) => Some(access),
            Rights::Everything | Rights::Nothing => None,
        }
    }

    /// The user.
    pub fn user_id(&self) -> Option<ObjectId> {
        self.access().map(|access| access.user())
    }

    /// The team to which what the user makes belongs.
    pub fn home_team(&self) -> Option<ObjectId> {
        self.access().and_then(|access| access.draft().home_team)
    }

    /// Whether the actor may do `action` to any object of this type.
    pub fn may(&self, object: &str, action: &str) -> bool {
        match &self.rights {
            _ if !self.reaches(object, action) => false,
            Rights::Everything => true,
            Rights::Nothing => false,
            Rights::Access(access) => access.allows(object, action),
        }
    }

    /// Refuses the call unless the actor may do `action` to objects of this type. The one place
    /// where that is decided; to which of them, [`crate::Tx::permit`] decides.
    pub fn require(&self, object: &'static str, action: &'static str) -> Result<(), Problem> {
        if self.may(object, action) {
            return Ok(());
        }
        Err(self.refused(object, action))
    }

    /// Refuses to do `action` to all objects of a type at once, as an export does, unless the actor may do it to each
    /// of them and is shown all of their fields.
    pub fn require_whole(&self, def: &'static ObjectDef, action: &str) -> Result<(), Problem> {
        let all = *self.rows(def, action) == Predicate::Always;
        if !all && !self.may(def.name, action) {
            return Err(self.refused(def.name, action));
        }
        if all && self.mask(def).is_none_or(|mask| mask.shows_all()) {
            return Ok(());
        }
        let (name, object) = (&self.name, def.name);
        let detail = format!(
            "{name} may not {action} every {object} with all of its fields: ask an administrator"
        );
        Err(Problem::new(ProblemKind::Forbidden, "forbidden", detail))
    }

    /// The refusal of an action.
    pub(crate) fn refused(&self, object: &str, action: &str) -> Problem {
        Problem::new(
            ProblemKind::Forbidden,
            "forbidden",
            format!("{} may not {action} {object}: ask an administrator", self.name),
        )
    }

    /// To which objects of the type the actor may do `action`.
    pub fn rows(&self, def: &'static ObjectDef, action: &str) -> Arc<Predicate> {
        match &self.rights {
            _ if !self.reaches(def.name, action) => Arc::new(Predicate::Never),
            Rights::Everything => Arc::new(Predicate::Always),
            Rights::Nothing => Arc::new(Predicate::Never),
            Rights::Access(access) => access.rows(def, action),
        }
    }

    /// What the actor does not see of objects of the type; none where that is nothing.
    pub fn mask(&self, def: &'static ObjectDef) -> Option<Arc<Mask>> {
        self.access().map(|access| access.mask(def)).filter(|mask| !mask.is_open())
    }

    /// Refuses an amount that is beyond what the actor may do `action` up to.
    pub fn require_amount(
        &self,
        object: &'static str,
        action: &'static str,
        amount: Money,
    ) -> Result<(), Problem> {
        let limits = self.access().map_or_else(Vec::new, |access| access.limits(object, action));
        let amounts: Vec<Money> = limits.iter().filter_map(|limit| limit.amount).collect();
        let fits =
            |most: &Money| most.currency() == amount.currency() && amount.minor() <= most.minor();
        if amounts.len() < limits.len() || limits.is_empty() || amounts.iter().any(fits) {
            return Ok(());
        }
        let most: Vec<String> = amounts.iter().map(Money::to_string).collect();
        let detail = format!(
            "{} may {action} {object} up to {}, and this is {amount}: ask somebody with a higher \
             limit",
            self.name,
            most.join(" or ")
        );
        Err(Problem::new(ProblemKind::Forbidden, "beyond_limit", detail))
    }
}
