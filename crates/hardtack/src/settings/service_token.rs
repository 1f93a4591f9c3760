//! What a verifier in another process proves itself with.

use std::fmt;

use aws_lc_rs::{constant_time, digest};

/// A secret that a verifier sends as `Authorization: Bearer` (RFC 6750) to learn which sessions
/// were ended, and to report which tokens are in use.
///
/// Kept as its SHA-256: that is enough to recognise it, and a dump of the memory gives nothing that
/// could be sent. It is random, so no slow hash is needed.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceToken([u8; 32]);

/// Why a text is no service token. It does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceTokenError {
    /// Shorter than what cannot be guessed, or longer than a header should be.
    #[error("a service token has 32 to 512 characters")]
    Length,
    /// A client could not send it.
    #[error("a service token has letters, digits and - . _ ~ + / only, and = at its end")]
    Characters,
    /// Typed, not drawn.
    #[error("a service token is random; this one repeats a few characters")]
    Patterned,
}

impl ServiceToken {
    /// Reads a token: at least 32 random characters, as `openssl rand -base64 32` makes them.
    ///
    /// # Errors
    /// [`ServiceTokenError`] for what could be guessed, or not be sent.
    pub fn parse(text: &str) -> Result<Self, ServiceTokenError> {
        if !(32..=512).contains(&text.len()) {
            return Err(ServiceTokenError::Length);
        }
        // RFC 6750 §2.1
        let sendable = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let body = text.trim_end_matches('=');
        if body.is_empty() || !body.bytes().all(sendable) {
            return Err(ServiceTokenError::Characters);
        }
        let mut different: Vec<u8> = body.bytes().collect();
        different.sort_unstable();
        different.dedup();
        // Of 32 random hexadecimal digits fewer than 8 kinds are met once in a million years.
        if different.len() < 8 {
            return Err(ServiceTokenError::Patterned);
        }
        Ok(Self(hash(text.as_bytes())))
    }

    /// Is `presented` one of `tokens`? Takes as long whichever it is, and however much is right.
    pub(crate) fn is_one_of(tokens: &[Self], presented: &[u8]) -> bool {
        let presented = hash(presented);
        tokens.iter().fold(false, |found, token| {
            constant_time::verify_slices_are_equal(&token.0, &presented).is_ok() | found
        })
    }
}

impl fmt::Debug for ServiceToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServiceToken([redacted])")
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";

    #[test]
    fn what_could_be_guessed_or_not_be_sent_is_no_token() {
        use ServiceTokenError::{Characters, Length, Patterned};
        for (text, error) in [
            ("", Length),
            ("changeme", Length),
            ("8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gD", Length),
            (&"ab".repeat(300), Length),
            (&"=".repeat(40), Characters),
            ("8sM0YpWkzR5uXbJ3vQe7LhT1 cNfA6gDiOoK9yZ2", Characters),
            ("8sM0YpWkzR5uXbJ3vQe7=LhT1cNfA6gDiOoK9yZ2", Characters),
            ("8sM0YpWkzR5uXbJ3vQe7\u{e4}LhT1cNfA6gDiOoK9yZ2", Characters),
            (&"secret".repeat(8), Patterned),
            (&"0".repeat(64), Patterned),
        ] {
            assert_eq!(ServiceToken::parse(text), Err(error), "{text:?}");
        }
        for good in [TOKEN, "9f2b4c7e1a8d0356b7c4e2f19a0d8b6c"] {
            assert!(ServiceToken::parse(good).is_ok());
        }
    }

    #[test]
    fn only_the_whole_token_is_recognised_and_none_is_shown() {
        let other = ServiceToken::parse("9f2b4c7e1a8d0356b7c4e2f19a0d8b6c").unwrap();
        let tokens = [ServiceToken::parse(TOKEN).unwrap(), other];
        let is_known = |text: &str| ServiceToken::is_one_of(&tokens, text.as_bytes());
        assert!(is_known(TOKEN) && is_known("9f2b4c7e1a8d0356b7c4e2f19a0d8b6c"));
        for wrong in [
            "",
            &TOKEN[..43],
            &format!("{TOKEN}="),
            &format!(" {TOKEN}"),
            &TOKEN.to_uppercase(),
            "9F2B4C7E1A8D0356B7C4E2F19A0D8B6C",
        ] {
            assert!(!is_known(wrong), "{wrong:?}");
        }
        assert!(!ServiceToken::is_one_of(&[], TOKEN.as_bytes()));
        assert_eq!(format!("{:?}", tokens[0]), "ServiceToken([redacted])");
    }
}
