//! Seals: what all change sets up to a moment were, in one digest that stands upon the one before it. Whoever keeps a
//! seal elsewhere can prove that nothing before it was written anew.

use std::collections::VecDeque;
use std::sync::LazyLock;

use uuid::Uuid;

use super::change_set::{CHANGE_SET, ChangeSet, set_column};
use super::digest::{Digest, Hash};
use crate::event::RowOf;
use crate::{
    Cell, CellRef, ColumnDef, ColumnType, Condition, Direction, Fault, Instant, ObjectId, Operator,
    RowSource, Select, TableDef, Tx,
};

/// One row per seal.
pub static CHANGE_SEAL: LazyLock<TableDef> = LazyLock::new(|| {
    let columns = vec![
        ColumnDef::required("number", ColumnType::Int),
        ColumnDef::required("at", ColumnType::Instant),
        ColumnDef::required("last", ColumnType::Uuid),
        ColumnDef::required("sets", ColumnType::Int),
        ColumnDef::required("digest", ColumnType::Text),
    ];
    TableDef::new("change_seal", columns, 1)
});

/// How old a change set is when it is sealed: by then each command that drew an id before has ended, and each process
/// has heard of the seal before.
const SECONDS: i64 = 900;
/// Change sets of one seal.
const MOST: u32 = 10_000;

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1 without gaps.
    pub number: i64,
    /// When it was set.
    pub at: Instant,
    /// The last change set that it covers.
    last: ObjectId,
    /// How many it covers.
    pub sets: i64,
    /// Of the digest before it and of those change sets.
    pub digest: String,
}

impl Seal {
    fn read(row: &mut dyn RowSource) -> Result<Self, Fault> {
        let missing = || Fault::corrupt("a seal is incomplete");
        Ok(Self {
            number: row.int()?.ok_or_else(missing)?,
            at: Instant::from_micros(row.instant()?.ok_or_else(missing)?),
            last: ObjectId(row.uuid()?.ok_or_else(missing)?),
            sets: row.int()?.ok_or_else(missing)?,
            digest: row.text()?.ok_or_else(missing)?.to_string(),
        })
    }
}

/// A digest that grows with change sets.
struct Growing(Option<Hash>);

impl Growing {
    fn after(digest: &str) -> Self {
        Self(Some(Hash::new("seal").text(digest)))
    }

    fn take(&mut self, set: &ChangeSet) {
        self.0 = self.0.take().map(|hash| hash.uuid(set.id.0).text(&set.digest));
    }

    fn end(&mut self) -> Option<Digest> {
        self.0.take().map(Hash::end)
    }
}

impl Tx<'_> {
    /// The newest seal.
    pub fn newest_seal(&mut self) -> Result<Option<Seal>, Fault> {
        let query = Select::all(&CHANGE_SEAL).order_by(0, Direction::Descending).limit(1);
        let mut seal = None;
        self.select(&query, &mut |row| {
            seal = Some(Seal::read(row)?);
            Ok(())
        })?;
        Ok(seal)
    }

    /// A seal by its number.
    pub fn seal(&mut self, number: i64) -> Result<Option<Seal>, Fault> {
        let mut seal = None;
        self.select(&Select::all(&CHANGE_SEAL).equals(0, Cell::Int(number)), &mut |row| {
            seal = Some(Seal::read(row)?);
            Ok(())
        })?;
        Ok(seal)
    }

    /// Sets the next seal upon change sets that are old enough; answers how many it covers. Ids that this process
    /// draws from now on are newer than what is sealed.
    pub fn seal_changes(&mut self) -> Result<usize, Fault> {
        self.writable()?;
        let before = self.newest_seal()?;
        let bound = id_at(self.now().plus_seconds(-SECONDS));
        let mut query = Select::all(&CHANGE_SET)
            .filter(Condition::compare(set_column::ID, Operator::Lt, Cell::Uuid(bound)))
            .order_by(set_column::ID, Direction::Ascending)
            .limit(MOST);
        query.after = before.as_ref().map(|seal| vec![Cell::Uuid(seal.last.0)]);
        let mut digest = Growing::after(before.as_ref().map_or("", |seal| &seal.digest));
        let (mut last, mut sets) = (None, 0);
        self.select(&query, &mut |row| {
            let set = ChangeSet::read(row)?;
            digest.take(&set);
            (last, sets) = (Some(set.id), sets + 1);
            Ok(())
        })?;
        let (Some(last), Some(digest)) = (last, digest.end()) else { return Ok(0) };
        let digest = digest.to_string();
        let row = [
            CellRef::Int(before.map_or(1, |seal| seal.number + 1)),
            CellRef::Instant(self.now().as_micros()),
            CellRef::Uuid(last.0),
            CellRef::Int(sets),
            CellRef::Text(&digest),
        ];
        self.connection.insert(&CHANGE_SEAL, &RowOf(&row))?;
        Ok(usize::try_from(sets).unwrap_or_default())
    }

    /// An id that every new one must follow, so that none is drawn behind a seal: the newest seal's moment, as far
    /// as a clock behind it is concerned.
    pub fn sealed_until(&mut self) -> Result<Option<ObjectId>, Fault> {
        Ok(self.newest_seal()?.map(|seal| ObjectId(id_at(seal.at))))
    }
}

/// The smallest id of a moment.
pub(super) fn id_at(at: Instant) -> Uuid {
    let millis = u128::try_from(at.as_micros() / 1_000).unwrap_or(0);
    Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62)
}

/// Compares the seals with change sets that come in order.
pub(super) struct SealCheck {
    seals: VecDeque<Seal>,
    number: i64,
    digest: Growing,
    sets: i64,
}

impl SealCheck {
    pub(super) fn new(tx: &mut Tx<'_>) -> Result<Self, Fault> {
        let mut seals = VecDeque::new();
        let query = Select::all(&CHANGE_SEAL).order_by(0, Direction::Ascending);
        tx.select(&query, &mut |row| {
            seals.push_back(Seal::read(row)?);
            Ok(())
        })?;
        Ok(Self { seals, number: 0, digest: Growing::after(""), sets: 0 })
    }

    /// Takes the next change set; tells what differs of the seals that end before it.
    pub(super) fn take(&mut self, set: &ChangeSet) -> Option<String> {
        let mut differs = None;
        while self.seals.front().is_some_and(|seal| seal.last < set.id) {
            differs = differs.or(self.close());
        }
        if !self.seals.is_empty() {
            self.digest.take(set);
            self.sets += 1;
        }
        differs
    }

    /// Tells what differs of the last seals.
    pub(super) fn end(mut self) -> Option<String> {
        let mut differs = None;
        while !self.seals.is_empty() {
            differs = differs.or(self.close());
        }
        differs
    }

    fn close(&mut self) -> Option<String> {
        let seal = self.seals.pop_front()?;
        let (sets, found) = (std::mem::take(&mut self.sets), self.digest.end());
        self.digest = Growing::after(&seal.digest);
        self.number += 1;
        let number = seal.number;
        if number != self.number {
            let missing = std::mem::replace(&mut self.number, number);
            return Some(format!("seal {missing} is missing"));
        }
        if sets != seal.sets {
            return Some(format!(
                "seal {number}: covers {} change sets, {sets} were found",
                seal.sets
            ));
        }
        let is_same = found.is_some_and(|found| found.to_string() == seal.digest);
        (!is_same).then(|| format!("seal {number}: its change sets are not those that it covers"))
    }
}
