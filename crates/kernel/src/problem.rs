//! Problems as people and programs outside see them: RFC 9457 problem details.

use serde_json::{Value, json};

use crate::{Fault, StoreError};

/// The closed set of kinds; each maps to one HTTP status, one exit code and one log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The input breaks a rule of its fields: 422.
    Invalid,
    /// The request can't be understood: 400.
    Malformed,
    /// Who asks is not known: 401.
    Unauthenticated,
    /// Who asks may not: 403.
    Forbidden,
    /// There is no such thing: 404.
    Missing,
    /// The state of the object does not allow it: 409.
    Conflict,
    /// Somebody changed the object meanwhile: 412.
    Stale,
    /// Too large: 413.
    TooLarge,
    /// Too often in a short time: 429.
    TooMany,
    /// The server can't just now: 503.
    Unavailable,
    /// A fault of the program: 500.
    Internal,
}

impl ProblemKind {
    /// HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::Missing => 404,
            Self::Conflict => 409,
            Self::Stale => 412,
            Self::TooLarge => 413,
            Self::Invalid => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// Short title in RFC 9457's sense: the same for every problem of the kind.
    pub fn title(self) -> &'static str {
        match self {
            Self::Invalid => "The input is not valid",
            Self::Malformed => "The request can't be read",
            Self::Unauthenticated => "Sign in first",
            Self::Forbidden => "This is not allowed",
            Self::Missing => "There is no such object",
            Self::Conflict => "The state does not allow this",
            Self::Stale => "Somebody changed this meanwhile",
            Self::TooLarge => "This is too large",
            Self::TooMany => "Too many tries",
            Self::Unavailable => "The service can't do this now",
            Self::Internal => "The program failed",
        }
    }
}

/// One finding about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// Path, like `items[2].quantity`.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl FieldProblem {
    /// A finding.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    fn sentence(&self) -> String {
        match self.path.as_str() {
            "" => format!("the body {}", self.message),
            path => format!("{path}: {}", self.message),
        }
    }

    /// Up to three findings in one sentence.
    pub fn summary(problems: &[Self]) -> String {
        let mut parts: Vec<String> = problems.iter().take(3).map(Self::sentence).collect();
        if problems.len() > 3 {
            parts.push(format!("and {} more", problems.len() - 3));
        }
        parts.join("; ")
    }
}

/// A noun with its indefinite article: `an order`, `a user`.
pub fn with_article(noun: &str) -> String {
    let noun = noun.replace('_', " ");
    let article = if noun.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// Code of a calculation that does not fit its type.
const ARITHMETIC: &str = "arithmetic";
/// Code of a stored sum that does not fit its column.
const OUT_OF_RANGE: &str = "out_of_range";

/// A problem report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// Kind.
    pub kind: ProblemKind,
    /// Stable code, like `delivery.nothing_open`; the last part of `type`.
    pub code: String,
    /// What happened here and the way out.
    pub detail: String,
    /// Findings by field.
    pub fields: Vec<FieldProblem>,
    /// Further members (for a stale write: what changed and by whom).
    pub more: Option<Value>,
}

