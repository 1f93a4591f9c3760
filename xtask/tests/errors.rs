//! docs/errors.md lists what can be answered instead of what was asked for. Here it is compared
//! with the source, in both directions.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where refusals are worded, besides `crates/hardtack/src/http`.
const WORDED: [&str; 8] = [
    "hardtack-core/src/access_token.rs",
    "hardtack-core/src/csrf.rs",
    "hardtack-core/src/csrf/token.rs",
    "hardtack-core/src/password/policy.rs",
    "hardtack-guard/src/refusal.rs",
    "hardtack-server/src/serve/connection.rs",
    "hardtack-server/src/serve/loopback.rs",
    "hardtack-server/src/serve/refusal.rs",
];

/// What is no sentence, for it goes into the head of an answer.
const HEADS: [&str; 4] = ["Bearer ", "Expires=", "HTTP/1.1 ", "Thu, 01 Jan 1970 "];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")
}

/// The texts of the bodies on the page, and the codes.
fn told() -> (BTreeSet<String>, BTreeSet<String>) {
    let page = std::fs::read_to_string(crates().join("../docs/errors.md")).unwrap();
    let (mut texts, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let quoted = row.split('`').skip(1).step_by(2);
        for body in quoted.filter(|quoted| quoted.starts_with('{')) {
            let body: Value = serde_json::from_str(body).unwrap();
            collect(&body, &mut texts, &mut codes);
        }
    }
    (texts, codes)
}

fn collect(body: &Value, texts: &mut BTreeSet<String>, codes: &mut BTreeSet<String>) {
    match body {
        Value::String(text) => {
            texts.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts, codes)),
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "code" => {
                        codes.insert(value.as_str().unwrap().to_owned());
                    }
                    "token_class" | "token_type" => {}
                    _ => collect(value, texts, codes),
                }
            }
        }
        _ => {}
    }
}

/// A text in quotes, outside tests and comments.
struct Literal {
    text: String,
    line: String,
    path: PathBuf,
}

fn literals() -> Vec<Literal> {
    let http = crates().join("hardtack/src/http").read_dir().unwrap();
    let http = http
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let worded = WORDED.iter().map(|path| crates().join(path));
    let mut literals = Vec::new();
    for path in http.chain(worded) {
        let source = std::fs::read_to_string(&path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim().starts_with("//")) {
            literals.extend(quoted(line).into_iter().map(|text| Literal {
                text,
                line: line.to_owned(),
                path: path.clone(),
            }));
        }
    }
    literals
}

/// The texts in quotes in one line of Rust.
fn quoted(line: &str) -> Vec<String> {
    if let Some((_, raw)) = line.split_once("r#\"") {
        let raw = raw.split("\"#").next().unwrap_or_default();
        return vec![raw.to_owned()];
    }
    let line = line.replace("'\"'", "").replace("\\\"", "\u{1}");
    let line = line.replace("\\u{2019}", "\u{2019}");
    let texts = line.split('"').skip(1).step_by(2);
    texts.map(|text| text.replace('\u{1}', "\"")).collect()
}

/// The sentences that a stranger may read. What succeeds is written with `json!` or `done`, what goes
/// into a header with `from_static`, and the log speaks in lower case.
fn sentences(literals: &[Literal]) -> BTreeSet<String> {
    let mut sentences = BTreeSet::new();
    for Literal { text, line, .. } in literals {
        if let Ok(Value::Object(body)) = serde_json::from_str(text) {
            sentences.extend(body.get("detail").map(|it| it.as_str().unwrap().to_owned()));
        }
        let is_sentence = text.contains(' ')
            && text.starts_with(char::is_uppercase)
            && text.contains(char::is_lowercase)
            && !HEADS.iter().any(|head| text.starts_with(head));
        let succeeds = line.contains("\"detail\":") || line.contains("done(\"");
        if is_sentence && !succeeds && !line.contains("from_static") {
            sentences.insert(text.clone());
        }
    }
    sentences
}

fn codes(literals: &[Literal]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for Literal { text, line, path } in literals {
        if let Ok(Value::Object(body)) = serde_json::from_str(text) {
            codes.extend(body.get("code").map(|it| it.as_str().unwrap().to_owned()));
        }
        let words_codes = path.ends_with("error.rs") || path.ends_with("refusal.rs");
        if words_codes && line.contains(&format!("Some(\"{text}\")")) {
            codes.insert(text.clone());
        }
    }
    codes
}

/// Could `text`, or a part of it, be `sentence` with something in place of each `{}`?
fn says(text: &str, sentence: &str) -> bool {
    let mut rest = text;
    let pieces = sentence
        .split('{')
        .map(|piece| piece.split_once('}').map_or(piece, |(_, piece)| piece));
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

#[test]
fn every_code_is_on_the_page_and_no_other() {
    let (_, told) = told();
    assert!(told.contains("token_not_valid"));
    assert_eq!(codes(&literals()), told);
}

#[test]
fn every_refusal_is_on_the_page_and_no_other() {
    let (told, _) = told();
    let sentences = sentences(&literals());
    assert!(sentences.len() > 40, "{sentences:#?}");
    let missing: Vec<_> = sentences
        .iter()
        .filter(|sentence| !told.iter().any(|text| says(text, sentence)))
        .collect();
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:#?}");
    let invented: Vec<_> = told
        .iter()
        .filter(|text| {
            let begins = |sentence: &str| text.starts_with(sentence.split('{').next().unwrap());
            let mut sentences = sentences.iter();
            !sentences.any(|sentence| begins(sentence) && says(text, sentence))
        })
        .collect();
    assert!(invented.is_empty(), "nothing answers: {invented:#?}");
}
