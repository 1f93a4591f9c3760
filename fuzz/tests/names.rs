//! User names and addresses: one account has one canonical form, and it hides nothing.

use hardtack_core::SessionId;
use hardtack_core::user::{CanonicalName, EmailAddress, UserId, Username};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Piece, spell};
use unicode_normalization::UnicodeNormalization;

const WORDS: &[&str] = &[
    "alice",
    "Alice",
    "@",
    "example.com",
    ".",
    "-",
    "+",
    "_",
    "localhost",
    "ß",
    "ẞ",
    "ſ",
    "İ",
    "ı",
    "\u{212A}",
    "ﬁ",
    "ﷺ",
    "e\u{301}",
    "\u{345}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2066}",
    "\u{ad}",
    "\u{34f}",
    "\r\nBcc: ",
    "<",
    ">",
    "\"",
    "Ω",
    "ᾳ",
    "ǰ",
    "ｆ",
    "①",
    "㎯",
    "0",
    "17",
    "+1",
    "9223372036854775807",
    "９",
    "\u{1d7d8}",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "-1",
    "Σ",
    "ς",
    "xn--",
    "exmple-cua.de",
    "exämple.de",
    "straße.de",
    "\u{3164}",
    "＠",
    "。",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    Spelt(Vec<Piece>),
    Text(String),
}

/// docs/threat-model.md AU-7, CVE-2019-19844.
#[test]
fn spellings_of_one_name_stay_one_name() {
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let text = match input {
                Input::Spelt(pieces) => spell(pieces, WORDS),
                Input::Text(text) => text.clone(),
            };
            let canonical = CanonicalName::of(&text);
            same_for_every_spelling(&text, &canonical);
            a_username_is_what_it_shows(&text);
            an_address_fits_into_a_mail_header(&text);
            ids_have_one_spelling(&text);
        });
}

fn same_for_every_spelling(text: &str, canonical: &CanonicalName) {
    assert_eq!(
        &CanonicalName::of(canonical.as_str()),
        canonical,
        "{text:?}"
    );
    let spellings: [(&str, String); 5] = [
        ("NFC", text.nfc().collect()),
        ("NFD", text.nfd().collect()),
        ("NFKC", text.nfkc().collect()),
        ("NFKD", text.nfkd().collect()),
        // Of the normal form: U+0345 becomes a letter, past which no mark can be sorted any more
        // (Unicode §3.13, D145).
        (
            "canonical case folding",
            caseless::default_case_fold_str(&text.nfd().collect::<String>()),
        ),
    ];
    for (how, spelling) in spellings {
        assert_eq!(
            &CanonicalName::of(&spelling),
            canonical,
            "{how} of {text:?}"
        );
    }
}

fn a_username_is_what_it_shows(text: &str) {
    let Ok(name) = Username::parse(text) else {
        return;
    };
    let shown = name.as_str();
    assert!((1..=Username::MAX_CHARS).contains(&shown.chars().count()));
    assert!(
        shown
            .chars()
            .all(|character| character.is_alphanumeric() || "@.+-_".contains(character)),
        "{shown:?}"
    );
    // Letters that show nothing.
    assert!(
        !shown.contains(['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}']),
        "{shown:?}"
    );
    // Stored and read again, it is the same name.
    assert_eq!(Username::parse(shown).as_ref(), Ok(&name));
    assert_eq!(name.canonical(), CanonicalName::of(text), "{text:?}");
}

fn an_address_fits_into_a_mail_header(text: &str) {
    let Ok(address) = EmailAddress::parse(text) else {
        return;
    };
    // Kept in its compatibility form, and the same address when it is given back.
    assert_eq!(address.as_str(), text.nfkc().collect::<String>());
    assert_eq!(EmailAddress::parse(address.as_str()), Ok(address.clone()));
    assert_eq!(address.is_none(), text.is_empty());
    let text = address.as_str();
    assert!(
        !text.contains(|character: char| character.is_control()
            || character.is_whitespace()
            || "<>()[]:;,\\\"".contains(character)),
        "{text:?}"
    );
    assert!(text.is_empty() || text.matches('@').count() == 1);
}

fn ids_have_one_spelling(text: &str) {
    if let Ok(id) = text.parse::<UserId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<SessionId>() {
        assert_eq!(id.to_string(), text);
    }
}
