//! What somebody must not come to know, and whether an answer has it.

use std::collections::BTreeSet;

use crate::support::Answer;

/// Ids of objects and texts that somebody must not come to know.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) ids: BTreeSet<String>,
    pub(super) texts: BTreeSet<String>,
}

impl Secrets {
    /// What a text tells of them, but for what the caller said themselves.
    pub(super) fn told(&self, text: &str, said: &str) -> Vec<String> {
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        let words = text.split(|c: char| !is_id(c)).filter(|word| word.len() == 36);
        let ids = words.filter(|word| self.ids.contains(*word));
        let ids: BTreeSet<&str> = ids.filter(|id| !said.contains(*id)).collect();
        let texts = self.texts.iter().map(String::as_str);
        let texts = texts.filter(|secret| text.contains(*secret) && !said.contains(*secret));
        ids.into_iter().chain(texts).map(str::to_string).collect()
    }

    /// The same of an answer with its headers.
    pub(super) fn told_by(&self, answer: &Answer, said: &str) -> Vec<String> {
        let mut told = self.told(&answer.text, said);
        for value in answer.headers.values().filter_map(|value| value.to_str().ok()) {
            told.extend(self.told(value, said));
        }
        told
    }
}
