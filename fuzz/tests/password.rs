//! Passwords as they are typed, and the verdict on new ones against a plain retelling of Django's.

use std::collections::{BTreeMap, HashSet};

use hardtack_core::password::{Password, PasswordFault, PersonalTexts, judge_new_password};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Piece, spell};
use unicode_normalization::UnicodeNormalization;

const COMMON: &str = include_str!("../../crates/hardtack-core/src/password/common.txt");
const WORDS: &[&str] = &[
    "password",
    "Password ",
    "qwertyuiop",
    "12345678",
    "1",
    "ada",
    "lovelace",
    "ada.lovelace",
    "countess@analytical.example",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "\0",
    " ",
    "\t",
    "\u{3000}",
    "٣",
    "½",
    "correct horse battery staple",
    "zxcvbnm",
    "111111",
    "dragon",
    "_",
    "-",
    "@",
    ".",
    "Σ",
    "ΑΣ",
];

#[derive(Debug, TypeGenerator)]
struct Input {
    password: Vec<Piece>,
    username: Vec<Piece>,
    first_name: Vec<Piece>,
    email: Vec<Piece>,
    min_length: u8,
}

/// docs/threat-model.md AU-2 and AU-3.
#[test]
fn the_verdict_is_the_plain_one() {
    let common: HashSet<&str> = COMMON.lines().collect();
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let typed = spell(&input.password, WORDS);
            let parsed = Password::parse(typed.clone());
            let bearable = typed.chars().count() <= Password::MAX_CHARS && !typed.contains('\0');
            assert_eq!(parsed.is_ok(), bearable, "{typed:?}");
            let Ok(password) = parsed else { return };
            let normal: String = typed.nfc().collect();
            assert_eq!(password.expose_secret(), normal);
            let [username, first_name, email] =
                [&input.username, &input.first_name, &input.email].map(|it| spell(it, WORDS));
            let about = PersonalTexts {
                username: &username,
                first_name: &first_name,
                last_name: "",
                email: &email,
            };
            let min = usize::from(input.min_length);
            let faults = judge_new_password(&password, &about, min);
            let mut expected = Vec::new();
            let lower = normal.to_lowercase();
            let personal = [
                ("username", &username),
                ("first name", &first_name),
                ("email address", &email),
            ];
            if let Some((to, _)) = personal.iter().find(|(_, text)| is_similar(&lower, text)) {
                expected.push(PasswordFault::TooSimilar { to });
            }
            if normal.chars().count() < min {
                expected.push(PasswordFault::TooShort { min });
            }
            if common.contains(lower.trim()) {
                expected.push(PasswordFault::TooCommon);
            }
            if !normal.is_empty() && normal.chars().all(char::is_numeric) {
                expected.push(PasswordFault::EntirelyNumeric);
            }
            assert_eq!(faults, expected, "{typed:?} {about:?}");
        });
}

/// Django's `UserAttributeSimilarityValidator`, with Python's `quick_ratio` as its manual tells it.
fn is_similar(password: &str, personal: &str) -> bool {
    let personal = personal.nfc().collect::<String>().to_lowercase();
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for character in personal.chars() {
        if character.is_alphanumeric() || character == '_' {
            part.push(character);
        } else {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.extend([part, personal]);
    parts
        .iter()
        .any(|part| !part.is_empty() && quick_ratio(password, part) >= 0.7)
}

fn quick_ratio(one: &str, other: &str) -> f64 {
    let count = |text: &str| {
        let mut counts: BTreeMap<char, u32> = BTreeMap::new();
        for character in text.chars() {
            *counts.entry(character).or_default() += 1;
        }
        counts
    };
    let (ones, others) = (count(one), count(other));
    let common: u32 = ones
        .iter()
        .map(|(character, count)| *count.min(others.get(character).unwrap_or(&0)))
        .sum();
    let both: u32 = ones.values().chain(others.values()).sum();
    2.0 * f64::from(common) / f64::from(both)
}
