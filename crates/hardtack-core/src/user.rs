//! Users: who they are, and what makes two names the same.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

mod email;
mod name;

pub use email::EmailAddress;
pub use name::{CanonicalName, NameError, Username};

/// A user's number: the contract's `pk`, and the subject of every token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(i64);

impl UserId {
    /// The user numbered `id`.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn as_i64(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The text is not a user's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a user id: a whole number without sign or leading zeros is wanted")]
pub struct ParseUserIdError;

impl FromStr for UserId {
    type Err = ParseUserIdError;

    /// Reads the form that [`Display`](fmt::Display) writes, and no other: `+1` and `01` are
    /// refused, so that one user has one spelling inside tokens.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Self(text.parse().map_err(|_| ParseUserIdError)?);
        if id.0 >= 0 && id.to_string() == text {
            Ok(id)
        } else {
            Err(ParseUserIdError)
        }
    }
}

/// Counts a user's passwords. A session remembers the one it was opened under, and dies with it
/// (ASVS 5.0 §7.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PasswordVersion(pub u32);

/// May this user log in at all?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    /// Yes.
    Active,
    /// No: an operator switched the account off. Everything about it is kept.
    Disabled,
}

/// A user as the store knows it. The password hash is apart ([`crate::password`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The number that tokens carry.
    pub id: UserId,
    /// As the user writes it.
    pub username: Username,
    /// As the user writes it; may be empty.
    pub email: EmailAddress,
    /// When it was shown that mail to the address reaches the user, or an operator vouched for it.
    /// `None` when there is no address.
    pub email_verified_at: Option<Timestamp>,
    /// The language that they are written to in (BCP 47), if they have chosen one.
    pub language: Option<String>,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Active or disabled.
    pub state: UserState,
    /// Which password is in force.
    pub password_version: PasswordVersion,
    /// When the user was added.
    pub created_at: Timestamp,
    /// When the user last logged in with a credential; a refresh is no login.
    pub last_login_at: Option<Timestamp>,
}

/// How a person says who they are when logging in: by exactly one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginName {
    /// A user name, or an address in its place (docs/contract.md §4).
    NameOrEmail(CanonicalName),
    /// An address only.
    Email(CanonicalName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_has_one_spelling() {
        assert_eq!("17".parse::<UserId>().unwrap(), UserId::new(17));
        for bad in [
            "",
            "+1",
            "-1",
            "01",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
        ] {
            assert!(bad.parse::<UserId>().is_err(), "{bad:?}");
        }
    }
}
