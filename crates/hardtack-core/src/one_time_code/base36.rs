//! Numbers in base 36, as Django writes user numbers and times into links.

use crate::UserId;

use super::NotACode;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The `uid` of a link: the user's number in base 36, lower case.
#[must_use]
pub fn uid(user: UserId) -> String {
    // Numbers begin at 0 (see `UserId::from_str`).
    spell(u64::try_from(user.as_i64()).unwrap_or(0))
}

/// Whom a `uid` names.
///
/// # Errors
/// [`NotACode`] for all but the one spelling: no sign, no capitals, no leading zeros.
pub fn parse_uid(uid: &str) -> Result<UserId, NotACode> {
    parse(uid).map(UserId::new).ok_or(NotACode)
}

pub(super) fn spell(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(13);
    loop {
        let digit = usize::try_from(number % 36).unwrap_or(0);
        digits.extend(DIGITS.get(digit).map(|digit| char::from(*digit)));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// The number that `text` spells as [`spell`] does.
pub(super) fn parse(text: &str) -> Option<i64> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let canonical = text.bytes().all(is_digit) && (text == "0" || !text.starts_with('0'));
    // It knows capitals and signs too, which were refused above.
    canonical
        .then(|| i64::from_str_radix(text, 36).ok())
        .flatten()
}
