//! Passwords: as they are typed, as they are kept, and which are good enough.
//!
//! A new password is hashed with Argon2id into a PHC string ([`Hasher::hash`]). What Django wrote
//! is verified too ([`Hasher::verify`]) and replaced at the next login, so that nobody who moves
//! has to choose a new one.
//!
//! **Which text is hashed.** Unicode can spell `é` in two ways, and which one a keyboard sends
//! depends on the device. So our hashes are made over the NFC form (SP 800-63B-4 §3.1.1.2 asks for
//! one form and leaves the choice between NFC and NFKC; NFC never merges characters that look
//! different, so no strength is lost). Django hashes the text as it came, so its strings are
//! verified against the text as it came: whoever could log in there can log in here.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::Secret;

mod adopted;
mod breached;
mod django;
mod hash_cost;
mod hasher;
mod phc;
mod policy;

pub use adopted::{AdoptHashError, adopt_hash};
pub use breached::{BreachQuery, UnreadableRange};
pub use hash_cost::{HashCost, HashCostError};
pub use hasher::{HashError, Hasher, Verification};
pub use policy::{PasswordFault, PersonalTexts, judge_new_password};

/// A password as somebody typed it. Nothing is trimmed (docs/contract.md §10.14).
#[derive(Debug)]
pub struct Password {
    typed: Secret<String>,
    /// The NFC form, where it is another text.
    normal: Option<Secret<String>>,
}

/// Why a text cannot be a password, whatever the policy says. The text is in none of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// More characters than [`Password::MAX_CHARS`]. Found before anything is hashed: the work of
    /// a hash must not grow with what a stranger sends (CVE-2013-1443).
    #[error("a password has at most {} characters", Password::MAX_CHARS)]
    TooLong,
    /// A NUL. PBKDF2 pads its key with zeros and bcrypt ends at one, so `secret` and `secret\0`
    /// could open the same account.
    #[error("a password cannot contain the NUL character")]
    Null,
}

impl Password {
    /// The longest password, in Unicode code points as typed: the contract's limit (docs/contract.md §5),
    /// at least what SP 800-63B-4 §3.1.1.2 asks for (64).
    pub const MAX_CHARS: usize = 128;

    /// Takes `text` as a password that somebody presents. Whether it is good enough as a new one is
    /// another question.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`], [`PasswordError::Null`]; both cost next to nothing.
    pub fn parse(text: String) -> Result<Self, PasswordError> {
        // Wrapped before it is judged, so that a refused text is wiped too.
        let typed = Secret::new(text);
        let text = typed.expose_secret();
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(PasswordError::TooLong);
        }
        if text.contains('\0') {
            return Err(PasswordError::Null);
        }
        let normal = match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => None,
            IsNormalized::No | IsNormalized::Maybe => {
                // Enough for every text (Unicode TR15 §9.1: at most three times the bytes), so that
                // growing leaves no copy behind that nobody wipes.
                let mut normal = String::with_capacity(3 * text.len());
                normal.extend(text.nfc());
                Some(Secret::new(normal))
            }
        };
        Ok(Self { typed, normal })
    }

    /// The text in NFC: the one that our own hashes are made of, and that the policy judges.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.normal.as_ref().unwrap_or(&self.typed).expose_secret()
    }

    /// The text as it came: the one that Django's hashes are made of.
    fn expose_typed(&self) -> &str {
        self.typed.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_keeps_its_spaces() {
        let password = Password::parse("  two words \t".to_owned()).unwrap();
        assert_eq!(password.expose_secret(), "  two words \t");
    }

    #[test]
    fn both_spellings_of_an_accent_are_one_password() {
        let composed = Password::parse("caf\u{e9}".to_owned()).unwrap();
        let decomposed = Password::parse("cafe\u{301}".to_owned()).unwrap();
        assert_eq!(composed.expose_secret(), decomposed.expose_secret());
        assert_eq!(decomposed.expose_typed(), "cafe\u{301}");
    }

    #[test]
    fn characters_that_only_look_alike_stay_apart() {
        // NFKC would make both `fi` and lose what the ligature added.
        let ligature = Password::parse("\u{fb01}sh".to_owned()).unwrap();
        assert_ne!(ligature.expose_secret(), "fish");
    }

    /// Long password denial of service, CVE-2013-1443.
    #[test]
    fn a_password_over_the_limit_is_refused_before_any_work() {
        for character in ["x", "ß", "🧀"] {
            assert!(Password::parse(character.repeat(Password::MAX_CHARS)).is_ok());
            for chars in [Password::MAX_CHARS + 1, 1_000_000] {
                assert_eq!(
                    Password::parse(character.repeat(chars)).err(),
                    Some(PasswordError::TooLong)
                );
            }
        }
    }

    #[test]
    fn a_nul_is_refused_wherever_it_stands() {
        for text in ["\0", "secret\0", "\0secret", "sec\0ret"] {
            assert_eq!(
                Password::parse(text.to_owned()).err(),
                Some(PasswordError::Null)
            );
        }
    }

    #[test]
    fn a_password_does_not_print_itself() {
        let password = Password::parse("hunter2 cafe\u{301}".to_owned()).unwrap();
        let printed = format!("{password:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
