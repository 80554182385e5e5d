//! Where objects are, by which business lines are told apart.

use tessera_installation::{Installation, Options};
use tessera_kernel::{FieldType, Located, ObjectDef};

/// Object types that refer to an object of a type.
fn naming<'d>(defs: &[&'d ObjectDef], named: &str) -> Vec<&'d str> {
    let names = |def: &&&ObjectDef| {
        let mut fields = def.composite.parts.iter().flat_map(|part| part.fields);
        fields.any(|field| match field.kind {
            FieldType::Reference { object } => object == named || object.is_empty(),
            _ => false,
        })
    };
    defs.iter().filter(names).map(|def| def.name).collect()
}

/// What comes from a document belongs to the line of that, so it must not be shared by all lines. That a type is
/// either in a place or shared, its definition demands itself.
#[test]
fn what_names_an_object_with_a_place_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("t.db").display());
    let installation = Installation::open(Options::creating(&url)).unwrap();
    let registry = &installation.db().environment().registry;
    let defs: Vec<&ObjectDef> = registry.objects().map(|entry| (entry.def)()).collect();
    let (shared, placed): (Vec<&ObjectDef>, Vec<&ObjectDef>) =
        defs.into_iter().partition(|def| def.located == Located::Nowhere);
    for def in &placed {
        let naming = naming(&shared, def.name);
        assert!(naming.is_empty(), "{naming:?} refer to {}, and are shared by all lines", def.name);
    }
    let names: Vec<&str> = placed.iter().map(|def| def.name).collect();
    for name in ["sales_document", "delivery", "goods_movement", "billing_document", "receivable"] {
        assert!(names.contains(&name), "{name} has no place: {names:?}");
    }
}
