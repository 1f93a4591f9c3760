//! Refresh tokens: derived ones are recognised, nothing else is, and each has one spelling.

use hardtack_core::SessionId;
use hardtack_core::refresh_token::{Pepper, RefreshToken};
use hardtack_core::rotation::Position;
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

const WORDS: &[&str] = &[
    "v1.",
    "v2.",
    "V1.",
    ".",
    "..",
    "=",
    "-",
    "_",
    "+",
    "0",
    "00",
    "4294967295",
    "4294967296",
    "AQEBAQEBAQEBAQEBAQEBAQ",
    "AQEBAQEBAQEBAQEBAQEBAR",
    " ",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];

#[derive(Debug, TypeGenerator)]
enum Input {
    Tampered(Name, Few<Edit>),
    /// The tag of one token behind the name of another.
    Mixed(Name, Name),
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, TypeGenerator)]
struct Name {
    session: [u8; 16],
    generation: u32,
    branch: u32,
}

/// docs/threat-model.md SE-2: whoever has no pepper cannot make one, not even another spelling of a good one.
#[test]
fn only_what_was_derived_is_recognised() {
    let pepper: Vec<u8> = (0..32).collect();
    let pepper = Pepper::new(&pepper).unwrap();
    // It never changes, so a panic leaves nothing half done.
    let pepper = std::panic::AssertUnwindSafe(pepper);
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let derive = |name: &Name| {
                let place = place(*name);
                let token = RefreshToken::derive(&pepper, place.0, place.1);
                assert_eq!(
                    RefreshToken::verify(&pepper, token.expose_secret()),
                    Ok(place)
                );
                token.expose_secret().to_owned()
            };
            let text = match input {
                Input::Tampered(name, edits) => edited(&derive(name), edits, WORDS),
                Input::Mixed(name, other) => {
                    let (name, other) = (derive(name), derive(other));
                    let tag = other.rsplit_once('.').unwrap().1;
                    format!("{}.{tag}", name.rsplit_once('.').unwrap().0)
                }
                Input::Spelt(pieces) => spell(pieces, WORDS),
                Input::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            };
            match RefreshToken::verify(&pepper, &text) {
                Ok((session, position)) => assert_eq!(
                    RefreshToken::derive(&pepper, session, position).expose_secret(),
                    text,
                    "a second spelling"
                ),
                Err(_) => {
                    if let Input::Tampered(name, _) = input {
                        assert_ne!(derive(name), text);
                    }
                }
            }
        });
}

fn place(name: Name) -> (SessionId, Position) {
    (
        SessionId::from_bytes(name.session),
        Position::new(name.generation, name.branch),
    )
}
