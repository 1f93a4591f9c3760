//! Refresh tokens: opaque, derived, and recognised without asking anybody.
//!
//! A token is `v1.sid.generation.branch.tag`, each part base64url or decimal:
//! `v1.<22 characters>.<generation>.<branch>.<43 characters>`. The tag is an HMAC-SHA256 under a
//! pepper that lives outside the database, so a stolen database mints nothing; and because the
//! successor is derived and not drawn, every retry gets the same bytes and a session cannot fork.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::SessionId;
use crate::rotation::Position;
use crate::secret::{Entropy, Secret};

const VERSION: &str = "v1";
const REFRESH_LABEL: &[u8] = b"hardtack/refresh/v1";
const TAG_BYTES: usize = 32;

/// The longest text that can be a token; anything longer is refused unread.
const MAX_LENGTH: usize = 2 + 1 + 22 + 1 + 10 + 1 + 10 + 1 + 43;

/// The key that refresh tokens are derived under. Guard it like the signing key.
///
/// An attacker who holds it and learns a session id can mint that session's refresh tokens.
pub struct Pepper(hmac::Key);

/// A pepper must be this long, and not be something a person typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper is exactly {} random bytes", Pepper::BYTES)]
pub struct WeakPepper;

impl Pepper {
    /// The length of a pepper: that of the hash (RFC 2104 §3).
    pub const BYTES: usize = 32;

    /// Takes `bytes` as the pepper.
    ///
    /// # Errors
    /// [`WeakPepper`] when the length is wrong or the bytes are plainly not random (fewer than
    /// sixteen different values).
    pub fn new(bytes: &[u8]) -> Result<Self, WeakPepper> {
        let mut seen = [false; 256];
        for byte in bytes {
            if let Some(slot) = seen.get_mut(usize::from(*byte)) {
                *slot = true;
            }
        }
        let distinct = seen.iter().filter(|seen| **seen).count();
        if bytes.len() != Self::BYTES || distinct < 16 {
            return Err(WeakPepper);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// Bytes for a new pepper.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Secret<[u8; Self::BYTES]> {
        let mut bytes = [0; Self::BYTES];
        entropy.fill(&mut bytes);
        Secret::new(bytes)
    }

    /// A key for another purpose, independent of this one and of every other label's.
    #[must_use]
    pub fn derive_key(&self, label: &str) -> Secret<[u8; 32]> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"hardtack/derive/");
        context.update(label.as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(context.sign().as_ref());
        Secret::new(key)
    }

    fn tag(&self, session: SessionId, position: Position) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(REFRESH_LABEL);
        context.update(session.as_bytes());
        context.update(&position.generation.to_be_bytes());
        context.update(&position.branch.to_be_bytes());
        context.sign()
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pepper([redacted])")
    }
}

/// A refresh token, ready to be handed out.
#[derive(Debug)]
pub struct RefreshToken(Secret<String>);

/// Why a text is not a refresh token of ours. It says nothing to an attacker but "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this service")]
pub struct NotARefreshToken;

impl RefreshToken {
    /// The token of `session` at `position`: the same bytes every time.
    #[must_use]
    pub fn derive(pepper: &Pepper, session: SessionId, position: Position) -> Self {
        let Position { generation, branch } = position;
        let mut text = String::with_capacity(MAX_LENGTH);
        text.push_str(VERSION);
        text.push('.');
        BASE64URL_NOPAD.encode_append(session.as_bytes(), &mut text);
        // Writing to a text never fails.
        let _ = write!(text, ".{generation}.{branch}.");
        BASE64URL_NOPAD.encode_append(pepper.tag(session, position).as_ref(), &mut text);
        Self(Secret::new(text))
    }

