//! Access tokens that were tampered with, and texts that never were any.

use hardtack_core::access_token;
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::{Forge, NOW, Signature, expected};
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

const WORDS: &[&str] = &[
    ".",
    "..",
    "=",
    "==",
    "-",
    "_",
    "+",
    "/",
    " ",
    "\n",
    "\u{feff}",
    "eyJ",
    "{}",
    "e30",
    "bnVsbA",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJFUzI1NiJ9",
    "A",
    "AA",
    "AAA",
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImhzMjU2In0",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    /// A good token with edits.
    Tampered(Signature, Few<Edit>),
    /// The header, payload and signature of three good tokens.
    Mixed(Signature, Signature, Signature, Signature),
    /// Anything that looks a bit like a token.
    Spelt(Signature, Vec<Piece>),
    /// Anything at all.
    Bytes(Signature, Vec<u8>),
}

/// docs/threat-model.md TK-1, TK-3, TK-6: a token is good as it was issued, byte for byte, or not at all.
#[test]
fn only_the_bytes_that_were_issued_are_believed() {
    let forges = Forge::all();
    let issued = forges.each_ref().map(|forge| forge.issue(None));
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let (signature, token) = match input {
                Input::Tampered(signature, edits) => (
                    *signature,
                    edited(&issued[*signature as usize], edits, WORDS),
                ),
                Input::Mixed(signature, header, payload, tail) => {
                    let part = |of: &Signature, index| issued[*of as usize].split('.').nth(index);
                    let parts = [part(header, 0), part(payload, 1), part(tail, 2)];
                    (*signature, parts.map(Option::unwrap).join("."))
                }
                Input::Spelt(signature, pieces) => (*signature, spell(pieces, WORDS)),
                Input::Bytes(signature, bytes) => {
                    (*signature, String::from_utf8_lossy(bytes).into_owned())
                }
            };
            let forge = &forges[signature as usize];
            let verified = access_token::verify(&token, &forge.keys, &expected(None), NOW);
            // Signatures of ES256 differ each time, so "as issued" is this run's token.
            assert_eq!(
                verified.is_ok(),
                token == issued[signature as usize],
                "{token}"
            );
        });
}
