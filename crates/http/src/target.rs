//! What a path names: an object type, one object, a verb.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use tessera_kernel::{ObjectDef, ObjectEntry, ObjectId};

use crate::Api;
use crate::refusal::Refusal;

/// The parameters of the path, with the object type looked up.
pub(crate) struct Target {
    /// The object type.
    pub(crate) entry: ObjectEntry,
    /// Its definition.
    pub(crate) def: &'static ObjectDef,
    parameters: Vec<(String, String)>,
}

impl Target {
    /// A parameter of the path, decoded.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(parameter, _)| parameter == name);
        found.map_or("", |(_, value)| value)
    }

    /// The parameter `id`.
    pub(crate) fn id(&self) -> Result<ObjectId, Refusal> {
        id_of(self.def.name, self.parameter("id"))
    }
}

/// Reads an id; what is none is nothing that exists.
pub(crate) fn id_of(object: &str, text: &str) -> Result<ObjectId, Refusal> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        Refusal::nowhere(format!("there is no {object} {shown}: an id is a UUID"))
    })
}

/// The parameters of a path, decoded.
pub(crate) async fn parameters(
    parts: &mut Parts,
    api: &Arc<Api>,
) -> Result<Vec<(String, String)>, Refusal> {
    let raw = RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(|_| Refusal::malformed("the path is not UTF-8"))?;
    Ok(raw.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

impl FromRequestParts<Arc<Api>> for Target {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let parameters = parameters(parts, api).await?;
        let found = parameters.iter().find(|(name, _)| name == "object");
        let name = found.map_or("", |(_, value)| value);
        let registry = &api.db.environment().registry;
        let Some(entry) = registry.object(name).copied() else {
            let known: Vec<&str> = registry.objects().map(|entry| (entry.def)().name).collect();
            let shown: String = name.chars().take(60).collect();
            let known = known.join(", ");
            return Err(Refusal::nowhere(format!(
                "there is no object type `{shown}`; there are: {known}"
            )));
        };
        let def = api.extensions().await?.told((entry.def)());
        Ok(Self { entry, def, parameters })
    }
}
