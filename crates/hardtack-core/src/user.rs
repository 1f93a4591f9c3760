//! Users: who they are, and what makes two names the same.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::Timestamp;

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

/// The form in which names and addresses are compared: NFKC, case folded, NFKC again.
///
/// One form for storing, searching and throttling closes the door on look-alikes of one account
/// (CVE-2019-19844: `ı` against `i`, the Kelvin sign against `k`). Only made by [`CanonicalName::of`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalName(String);

impl CanonicalName {
    /// The canonical form of any text. It is idempotent and total; whether a text is acceptable as
    /// a new name is [`Username`]'s and [`EmailAddress`]'s question.
    #[must_use]
    pub fn of(text: &str) -> Self {
        // Folding can undo normal form and normalising can bring back cased letters, so both run
        // until nothing changes (Unicode §3.13 gives two rounds as enough).
        let fold = |text: &str| caseless::default_case_fold_str(&text.nfkc().collect::<String>());
        let mut folded = fold(text);
        loop {
            let again = fold(&folded);
            if again == folded {
                return Self(folded.nfkc().collect());
            }
            folded = again;
        }
    }

    /// The text to store and compare.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text cannot be a name. The words shown to people live in `http/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing in it.
    #[error("a name may not be empty")]
    Empty,
    /// More characters than [`Username::MAX_CHARS`] or [`EmailAddress::MAX_CHARS`].
    #[error("the name is too long")]
    TooLong,
    /// A character outside the rule.
    #[error("the name has a character that is not allowed")]
    Character,
    /// Not the shape of an address.
    #[error("not an e-mail address")]
    Shape,
}

/// A user name: 1 to 150 characters, letters, digits and `@ . + - _` (docs/contract.md §4).
///
/// Letters of every script are letters; controls, bidirectional marks and zero-width characters
/// are not, so a name cannot hide what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The contract's limit, in characters.
    pub const MAX_CHARS: usize = 150;

    /// Takes `text` as a new name.
    ///
    /// # Errors
    /// [`NameError::Empty`], [`NameError::TooLong`] or [`NameError::Character`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        let allowed = |character: char| character.is_alphanumeric() || "@.+-_".contains(character);
        // The stored name is NFKC already, as Django stores it, so that what is shown is what is compared.
        let normal: String = text.nfkc().collect();
        // Compatibility forms may expand: one ligature can become eighteen letters.
        if normal.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if normal.chars().all(allowed) {
            Ok(Self(normal))
        } else {
            Err(NameError::Character)
        }
    }

    /// A name that was parsed before it was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// As the user writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    #[must_use]
    pub fn canonical(&self) -> CanonicalName {
        CanonicalName::of(&self.0)
    }
}

/// An e-mail address, or none: `local@domain`, at most 254 characters (RFC 5321 §4.5.3.1.3).
///
/// The shape is checked, not the grammar: whether an address works is shown by a mail that
/// arrives. What could leave a mail header (controls, spaces, angle brackets) never gets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The longest address that SMTP can carry.
    pub const MAX_CHARS: usize = 254;

    /// Takes `text` as an address. The empty text is [`EmailAddress::none`].
    ///
    /// # Errors
    /// [`NameError::TooLong`] or [`NameError::Shape`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Ok(Self::none());
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NameError::Shape)?;
        let local_allowed = |character: char| {
            character.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character)
        };
        let label_allowed = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .chars()
                    .all(|character| character.is_alphanumeric() || character == '-')
        };
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(local_allowed)
            && local.split('.').all(|atom| !atom.is_empty());
        let domain_fits =
            domain == "localhost" || (domain.contains('.') && domain.split('.').all(label_allowed));
        if local_fits && domain_fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Shape)
        }
    }

    /// No address.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// An address that was parsed before it was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Is there none?
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// As the user writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared; `None` when there is no address.
    #[must_use]
    pub fn canonical(&self) -> Option<CanonicalName> {
        (!self.is_none()).then(|| CanonicalName::of(&self.0))
    }
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
    fn spellings_of_one_name_have_one_canonical_form() {
        for (one, other) in [
            ("Alice", "alice"),
            ("STRASSE", "straße"),
            ("\u{212A}elvin", "kelvin"), // the Kelvin sign
            ("ｆｕｌｌ", "full"),        // full width
            ("ﬁsh", "fish"),             // a ligature
            ("e\u{301}", "é"),           // combining accent
        ] {
            assert_eq!(
                CanonicalName::of(one),
                CanonicalName::of(other),
                "{one} {other}"
            );
        }
    }

    /// CVE-2019-19844: a password reset for the dotless `ı` must not reach the account of `i`.
    #[test]
    fn the_dotless_i_is_another_letter() {
        assert_ne!(
            CanonicalName::of("mıke@example.org"),
            CanonicalName::of("mike@example.org")
        );
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form() {
        for text in ["ǰ", "ᾳ", "İ", "\u{345}\u{301}", "ﬀ", "Ω", "ſt"] {
            let once = CanonicalName::of(text);
            assert_eq!(CanonicalName::of(once.as_str()), once, "{text:?}");
        }
    }

    #[test]
    fn a_username_has_letters_digits_and_five_signs() {
        for good in ["alice", "a.b+c-d_e@f", "用户", "علی", "x9"] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for (bad, error) in [
            ("", NameError::Empty),
            ("a b", NameError::Character),
            ("a\u{200b}b", NameError::Character), // zero width space
            ("a\u{202e}b", NameError::Character), // right-to-left override
            ("a\0", NameError::Character),
            ("a/b", NameError::Character),
        ] {
            assert_eq!(Username::parse(bad), Err(error), "{bad:?}");
        }
        assert!(Username::parse(&"x".repeat(150)).is_ok());
        assert_eq!(Username::parse(&"x".repeat(151)), Err(NameError::TooLong));
    }

    #[test]
    fn an_address_cannot_carry_a_header() {
        for good in [
            "a@example.com",
            "a.b+c@sub.example.com",
            "a@localhost",
            "ü@exämple.de",
            "",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "a",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@example.com\r\nBcc: x@y.z",
            "a@exa mple.com",
            "<a@example.com>",
            "a@-x.com",
            "a..b@example.com",
            "a@b@example.com",
            "a\0@example.com",
            "a@example..com",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(NameError::Shape), "{bad:?}");
        }
    }

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
