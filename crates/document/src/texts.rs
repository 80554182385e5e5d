//! Texts of a document.

use tessera_kernel::{Code, Language, Segment};

/// A text of the document, by kind and language.
#[derive(Segment, Clone, Debug, PartialEq)]
#[segment(table = "document_text", many(kind, language))]
pub struct DocumentText {
    /// Kind of text: header note, shipping instruction, terms …
    #[field(code = "text_kind")]
    pub kind: Code,
    /// Language.
    pub language: Language,
    /// The text.
    #[field(max = 4000, multiline)]
    pub text: String,
}

/// Characters of a text.
const MOST: usize = 4_000;

/// The texts of some kinds that a document takes over from those that it came from. Where several
/// have different texts of one kind and language, they stand one below the other, as far as a text
/// may be long.
pub fn copied_texts<'t>(
    texts: impl IntoIterator<Item = &'t DocumentText>,
    kinds: &[Code],
) -> Vec<DocumentText> {
    let mut copied: Vec<DocumentText> = Vec::new();
    for text in texts.into_iter().filter(|text| kinds.contains(&text.kind)) {
        let same =
            |known: &&mut DocumentText| known.kind == text.kind && known.language == text.language;
        let Some(known) = copied.iter_mut().find(same) else {
            copied.push(text.clone());
            continue;
        };
        let is_there = known.text == text.text || known.text.lines().any(|line| line == text.text);
        let length = known.text.chars().count() + 1 + text.text.chars().count();
        if !is_there && length <= MOST {
            known.text.push('\n');
            known.text.push_str(&text.text);
        }
    }
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, language: Language, text: &str) -> DocumentText {
        DocumentText { kind: Code::parse(kind).unwrap(), language, text: text.into() }
    }

    #[test]
    fn texts_of_the_kinds_named_are_taken_over_and_different_ones_stand_together() {
        let english = Language::parse("en").unwrap();
        let texts = [
            text("SHIP", english, "Ring twice"),
            text("HEAD", english, "Thank you"),
            text("SHIP", english, "Ring twice"),
            text("SHIP", english, "Back door"),
            text("SHIP", english, &"x".repeat(MOST)),
        ];
        let copied = copied_texts(&texts, &[Code::literal("SHIP")]);
        assert_eq!(copied, [text("SHIP", english, "Ring twice\nBack door")]);
    }
}
