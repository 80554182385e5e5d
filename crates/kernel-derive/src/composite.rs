//! `#[derive(Form)]` and `#[derive(Object)]`: structs made of records.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Field, GenericArgument, PathArguments, Result, Type};

use crate::attributes::{ObjectAttributes, help, is_flattened};
use crate::record::{ident, named_fields};

enum Multiplicity {
    One,
    Optional,
    Many,
}

fn multiplicity(field: &Field) -> Result<(Multiplicity, &Type)> {
    let Type::Path(path) = &field.ty else {
        return Err(Error::new(ident(field).span(), "a part is R, Option<R> or Vec<R>"));
    };
    let Some(last) = path.path.segments.last() else {
        return Err(Error::new(ident(field).span(), "a part is R, Option<R> or Vec<R>"));
    };
    let kind = match last.ident.to_string().as_str() {
        "Option" => Multiplicity::Optional,
        "Vec" => Multiplicity::Many,
        _ => return Ok((Multiplicity::One, &field.ty)),
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return Err(Error::new(ident(field).span(), "a part is R, Option<R> or Vec<R>"));
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Ok((kind, inner)),
        _ => Err(Error::new(ident(field).span(), "a part is R, Option<R> or Vec<R>")),
    }
}

struct Parts {
    definitions: Vec<TokenStream>,
    visits: Vec<TokenStream>,
    gathers: Vec<TokenStream>,
}

fn parts(input: &DeriveInput, segments: bool) -> Result<Parts> {
    let mut parts = Parts { definitions: Vec::new(), visits: Vec::new(), gathers: Vec::new() };
    for (index, field) in named_fields(input)?.into_iter().enumerate() {
        let (many, ty) = multiplicity(field)?;
        let (name, label, help) = (ident(field), ident(field).to_string(), help(&field.attrs));
        let flatten = is_flattened(&field.attrs)?;
        let (kind, visit, gather) = match many {
            Multiplicity::One => (
                quote!(One),
                quote!(visit(#index, &self.#name);),
                quote!(#name: ::tessera_kernel::gather_one(source, #index, #label)?),
            ),
            Multiplicity::Optional => (
                quote!(Optional),
                quote!(if let ::std::option::Option::Some(row) = &self.#name { visit(#index, row); }),
                quote!(#name: ::tessera_kernel::gather_optional(source, #index)?),
            ),
            Multiplicity::Many => (
                quote!(Many),
                quote!(for row in &self.#name { visit(#index, row); }),
                quote!(#name: ::tessera_kernel::gather_many(source, #index)?),
            ),
        };
        let segment = if segments {
            quote!(::std::option::Option::Some(<#ty as ::tessera_kernel::Segment>::def()))
        } else {
            quote!(::std::option::Option::None)
        };
        parts.definitions.push(quote!(::tessera_kernel::Part {
            name: #label,
            help: #help,
            multiplicity: ::tessera_kernel::Multiplicity::#kind,
            flatten: #flatten,
            fields: <#ty as ::tessera_kernel::Record>::FIELDS,
            segment: #segment,
            labels: &[],
        }));
        parts.visits.push(visit);
        parts.gathers.push(gather);
    }
    Ok(parts)
}

fn composite(input: &DeriveInput, parts: &Parts) -> TokenStream {
    let (name, help) = (&input.ident, help(&input.attrs));
    let label = name.to_string();
    let Parts { definitions, visits, gathers } = parts;
    quote! {
        impl ::tessera_kernel::Composite for #name {
            fn composite() -> &'static ::tessera_kernel::CompositeDef {
                static DEF: ::std::sync::LazyLock<::tessera_kernel::CompositeDef> =
                    ::std::sync::LazyLock::new(|| ::tessera_kernel::CompositeDef {
                        name: #label,
                        help: #help,
                        parts: ::std::vec![#(#definitions),*],
                    });
                &DEF
            }
            fn visit<'a>(
                &'a self,
                visit: &mut dyn FnMut(usize, &'a dyn ::tessera_kernel::WriteRow),
            ) {
                let _ = &visit;
                #(#visits)*
            }
            fn gather(
                source: &mut dyn ::tessera_kernel::Gather,
            ) -> ::std::result::Result<Self, ::tessera_kernel::Fault> {
                let _ = &source;
                ::std::result::Result::Ok(Self { #(#gathers),* })
            }
        }
    }
}

pub(crate) fn expand_form(input: &DeriveInput) -> Result<TokenStream> {
    let parts = parts(input, false)?;
    Ok(composite(input, &parts))
}

pub(crate) fn expand_object(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = ObjectAttributes::parse(&input.ident, &input.attrs)?;
    let parts = parts(input, true)?;
    let composite = composite(input, &parts);
    let (name, object) = (&input.ident, &attributes.name);
    let (cached, owned) = (attributes.cached, attributes.owned);
    let numbers = match &attributes.numbers {
        Some(range) => quote!(::std::option::Option::Some(#range)),
        None => quote!(::std::option::Option::None),
    };
    let located = match &attributes.place {
        Some((part, field)) => quote!(ByFirst(#part, #field)),
        None if attributes.shared => quote!(Nowhere),
        None => quote!(ByHead),
    };
    Ok(quote! {
        #composite
        impl ::tessera_kernel::Kind for #name {
            const NAME: &'static str = #object;
        }
        impl ::tessera_kernel::Object for #name {
            fn def() -> &'static ::tessera_kernel::ObjectDef {
                static DEF: ::std::sync::LazyLock<::tessera_kernel::ObjectDef> =
                    ::std::sync::LazyLock::new(|| ::tessera_kernel::ObjectDef::new(
                        #object,
                        #numbers,
                        (#cached, #owned),
                        ::tessera_kernel::Located::#located,
                        <#name as ::tessera_kernel::Composite>::composite(),
                    ));
                &DEF
            }
        }
    })
}
