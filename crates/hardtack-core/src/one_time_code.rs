//! One-time codes: what a mail carries to prove that it arrived, spent by being shown once.
//!
//! A code is **derived, not stored**: its secret is an HMAC under a key of the pepper over its
//! purpose and a random [`CodeId`]. The store keeps the id and a SHA-256 of the secret; the outbox
//! keeps the id. So neither a stolen database nor a queue of mails that were not sent yet holds
//! anything that can be spent (ASVS 5.0 §6.4.3), and the link is made when the mail is.
//!
//! | Purpose | form in the link | lives | is also bound to |
//! | --- | --- | --- | --- |
//! | verify an address | `key` | 1 hour | the address |
//! | reset a password | `uid`, `token` | 1 hour | the address, the password in force |
//! | change the address | `key` | 1 hour | the new address, the password in force |
//! | take the address back | `key` | 7 days | the address that was left |
//! | invitation | `key` | 7 days | — |
//!
//! The forms are dj-rest-auth's (docs/contract.md §5, §6): a `uid` is the user's number in base
//! 36, a `token` is `<seconds in base 36>-<32 hex digits>`, a `key` is one opaque text.

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;

use crate::refresh_token::Pepper;
use crate::secret::{Entropy, Secret};
use crate::word::{find_word, word_of};
use crate::{Timestamp, UserId};

mod base36;

pub use base36::{parse_uid, uid};

const LABEL: &[u8] = b"code/v1";
const SECRET_BYTES: usize = 16;

/// An hour: long enough for a slow mail, short for what lies open in a mailbox (docs/threat-model.md AU-9).
const HOUR: Duration = Duration::from_secs(3_600);

/// Mails that warn somebody are read after a weekend or a holiday, and an invitation is an
/// answer to nothing that the invited person just did.
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// Digits of an [`i64`] in base 36.
const MAX_SECONDS_LENGTH: usize = 13;

/// What a code can be spent on, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodePurpose {
    /// Shows that the user's address is theirs.
    VerifyEmail,
    /// Buys a new password.
    ResetPassword,
    /// Confirms a new address at that address.
    ChangeEmail,
    /// The way back: brings back the address that the user had before.
    RevertEmail,
    /// Lets somebody register where only invited people may.
    Invitation,
}

impl CodePurpose {
    /// Every purpose with the word that is stored for it, and that the secret is derived from.
    const ALL: [(Self, &'static str); 5] = [
        (Self::VerifyEmail, "verify_email"),
        (Self::ResetPassword, "reset_password"),
        (Self::ChangeEmail, "change_email"),
        (Self::RevertEmail, "revert_email"),
        (Self::Invitation, "invitation"),
    ];

    /// The stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        word_of(&Self::ALL, &self)
    }

    /// The purpose that has this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        find_word(&Self::ALL, code)
    }

    /// How long a code of this purpose is good for, from the moment it was asked for.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ResetPassword | Self::ChangeEmail => HOUR,
            Self::RevertEmail | Self::Invitation => WEEK,
        }
    }

    /// Whether a new password makes it void: whoever asked for it may have been the one whom the
    /// new password is to keep out.
    ///
    /// The way back is not made void: a thief would change the password next.
    #[must_use]
    pub const fn ends_with_password(self) -> bool {
        matches!(self, Self::ResetPassword | Self::ChangeEmail)
    }
}

/// Names a code: 128 random bits. It is no secret; without the pepper nothing follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId([u8; 16]);

impl CodeId {
    /// The id that has these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// SHA-256 of a code's secret: what the store knows it by. A plain hash is enough, because there
/// is nothing to guess in 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// The hash that has these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The key that codes are derived under.
pub struct CodeKey(hmac::Key);

impl CodeKey {
    /// The key that follows from `pepper`; independent of every other one that does.
    #[must_use]
    pub fn new(pepper: &Pepper) -> Self {
        let bytes = pepper.derive_key("one-time-code");
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose_secret()))
    }
}

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CodeKey([redacted])")
    }
}

/// A code about to be kept: what the store is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCode {
    /// Its name, freshly drawn.
    pub id: CodeId,
    /// What it buys.
    pub purpose: CodePurpose,
    /// What it is known by.
    pub hash: CodeHash,
    /// How long it is good for.
    pub lifetime: Duration,
}

impl NewCode {
    /// Draws a code for `purpose` with the lifetime of that ([`CodePurpose::lifetime`]).
    #[must_use]
    pub fn draw(key: &CodeKey, purpose: CodePurpose, entropy: &dyn Entropy) -> Self {
        let mut id = [0; 16];
        entropy.fill(&mut id);
        let id = CodeId(id);
        Self {
            id,
            purpose,
            hash: OneTimeCode::derive(key, purpose, id).hash(),
            lifetime: purpose.lifetime(),
        }
    }
}

