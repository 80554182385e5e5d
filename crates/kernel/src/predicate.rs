//! What a row must be like: conditions joined by *and*, *or* and *not*. The engines render it as
//! SQL, and [`Predicate::holds`] says the same of a row that is in memory.

use crate::{Cell, Condition, Operator};

/// A test of one row. A comparison with an empty value is false, and so its opposite is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Every row.
    Always,
    /// No row.
    Never,
    /// One condition.
    Is(Condition),
    /// All of these hold.
    All(Vec<Predicate>),
    /// One of these holds at least.
    Any(Vec<Predicate>),
    /// This does not hold.
    Not(Box<Predicate>),
}

/// One of several ways into a table: rows with this value, as far as the predicate holds of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branches {
    /// Each is `column = value`.
    pub values: Vec<Condition>,
    /// What must hold besides.
    pub rest: Predicate,
    /// In how many branches a row can be at most.
    pub repeats: u32,
}

impl Predicate {
    /// Whether all of these hold; every row where there are none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::All(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Always,
            1 => kept.swap_remove(0),
            _ => Self::All(kept),
        }
    }

    /// Whether one of these holds; no row where there are none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::Never => {}
                Self::Always => return Self::Always,
                Self::Any(inner) => kept.extend(inner),
                other if kept.contains(&other) => {}
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::Never,
            1 => kept.swap_remove(0),
            _ => Self::Any(kept),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Whether the column has one of these values; no row where there are none.
    pub fn one_of(column: usize, values: Vec<Cell>) -> Self {
        if values.is_empty() {
            return Self::Never;
        }
        Self::Is(Condition { column, operator: Operator::In, values })
    }

    /// Whether it holds of a row, given by all columns of its table.
    pub fn holds(&self, row: &[Cell]) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Is(condition) => is(condition, row),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(inner) => !inner.holds(row),
        }
    }

    /// The same as branches, each of which an index finds in order; none where that can't be.
    /// `indexed` tells the columns that have an index of their own.
    pub fn branches(&self, indexed: &dyn Fn(usize) -> bool) -> Option<Branches> {
        if let Some((values, repeats)) = self.values(indexed) {
            return Some(Branches { values, rest: Self::Always, repeats });
        }
        let Self::All(parts) = self else { return None };
        let (at, (values, repeats)) =
            parts.iter().enumerate().find_map(|(at, part)| Some((at, part.values(indexed)?)))?;
        let others = parts.iter().enumerate().filter(|(other, _)| *other != at);
        let rest = Self::all(others.map(|(_, part)| part.clone()));
        Some(Branches { values, rest, repeats })
    }

    /// The values that it asks for, where it does nothing else, and the number of their columns.
    fn values(&self, indexed: &dyn Fn(usize) -> bool) -> Option<(Vec<Condition>, u32)> {
        let parts = match self {
            Self::Is(_) => std::slice::from_ref(self),
            Self::Any(parts) => parts,
            _ => return None,
        };
        let (mut values, mut columns): (Vec<Condition>, Vec<usize>) = (Vec::new(), Vec::new());
        for part in parts {
            let Self::Is(Condition { column, operator: Operator::Eq | Operator::In, values: of }) =
                part
            else {
                return None;
            };
            if !indexed(*column) || of.contains(&Cell::Null) {
                return None;
            }
            for value in of {
                let condition = Condition::eq(*column, value.clone());
                if !values.contains(&condition) {
                    values.push(condition);
                }
            }
            if !columns.contains(column) {
                columns.push(*column);
            }
        }
        let repeats = u32::try_from(columns.len()).unwrap_or(u32::MAX);
        Some((values, repeats))
    }
}

fn is(condition: &Condition, row: &[Cell]) -> bool {
    let Some(cell) = row.get(condition.column) else { return false };
    let first = condition.values.first().filter(|value| **value != Cell::Null);
    let known = *cell != Cell::Null;
    match (condition.operator, first) {
        (Operator::In, _) => condition.values.contains(cell),
        (Operator::Empty, _) | (Operator::Eq, None) => !known,
        (Operator::NotEmpty, _) | (Operator::Ne, None) => known,
        (Operator::Eq, Some(value)) => cell == value,
        (Operator::Ne, Some(value)) => cell != value,
        (Operator::Lt, Some(value)) => known && cell < value,
        (Operator::Le, Some(value)) => known && cell <= value,
        (Operator::Gt, Some(value)) => known && cell > value,
        (Operator::Ge, Some(value)) => known && cell >= value,
        (Operator::StartsWith, Some(Cell::Text(prefix))) => {
            matches!(cell, Cell::Text(text) if text.starts_with(prefix.as_str()))
        }
        (_, None) | (Operator::StartsWith, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(column: usize, operator: Operator, value: i64) -> Predicate {
        Predicate::Is(Condition::compare(column, operator, Cell::Int(value)))
    }

    #[test]
    fn an_empty_value_fails_a_comparison_and_passes_its_opposite() {
        let (less, row) = (int(0, Operator::Lt, 5), [Cell::Null]);
        assert!(!less.holds(&row));
        assert!(less.clone().negated().holds(&row));
        assert!(int(0, Operator::Ne, 5).holds(&row));
        assert!(less.holds(&[Cell::Int(4)]) && !less.holds(&[Cell::Int(5)]));
    }

    #[test]
    fn what_decides_alone_is_not_asked_with_others() {
        let test = int(0, Operator::Eq, 1);
        assert_eq!(Predicate::all([Predicate::Always, test.clone()]), test);
        assert_eq!(Predicate::all([Predicate::Never, test.clone()]), Predicate::Never);
        assert_eq!(Predicate::any([Predicate::Always, test.clone()]), Predicate::Always);
        assert_eq!(Predicate::any([test.clone(), test.clone()]), test);
        assert_eq!(Predicate::any([]), Predicate::Never);
        assert_eq!(test.clone().negated().negated(), test);
    }

    #[test]
    fn values_of_indexed_columns_are_branches_and_the_rest_is_asked_of_each() {
        let teams = Predicate::one_of(8, vec![Cell::Int(1), Cell::Int(2)]);
        let own = Predicate::one_of(7, vec![Cell::Int(9)]);
        let denied = int(3, Operator::Eq, 4).negated();
        let whole = Predicate::all([Predicate::any([teams.clone(), own]), denied.clone()]);
        let found = whole.branches(&|column| column >= 7).unwrap();
        assert_eq!((found.values.len(), found.repeats, found.rest), (3, 2, denied));
        assert_eq!(teams.branches(&|column| column == 3), None);
        assert_eq!(int(8, Operator::Lt, 3).branches(&|_| true), None);
    }
}
