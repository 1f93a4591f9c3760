//! Published key sets of another authority.

use std::collections::HashSet;

use data_encoding::BASE64URL_NOPAD;
use hardtack_core::key::{Algorithm, KeySet, VerifyingKey};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::Forge;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};
use serde_json::{Value, json};

const WORDS: &[&str] = &[
    "{\"keys\":[",
    "]}",
    "{",
    "}",
    ",",
    ":",
    "[",
    "]",
    "\"",
    "null",
    "\"kty\":\"EC\"",
    "\"kty\":\"RSA\"",
    "\"kty\":\"oct\"",
    "\"kty\":\"OKP\"",
    "\"crv\":\"P-256\"",
    "\"crv\":\"Ed25519\"",
    "\"kid\":\"a\"",
    "\"kid\":\"b\"",
    "\"x\":\"AA\"",
    "\"y\":\"AA\"",
    "\"n\":\"AA\"",
    "\"e\":\"AQAB\"",
    "\"use\":\"sig\"",
    "\"use\":\"enc\"",
    "\"alg\":\"HS256\"",
    "\"k\":\"c2VjcmV0\"",
    "\\u006b",
    "=",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];
const MEMBERS: [&str; 10] = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e", "k"];

#[derive(Debug, TypeGenerator)]
enum Input {
    /// The text of a good set with edits.
    Tampered(Few<Edit>),
    /// A set of good keys with members changed.
    Changed(Few<(u8, Few<Change>)>),
    Spelt(Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
enum Change {
    Remove(u8),
    Null(u8),
    Number(u8, u32),
    Text(u8, Vec<Piece>),
    /// The member of another key.
    Borrow(u8, u8),
    Edit(u8, Few<Edit>),
    /// Bytes of `x` are at the start of `y` instead: together they are as long as before.
    Shift(u8),
}

/// docs/threat-model.md TK-7 and TK-8.
#[test]
fn a_set_that_is_read_has_public_keys_of_one_name_each() {
    let published: Vec<Value> = Forge::all()
        .iter()
        .flat_map(|forge| {
            let set: Value = serde_json::from_str(&forge.keys.to_jwks_json()).unwrap();
            set["keys"].as_array().unwrap().clone()
        })
        .collect();
    let good = json!({ "keys": published }).to_string();
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let text = match input {
                Input::Tampered(edits) => edited(&good, edits, WORDS),
                Input::Changed(keys) => {
                    let keys: Vec<Value> = keys
                        .iter()
                        .map(|(which, changes)| changed(&published, *which, changes))
                        .collect();
                    json!({ "keys": keys }).to_string()
                }
                Input::Spelt(pieces) => spell(pieces, WORDS),
            };
            let Ok(set) = KeySet::from_jwks_json(&text) else {
                return;
            };
            assert!(text.len() <= KeySet::MAX_JWKS_BYTES);
            assert!(
                set.shared().is_none(),
                "a secret was read out of a published set"
            );
            let kids: Vec<&str> = set.iter().map(VerifyingKey::kid).collect();
            let distinct: HashSet<&&str> = kids.iter().collect();
            assert!(kids.len() <= KeySet::MAX_KEYS && distinct.len() == kids.len());
            for key in set.iter() {
                assert!((1..=VerifyingKey::MAX_KID_BYTES).contains(&key.kid().len()));
                assert_ne!(key.algorithm(), Algorithm::Hs256);
                assert_eq!(set.find(key.kid()).unwrap().algorithm(), key.algorithm());
            }
            read_again_it_is_the_same(&set, &text);
        });
}

/// Written and read again it is the same set, and the other library reads it too.
fn read_again_it_is_the_same(set: &KeySet, text: &str) {
    let written = set.to_jwks_json();
    let again = KeySet::from_jwks_json(&written);
    assert_eq!(again.map(|set| set.to_jwks_json()).as_ref(), Ok(&written));
    let theirs: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&written).unwrap();
    assert_eq!(theirs.keys.len(), set.iter().count());
    for jwk in &theirs.keys {
        assert!(jsonwebtoken::DecodingKey::from_jwk(jwk).is_ok());
    }
    // Nothing that was not in the text came out of it.
    let read: Value = serde_json::from_str(text).unwrap();
    let wrote: Value = serde_json::from_str(&written).unwrap();
    for key in wrote["keys"].as_array().unwrap() {
        let source = read["keys"].as_array().unwrap().iter().find(|source| {
            MEMBERS
                .iter()
                .filter(|name| !["alg", "use"].contains(name))
                .all(|name| key[name].is_null() || key[name] == source[name])
        });
        assert!(source.is_some(), "{key} is not in {text}");
    }
}

fn changed(published: &[Value], which: u8, changes: &[Change]) -> Value {
    let of = |which: &u8| published[usize::from(*which) % published.len()].clone();
    let member = |which: &u8| MEMBERS[usize::from(*which) % MEMBERS.len()];
    let mut key = of(&which);
    for change in changes {
        match change {
            Change::Remove(name) => drop(key.as_object_mut().unwrap().remove(member(name))),
            Change::Null(name) => key[member(name)] = Value::Null,
            Change::Number(name, number) => key[member(name)] = json!(number),
            Change::Text(name, pieces) => key[member(name)] = json!(spell(pieces, WORDS)),
            Change::Borrow(name, other) => key[member(name)] = of(other)[member(name)].clone(),
            Change::Shift(count) => {
                let bytes = |name: &str| {
                    let text = key[name].as_str().unwrap_or_default();
                    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default()
                };
                let mut all = bytes("x");
                let at = all.len().saturating_sub(usize::from(*count % 4));
                all.extend(bytes("y"));
                let (x, y) = all.split_at(at);
                let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
                key["x"] = json!(x);
                key["y"] = json!(y);
            }
            Change::Edit(name, edits) => {
                let text = key[member(name)].as_str().unwrap_or_default().to_owned();
                key[member(name)] = json!(edited(&text, edits, WORDS));
            }
        }
    }
    key
}