/// A code's secret, as it stands in a link.
#[derive(Debug)]
pub struct OneTimeCode(Secret<[u8; SECRET_BYTES]>);

/// Why a text is no code. It says nothing to a guesser but "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a one-time code")]
pub struct NotACode;

impl OneTimeCode {
    /// The code of that purpose and name: the same bytes every time.
    #[must_use]
    pub fn derive(key: &CodeKey, purpose: CodePurpose, id: CodeId) -> Self {
        let mut context = hmac::Context::with_key(&key.0);
        context.update(LABEL);
        // The purposes have different lengths or letters, and a NUL ends them: no two inputs meet.
        context.update(purpose.code().as_bytes());
        context.update(&[0]);
        context.update(&id.0);
        let mut secret = [0; SECRET_BYTES];
        for (byte, of_tag) in secret.iter_mut().zip(context.sign().as_ref()) {
            *byte = *of_tag;
        }
        Self(Secret::new(secret))
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> CodeHash {
        let digest = digest::digest(&digest::SHA256, self.0.expose_secret());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        CodeHash(bytes)
    }

    /// Whether this is the code of that purpose and name. In constant time.
    #[must_use]
    pub fn is(&self, key: &CodeKey, purpose: CodePurpose, id: CodeId) -> bool {
        let expected = Self::derive(key, purpose, id);
        let (presented, expected) = (self.0.expose_secret(), expected.0.expose_secret());
        presented.as_slice().ct_eq(expected.as_slice()).into()
    }

    /// The `key` of a link: 22 characters of base64url (RFC 4648 §5).
    #[must_use]
    pub fn to_key(&self) -> Secret<String> {
        Secret::new(BASE64URL_NOPAD.encode(self.0.expose_secret()))
    }

    /// The `token` of a link that resets a password, with the time at which it was asked for.
    #[must_use]
    pub fn to_token(&self, created_at: Timestamp) -> Secret<String> {
        let seconds = base36::spell(u64::try_from(created_at.unix_seconds()).unwrap_or(0));
        let secret = HEXLOWER.encode(self.0.expose_secret());
        Secret::new(format!("{seconds}-{secret}"))
    }
}

/// A code that somebody shows, and all that they claim with it. The store holds every claim
/// against its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedCode {
    /// What they want for it.
    pub purpose: CodePurpose,
    /// The hash of the secret that they showed.
    pub hash: CodeHash,
    /// Whose it is, where the link says so.
    pub user: Option<UserId>,
    /// When it was asked for, in Unix seconds, where the link says so.
    pub created_at_seconds: Option<i64>,
}

impl PresentedCode {
    /// Reads the `key` of a link for `purpose`.
    ///
    /// # Errors
    /// [`NotACode`] for all but the one spelling of 128 bits.
    pub fn parse_key(purpose: CodePurpose, key: &str) -> Result<Self, NotACode> {
        let mut secret = Secret::new([0; SECRET_BYTES]);
        // 22 characters carry 132 bits; the decoder refuses those whose last four are not zero.
        if key.len() != 22
            || BASE64URL_NOPAD.decode_mut(key.as_bytes(), secret.expose_secret_mut())
                != Ok(SECRET_BYTES)
        {
            return Err(NotACode);
        }
        Ok(Self {
            purpose,
            hash: OneTimeCode(secret).hash(),
            user: None,
            created_at_seconds: None,
        })
    }

    /// Reads the `token` of a link that resets the password of `user` ([`parse_uid`]).
    ///
    /// # Errors
    /// [`NotACode`] for all but the one spelling of a time and 128 bits.
    pub fn parse_token(user: UserId, token: &str) -> Result<Self, NotACode> {
        if token.len() > MAX_SECONDS_LENGTH + 1 + 2 * SECRET_BYTES {
            return Err(NotACode);
        }
        let (seconds, hex) = token.split_once('-').ok_or(NotACode)?;
        let seconds = base36::parse(seconds).ok_or(NotACode)?;
        let mut secret = Secret::new([0; SECRET_BYTES]);
        if hex.len() != 2 * SECRET_BYTES
            || HEXLOWER.decode_mut(hex.as_bytes(), secret.expose_secret_mut()) != Ok(SECRET_BYTES)
        {
            return Err(NotACode);
        }
        Ok(Self {
            purpose: CodePurpose::ResetPassword,
            hash: OneTimeCode(secret).hash(),
            user: Some(user),
            created_at_seconds: Some(seconds),
        })
    }
}

#[cfg(test)]
mod tests;
