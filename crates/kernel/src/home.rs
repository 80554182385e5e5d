//! Where rows live when one server is not enough.
//!
//! A sharded database keeps each row on one of many nodes. What a command changes should lie on as few of
//! them as possible, so everything has a *home*: all that belongs to a customer lives with the customer,
//! stock and books live with their company. A home is one of [`BUCKETS`] buckets; a node has many of
//! them. An object carries its bucket in its id, so the id alone tells where it is, and a document
//! that is made with the home of its customer stays there for good.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{CellRef, ObjectId, TableDef};

/// How many buckets there are. It is part of every id, so it never changes.
pub const BUCKETS: u16 = 1 << Bucket::BITS;

/// One of [`BUCKETS`] parts of the data; what is in one bucket is on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// Bits of an id that tell its bucket: the lowest.
    pub(crate) const BITS: u32 = 10;

    /// The bucket of a text: the same in every process and at any time.
    fn of_text(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(u16::from_be_bytes([digest[0], digest[1]]) % BUCKETS)
    }

    /// The bucket that an id carries.
    pub fn of_id(id: Uuid) -> Self {
        // Ten bits fit.
        Self((id.as_u128() & u128::from(BUCKETS - 1)) as u16)
    }

    /// Its number, below [`BUCKETS`].
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Where a new object lives. One that belongs to nobody is made by [`crate::Tx::new_id`] and lives
/// anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home<'a> {
    /// With another object: a document with its customer.
    With(ObjectId),
    /// At a place of the organisation, by catalogue and code: a journal entry at its company code. Also where a
    /// number says, by object type and number: who may be given a number from outside.
    At(&'static str, &'a str),
}

/// A place of the organisation: catalogue and code.
type Place = (&'static str, String);

/// Which places of the organisation live together: a plant with its company code, because stock is
/// money in its books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Homes(BTreeMap<Place, Place>);

impl Homes {
    /// Has a place live where another one does.
    pub fn join(&mut self, place: (&'static str, &str), with: (&'static str, &str)) {
        self.0.insert((place.0, place.1.to_string()), (with.0, with.1.to_string()));
    }

    /// Each place that lives with another one, with that.
    pub fn joined(&self) -> impl Iterator<Item = ((&str, &str), (&str, &str))> {
        self.0.iter().map(|(place, with)| ((place.0, &*place.1), (with.0, &*with.1)))
    }

    /// The bucket of a home.
    pub fn bucket(&self, home: Home<'_>) -> Bucket {
        match home {
            Home::With(id) => id.bucket(),
            Home::At(kind, code) => {
                let own = (kind, code.to_string());
                let (kind, code) = self.0.get(&own).unwrap_or(&own);
                Bucket::of_text(&format!("{kind}/{code}"))
            }
        }
    }
}

/// By what the rows of a table find their node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// They stand on every node: configuration and master data that all read and few change.
    Everywhere,
    /// They stand on the node that coordinates the others: what the platform keeps about calls, users and
    /// events, and reads in one order.
    Central,
    /// Each is with the object whose id stands in this key column.
    Object(usize),
    /// Each is at the place of this catalogue whose code stands in this key column.
    Place(&'static str, usize),
    /// Each is a number range or a series of one in this key column; a series of a company and a year
    /// is at its company code.
    Series(usize),
}

impl TableDef {
    /// The key column that tells where a row lives; none where that does not depend on the row.
    pub const fn placing_column(&self) -> Option<usize> {
        match self.placement {
            Placement::Everywhere | Placement::Central => None,
            Placement::Object(column) | Placement::Place(_, column) | Placement::Series(column) => {
                Some(column)
            }
        }
    }

    /// The bucket of rows by what stands in [`TableDef::placing_column`].
    pub fn bucket(&self, homes: &Homes, cell: CellRef<'_>) -> Option<Bucket> {
        match (self.placement, cell) {
            (Placement::Object(_), CellRef::Uuid(id)) => Some(Bucket::of_id(id)),
            (Placement::Place(kind, _), CellRef::Text(code)) => {
                Some(homes.bucket(Home::At(kind, code)))
            }
            (Placement::Series(_), CellRef::Text(series)) => {
                let company =
                    series.split_once('/').and_then(|(_, series)| series.rsplit_once('-'));
                Some(match company {
                    Some((company, _)) => homes.bucket(Home::At("company_code", company)),
                    None => Bucket::of_text(series),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::NUMBER_RANGE;
    use crate::{ColumnDef, ColumnType};

    fn homes() -> Homes {
        let mut homes = Homes::default();
        homes.join(("plant", "1010"), ("company_code", "1000"));
        homes
    }

    #[test]
    fn a_plant_and_the_series_of_a_company_live_with_the_company() {
        let homes = homes();
        let company = homes.bucket(Home::At("company_code", "1000"));
        assert_eq!(homes.bucket(Home::At("plant", "1010")), company);
        assert_ne!(homes.bucket(Home::At("plant", "2010")), company);
        let series = |text| NUMBER_RANGE.bucket(&homes, CellRef::Text(text)).unwrap();
        assert_eq!(series("invoice/1000-2026"), company);
        assert_ne!(series("sales_document"), company);
    }

    #[test]
    fn rows_live_where_their_placing_column_says() {
        let columns = vec![
            ColumnDef::required("area", ColumnType::Text),
            ColumnDef::required("partner", ColumnType::Uuid),
        ];
        let table = TableDef::new("exposure", columns, 2).placed(Placement::Object(1));
        let id = Uuid::from_u128(5 << 64 | 77);
        assert_eq!(table.placing_column(), Some(1));
        assert_eq!(table.bucket(&homes(), CellRef::Uuid(id)).unwrap().number(), 77);
    }

    #[test]
    fn every_bucket_gets_places() {
        let homes = Homes::default();
        let found: std::collections::HashSet<Bucket> =
            (0..20_000).map(|code| homes.bucket(Home::At("plant", &code.to_string()))).collect();
        assert_eq!(found.len(), usize::from(BUCKETS));
    }
}
