//! Input for every verb, made from its definition.

use serde_json::{Map, Value, json};
use tessera_kernel::{CompositeDef, FieldDef, FieldType, Multiplicity};

use super::world::World;

/// Makes input that names objects which are the caller's own, or those which are secret.
pub(super) struct Input<'w> {
    pub(super) world: &'w World,
    pub(super) secret: bool,
}

impl Input<'_> {
    /// A body with everything that is required, and every reference.
    pub(super) fn body(&self, definition: &CompositeDef) -> Value {
        let mut body = Map::new();
        for part in &definition.parts {
            let mut record = Map::new();
            for field in part.fields {
                let is_reference = matches!(field.kind, FieldType::Reference { .. });
                let is_place = matches!(field.kind, FieldType::Code { catalogue: "company_code" });
                if !field.read_only && (field.required || is_reference || is_place) {
                    record.insert(field.name.to_string(), self.value(field));
                }
            }
            match part.multiplicity {
                _ if part.flatten => body.extend(record),
                Multiplicity::Many => drop(body.insert(part.name.into(), json!([record]))),
                _ => drop(body.insert(part.name.into(), record.into())),
            }
        }
        Value::Object(body)
    }

    fn value(&self, field: &FieldDef) -> Value {
        match field.kind {
            FieldType::Text { .. } => "x".into(),
            FieldType::Code { catalogue: "company_code" } => {
                let kind = self.world.kind("receivable");
                let thing = if self.secret { &kind.secret } else { &kind.own };
                thing.body["header"]["company_code"].clone()
            }
            FieldType::Code { catalogue } => {
                let catalogues = &self.world.server.installation.db().environment().catalogues;
                let found = catalogues.iter().find(|(name, _)| *name == catalogue);
                let code = found.and_then(|(_, codes)| codes.iter().next());
                code.map_or_else(|| "X".into(), |code| code.to_string().into())
            }
            FieldType::Choice(choices) => choices[0].code.into(),
            FieldType::Bool => false.into(),
            FieldType::Int { .. } => 1.into(),
            FieldType::Decimal | FieldType::Percentage => "1".into(),
            FieldType::Money => json!({ "amount": "1.00", "currency": "EUR" }),
            FieldType::Quantity => json!({ "value": "1", "unit": "EA" }),
            FieldType::Currency => "EUR".into(),
            FieldType::Unit => "EA".into(),
            FieldType::Date => "2026-06-15".into(),
            FieldType::Instant => "2026-06-15T12:00:00Z".into(),
            FieldType::LocalDateTime => json!({ "local": "2026-06-15T12:00:00", "zone": "UTC" }),
            FieldType::Validity => json!({ "from": "2026-01-01", "to": "9999-12-31" }),
            FieldType::LocalizedText => json!({ "en": "x" }),
            FieldType::Language => "en".into(),
            FieldType::Reference { object } => {
                // What may refer to every type names none: any will do.
                let mut kinds = self.world.kinds.iter();
                let kind = kinds.find(|kind| kind.def.name == object);
                let kind = kind.unwrap_or_else(|| self.world.kind("business_partner"));
                if self.secret { kind.secret.id.clone() } else { kind.own.id.clone() }.into()
            }
        }
    }
}
