//! Languages and texts in several languages.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use thiserror::Error;

/// The two-letter codes of ISO 639-1, without the withdrawn ones: sorted, three bytes each.
const LANGUAGES: &str = "\
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy \
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht \
    hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky \
    la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny \
    oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss \
    st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo \
    za zh zu ";

/// A language: a two-letter code of ISO 639-1, optionally with a script (`zh-Hans`) or a region
/// (`de-CH`). Sorts by code.
///
/// The spelling is that of RFC 5646 (BCP 47), section 2.1.1: language in small letters, script
/// capitalised, region in capitals. Scripts and regions are checked for their form only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language([u8; 8]);

/// The text is not a language.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("\"{code}\" is not a language; use a code such as en, de-CH or zh-Hans")]
pub struct InvalidLanguage {
    /// The refused text.
    pub code: String,
}

impl Language {
    /// English.
    pub const EN: Language = Language(*b"en\0\0\0\0\0\0");
    /// German.
    pub const DE: Language = Language(*b"de\0\0\0\0\0\0");
    /// Chinese in simplified characters.
    pub const ZH_HANS: Language = Language(*b"zh-Hans\0");

    /// The language with this code, in any mix of small and capital letters.
    ///
    /// # Errors
    ///
    /// [`InvalidLanguage`] unless it is an ISO 639-1 code, alone or followed by a hyphen and a
    /// four-letter script or a two-letter region.
    pub fn parse(code: &str) -> Result<Language, InvalidLanguage> {
        Self::canonical(code).ok_or_else(|| InvalidLanguage { code: code.to_owned() })
    }

    fn canonical(code: &str) -> Option<Language> {
        let bytes = code.as_bytes();
        let mut padded = [0; 8];
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        padded.make_ascii_lowercase();
        let (known, _) = LANGUAGES.as_bytes().as_chunks::<3>();
        known.binary_search_by(|entry| entry[..2].cmp(&padded[..2])).ok()?;
        match bytes.get(2..)? {
            [] => {}
            [b'-', rest @ ..] if rest.iter().all(u8::is_ascii_alphabetic) => match rest.len() {
                2 => padded[3..5].make_ascii_uppercase(),
                4 => padded[3..4].make_ascii_uppercase(),
                _ => return None,
            },
            _ => return None,
        }
        Some(Language(padded))
    }

