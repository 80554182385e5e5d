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
    #[field(max = 4000)]
    pub text: String,
}
