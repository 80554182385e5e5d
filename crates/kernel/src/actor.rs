//! Who acts. Every call of a verb carries one.

use std::sync::Arc;

use crate::{Problem, ProblemKind};

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
    administrator: bool,
    via: Option<Arc<str>>,
    request: Option<Arc<str>>,
}

impl Actor {
    /// A signed-in user.
    pub fn user(name: &str, source: Source, administrator: bool) -> Self {
        Self { name: name.into(), source, administrator, via: None, request: None }
    }

    /// The program itself.
    pub fn system(source: Source) -> Self {
        Self::user("system", source, true)
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

    /// What the change comes through.
    pub fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }

    /// The request that it belongs to.
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }

    /// Refuses the call unless the actor may do `action` to objects of this type. The one place
    /// where a permission is decided: administrators may do everything, nobody else anything yet.
    pub fn require(&self, object: &'static str, action: &'static str) -> Result<(), Problem> {
        if self.administrator {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Forbidden,
            "forbidden",
            format!("{} may not {action} {object}: ask an administrator", self.name),
        ))
    }
}
