//! Which passwords are taken.

use std::sync::LazyLock;

use hashbrown::HashSet;

use crate::IdentityError;
use crate::settings::PasswordPolicy;

/// NIST SP 800-63B asks for room for long phrases.
pub(crate) const MOST: usize = 512;
/// Characters that a password is made of, at least.
const LEAST_DIFFERENT: usize = 5;
/// Characters besides common words that make a password none that is guessed first.
const OWN: usize = 5;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common-passwords.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// Rows in which fingers and heads walk along.
const ROWS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
];

impl PasswordPolicy {
    /// Refuses a password of the user with this login that is easy to guess.
    pub(crate) fn check(&self, password: &str, login: &str) -> Result<(), IdentityError> {
        let refuse = |rule: String| Err(IdentityError::WeakPassword(rule));
        let length = password.chars().count();
        if length < self.least_characters {
            return refuse(format!("must have at least {} characters", self.least_characters));
        }
        if length > MOST {
            return refuse(format!("must have at most {MOST} characters"));
        }
        let small = password.to_lowercase();
        if login.len() > 3 && small.contains(&login.to_lowercase()) {
            return refuse("must not contain the login".to_string());
        }
        if small.chars().collect::<HashSet<_>>().len() < LEAST_DIFFERENT {
            return refuse(format!("must have at least {LEAST_DIFFERENT} different characters"));
        }
        let contained = |word: &&String| small.contains(&word.to_lowercase());
        if let Some(word) = self.refused_words.iter().find(contained) {
            return refuse(format!("must not contain the word {word}"));
        }
        if self.refuse_common && is_common(&small) {
            let rule = "is among those that are guessed first: take several words that nobody \
                        would put together";
            return refuse(rule.to_string());
        }
        Ok(())
    }
}

/// Whether a password in small letters is made of common words, with a few figures and signs at
/// most, or walks along a row of keys.
fn is_common(small: &str) -> bool {
    let plain: String = small.chars().map(unmasked).collect();
    [small, &plain].iter().any(|text| own_characters(text) < OWN)
}

/// The letter that a figure or sign stands for in words that are spelt so.
fn unmasked(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// The least number of characters that are of no common word, no walk and no year.
fn own_characters(text: &str) -> usize {
    let chars: Vec<char> = text.chars().collect();
    let mut least = vec![0; chars.len() + 1];
    for end in 1..=chars.len() {
        least[end] = least[end - 1] + 1;
        for start in (0..end.saturating_sub(2)).rev().take(20) {
            let part: String = chars[start..end].iter().collect();
            if COMMON.contains(part.as_str()) || is_walk(&part) || is_year(&part) {
                least[end] = least[end].min(least[start]);
            }
        }
    }
    least[chars.len()]
}

/// Whether a text of at least three characters is part of a row, to and fro, or one character again and again.
fn is_walk(text: &str) -> bool {
    let back: String = text.chars().rev().collect();
    let first = text.chars().next();
    ROWS.iter().any(|row| row.contains(text) || row.contains(&back))
        || text.chars().all(|c| Some(c) == first)
}

fn is_year(text: &str) -> bool {
    let of_our_time = text.starts_with("19") || text.starts_with("20");
    of_our_time && text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> PasswordPolicy {
        let refused_words = vec!["Tessera".to_string()];
        PasswordPolicy { least_characters: 10, refuse_common: true, refused_words }
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for weak in [
            "short",
            "my-adelheid-1",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "Password123!",
            "P@ssw0rd2024",
            "qwertyuiop",
            "1234567890",
            "9876543210a",
            "Passwort1234",
            "iloveyou2020",
            "Welcome2024!",
            "letmein-letmein",
            "abcdefghijkl",
            "1q2w3e4r5t6y",
            "Summer2026!!",
            "our-TESSERA-db",
            &"x1".repeat(300),
        ] {
            let error = policy().check(weak, "adelheid").unwrap_err();
            assert!(matches!(error, IdentityError::WeakPassword(_)), "{weak}");
        }
    }

    #[test]
    fn what_somebody_thought_of_is_taken() {
        for good in [
            "correct horse battery",
            "vier gelbe Lampen",
            "kf83-Qxn2-pp",
            "another long password",
            "ein Haus, 3 Katzen",
        ] {
            policy().check(good, "adelheid").unwrap();
        }
    }

    #[test]
    fn an_installation_may_ask_for_more_or_less() {
        let longer = PasswordPolicy { least_characters: 30, ..policy() };
        assert!(longer.check("correct horse battery", "ada").is_err());
        let lenient = PasswordPolicy { refuse_common: false, ..policy() };
        lenient.check("Password123!", "ada").unwrap();
    }
}
