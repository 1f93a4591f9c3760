//! Private keys in PEM.

use hardtack_core::key::SigningKey;
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::Forge;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

const WORDS: &[&str] = &[
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "\n",
    "\r\n",
    " ",
    "=",
    "==",
    "A",
    "MC4CAQAw",
    "BQYDK2VwBCIEI",
    "-",
    "# ",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    Tampered(u8, Few<Edit>),
    /// A good DER with bytes changed.
    Der(u8, Few<(u16, u8)>),
    Spelt(Vec<Piece>),
}

/// docs/threat-model.md SV-6: a damaged key file is refused, or it is a whole key that signs.
#[test]
fn a_key_that_is_read_signs_for_its_public_half() {
    let pems: Vec<String> = Forge::all()
        .iter()
        .filter_map(|forge| Some(forge.key.to_pem()?.expose_secret().clone()))
        .collect();
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let pem = |which: &u8| &pems[usize::from(*which) % pems.len()];
            let text = match input {
                Input::Tampered(which, edits) => edited(pem(which), edits, WORDS),
                Input::Der(which, changes) => changed(pem(which), changes),
                Input::Spelt(pieces) => spell(pieces, WORDS),
            };
            let Ok(key) = SigningKey::from_pem(&text) else {
                return;
            };
            // It is written as the same key, in one form.
            let written = key.to_pem().unwrap();
            let again = SigningKey::from_pem(written.expose_secret()).unwrap();
            assert_eq!(
                (again.kid(), again.algorithm()),
                (key.kid(), key.algorithm())
            );
            assert_eq!(
                again.to_pem().unwrap().expose_secret(),
                written.expose_secret()
            );
            // What it signs, its public half believes.
            let token = hardtack_core::jws::sign(&key, "at+jwt", b"{}").unwrap();
            let unverified = hardtack_core::jws::Unverified::parse(&token).unwrap();
            assert!(unverified.verify(key.verifying_key()).is_ok());
            assert!(!format!("{key:?}").contains("PRIVATE"));
        });
}

fn changed(pem: &str, changes: &[(u16, u8)]) -> String {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = data_encoding::BASE64.decode(lines.as_bytes()).unwrap();
    for (at, byte) in changes {
        let place = usize::from(*at) % der.len();
        der[place] = *byte;
    }
    let body = data_encoding::BASE64.encode(&der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}