impl Problem {
    /// A problem without field findings.
    pub fn new(kind: ProblemKind, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, code: code.into(), detail: detail.into(), fields: Vec::new(), more: None }
    }

    /// Adds a finding about a field.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>, message: impl Into<String>) -> Self {
        self.fields.push(FieldProblem::new(path, message));
        self
    }

    /// Names the field that a refusal comes from, where no finding names one.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        let is_refusal = matches!(self.kind, ProblemKind::Invalid | ProblemKind::Conflict);
        if !is_refusal || !self.fields.is_empty() {
            return self;
        }
        let message = self.detail.clone();
        self.field(path, message)
    }

    /// Names the field from which a figure was computed that does not fit; other problems stay as
    /// they are.
    #[must_use]
    pub fn computed_of(self, path: impl Into<String>) -> Self {
        match self.code.as_str() {
            ARITHMETIC | OUT_OF_RANGE => self.at(path),
            _ => self,
        }
    }

    /// The findings under the names that the caller knows; those that he can't know are dropped.
    #[must_use]
    pub fn known_as(mut self, name: impl Fn(&str) -> Option<String>) -> Self {
        let known = |field: FieldProblem| Some(FieldProblem { path: name(&field.path)?, ..field });
        self.fields = self.fields.into_iter().filter_map(known).collect();
        self
    }

    /// Invalid input in one field.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Fault::invalid(path, message).into()
    }

    /// The body of an `application/problem+json` answer.
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "type": format!("/problems/{}", self.code),
            "title": self.kind.title(),
            "status": self.kind.status(),
            "detail": self.detail,
        });
        if !self.fields.is_empty() {
            let fields = self.fields.iter();
            body["errors"] =
                fields.map(|f| json!({ "path": f.path, "message": f.message })).collect();
        }
        if let Some(more) = &self.more {
            body["changes"] = more.clone();
        }
        body
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let detail = fault.to_string();
        match fault {
            Fault::Invalid(fields) => {
                let mut problem = Self::new(ProblemKind::Invalid, "invalid", detail);
                problem.fields = fields;
                problem
            }
            Fault::Missing { .. } => Self::new(ProblemKind::Missing, "missing", detail),
            Fault::Stale { changes, .. } => {
                let mut problem = Self::new(ProblemKind::Stale, "stale", detail);
                problem.more = Some(changes.iter().map(crate::FieldChange::to_json).collect());
                problem
            }
            Fault::Store(StoreError::Duplicate { table, index }) => duplicate(&table, &index),
            Fault::Store(StoreError::OutOfRange(_)) => {
                Self::new(ProblemKind::Invalid, OUT_OF_RANGE, detail)
            }
            Fault::Store(StoreError::Unavailable(_)) => {
                Self::new(ProblemKind::Unavailable, "unavailable", detail)
            }
            Fault::Money(_) | Fault::Quantity(_) | Fault::Decimal(_) => {
                Self::new(ProblemKind::Invalid, ARITHMETIC, detail)
            }
            Fault::Numbers { .. } => Self::new(ProblemKind::Conflict, "numbers", detail),
            Fault::Store(_) | Fault::Corrupt(_) | Fault::ReadOnly | Fault::Panicked(_) => {
                Self::new(ProblemKind::Internal, "internal", detail)
            }
        }
    }
}

/// An index is named after its table and its fields: `product_by_number`.
fn duplicate(table: &str, index: &str) -> Problem {
    let fields = index.strip_prefix(table).and_then(|rest| rest.strip_prefix("_by_"));
    let Some(fields) = fields else {
        let detail = format!("there is {} with this key already", with_article(table));
        return Problem::new(ProblemKind::Conflict, "duplicate", detail);
    };
    let field = fields.replace('_', " ");
    let detail = format!("there is {} with this {field} already", with_article(table));
    let problem = Problem::new(ProblemKind::Conflict, "duplicate", detail);
    problem.field(fields, "is taken already: give another one, or change the one that has it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_it_comes_from_unless_it_names_one_already() {
        let refusal = Problem::new(ProblemKind::Conflict, "order.closed", "order 7 is closed");
        let named = refusal.clone().at("items[0].order").at("items[1].order");
        let field = FieldProblem::new("items[0].order", "order 7 is closed");
        assert_eq!(named.fields, [field]);
        assert!(refusal.computed_of("amount").fields.is_empty());
        let overflow = Problem::from(Fault::from(crate::MoneyError::Overflow));
        assert_eq!(overflow.computed_of("amount").fields[0].path, "amount");
        let broken = Problem::new(ProblemKind::Internal, "internal", "a fault").at("amount");
        assert!(broken.fields.is_empty(), "a fault is nobody's input");
    }

    #[test]
    fn findings_are_told_under_the_names_that_the_caller_knows() {
        let found = Problem::invalid("posting_date", "is closed").field("lines[0]", "is zero");
        let known = found.known_as(|path| (path == "posting_date").then(|| "billing_date".into()));
        assert_eq!(known.fields, [FieldProblem::new("billing_date", "is closed")]);
    }
}
