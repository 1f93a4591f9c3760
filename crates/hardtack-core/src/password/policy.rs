//! Which new passwords are good enough: the rules of Django's four stock validators
//! (`django.contrib.auth.password_validation`), with their words and in their order.
//!
//! There are no rules about kinds of characters and none about age (SP 800-63B-4 §3.1.1.2).

use std::cmp::Ordering;
use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::Password;

/// Lower case, one a line, sorted by bytes. Where it is from says `common.txt.md`.
const COMMON: &str = include_str!("common.txt");

/// What is wrong with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordFault {
    /// Whoever knows the user could guess it.
    TooSimilar {
        /// To what, in the contract's words: `username`, `first name`, `last name` or
        /// `email address`.
        to: &'static str,
    },
    /// Fewer characters than the policy wants.
    TooShort {
        /// How many it wants.
        min: usize,
    },
    /// Among those that everybody tries first.
    TooCommon,
    /// Nothing but digits.
    EntirelyNumeric,
    /// Among those that leaked somewhere ([`BreachQuery`](super::BreachQuery)). Never found by
    /// [`judge_new_password`], which asks nobody.
    Breached,
}

impl PasswordFault {
    /// The words for a person: Django's, which front-ends may look for (docs/contract.md §5).
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::TooSimilar { to } => format!("The password is too similar to the {to}."),
            Self::TooShort { min } => {
                let plural = if min == 1 { "" } else { "s" };
                format!(
                    "This password is too short. It must contain at least {min} character{plural}."
                )
            }
            Self::TooCommon => "This password is too common.".to_owned(),
            Self::EntirelyNumeric => "This password is entirely numeric.".to_owned(),
            // Django has no word for it; this one is in the tone of the others.
            Self::Breached => {
                "This password has appeared in a data breach. Choose another one.".to_owned()
            }
        }
    }
}

/// What others may know about a user. Empty texts are like none.
#[derive(Debug, Clone, Copy, Default)]
pub struct PersonalTexts<'text> {
    /// The user name.
    pub username: &'text str,
    /// The first name.
    pub first_name: &'text str,
    /// The last name.
    pub last_name: &'text str,
    /// The address.
    pub email: &'text str,
}

/// Everything that is wrong with `password` as a new one, in the contract's order; nothing if it
/// is good. `min_length` counts Unicode code points.
///
/// For new passwords only: whoever has an old one that is not good enough still logs in.
#[must_use]
pub fn judge_new_password(
    password: &Password,
    about: &PersonalTexts<'_>,
    min_length: usize,
) -> Vec<PasswordFault> {
    let text = password.expose_secret();
    let lower = text.to_lowercase();
    let mut faults = Vec::new();
    // Django stops at the first text that is too similar.
    let too_similar = [
        ("username", about.username),
        ("first name", about.first_name),
        ("last name", about.last_name),
        ("email address", about.email),
    ]
    .into_iter()
    .find(|(_, personal)| is_similar(&lower, personal));
    if let Some((to, _)) = too_similar {
        faults.push(PasswordFault::TooSimilar { to });
    }
    if text.chars().count() < min_length {
        faults.push(PasswordFault::TooShort { min: min_length });
    }
    if is_common(lower.trim()) {
        faults.push(PasswordFault::TooCommon);
    }
    if !text.is_empty() && text.chars().all(char::is_numeric) {
        faults.push(PasswordFault::EntirelyNumeric);
    }
    faults
}

/// Is `password` (in lower case) much like `personal`, or like a word in it?
fn is_similar(password: &str, personal: &str) -> bool {
    let personal: String = personal.nfc().collect::<String>().to_lowercase();
    personal
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .chain([personal.as_str()])
        .filter(|part| !part.is_empty())
        .any(|part| have_most_characters_in_common(password, part))
}

