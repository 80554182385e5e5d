//! Derives of the segment kernel. Each of them yields *data* (definitions) and the plain write and
//! read of a row; everything that happens with that data is ordinary code in `tessera-kernel`.
//!
//! | Derive | On | Gives |
//! |---|---|---|
//! | `Record` | struct of fields | field definitions, row write and read |
//! | `Segment` | struct of fields | `Record` and the base table |
//! | `Form` | struct of records | composite definition: the input of a verb |
//! | `Object` | struct of segments | composite definition and the head table |
//! | `Choice` | enum of units | the closed list of a choice field |

mod attributes;
mod choice;
mod composite;
mod record;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Field definitions, row write and row read of a struct whose fields are field values.
#[proc_macro_derive(Record, attributes(field))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::expand_record(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A record that has its own base table: `#[segment(table = "sales_terms", one)]`,
/// `#[segment(table = "partner_function", many(function))]` or
/// `#[segment(table = "sales_area_terms", timed(2, sales_area))]`; `item` marks item level,
/// `everywhere` what stands on every node of a sharded database (else records are with their object).
#[proc_macro_derive(Segment, attributes(segment, field))]
pub fn derive_segment(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::expand_segment(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The input of a verb: a struct of records (`R`, `Option<R>` or `Vec<R>`); `#[form(flatten)]`
/// on a field puts the fields of that record at the top level of the JSON object.
#[proc_macro_derive(Form, attributes(form))]
pub fn derive_form(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    composite::expand_form(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A business object: `#[object(name = "sales_order", numbers = "sales_order")]` on a struct of
/// segments (`S`, `Option<S>` or `Vec<S>`). `cached` is for what many commands read and few change,
/// `owned` for what a user and a team are responsible for, `shared` for what is in no place of the organisation, so
/// that all business lines have it; `place = "items.plant"` where the first record of a part tells the place.
#[proc_macro_derive(Object, attributes(object))]
pub fn derive_object(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    composite::expand_object(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A closed list of values: a `Copy` enum of unit variants, stored by snake-case code; the doc
/// comment of a variant is its help text.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
