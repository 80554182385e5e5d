//! `#[derive(Record)]` and `#[derive(Segment)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Lit, Result};

use crate::attributes::{Cardinality, FieldAttributes, SegmentAttributes, help};

pub(crate) fn named_fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            _ => Err(Error::new(input.ident.span(), "needs a struct with named fields")),
        },
        _ => Err(Error::new(input.ident.span(), "needs a struct")),
    }
}

pub(crate) fn ident(field: &Field) -> &Ident {
    field.ident.as_ref().expect("named_fields returns only fields that have names")
}

pub(crate) fn expand_record(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let (mut definitions, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for field in named_fields(input)? {
        definitions.push(field_definition(field)?);
        let ident = ident(field);
        let label = ident.to_string();
        writes.push(quote!(::tessera_kernel::StoredValue::store(&self.#ident, sink);));
        reads.push(quote!(#ident: ::tessera_kernel::StoredValue::restore(source, #label)?));
    }
    Ok(quote! {
        impl ::tessera_kernel::WriteRow for #name {
            fn write(&self, sink: &mut dyn ::tessera_kernel::RowSink) {
                #(#writes)*
            }
        }
        impl ::tessera_kernel::Record for #name {
            const FIELDS: &'static [::tessera_kernel::FieldDef] = &[#(#definitions),*];
            fn read(
                source: &mut dyn ::tessera_kernel::RowSource,
            ) -> ::std::result::Result<Self, ::tessera_kernel::Fault> {
                ::std::result::Result::Ok(Self { #(#reads),* })
            }
        }
    })
}

fn field_definition(field: &Field) -> Result<TokenStream> {
    let attributes = FieldAttributes::parse(&field.attrs)?;
    let (name, help, ty) = (ident(field).to_string(), help(&field.attrs), &field.ty);
    let mut kind = quote!(<#ty as ::tessera_kernel::StoredValue>::TYPE);
    if let Some(max) = &attributes.max {
        kind = quote!(#kind.with_max(#max));
    }
    if let Some(catalogue) = &attributes.code {
        kind = quote!(#kind.of_catalogue(#catalogue));
    }
    let group = attributes.group.as_ref().map_or_else(String::new, syn::LitStr::value);
    let sign = match (attributes.positive, attributes.not_negative) {
        (true, _) => quote!(Positive),
        (_, true) => quote!(NotNegative),
        _ => quote!(Any),
    };
    let default = match &attributes.default {
        None => quote!(::std::option::Option::None),
        Some(Lit::Bool(value)) => quote!(Some(::tessera_kernel::Literal::Bool(#value))),
        Some(Lit::Int(value)) => quote!(Some(::tessera_kernel::Literal::Int(#value))),
        Some(Lit::Str(value)) => quote!(Some(::tessera_kernel::Literal::Text(#value))),
        Some(other) => return Err(Error::new(other.span(), "a default is a bool, int or text")),
    };
    let (index, unique, multiline) = (attributes.index, attributes.unique, attributes.multiline);
    let (list, read_only) = (attributes.list || index || unique, attributes.read_only);
    Ok(quote!(::tessera_kernel::FieldDef {
        name: #name,
        help: #help,
        group: #group,
        kind: #kind,
        required: <#ty as ::tessera_kernel::StoredValue>::REQUIRED,
        default: #default,
        sign: ::tessera_kernel::Sign::#sign,
        index: #index,
        unique: #unique,
        list: #list,
        read_only: #read_only,
        multiline: #multiline,
        labels: &[],
    }))
}

pub(crate) fn expand_segment(input: &DeriveInput) -> Result<TokenStream> {
    let record = expand_record(input)?;
    let (name, help) = (&input.ident, help(&input.attrs));
    let attributes = SegmentAttributes::parse(name, &input.attrs)?;
    let (keys, cardinality) = match &attributes.cardinality {
        Cardinality::One => (Vec::new(), quote!(One)),
        Cardinality::Many(keys) => (keys.clone(), quote!(Many)),
        Cardinality::Timed(constraint, keys) => {
            let constraint = match constraint {
                1 => quote!(ExactlyOne),
                2 => quote!(AtMostOne),
                3 => quote!(Any),
                _ => return Err(Error::new(name.span(), "a time constraint is 1, 2 or 3")),
            };
            (keys.clone(), quote!(Timed(::tessera_kernel::TimeConstraint::#constraint)))
        }
    };
    let timed = matches!(attributes.cardinality, Cardinality::Timed(..));
    check_key_order(input, &keys, timed, attributes.item)?;
    let timed_impl = timed.then(|| expand_timed(name, &keys));
    let (table, item, key) = (&attributes.table, attributes.item, keys.len());
    let everywhere = attributes.everywhere;
    Ok(quote! {
        #record
        impl ::tessera_kernel::Segment for #name {
            fn def() -> &'static ::tessera_kernel::SegmentDef {
                static DEF: ::tessera_kernel::SegmentDef = ::tessera_kernel::SegmentDef::new(
                    #table,
                    #help,
                    ::tessera_kernel::Cardinality::#cardinality,
                    #item,
                    #key,
                    <#name as ::tessera_kernel::Record>::FIELDS,
                    #everywhere,
                );
                &DEF
            }
        }
        #timed_impl
    })
}

/// The key of a base table is its leading columns, so the struct must declare them first.
fn check_key_order(input: &DeriveInput, keys: &[Ident], timed: bool, item: bool) -> Result<()> {
    let fields = named_fields(input)?;
    let mut expected: Vec<String> = keys.iter().map(Ident::to_string).collect();
    if item && expected.first().is_none_or(|first| first != "item") {
        return Err(Error::new(input.ident.span(), "the first key of an item segment is `item`"));
    }
    if timed {
        expected.push("valid".to_string());
    }
    for (position, want) in expected.iter().enumerate() {
        let found = fields.get(position).map(|field| ident(field).to_string());
        if found.as_deref() != Some(want) {
            return Err(Error::new(
                input.ident.span(),
                format!("field {} must be `{want}`: the key fields come first", position + 1),
            ));
        }
    }
    Ok(())
}

fn expand_timed(name: &Ident, keys: &[Ident]) -> TokenStream {
    quote! {
        impl ::tessera_kernel::Timed for #name {
            fn validity(&self) -> ::tessera_kernel::Validity {
                self.valid
            }
            fn with_validity(&self, valid: ::tessera_kernel::Validity) -> Self {
                Self { valid, ..self.clone() }
            }
            fn same_key(&self, other: &Self) -> bool {
                true #(&& self.#keys == other.#keys)*
            }
        }
    }
}
