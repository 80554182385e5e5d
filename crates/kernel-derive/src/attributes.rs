//! What the attributes of the derives may say, parsed into plain values.

use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Result, Token};

/// The text of the doc comment, one paragraph a line, as help text.
pub(crate) fn help(attributes: &[Attribute]) -> String {
    let mut paragraphs = vec![String::new()];
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        let syn::Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { continue };
        let line = text.value().trim().to_string();
        let last = paragraphs.len() - 1;
        if line.is_empty() {
            paragraphs.push(String::new());
        } else {
            if !paragraphs[last].is_empty() {
                paragraphs[last].push(' ');
            }
            paragraphs[last].push_str(&line);
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n")
}

/// `CamelCase` to `snake_case`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for (position, letter) in name.char_indices() {
        if letter.is_uppercase() && position > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// `#[field(...)]`.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) max: Option<LitInt>,
    pub(crate) code: Option<LitStr>,
    pub(crate) group: Option<LitStr>,
    pub(crate) default: Option<Lit>,
    pub(crate) index: bool,
    pub(crate) unique: bool,
    pub(crate) list: bool,
    pub(crate) read_only: bool,
    pub(crate) positive: bool,
    pub(crate) not_negative: bool,
    pub(crate) multiline: bool,
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                match name.as_str() {
                    "max" => found.max = Some(meta.value()?.parse()?),
                    "code" => found.code = Some(meta.value()?.parse()?),
                    "group" => found.group = Some(meta.value()?.parse()?),
                    "default" => found.default = Some(meta.value()?.parse()?),
                    "index" => found.index = true,
                    "unique" => found.unique = true,
                    "list" => found.list = true,
                    "read_only" => found.read_only = true,
                    "positive" => found.positive = true,
                    "not_negative" => found.not_negative = true,
                    "multiline" => found.multiline = true,
                    _ => {
                        return Err(meta.error(
                            "a field takes: max, code, group, default, index, unique, list, \
                             read_only, positive, not_negative, multiline",
                        ));
                    }
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

/// How many rows of a segment an object has.
pub(crate) enum Cardinality {
    One,
    Many(Vec<Ident>),
    Timed(u8, Vec<Ident>),
}

/// `#[segment(...)]`.
pub(crate) struct SegmentAttributes {
    pub(crate) table: LitStr,
    pub(crate) item: bool,
    pub(crate) everywhere: bool,
    pub(crate) cardinality: Cardinality,
}

impl SegmentAttributes {
    pub(crate) fn parse(name: &Ident, attributes: &[Attribute]) -> Result<Self> {
        let (mut table, mut item, mut everywhere, mut cardinality) = (None, false, false, None);
        for attribute in attributes.iter().filter(|a| a.path().is_ident("segment")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("table") {
                    table = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("item") {
                    item = true;
                } else if meta.path.is_ident("everywhere") {
                    everywhere = true;
                } else if meta.path.is_ident("one") {
                    cardinality = Some(Cardinality::One);
                } else if meta.path.is_ident("many") {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    let keys = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
                    cardinality = Some(Cardinality::Many(keys.into_iter().collect()));
                } else if meta.path.is_ident("timed") {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    let constraint: LitInt = content.parse()?;
                    let mut keys = Vec::new();
                    while content.parse::<Option<Token![,]>>()?.is_some() && !content.is_empty() {
                        keys.push(content.parse()?);
                    }
                    cardinality = Some(Cardinality::Timed(constraint.base10_parse()?, keys));
                } else {
                    return Err(meta.error(
                        "a segment takes: table = \"…\", item, everywhere, and one of one, \
                         many(key…), timed(1|2|3, key…)",
                    ));
                }
                Ok(())
            })?;
        }
        let missing = |what| Error::new(name.span(), format!("#[segment(...)] needs {what}"));
        Ok(Self {
            table: table.ok_or_else(|| missing("table = \"its_base_table\""))?,
            item,
            everywhere,
            cardinality: cardinality
                .ok_or_else(|| missing("a cardinality: one, many(key…) or timed(1|2|3, key…)"))?,
        })
    }
}

/// `#[object(...)]`.
pub(crate) struct ObjectAttributes {
    pub(crate) name: LitStr,
    pub(crate) numbers: Option<LitStr>,
    pub(crate) cached: bool,
    pub(crate) owned: bool,
    pub(crate) shared: bool,
    /// Part and field.
    pub(crate) place: Option<(String, String)>,
}

impl ObjectAttributes {
    pub(crate) fn parse(name: &Ident, attributes: &[Attribute]) -> Result<Self> {
        let (mut object, mut numbers) = (None, None);
        let (mut cached, mut owned, mut shared, mut place) = (false, false, false, None);
        for attribute in attributes.iter().filter(|a| a.path().is_ident("object")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    object = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("numbers") {
                    numbers = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("cached") {
                    cached = true;
                } else if meta.path.is_ident("owned") {
                    owned = true;
                } else if meta.path.is_ident("shared") {
                    shared = true;
                } else if meta.path.is_ident("place") {
                    let text: LitStr = meta.value()?.parse()?;
                    let of = text.value();
                    let Some((part, field)) = of.split_once('.') else {
                        return Err(Error::new(text.span(), "a place is \"part.field\""));
                    };
                    place = Some((part.to_string(), field.to_string()));
                } else {
                    let rule = "an object takes: name = \"…\", numbers = \"…\", cached, owned, shared, \
                                place = \"part.field\"";
                    return Err(meta.error(rule));
                }
                Ok(())
            })?;
        }
        let name = object.ok_or_else(|| {
            Error::new(name.span(), "#[object(...)] needs name = \"its_head_table\"")
        })?;
        Ok(Self { name, numbers, cached, owned, shared, place })
    }
}

/// Whether `#[form(flatten)]` stands on the field.
pub(crate) fn is_flattened(attributes: &[Attribute]) -> Result<bool> {
    let mut flatten = false;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("form")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("flatten") {
                flatten = true;
                Ok(())
            } else {
                Err(meta.error("a form field takes: flatten"))
            }
        })?;
    }
    Ok(flatten)
}
