//! Segments made at run time: what an installation adds to object types without a programmer.
//!
//! A [`CustomSegment`] says what is added. One that is activated stands in a table of the platform, and
//! every process of the installation makes of all of them an [`Extensions`]: object types with further
//! parts. Typed code goes on with the definition it was compiled with, whose parts come first; whatever
//! works by definitions takes the one of its transaction ([`crate::Tx::told`]).

mod definition;
mod extended;
mod input;
mod snapshot;
mod told;

pub use definition::{CustomChoice, CustomField, CustomSegment, CustomType};
pub use snapshot::{CurrentExtensions, EXTENSION, EXTENSION_GENERATION, Extensions};

pub(crate) use extended::Extended;
pub(crate) use snapshot::{CHANGED, Look};
