//! The `Cookie` header, against a second reading of it written letter by letter.

use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Few, Piece, spell};
use hardtack_guard::cookie_values;
use http::{HeaderMap, HeaderValue, header};

const WORDS: &[&str] = &[
    "access",
    "refresh",
    "access=",
    "; access=",
    "; ",
    ";",
    "=",
    "\"",
    "\\\"",
    ",",
    " ",
    "\t",
    "$Version=1",
    "$Path=/",
    "__Host-access=",
    "%61ccess=",
    "Access=",
    "a",
    "\u{a0}",
    "é",
];

#[derive(Debug, TypeGenerator)]
enum Line {
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
}

/// docs/threat-model.md CK-4, CVE-2024-47764, CVE-2023-23934 and the cookie sandwich: a name and a value are
/// their bytes, whatever stands beside them.
#[test]
fn two_readings_of_the_header_agree() {
    hardtack_fuzz::target!()
        .with_type::<Few<Line>>()
        .for_each(|lines| {
            let mut headers = HeaderMap::new();
            let mut expected = Vec::new();
            for line in lines {
                let bytes = match line {
                    Line::Spelt(pieces) => spell(pieces, WORDS).into_bytes(),
                    Line::Bytes(bytes) => bytes.clone(),
                };
                // What cannot be in a header never reaches us.
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.append(header::COOKIE, value);
                    expected.extend(read(&bytes, b"access"));
                }
            }
            let found: Vec<&str> = cookie_values(&headers, "access").collect();
            assert_eq!(found, expected);
        });
}

/// Letter by letter: pairs end at `;`, blanks around a pair do not count, the first `=` ends the
/// name.
fn read(line: &[u8], wanted: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut name: Vec<u8> = Vec::new();
    let mut value: Option<Vec<u8>> = None;
    for byte in line.iter().copied().chain([b';']) {
        match (byte, &mut value) {
            (b';', _) => {
                if let Some(value) = value.take().filter(|_| name == wanted) {
                    let end = value.iter().rposition(|byte| !b" \t".contains(byte));
                    let value = value[..end.map_or(0, |last| last + 1)].to_vec();
                    found.extend(String::from_utf8(value));
                }
                name.clear();
                value = None;
            }
            (b' ' | b'\t', None) if name.is_empty() => {}
            (b'=', None) => value = Some(Vec::new()),
            (byte, None) => name.push(byte),
            (byte, Some(value)) => value.push(byte),
        }
    }
    found
}
