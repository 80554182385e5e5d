//! Values of customizing files: everything exact is written as text.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::Error};

use crate::{Currency, Decimal, Language, LocalizedText, Percentage, Unit, Zone};

macro_rules! from_text {
    ($($ty:ty),*) => {$(
        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(Error::custom)
            }
        }
    )*};
}

from_text!(Currency, Language, Unit, Zone);

/// `#[serde(with = "tessera_kernel::serde_text::decimal")]`: a decimal written as text.
pub mod decimal {
    use super::{Cow, Decimal, Deserialize, Deserializer, Error};

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        crate::parse_decimal(&text).map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(decimal::deserialize(deserializer)?).map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for LocalizedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = serde_json::Value::deserialize(deserializer)?;
        Self::from_json(&json).map_err(Error::custom)
    }
}
