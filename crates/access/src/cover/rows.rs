//! Which objects are among which others, by what grants say of them and not by looking.

use tessera_kernel::{Places, Rows};

/// What the rows of a grant mean for objects of a type; what belongs to nobody is in no scope of
/// users and teams.
pub(super) fn meant(rows: &[Rows], owned: bool) -> Vec<Rows> {
    let is_empty = |rows: &Rows| match rows {
        Rows::Nothing => true,
        Rows::Owners(ids) | Rows::Teams(ids) => !owned || ids.is_empty(),
        Rows::Places(_) | Rows::Where(..) => false,
    };
    if rows.iter().any(is_empty) { vec![Rows::Nothing] } else { rows.to_vec() }
}

/// Whether every object of one grant is among those of another; false where that can't be told.
pub(super) fn within(inner: &[Rows], outer: &[Rows]) -> bool {
    outer.iter().all(|outer| inner.iter().any(|inner| is_among(inner, outer)))
}

fn is_among(inner: &Rows, outer: &Rows) -> bool {
    match (inner, outer) {
        (Rows::Nothing, _) => true,
        (Rows::Owners(inner), Rows::Owners(outer)) | (Rows::Teams(inner), Rows::Teams(outer)) => {
            inner.iter().all(|id| outer.contains(id))
        }
        (Rows::Places(inner), Rows::Places(outer)) => are_among(inner, outer),
        (inner, outer) => inner == outer,
    }
}

fn are_among(inner: &Places, outer: &Places) -> bool {
    inner.company_codes.is_subset(&outer.company_codes)
        && inner.plants.is_subset(&outer.plants)
        && inner.sales_organisations.is_subset(&outer.sales_organisations)
        && inner.sales_areas.iter().all(|area| {
            outer.sales_areas.contains(area) || outer.sales_organisations.contains(&area.0)
        })
}

/// Whether no object is in both; false where that can't be told. An object has one user and one
/// team at most.
pub(super) fn are_apart(one: &[Rows], other: &[Rows]) -> bool {
    let apart = |one: &Rows, other: &Rows| match (one, other) {
        (Rows::Nothing, _) | (_, Rows::Nothing) => true,
        (Rows::Owners(one), Rows::Owners(other)) | (Rows::Teams(one), Rows::Teams(other)) => {
            !one.iter().any(|id| other.contains(id))
        }
        _ => false,
    };
    let is_nothing = |rows: &[Rows]| rows.contains(&Rows::Nothing);
    is_nothing(one)
        || is_nothing(other)
        || one.iter().any(|one| other.iter().any(|other| apart(one, other)))
}
