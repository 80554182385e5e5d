//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::attributes::{help, snake};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "Choice is for enums of unit variants"));
    };
    let name = &input.ident;
    let (mut choices, mut to_code, mut from_code) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new(variant.ident.span(), "a choice has no data of its own"));
        }
        let (ident, help) = (&variant.ident, help(&variant.attrs));
        let code = snake(&ident.to_string());
        choices.push(quote!(::tessera_kernel::ChoiceDef { code: #code, help: #help }));
        to_code.push(quote!(Self::#ident => #code));
        from_code.push(quote!(#code => ::std::option::Option::Some(Self::#ident)));
    }
    Ok(quote! {
        impl ::tessera_kernel::Choice for #name {
            const CHOICES: &'static [::tessera_kernel::ChoiceDef] = &[#(#choices),*];
            fn code(self) -> &'static str {
                match self { #(#to_code),* }
            }
            fn from_code(code: &str) -> ::std::option::Option<Self> {
                match code { #(#from_code,)* _ => ::std::option::Option::None }
            }
        }
        impl ::tessera_kernel::FieldValue for #name {
            const TYPE: ::tessera_kernel::FieldType =
                ::tessera_kernel::FieldType::Choice(<Self as ::tessera_kernel::Choice>::CHOICES);
            fn write(&self, sink: &mut dyn ::tessera_kernel::RowSink) {
                sink.text(::tessera_kernel::Choice::code(*self));
            }
            fn read(
                source: &mut dyn ::tessera_kernel::RowSource,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::tessera_kernel::Fault> {
                ::tessera_kernel::read_choice(source)
            }
            fn write_null(sink: &mut dyn ::tessera_kernel::RowSink) {
                sink.null();
            }
        }
    })
}
