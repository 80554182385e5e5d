//! Composites: structs made of records. An object is one that is stored; a form is one that is
//! only the input of a verb. Both are read from and written to JSON by the same code.

use crate::{Fault, FieldDef, Record, RowSource, SegmentDef, WriteRow};

/// How many records a part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplicity {
    /// Exactly one.
    One,
    /// None or one.
    Optional,
    /// Any number.
    Many,
}

/// One part of a composite.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name in Rust and JSON.
    pub name: &'static str,
    /// Help text.
    pub help: &'static str,
    /// How many records.
    pub multiplicity: Multiplicity,
    /// Its fields stand at the top level of the JSON object.
    pub flatten: bool,
    /// Fields of each record.
    pub fields: &'static [FieldDef],
    /// Base table, if the composite is an object.
    pub segment: Option<&'static SegmentDef>,
    /// What people call it, by language; where there is none, its name says it.
    pub labels: &'static [(&'static str, &'static str)],
}

/// Definition of a composite.
#[derive(Clone, Debug)]
pub struct CompositeDef {
    /// Name of the struct.
    pub name: &'static str,
    /// Help text.
    pub help: &'static str,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A struct made of records.
pub trait Composite: Sized {
    /// Its definition.
    fn composite() -> &'static CompositeDef;
    /// Visits every record with the position of its part, in order.
    fn visit<'a>(&'a self, visit: &mut dyn FnMut(usize, &'a dyn WriteRow));
    /// Builds one from the records of a source.
    fn gather(source: &mut dyn Gather) -> Result<Self, Fault>;
}

/// The input of a verb that takes none.
#[derive(tessera_kernel_derive::Form, Clone, Copy, Debug)]
pub struct NoInput {}

/// Where the records of a composite come from.
pub trait Gather {
    /// Visits the records of one part, in key order.
    fn part(
        &mut self,
        index: usize,
        visit: &mut dyn FnMut(&mut dyn RowSource) -> Result<(), Fault>,
    ) -> Result<(), Fault>;
}

/// Every record of a part.
pub fn gather_many<R: Record>(source: &mut dyn Gather, index: usize) -> Result<Vec<R>, Fault> {
    let mut records = Vec::new();
    source.part(index, &mut |row| {
        records.push(R::read(row)?);
        Ok(())
    })?;
    Ok(records)
}

/// The record of a part that may be absent.
pub fn gather_optional<R: Record>(
    source: &mut dyn Gather,
    index: usize,
) -> Result<Option<R>, Fault> {
    let mut record = None;
    source.part(index, &mut |row| {
        record = Some(R::read(row)?);
        Ok(())
    })?;
    Ok(record)
}

/// The record of a part that is always there.
pub fn gather_one<R: Record>(
    source: &mut dyn Gather,
    index: usize,
    name: &'static str,
) -> Result<R, Fault> {
    gather_optional(source, index)?
        .ok_or_else(|| Fault::corrupt(format!("the segment {name} is missing")))
}
