//! Objects: composites of segments with identity, number and version.

use std::sync::Arc;

use crate::history::Digest;
use crate::{
    Cardinality, ColumnDef, ColumnType, Composite, CompositeDef, FieldType, Fill, IndexDef,
    Instant, Kind, ObjectId, Ref, TableDef, segment::placement,
};

/// Positions of the fixed columns of every head table.
pub mod head_column {
    /// Object id, the primary key.
    pub const ID: usize = 0;
    /// Version, 1 for a new object.
    pub const VERSION: usize = 1;
    /// Number that people see.
    pub const NUMBER: usize = 2;
    /// When it was made.
    pub const CREATED_AT: usize = 3;
    /// Who made it.
    pub const CREATED_BY: usize = 4;
    /// When it was changed last.
    pub const CHANGED_AT: usize = 5;
    /// Who changed it last.
    pub const CHANGED_BY: usize = 6;
    /// Digest of its history; empty where that has no chain yet.
    pub const HISTORY: usize = 7;
    /// The change set that made it; empty where it was made before there were any.
    pub const CREATED_IN: usize = 8;
    /// The user who is responsible; only of objects that belong to somebody.
    pub const OWNER: usize = 9;
    /// The team that is responsible; only of objects that belong to somebody.
    pub const TEAM: usize = 10;
}

/// A field that stands in the head row too: of a one-row segment, or of the first record of one that tells the place.
#[derive(Clone, Debug)]
pub struct HeadField {
    /// Name in lists.
    pub name: &'static str,
    /// Position of the part in the composite.
    pub part: usize,
    /// First column of the field within the segment's record (without the object id).
    pub source: usize,
    /// First column of the field in the head table.
    pub column: usize,
    /// How many columns.
    pub width: usize,
    /// Definition of the field.
    pub field: &'static crate::FieldDef,
}

/// Where the objects of a type are: what business lines tell them apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// At the places in their head row: company code, sales organisation, plant.
    ByHead,
    /// Where the first record of a part is, by this field, which stands in the head row for that.
    ByFirst(&'static str, &'static str),
    /// In no place: all business lines share them.
    Nowhere,
}

/// Catalogues of the places that business lines consist of.
const PLACES: [&str; 3] = ["company_code", "sales_organisation", "plant"];

/// Definition of an object type.
#[derive(Debug)]
pub struct ObjectDef {
    /// Object type: name of the head table and of the API collection.
    pub name: &'static str,
    /// Number range that numbers new objects, if any.
    pub numbers: Option<&'static str>,
    /// Many commands read it and few change it: commands keep it in memory.
    pub cached: bool,
    /// A user and a team are responsible for it, at first whoever made it and their team.
    pub owned: bool,
    /// Where its objects are.
    pub located: Located,
    /// Its segments.
    pub composite: &'static CompositeDef,
    /// The head table: identity, version and what lists need, one narrow row per object.
    pub head: &'static TableDef,
    /// Fields copied into the head row.
    pub head_fields: Vec<HeadField>,
}

impl ObjectDef {
    /// A definition; panics (when the program starts) on two list fields of the same name, and where nobody said
    /// to which business lines its objects belong.
    pub fn new(
        name: &'static str,
        numbers: Option<&'static str>,
        (cached, owned): (bool, bool),
        located: Located,
        composite: &'static CompositeDef,
    ) -> Self {
        let mut segments = composite.parts.iter().filter_map(|part| part.segment);
        let everywhere = segments.clone().next().is_some_and(|segment| segment.everywhere);
        if let Some(other) = segments.find(|segment| segment.everywhere != everywhere) {
            panic!("{name}: all segments are everywhere or none is, unlike {}", other.name);
        }
        let mut head = TableDef::new(name, fixed_columns(owned), 1)
            .with_index(&["number"], true)
            .placed(placement(everywhere));
        if owned {
            head = head.with_index(&["owner", "id"], false).with_index(&["team", "id"], false);
        }
        let mut head_fields = Vec::new();
        for (part, definition) in composite.parts.iter().enumerate() {
            let Some(segment) = definition.segment else { continue };
            let is_one = segment.cardinality == Cardinality::One;
            let mut source = 0;
            for field in segment.fields {
                let width = field.kind.columns().len();
                let is_place = located == Located::ByFirst(definition.name, field.name);
                if is_place || is_one && field.list {
                    let column = head.columns.len();
                    for (offset, (label, ty)) in field.column_names().enumerate() {
                        assert!(
                            head.position(&label).is_none(),
                            "{name} has two list fields called {label}"
                        );
                        // The table of a segment starts with the id of the object.
                        let origin = Fill::Copy(segment.table(), 1 + source + offset);
                        head.columns.push(ColumnDef::optional(&label, ty).filled(origin));
                    }
                    if field.index || field.unique {
                        head.indexes.push(head_index(name, field, column));
                    }
                    let name = field.name;
                    head_fields.push(HeadField { name, part, source, column, width, field });
                }
                source += width;
            }
        }
        let head = Box::leak(Box::new(head));
        let def = Self { name, numbers, cached, owned, located, composite, head, head_fields };
        let has_place = PLACES.iter().any(|catalogue| def.place(catalogue).is_some());
        assert!(
            has_place == (located != Located::Nowhere),
            "{name} must have a place in its head row (list a company code, a sales organisation or a plant, or say \
             `place = \"part.field\"`), or be `shared` by all business lines"
        );
        def
    }