    /// The code in its canonical spelling.
    pub fn code(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        // A language is only ever made of ASCII characters, so the fallback cannot happen.
        std::str::from_utf8(&self.0[..end]).unwrap_or("")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// A text in any number of languages, such as a product name. No language has an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalizedText(BTreeMap<Language, String>);

impl LocalizedText {
    /// A text in one language.
    pub fn of(language: Language, text: &str) -> LocalizedText {
        let mut localized = LocalizedText::default();
        localized.insert(language, text);
        localized
    }

    /// Sets the text in one language; an empty text removes the language.
    pub fn insert(&mut self, language: Language, text: &str) {
        if text.is_empty() {
            self.0.remove(&language);
        } else {
            self.0.insert(language, text.to_owned());
        }
    }

    /// The text in exactly this language.
    pub fn get(&self, language: Language) -> Option<&str> {
        self.0.get(&language).map(String::as_str)
    }

    /// The text to show to a reader of `language`: in that language, else in English, else in the
    /// first language by code, else empty.
    pub fn best(&self, language: Language) -> &str {
        self.get(language)
            .or_else(|| self.get(Language::EN))
            .or_else(|| self.0.values().next().map(String::as_str))
            .unwrap_or("")
    }

    /// All languages and their texts, by code.
    pub fn iter(&self) -> impl Iterator<Item = (Language, &str)> {
        self.0.iter().map(|(language, text)| (*language, text.as_str()))
    }

    /// Whether there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON object with the language codes as keys: `{"de": "Schraube", "en": "Screw"}`.
    pub fn to_json(&self) -> Value {
        Value::Object(
            self.iter().map(|(language, text)| (language.to_string(), text.into())).collect(),
        )
    }

    /// Reads what [`LocalizedText::to_json`] writes. Language codes can be in any mix of small and
    /// capital letters; empty texts are left out.
    ///
    /// # Errors
    ///
    /// A message for the user when the value is not an object, a key is not a language or is there
    /// in two spellings, or a text is not a string.
    pub fn from_json(value: &Value) -> Result<LocalizedText, String> {
        let Value::Object(entries) = value else {
            return Err(
                "a translated text must be an object such as {\"en\": \"Screw\"}".to_owned()
            );
        };
        let mut texts = BTreeMap::new();
        for (code, text) in entries {
            let language = Language::parse(code).map_err(|error| error.to_string())?;
            let Value::String(text) = text else {
                return Err(format!("the text for language {language} must be a string"));
            };
            if texts.insert(language, text.clone()).is_some() {
                return Err(format!("language {language} is there more than once"));
            }
        }
        texts.retain(|_, text| !text.is_empty());
        Ok(LocalizedText(texts))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn language(code: &str) -> Language {
        Language::parse(code).unwrap()
    }

    #[test]
    fn languages_take_their_canonical_spelling() {
        for (code, canonical) in
            [("EN", "en"), ("zh-hANS", "zh-Hans"), ("ZH-hant", "zh-Hant"), ("de-ch", "de-CH")]
        {
            assert_eq!(language(code).code(), canonical);
        }
        for named in [Language::EN, Language::DE, Language::ZH_HANS] {
            assert_eq!(language(named.code()), named);
        }
    }

    #[test]
    fn codes_that_are_no_language_are_refused() {
        for code in [
            "",
            "e",
            "xx",
            "eng",
            "en-",
            "en-U",
            "en-USA",
            "en_US",
            "zh-Hans-CN",
            "en-abcde",
            "en\0",
            "en-1a",
            "é",
            "a b",
        ] {
            assert!(Language::parse(code).is_err(), "{code:?}");
        }
    }

    #[test]
    fn the_language_table_is_sorted_and_has_all_183_codes() {
        let codes: Vec<_> = LANGUAGES.trim_end().split(' ').collect();
        assert!(codes.is_sorted_by(|left, right| left < right));
        assert!(codes.iter().all(|code| code.len() == 2 && Language::parse(code).is_ok()));
        assert_eq!(codes.len(), 183);
    }

    #[test]
    fn the_reader_gets_the_asked_language_then_english_then_the_first() {
        let mut text = LocalizedText::of(language("fr"), "vis");
        assert_eq!(text.best(Language::DE), "vis");
        text.insert(Language::EN, "screw");
        assert_eq!(text.best(Language::DE), "screw");
        text.insert(Language::DE, "Schraube");
        assert_eq!(text.best(Language::DE), "Schraube");
        assert_eq!(LocalizedText::default().best(Language::DE), "");
    }

    #[test]
    fn an_empty_text_is_no_text() {
        let mut text = LocalizedText::of(Language::EN, "screw");
        text.insert(Language::EN, "");
        assert!(text.is_empty());
        assert_eq!(text.get(Language::EN), None);
        assert_eq!(LocalizedText::from_json(&json!({"en": ""})), Ok(LocalizedText::default()));
    }

    #[test]
    fn texts_survive_json() {
        let mut text = LocalizedText::of(Language::ZH_HANS, "螺丝");
        text.insert(Language::EN, "screw");
        assert_eq!(text.to_json(), json!({"en": "screw", "zh-Hans": "螺丝"}));
        assert_eq!(LocalizedText::from_json(&text.to_json()), Ok(text));
    }

    #[test]
    fn json_that_is_no_translated_text_is_refused() {
        for value in
            [json!("x"), json!({"xx": "a"}), json!({"en": 1}), json!({"en": "", "EN": "b"})]
        {
            assert!(LocalizedText::from_json(&value).is_err(), "{value}");
        }
    }
}
