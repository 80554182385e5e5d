#![doc = include_str!("../README.md")]

extern crate self as tessera_kernel;

mod access;
mod actor;
mod balance;
mod cache;
mod catalogue;
mod cell;
mod change;
mod clock;
mod code;
mod composite;
mod currency;
mod database;
mod decimal;
mod event;
mod extension;
mod fault;
mod field;
mod history;
mod home;
mod id;
pub mod json;
mod money;
mod number;
mod numbers_in_use;
mod object;
mod percentage;
mod predicate;
mod problem;
mod quantity;
mod registry;
#[cfg(test)]
mod sample;
pub mod schema;
mod segment;
mod select;
pub mod serde_text;
mod store;
mod table;
mod text;
mod time;
mod timed;
mod tx;

mod values;

pub use access::{
    Access, AccessDraft, Authority, FieldRule, Grant, Limit, Mask, Pattern, Places, Rows,
    Visibility,
};
pub use actor::{Actor, Source};
pub use balance::{Balance, Guard};
pub use cache::Cache;
pub use catalogue::Catalogues;
pub use cell::{
    Cell, CellRef, ColumnType, RowBuffer, RowSink, RowSource, SliceSource, WriteRow, read_cell,
};
pub use change::{CHANGE_DOCUMENT, FieldChange};
pub use clock::{Clock, FixedClock, IdSource, RandomIds, SystemClock};
pub use code::{Code, InvalidCode};
pub use composite::{
    Composite, CompositeDef, Gather, Multiplicity, NoInput, Part, gather_many, gather_one,
    gather_optional,
};
pub use currency::{Currency, UnknownCurrency};
pub use database::{Database, Environment, Settings};
pub use decimal::{
    Decimal, DecimalError, SCALE, format as format_decimal, from_micros, parse as parse_decimal,
    to_micros,
};
pub use event::{Event, EventDef, OUTBOX, Subscriber, event_fits};
pub use extension::{
    CurrentExtensions, CustomChoice, CustomField, CustomSegment, CustomType, EXTENSION,
    EXTENSION_GENERATION, Extensions,
};
pub use fault::Fault;
pub use field::{
    Choice, ChoiceDef, FieldDef, FieldType, FieldValue, Literal, Record, Sign, StoredValue,
    read_choice,
};
pub use history::{
    CHANGE_SEAL, CHANGE_SET, ChangeSet, Deed, FormerState, FoundChange, FoundChanges, HistoryQuery,
    ObjectHistory, Restore, RestoreHeader, RestoreOnly, Seal, Touched, VersionChange,
    verify_histories,
};
pub use home::{BUCKETS, Bucket, Home, Homes, Placement};
pub use id::{Kind, ObjectId, Ref};
pub use money::{Money, MoneyError, Rounding, RoundingRule};
pub use number::{NumberRange, Numbering};
pub use numbers_in_use::{NumbersInUse, compare_last_number, compare_last_numbers};
pub use object::{Head, HeadField, Located, Object, ObjectDef, Stored, head_column};
pub use percentage::Percentage;
pub use predicate::{Branches, Predicate};
pub use problem::{FieldProblem, Problem, ProblemKind, with_article};
pub use quantity::{Quantity, QuantityError, Unit, UnitConversion};
pub use registry::{
    Action, ActionTarget, Answer, ChangeObject, ChangeRule, Check, Checked, CreateObject, Findings,
    Module, ObjectEntry, Prepare, Registry, Rule, RunAction, Saved,
};
pub use segment::{Cardinality, Segment, SegmentDef, TimeConstraint};
pub use select::{Aggregate, Condition, Direction, Operator, Select};
pub use store::{Ahead, Connection, Job, ReadMode, Statistics, Store, StoreError, Verdict, Visit};
pub use table::{ColumnDef, Fill, IndexDef, TableDef};
pub use tessera_kernel_derive::{Choice, Form, Object, Record, Segment};
pub use text::{Language, LocalizedText};
pub use time::{
    BUSINESS_YEARS, Date, END_OF_TIME, Instant, InvalidTime, LocalDateTime, Validity, Zone,
    business_day, date_from_days, date_to_days, parse_date,
};
pub use timed::{Timed, put as put_timed};
pub use tx::{Assign, Changes, Page, Query, Responsible, TeamKind, Tx, UserKind};