    /// The first head column that is copied from a segment.
    pub fn first_field(&self) -> usize {
        if self.owned { head_column::TEAM + 1 } else { head_column::CREATED_IN + 1 }
    }

    /// The head column of the code of this catalogue, like `company_code`: where the object is.
    ///
    /// A field that was made at run time says something else, whatever its catalogue.
    pub fn place(&self, catalogue: &str) -> Option<usize> {
        let of = |field: &&HeadField| matches!(field.field.kind, FieldType::Code { catalogue: own } if own == catalogue);
        let declared = self.head_fields.iter().filter(|field| !self.is_custom(field.part));
        declared.into_iter().find(of).map(|field| field.column)
    }

    /// Whether the first record of a part tells the place.
    pub(crate) fn is_placed_by(&self, part: usize) -> bool {
        matches!(self.located, Located::ByFirst(name, _) if name == self.composite.parts[part].name)
    }

    /// Whether a part was made at run time.
    pub fn is_custom(&self, part: usize) -> bool {
        self.composite.parts[part].segment.is_some_and(|segment| segment.custom)
    }

    /// The parts that were made at run time; they stand behind the others.
    pub fn custom_parts(&self) -> impl Iterator<Item = &crate::Part> {
        let is_custom = |part: &&crate::Part| part.segment.is_some_and(|segment| segment.custom);
        self.composite.parts.iter().filter(is_custom)
    }

    /// Every table of the object type: the head, then a base table per segment.
    pub fn tables(&self) -> Vec<&'static TableDef> {
        let segments = self.composite.parts.iter().filter_map(|part| part.segment);
        std::iter::once(self.head).chain(segments.map(crate::SegmentDef::table)).collect()
    }
}

/// An index on a list field ends in the id, so that a list by it is in order and has a keyset.
fn head_index(object: &str, field: &crate::FieldDef, column: usize) -> IndexDef {
    let columns = if field.unique { vec![column] } else { vec![column, head_column::ID] };
    IndexDef { name: format!("{object}_by_{}", field.name), columns, unique: field.unique }
}

fn fixed_columns(owned: bool) -> Vec<ColumnDef> {
    let mut columns = vec![
        ColumnDef::required("id", ColumnType::Uuid),
        ColumnDef::required("version", ColumnType::Int),
        ColumnDef::optional("number", ColumnType::Text),
        ColumnDef::required("created_at", ColumnType::Instant),
        ColumnDef::required("created_by", ColumnType::Text),
        ColumnDef::required("changed_at", ColumnType::Instant),
        ColumnDef::required("changed_by", ColumnType::Text),
        ColumnDef::optional("history_digest", ColumnType::Text),
        ColumnDef::optional("created_in", ColumnType::Uuid),
    ];
    if owned {
        columns.push(ColumnDef::optional("owner", ColumnType::Uuid));
        columns.push(ColumnDef::optional("team", ColumnType::Uuid));
    }
    columns
}

/// A stored composite of segments.
pub trait Object: Composite + Kind + Clone + Send + Sync + 'static {
    /// Its definition.
    fn def() -> &'static ObjectDef;
}

/// Identity and administration of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Id.
    pub id: ObjectId,
    /// Version; the next save must name it.
    pub version: i64,
    /// Number that people see.
    pub number: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    pub created_by: String,
    /// When it was changed last.
    pub changed_at: Instant,
    /// Who changed it last.
    pub changed_by: String,
    /// Digest of its history.
    pub(crate) history: Option<Digest>,
    /// The change set that made it.
    pub created_in: Option<ObjectId>,
    /// The user who is responsible.
    pub owner: Option<ObjectId>,
    /// The team that is responsible.
    pub team: Option<ObjectId>,
}

/// An object as it was loaded; changing it and saving it writes what changed.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// Identity and administration.
    pub head: Head,
    /// The segments, free to change.
    pub value: T,
    /// As it stands in the database, shared with what the command remembers of its writes.
    pub(crate) original: Arc<T>,
}

impl<T> Stored<T> {
    /// Typed id.
    pub fn id(&self) -> Ref<T> {
        Ref::new(self.head.id)
    }

    /// The number that people see, or the id where there is none.
    pub fn number(&self) -> String {
        self.head.number.clone().unwrap_or_else(|| self.head.id.to_string())
    }
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> std::ops::DerefMut for Stored<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
