#![doc = include_str!("../README.md")]

mod activate;
mod definition;
mod entry;

use tessera_kernel::{EventDef, Module};

pub use definition::{
    ChoiceValue, CustomSegmentDefinition, FieldKind, Records, SegmentField, SegmentHeader, Status,
};

/// Events that the module tells.
const EVENTS: &[EventDef] = &[
    EventDef::new("custom_segment.activated", "A segment was activated, or activated again."),
    EventDef::new("custom_segment.retired", "A segment was retired."),
];

/// The table of contents.
pub fn module() -> Module {
    Module {
        name: "extension",
        owner: "platform",
        help: "Segments and fields that are made at run time.",
        objects: vec![entry::ENTRY],
        actions: activate::actions(),
        events: EVENTS,
        ..Module::default()
    }
}