/// Python's `difflib.SequenceMatcher.quick_ratio() >= 0.7`: twice the characters in common, whatever
/// their order, over the characters of both.
fn have_most_characters_in_common(one: &str, other: &str) -> bool {
    let mut left: HashMap<char, usize> = HashMap::new();
    let mut both = 0_usize;
    for character in other.chars() {
        *left.entry(character).or_default() += 1;
        both += 1;
    }
    let mut common = 0_usize;
    for character in one.chars() {
        both += 1;
        if let Some(count) = left.get_mut(&character).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    // 2 · common / both ≥ 7 / 10, in whole numbers.
    20 * common >= 7 * both
}

/// Is `lower` a line of [`COMMON`]?
///
/// A binary search in the text as it lies in the binary: a set of all lines would cost every start
/// of the service, for something that is asked a few times a day.
fn is_common(lower: &str) -> bool {
    let mut rest = COMMON;
    loop {
        // The line around the middle, which need not be the start of a line or of a character.
        let middle = rest.len() / 2;
        let (before, after) = rest.as_bytes().split_at(middle);
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let end = after
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |newline| middle + newline);
        // Both stand beside a newline, so neither is inside a character.
        let Some(line) = rest.get(start..end).filter(|line| !line.is_empty()) else {
            return false;
        };
        rest = match lower.cmp(line) {
            Ordering::Equal => return true,
            Ordering::Less => rest.get(..start).unwrap_or_default(),
            Ordering::Greater => rest.get(end + 1..).unwrap_or_default(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: PersonalTexts<'_> = PersonalTexts {
        username: "ada.lovelace",
        first_name: "Augusta",
        last_name: "King-Noel",
        email: "countess@analytical.example",
    };

    fn judge(text: &str, about: &PersonalTexts<'_>) -> Vec<String> {
        let password = Password::parse(text.to_owned()).unwrap();
        judge_new_password(&password, about, 8)
            .into_iter()
            .map(PasswordFault::message)
            .collect()
    }

    #[test]
    fn the_verdict_is_djangos() {
        const USERNAME: &str = "The password is too similar to the username.";
        const FIRST_NAME: &str = "The password is too similar to the first name.";
        const LAST_NAME: &str = "The password is too similar to the last name.";
        const EMAIL: &str = "The password is too similar to the email address.";
        const SHORT: &str = "This password is too short. It must contain at least 8 characters.";
        const COMMON: &str = "This password is too common.";
        const NUMERIC: &str = "This password is entirely numeric.";
        // Each row as Django 5.2 answers it for the same user.
        for (text, verdict) in [
            ("correct horse battery staple", &[][..]),
            ("ada.lovelace", &[USERNAME]),
            ("ADALOVELACE", &[USERNAME]),
            ("lovelace1234", &[USERNAME]),
            ("evolecal99", &[USERNAME]),
            ("lovelac", &[USERNAME, SHORT]),
            ("ada", &[USERNAME, SHORT, COMMON]),
            ("adaadaada", &[]),
            ("augusta123", &[FIRST_NAME]),
            ("augustaxxxx", &[FIRST_NAME]),
            ("kingnoel", &[LAST_NAME]),
            ("noelnoel", &[]),
            ("countess1", &[EMAIL]),
            ("analytical", &[EMAIL]),
            ("countess@analytical", &[EMAIL]),
            ("password", &[COMMON]),
            ("Password ", &[COMMON]),
            ("  qwertyuiop", &[COMMON]),
            ("12345678", &[COMMON, NUMERIC]),
            ("1", &[SHORT, COMMON, NUMERIC]),
            ("123456789012345", &[NUMERIC]),
            ("٣٤٥٦٧٨٩٠١٢٣", &[NUMERIC]),
            ("", &[SHORT]),
        ] {
            assert_eq!(judge(text, &ADA), verdict, "{text:?}");
        }
    }

    #[test]
    fn texts_that_are_empty_or_only_marks_are_similar_to_nothing() {
        for personal in ["", "-", "...", "@"] {
            let about = PersonalTexts {
                username: personal,
                first_name: personal,
                last_name: personal,
                email: personal,
            };
            assert_eq!(judge("correct horse", &about), [""; 0]);
        }
    }

    #[test]
    fn similarity_does_not_depend_on_the_unicode_spelling() {
        let about = PersonalTexts {
            last_name: "Mu\u{308}llermeister",
            ..PersonalTexts::default()
        };
        assert_eq!(
            judge("m\u{fc}llermeister", &about),
            ["The password is too similar to the last name."]
        );
    }

    #[test]
    fn one_character_is_singular() {
        assert_eq!(
            PasswordFault::TooShort { min: 1 }.message(),
            "This password is too short. It must contain at least 1 character."
        );
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(judge("ёжикёжик", &PersonalTexts::default()), [""; 0]);
        assert_eq!(judge("ёжикёжи", &PersonalTexts::default()).len(), 1);
    }

    #[test]
    fn every_line_of_the_list_is_found_and_nothing_between_the_lines() {
        for line in COMMON.lines() {
            assert!(is_common(line), "{line}");
            let between = format!("{line}\u{1}");
            assert!(!is_common(&between), "{line}");
        }
        for absent in ["", "\n", "password\npassword1", "\u{0}", "\u{10ffff}"] {
            assert!(!is_common(absent), "{absent:?}");
        }
    }

    #[test]
    fn the_list_is_sorted_lower_case_and_long_enough() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.is_sorted_by(|one, next| one < next));
        for line in &lines {
            assert_eq!(line.to_lowercase().trim(), *line);
        }
        assert!(lines.len() >= 20_000);
        let long_enough = lines.iter().filter(|line| line.chars().count() >= 8);
        assert!(long_enough.count() >= 3_000);
    }
}
