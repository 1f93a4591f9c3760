//! Sessions: one login on one browser, and when it ends.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;

use crate::secret::Entropy;
use crate::user::PasswordVersion;
use crate::word::{find_word, word_of};
use crate::{Timestamp, UserId};

mod device_name;

/// A session's name: 128 random bits.
///
/// It is no credential: tokens that carry it are signed. It is random so that a name that was
/// never given out cannot be met by guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// A new name.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The name that has these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// 22 characters of base64url (RFC 4648 §5).
    #[must_use]
    pub fn to_ascii(&self) -> [u8; 22] {
        let mut text = [0; 22];
        BASE64URL_NOPAD.encode_mut(&self.0, &mut text);
        text
    }
}

impl fmt::Display for SessionId {
    /// As [`to_ascii`](Self::to_ascii).
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

/// The text is not the name of any session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id: 22 characters of base64url are wanted")]
pub struct ParseSessionIdError;

impl FromStr for SessionId {
    type Err = ParseSessionIdError;

    /// Reads what [`Display`](fmt::Display) writes; spare bits must be zero, so that one session
    /// has one spelling.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        if text.len() != 22 {
            return Err(ParseSessionIdError);
        }
        match BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(ParseSessionIdError),
        }
    }
}

/// How long a session may live (OWASP Session Management: idle and absolute timeout).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Since the last use.
    pub idle_timeout: Duration,
    /// Since the login. It never moves.
    pub absolute_timeout: Duration,
}

/// What `remember_me` said at login. It chooses the limits of the session, and whether its cookies
/// outlive the browser; the session keeps it for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RememberMe {
    /// Nothing: the normal timeouts, and cookies that outlive the browser.
    #[default]
    Unsaid,
    /// Yes: the longer timeouts, and cookies that outlive the browser.
    Yes,
    /// No: the normal timeouts, and cookies that end with the browser.
    No,
}

/// What a session was opened on, for its owner to recognise it by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// The client's address, as the trusted proxies tell it.
    pub address: String,
    /// The `User-Agent` header, cut to [`Device::MAX_USER_AGENT_CHARS`].
    pub user_agent: String,
}

impl Device {
    /// As much of a `User-Agent` as is kept: a row's size is an attacker's to choose otherwise.
    pub const MAX_USER_AGENT_CHARS: usize = 200;

    /// A device at `address` that calls itself `user_agent`. Controls are dropped.
    #[must_use]
    pub fn new(address: String, user_agent: &str) -> Self {
        let user_agent = user_agent
            .chars()
            .filter(|character| !character.is_control())
            .take(Self::MAX_USER_AGENT_CHARS)
            .collect();
        Self {
            address,
            user_agent,
        }
    }

    /// A name that its owner knows it by, such as `Firefox on Windows`. It is put together from
    /// words of ours alone and safe wherever it is shown; what the client wrote is not in it.
    #[must_use]
    pub fn name(&self) -> String {
        device_name::of(&self.user_agent)
    }
}

/// A session about to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its name, freshly generated: a presented one is never adopted (fixation, ASVS 5.0 §7.2.4).
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The password that the login was checked against.
    pub password_version: PasswordVersion,
    /// Its limits.
    pub lifetime: SessionLifetime,
    /// What the login said; `lifetime` is chosen by it already.
    pub remember_me: RememberMe,
    /// Where it was opened.
    pub device: Device,
}

/// A session as its owner and an operator see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// How long it may go unused.
    pub idle_timeout: Duration,
    /// The absolute end, fixed when it was opened.
    pub ends_at: Timestamp,
    /// What the login said.
    pub remember_me: RememberMe,
    /// Where it was opened.
    pub device: Device,
}

/// Why a session was ended before its time. Stored, so a variant's code never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeReason {
    /// Its owner logged out.
    Logout,
    /// Its owner ended it from another one, by the list of devices.
    LogoutDevice,
    /// Its owner logged out everywhere.
    LogoutAll,
    /// A login in the same browser took its place.
    Replaced,
    /// A login was one too many for its owner, and of their sessions it had been idle longest.
    Limit,
    /// A refresh token came back that two must hold a copy of.
    Reuse,
    /// The user's password changed.
    PasswordChanged,
    /// The owner of an address took it back from whoever had changed it.
    EmailReverted,
    /// The user was switched off.
    UserDisabled,
    /// The user was deleted.
    UserDeleted,
    /// An operator ended it.
    Operator,
}

impl RevokeReason {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Logout, "logout"),
        (Self::LogoutDevice, "logout_device"),
        (Self::LogoutAll, "logout_all"),
        (Self::Replaced, "replaced"),
        (Self::Limit, "limit"),
        (Self::Reuse, "reuse"),
        (Self::PasswordChanged, "password_changed"),
        (Self::EmailReverted, "email_reverted"),
        (Self::UserDisabled, "user_disabled"),
        (Self::UserDeleted, "user_deleted"),
        (Self::Operator, "operator"),
    ];

    /// The stable code that is stored and reported.
    #[must_use]
    pub fn code(self) -> &'static str {
        word_of(&Self::ALL, &self)
    }

    /// The reason that has this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        find_word(&Self::ALL, code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_has_one_spelling() {
        let id = SessionId::from_bytes([0xAB; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(text.parse(), Ok(id));
        for bad in [
            "",
            "x",
            &text[1..],
            &format!("{text}="),
            &text.replace('q', "+"),
        ] {
            assert_eq!(bad.parse::<SessionId>(), Err(ParseSessionIdError), "{bad}");
        }
        // The last character carries four spare bits: only zeros are canonical.
        let spare = format!("{}{}", &text[..21], 'x');
        assert_eq!(spare.parse::<SessionId>(), Err(ParseSessionIdError));
    }

    #[test]
    fn every_reason_has_its_own_code() {
        for (reason, code) in RevokeReason::ALL {
            assert_eq!(reason.code(), code);
            assert_eq!(RevokeReason::from_code(code), Some(reason));
        }
        assert_eq!(RevokeReason::from_code("boredom"), None);
    }

    #[test]
    fn a_hostile_user_agent_is_cut_and_cleaned() {
        let device = Device::new(
            "192.0.2.1".into(),
            &format!("a\r\nb\u{1b}[31m{}", "x".repeat(9000)),
        );
        assert!(device.user_agent.starts_with("ab[31mx"));
        assert_eq!(
            device.user_agent.chars().count(),
            Device::MAX_USER_AGENT_CHARS
        );
    }
}
