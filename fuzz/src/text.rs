//! Texts of the kind that a parser expects, and changes to good ones.
//!
//! Random bytes hardly get past the first `if` of a parser. So a text is put together from words
//! that mean something to it, single characters and numbers; or it is a good text with edits.

use bolero::TypeGenerator;

/// A part of a text.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Piece {
    /// A word of the target's dictionary, counted around.
    Word(u8),
    /// A printable ASCII character, mostly.
    Ascii(u8),
    /// Any character.
    Char(char),
    /// A number in decimal.
    Number(u32),
    /// What was written so far, once more.
    Again,
    /// One character many times.
    Run(u8, u8),
}

/// Writes `pieces` one after the other; words are those of `dictionary`.
#[must_use]
pub fn spell(pieces: &[Piece], dictionary: &[&str]) -> String {
    // Doubling what is there must not fill the memory.
    const MAX_BYTES: usize = 4 * 1024;
    let mut text = String::new();
    for piece in pieces {
        match *piece {
            Piece::Word(number) => {
                let place = usize::from(number) % dictionary.len().max(1);
                text.push_str(dictionary.get(place).copied().unwrap_or_default());
            }
            Piece::Ascii(byte) => text.push(char::from(byte % 0x80)),
            Piece::Char(character) => text.push(character),
            Piece::Number(number) => text.push_str(&number.to_string()),
            Piece::Again if text.len() < MAX_BYTES => text.extend_from_within(..),
            Piece::Again => {}
            Piece::Run(byte, times) => {
                text.extend(std::iter::repeat_n(
                    char::from(byte % 0x80),
                    usize::from(times),
                ));
            }
        }
    }
    text
}

/// A change to a text that was good. Places are counted around its characters.
#[derive(Debug, Clone, TypeGenerator)]
pub enum Edit {
    /// Another character.
    Replace(u16, u8),
    /// One more.
    Insert(u16, Piece),
    /// Some fewer.
    Remove(u16, u8),
    /// Nothing from here on.
    Cut(u16),
    /// Two characters change places.
    Swap(u16, u16),
    /// A part stands there twice.
    Repeat(u16, u8),
    /// The other case.
    Case(u16),
}

/// `text` with all `edits`, in their order.
#[must_use]
pub fn edited(text: &str, edits: &[Edit], dictionary: &[&str]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for edit in edits {
        let length = characters.len();
        let place = |at: u16| usize::from(at) % length.max(1);
        match edit {
            Edit::Replace(at, byte) => {
                if let Some(character) = characters.get_mut(place(*at)) {
                    *character = char::from(byte % 0x80);
                }
            }
            Edit::Insert(at, piece) => {
                let new = spell(std::slice::from_ref(piece), dictionary);
                let at = place(*at);
                characters.splice(at..at, new.chars());
            }
            Edit::Remove(at, count) => {
                let at = place(*at);
                characters.drain(at..(at + usize::from(*count)).min(length));
            }
            Edit::Cut(at) => characters.truncate(place(*at)),
            Edit::Swap(one, other) if length > 0 => characters.swap(place(*one), place(*other)),
            Edit::Swap(..) => {}
            Edit::Repeat(at, count) => {
                let at = place(*at);
                let end = (at + usize::from(*count)).min(length);
                characters.extend_from_within(at..end);
                if let Some(tail) = characters.get_mut(at..) {
                    tail.rotate_right(end - at);
                }
            }
            Edit::Case(at) => {
                if let Some(character) = characters.get_mut(place(*at)) {
                    *character = if character.is_ascii_lowercase() {
                        character.to_ascii_uppercase()
                    } else {
                        character.to_ascii_lowercase()
                    };
                }
            }
        }
    }
    characters.into_iter().collect()
}