    /// The bytes that go into the cookie.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Which token `text` is, if this service made it. No IO; the tag is compared in constant time.
    ///
    /// What it names may be revoked, superseded or long gone: that is [`crate::rotation`]'s
    /// question.
    ///
    /// # Errors
    /// [`NotARefreshToken`] for everything else, which proves nothing against anybody: a guesser
    /// must not be able to log somebody out.
    pub fn verify(pepper: &Pepper, text: &str) -> Result<(SessionId, Position), NotARefreshToken> {
        if text.len() > MAX_LENGTH {
            return Err(NotARefreshToken);
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(NotARefreshToken);
        let (version, session, generation, branch, tag) =
            (next()?, next()?, next()?, next()?, next()?);
        if version != VERSION || parts.next().is_some() {
            return Err(NotARefreshToken);
        }
        let session = session.parse().map_err(|_| NotARefreshToken)?;
        let position = Position::new(parse_counter(generation)?, parse_counter(branch)?);
        let mut presented = [0; TAG_BYTES];
        if tag.len() != 43
            || BASE64URL_NOPAD
                .decode_mut(tag.as_bytes(), &mut presented)
                .is_err()
        {
            return Err(NotARefreshToken);
        }
        let expected = pepper.tag(session, position);
        if bool::from(subtle::ConstantTimeEq::ct_eq(
            expected.as_ref(),
            presented.as_slice(),
        )) {
            Ok((session, position))
        } else {
            Err(NotARefreshToken)
        }
    }
}

/// Decimal without sign or leading zeros: one token, one spelling.
fn parse_counter(text: &str) -> Result<u32, NotARefreshToken> {
    let canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if canonical {
        text.parse().map_err(|_| NotARefreshToken)
    } else {
        Err(NotARefreshToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(first: u8) -> Pepper {
        let bytes: Vec<u8> = (0..32).map(|index| first.wrapping_add(index)).collect();
        Pepper::new(&bytes).unwrap()
    }

    const SESSION: SessionId = SessionId::from_bytes([7; 16]);

    #[test]
    fn a_token_is_the_same_bytes_every_time_and_names_its_place() {
        let position = Position::new(3, 1);
        let token = RefreshToken::derive(&pepper(0), SESSION, position);
        assert_eq!(
            token.expose_secret(),
            RefreshToken::derive(&pepper(0), SESSION, position).expose_secret()
        );
        assert_eq!(
            RefreshToken::verify(&pepper(0), token.expose_secret()),
            Ok((SESSION, position))
        );
    }

    #[test]
    fn another_pepper_makes_it_nothing() {
        let token = RefreshToken::derive(&pepper(0), SESSION, Position::new(3, 1));
        assert_eq!(
            RefreshToken::verify(&pepper(1), token.expose_secret()),
            Err(NotARefreshToken)
        );
    }

    #[test]
    fn no_single_character_can_be_changed_dropped_or_added() {
        let token = RefreshToken::derive(&pepper(0), SESSION, Position::new(30, 12));
        let text = token.expose_secret();
        for index in 0..text.len() {
            for replacement in ['A', '0', '1', '.', '-', '+', ' '] {
                let mut changed = text.to_owned();
                changed.replace_range(index..=index, &replacement.to_string());
                if changed != text {
                    assert!(
                        RefreshToken::verify(&pepper(0), &changed).is_err(),
                        "{changed}"
                    );
                }
            }
            let mut shorter = text.to_owned();
            shorter.remove(index);
            assert!(
                RefreshToken::verify(&pepper(0), &shorter).is_err(),
                "{shorter}"
            );
        }
    }

    #[test]
    fn other_spellings_of_a_good_token_are_refused() {
        let token = RefreshToken::derive(&pepper(0), SESSION, Position::new(1, 0));
        let text = token.expose_secret();
        for spelling in [
            text.replacen(".1.0.", ".01.0.", 1),
            text.replacen(".1.0.", ".+1.0.", 1),
            text.replacen(".1.0.", ".1.-0.", 1),
            text.replacen(".1.0.", ".1..0.", 1),
            text.replacen("v1.", "V1.", 1),
            text.replacen("v1.", "v2.", 1),
            format!("{text}="),
            format!("{text}."),
            format!(" {text}"),
            "x".repeat(1_000_000),
            String::new(),
        ] {
            assert_eq!(
                RefreshToken::verify(&pepper(0), &spelling),
                Err(NotARefreshToken),
                "{spelling:.80}"
            );
        }
    }

    #[test]
    fn the_longest_token_is_still_recognised() {
        let position = Position::new(u32::MAX, u32::MAX);
        let token = RefreshToken::derive(&pepper(0), SESSION, position);
        assert_eq!(token.expose_secret().len(), MAX_LENGTH);
        assert_eq!(
            RefreshToken::verify(&pepper(0), token.expose_secret()),
            Ok((SESSION, position))
        );
    }

    #[test]
    fn a_pepper_that_somebody_typed_is_refused() {
        for weak in [
            vec![],
            vec![0; 32],
            b"changeme-changeme-changeme-chang".to_vec(),
            vec![1; 31],
        ] {
            assert_eq!(Pepper::new(&weak).err(), Some(WeakPepper));
        }
    }

    #[test]
    fn keys_for_other_purposes_differ_and_are_no_tags() {
        let pepper = pepper(0);
        let one = pepper.derive_key("csrf");
        let other = pepper.derive_key("else");
        assert_ne!(one.expose_secret(), other.expose_secret());
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let token = RefreshToken::derive(&pepper(0), SESSION, Position::default());
        assert!(!format!("{token:?} {:?}", pepper(0)).contains("BwcH"));
    }
}
