//! Codes: the short keys of customizing and organisation, kept inline.

use std::fmt;

/// A key of customizing (plant `1000`, document type `OR`, condition type `PR00`): 1 to 16
/// characters of `A–Z`, `a–z`, `0–9`, `_`, `-` and `.`. It is copied, never allocated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; 16]);

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is 1 to 16 letters, digits, `_`, `-` or `.`; `{0}` is not")]
pub struct InvalidCode(pub String);

impl Code {
    /// Checks and takes a text.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let bytes = text.as_bytes();
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if bytes.is_empty() || bytes.len() > 16 || !bytes.iter().all(allowed) {
            return Err(InvalidCode(text.chars().take(40).collect()));
        }
        let mut code = [0; 16];
        code[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(code))
    }

    /// A code known when the program is written; a wrong one fails to compile in a `const`.
    pub const fn literal(text: &str) -> Self {
        let bytes = text.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= 16, "a code has 1 to 16 characters");
        let mut code = [0; 16];
        let mut position = 0;
        while position < bytes.len() {
            let b = bytes[position];
            assert!(
                b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'.',
                "a code is made of letters, digits, `_`, `-` and `.`"
            );
            code[position] = b;
            position += 1;
        }
        Self(code)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).unwrap_or("")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = InvalidCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_keeps_its_text() {
        assert_eq!(Code::parse("PR00").unwrap().as_str(), "PR00");
        assert_eq!(Code::literal("1000-A.b_c").to_string(), "1000-A.b_c");
    }

    #[test]
    fn what_is_no_code_is_refused_with_the_rule() {
        for text in ["", "with space", "seventeen-letters", "Ü"] {
            let error = Code::parse(text).unwrap_err();
            assert!(error.to_string().contains("1 to 16"), "{error}");
        }
    }
}
