//! Texts of the kind that a parser expects, and changes to good ones.
//!
//! Random bytes hardly get past the first `if` of a parser. So a text is put together from words
//! that mean something to it, single characters and numbers; or it is a good text with edits.

use std::ops::Deref;

use bolero::{Driver, TypeGenerator};

/// A list that is mostly short or empty: what is good but for one thing gets furthest.
#[derive(Debug, Clone, Default)]
pub struct Few<T>(Vec<T>);

impl<T: TypeGenerator> TypeGenerator for Few<T> {
    fn generate<D: Driver>(driver: &mut D) -> Option<Self> {
        let length = match u8::generate(driver)? % 16 {
            0..=5 => 0,
            6..=10 => 1,
            11..=13 => 2,
            14 => 3,
            _ => 9,
        };
        let items: Option<Vec<T>> = (0..length).map(|_| T::generate(driver)).collect();
        items.map(Self)
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

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
    /// Another run of letters and digits in the place of one: a field of its own, most often.
    Field(u8, Piece),
    /// Something before such a run: a sign, a zero.
    Before(u8, Piece),
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
            Edit::Field(which, piece) | Edit::Before(which, piece) => {
                if let Some(mut range) = field(&characters, usize::from(*which)) {
                    if matches!(edit, Edit::Before(..)) {
                        range.end = range.start;
                    }
                    let new = spell(std::slice::from_ref(piece), dictionary);
                    characters.splice(range, new.chars());
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

/// Where a run of letters and digits stands, counted around.
fn field(characters: &[char], which: usize) -> Option<std::ops::Range<usize>> {
    let mut fields = Vec::new();
    let mut start = None;
    for (place, character) in characters.iter().chain([&'.']).enumerate() {
        match (character.is_alphanumeric(), start) {
            (true, None) => start = Some(place),
            (false, Some(begin)) => {
                fields.push(begin..place);
                start = None;
            }
            _ => {}
        }
    }
    fields.get(which % fields.len().max(1)).cloned()
}
