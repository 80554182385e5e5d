//! Which objects a grant is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Cell, Condition, ObjectDef, ObjectId, Predicate, head_column};

/// Some objects of any type. A grant about all objects has none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// No object: the scope is empty for this user.
    Nothing,
    /// What one of these users is responsible for.
    Owners(Arc<[ObjectId]>),
    /// What one of these teams is responsible for.
    Teams(Arc<[ObjectId]>),
    /// What is in one of these places.
    Places(Arc<Places>),
    /// What a test of the head rows of this object type says.
    Where(&'static str, Arc<Predicate>),
}

/// Places of the organisation: a business line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Company codes.
    pub company_codes: BTreeSet<String>,
    /// Plants of these companies.
    pub plants: BTreeSet<String>,
    /// Sales organisations with every sales area, also those of the companies.
    pub sales_organisations: BTreeSet<String>,
    /// Single sales areas: sales organisation, distribution channel, division.
    pub sales_areas: BTreeSet<(String, String, String)>,
}

impl Rows {
    /// The objects as a test of the head rows of a type.
    ///
    /// What belongs to nobody is in no scope of users and teams; what is in no place, like a product, is shared by
    /// all places.
    pub(super) fn predicate(&self, def: &ObjectDef) -> Predicate {
        match self {
            Self::Nothing => Predicate::Never,
            Self::Owners(users) if def.owned => ids(head_column::OWNER, users),
            Self::Teams(teams) if def.owned => ids(head_column::TEAM, teams),
            Self::Owners(_) | Self::Teams(_) => Predicate::Never,
            Self::Places(places) => places.predicate(def),
            Self::Where(object, test) if *object == def.name => Predicate::clone(test),
            Self::Where(..) => Predicate::Never,
        }
    }
}

fn ids(column: usize, ids: &[ObjectId]) -> Predicate {
    Predicate::one_of(column, ids.iter().map(|id| Cell::Uuid(id.0)).collect())
}

impl Places {
    fn predicate(&self, def: &ObjectDef) -> Predicate {
        let single = [
            ("company_code", &self.company_codes),
            ("sales_organisation", &self.sales_organisations),
            ("plant", &self.plants),
        ];
        let mut tests = Vec::new();
        let mut placed = false;
        for (catalogue, codes) in single {
            let Some(column) = def.place(catalogue) else { continue };
            placed = true;
            let codes = codes.iter().map(|code| Cell::Text(code.clone())).collect();
            tests.push(Predicate::one_of(column, codes));
        }
        if !placed {
            return Predicate::Always;
        }
        let area = ["sales_organisation", "distribution_channel", "division"];
        if let [Some(organisation), Some(channel), Some(division)] = area.map(|c| def.place(c)) {
            for codes in &self.sales_areas {
                let is = |column, code: &str| {
                    Predicate::Is(Condition::eq(column, Cell::Text(code.to_string())))
                };
                tests.push(Predicate::all([
                    is(organisation, &codes.0),
                    is(channel, &codes.1),
                    is(division, &codes.2),
                ]));
            }
        }
        Predicate::any(tests)
    }
}
