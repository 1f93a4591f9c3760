//! The double-submit token: a cookie that scripts of the own origin read and send back in a header.
//!
//! It is an HMAC over the session (docs/threat-model.md CS-5). A bare random one could be planted by a
//! sibling host that sets cookies for the whole domain; this one only counts for the session it
//! was made for.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use crate::SessionId;
use crate::secret::{Entropy, Secret};

const LABEL: &[u8] = b"hardtack/csrf/v1";
const RANDOM_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// A double-submit token, ready to be handed out: 64 characters of base64url.
#[derive(Debug)]
pub struct CsrfToken(Secret<String>);

/// Why the pair of cookie and header does not count. It displays as the contract's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsrfTokenRefusal {
    /// No cookie, or an empty one.
    #[error("CSRF cookie not set.")]
    CookieMissing,
    /// No header, or an empty one.
    #[error("CSRF token missing.")]
    TokenMissing,
    /// The two differ, or were not made for this session.
    #[error("CSRF token incorrect.")]
    Incorrect,
}

impl CsrfTokenRefusal {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::CookieMissing => "csrf_cookie_missing",
            Self::TokenMissing => "csrf_token_missing",
            Self::Incorrect => "csrf_token_incorrect",
        }
    }
}

impl CsrfToken {
    /// Makes a token that counts for `session`; `None` is a visitor who has none yet.
    #[must_use]
    pub fn issue(key: &[u8; 32], session: Option<SessionId>, entropy: &dyn Entropy) -> Self {
        let mut random = [0; RANDOM_BYTES];
        entropy.fill(&mut random);
        // Encoded as one run of bytes: 16 and 32 make 48, which is 64 characters without a rest.
        let bytes = [&random, tag(key, session, &random).as_ref()].concat();
        Self(Secret::new(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// The bytes of cookie and header.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Could these be the bytes of a token? Whose, and whether anybody's, takes a session to say.
    #[must_use]
    pub fn is_well_formed(text: &str) -> bool {
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .is_ok_and(|bytes| bytes.len() == RANDOM_BYTES + TAG_BYTES)
    }

    /// Decides whether `cookie` and `header` are one token that was made for `session`. Both are
    /// compared in constant time; an empty text is a missing one.
    ///
    /// # Errors
    /// [`CsrfTokenRefusal`].
    pub fn verify(
        key: &[u8; 32],
        session: Option<SessionId>,
        cookie: &str,
        header: &str,
    ) -> Result<(), CsrfTokenRefusal> {
        if cookie.is_empty() {
            return Err(CsrfTokenRefusal::CookieMissing);
        }
        if header.is_empty() {
            return Err(CsrfTokenRefusal::TokenMissing);
        }
        let same = cookie.as_bytes().ct_eq(header.as_bytes());
        if bool::from(same) && is_of(key, session, cookie) {
            Ok(())
        } else {
            Err(CsrfTokenRefusal::Incorrect)
        }
    }
}

fn is_of(key: &[u8; 32], session: Option<SessionId>, token: &str) -> bool {
    let mut bytes = [0; RANDOM_BYTES + TAG_BYTES];
    if token.len() != 64
        || BASE64URL_NOPAD
            .decode_mut(token.as_bytes(), &mut bytes)
            .is_err()
    {
        return false;
    }
    let (random, presented) = bytes.split_at(RANDOM_BYTES);
    bool::from(tag(key, session, random).as_ref().ct_eq(presented))
}

fn tag(key: &[u8; 32], session: Option<SessionId>, random: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(LABEL);
    context.update(
        session
            .as_ref()
            .map_or(&[0; 16], |session| session.as_bytes()),
    );
    context.update(random);
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    const KEY: [u8; 32] = [9; 32];
    const MINE: Option<SessionId> = Some(SessionId::from_bytes([1; 16]));
    const ANOTHERS: Option<SessionId> = Some(SessionId::from_bytes([2; 16]));

    #[test]
    fn a_token_counts_for_its_session_only() {
        for session in [MINE, None] {
            let token = CsrfToken::issue(&KEY, session, &Sevens);
            let text = token.expose_secret();
            assert_eq!(text.len(), 64);
            assert_eq!(CsrfToken::verify(&KEY, session, text, text), Ok(()));
            let refused = Err(CsrfTokenRefusal::Incorrect);
            assert_eq!(CsrfToken::verify(&KEY, ANOTHERS, text, text), refused);
            assert_eq!(CsrfToken::verify(&[8; 32], session, text, text), refused);
        }
    }

    /// A sibling host plants a cookie of its own making and sends the same text in the header.
    #[test]
    fn a_planted_pair_is_refused() {
        let theirs = CsrfToken::issue(&KEY, ANOTHERS, &Sevens);
        for planted in [
            theirs.expose_secret(),
            "x",
            &"A".repeat(64),
            &"=".repeat(64),
            &"é".repeat(32),
        ] {
            assert_eq!(
                CsrfToken::verify(&KEY, MINE, planted, planted),
                Err(CsrfTokenRefusal::Incorrect),
                "{planted}"
            );
        }
    }

    #[test]
    fn each_missing_half_has_its_words() {
        let token = CsrfToken::issue(&KEY, MINE, &Sevens);
        let text = token.expose_secret();
        for (cookie, header, words) in [
            ("", text, "CSRF cookie not set."),
            ("", "", "CSRF cookie not set."),
            (text, "", "CSRF token missing."),
            (text, "other", "CSRF token incorrect."),
            ("other", text, "CSRF token incorrect."),
        ] {
            let refusal = CsrfToken::verify(&KEY, MINE, cookie, header).unwrap_err();
            assert_eq!(refusal.to_string(), words);
        }
    }
}
