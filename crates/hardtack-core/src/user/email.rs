//! E-mail addresses, as they are stored and as they are compared.
//!
//! **Which address is written to.** The one that was stored, never the one that somebody typed:
//! two texts that are compared as equal may still be two mailboxes to their server
//! (CVE-2019-19844). The local part is kept in the case it came in, for some servers care; the
//! domain may be written in Unicode or as the DNS has it, and is one domain to us.

use unicode_normalization::UnicodeNormalization;

use super::name::is_visible_letter_or_digit;
use super::{CanonicalName, NameError};

/// An e-mail address, or none: `local@domain`, at most 254 characters (RFC 5321 §4.5.3.1.3).
///
/// The shape is checked, not the grammar: whether an address works is shown by a mail that
/// arrives. What could leave a mail header (controls, spaces, angle brackets) never gets in, and
/// neither does what nobody can see. Letters outside ASCII are letters in both parts (RFC 6531).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The longest address that SMTP can carry.
    pub const MAX_CHARS: usize = 254;

    /// Takes `text` as an address, and keeps its NFKC form: a keyboard in full-width mode writes
    /// the same address in other letters. The empty text is [`EmailAddress::none`].
    ///
    /// # Errors
    /// [`NameError::TooLong`] or [`NameError::Shape`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Ok(Self::none());
        }
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(NameError::TooLong);
        }
        let normal: String = text.nfkc().collect();
        if normal.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(NameError::TooLong);
        }
        let (local, domain) = normal.rsplit_once('@').ok_or(NameError::Shape)?;
        if is_local_part(local) && is_domain(domain) {
            Ok(Self(normal))
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

    /// As a mail server wants it: the domain as the DNS has it, so that only a local part outside
    /// ASCII needs SMTPUTF8 (RFC 6531 §3.1).
    #[must_use]
    pub fn for_smtp(&self) -> String {
        let ascii = self.0.rsplit_once('@').and_then(|(local, domain)| {
            let domain = idna::domain_to_ascii(domain).ok()?;
            Some(format!("{local}@{domain}"))
        });
        ascii.unwrap_or_else(|| self.0.clone())
    }

    /// As it is compared; `None` when there is no address.
    #[must_use]
    pub fn canonical(&self) -> Option<CanonicalName> {
        (!self.is_none()).then(|| CanonicalName::of(&self.0))
    }
}

fn is_local_part(local: &str) -> bool {
    let allowed = |character| {
        is_visible_letter_or_digit(character) || "!#$%&'*+-/=?^_`{|}~.".contains(character)
    };
    // 64 octets, RFC 5321 §4.5.3.1.1.
    local.len() <= 64 && local.chars().all(allowed) && local.split('.').all(|atom| !atom.is_empty())
}

/// A name of two labels or more that the DNS could have.
fn is_domain(domain: &str) -> bool {
    // In Unicode and as the DNS has it, which begins every label that needs it with `xn--`.
    let ends_well =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let is_label = |label: &str| {
        ends_well(label)
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let shows_itself = domain
        .chars()
        .all(|character| is_visible_letter_or_digit(character) || "-.".contains(character));
    if !shows_itself || !domain.split('.').all(ends_well) {
        return false;
    }
    // Refuses what no registry could have given out: labels whose `xn--` means nothing, and texts
    // that run in both directions (UTS 46 §4.1).
    let Ok(ascii) = idna::domain_to_ascii(domain) else {
        return false;
    };
    domain == "localhost" || (ascii.contains('.') && ascii.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_cannot_carry_a_header() {
        for good in [
            "a@example.com",
            "a.b+c@sub.example.com",
            "a@localhost",
            "ü@exämple.de",
            "a@xn--exmple-cua.de",
            "用户@例子.中国",
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
            "a@example.com\n",
            "a@exa mple.com",
            "<a@example.com>",
            "a@-x.com",
            "a@-ß.com",
            "a@ß-.com",
            "a..b@example.com",
            "a@b@example.com",
            "a\0@example.com",
            "a@example..com",
            "a@example.com.",
            "a@.example.com",
            "a@[127.0.0.1]",
            "\"a b\"@example.com",
            "a,b@example.com",
            "a@exam_ple.com",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(NameError::Shape), "{bad:?}");
        }
        for bytes in [300, 10_240, 1_000_000] {
            let long = format!("{}@example.com", "a".repeat(bytes));
            assert_eq!(EmailAddress::parse(&long), Err(NameError::TooLong));
        }
        let long_local = format!("{}@example.com", "ä".repeat(33));
        assert_eq!(EmailAddress::parse(&long_local), Err(NameError::Shape));
    }

    #[test]
    fn an_address_hides_nothing() {
        for bad in [
            "a\u{200b}@example.com",
            "a\u{200d}@example.com",
            "\u{202e}a@example.com",
            "a\u{2066}@example.com",
            "a\u{ad}@example.com",
            "a\u{3164}@example.com",
            "a@exam\u{200b}ple.com",
            "a@exam\u{ad}ple.com",
            "a@example\u{3164}.com",
            "a@example。com", // a full stop to the DNS, and none to a reader of headers
            "a@exa\u{2215}mple.com", // a slash
            "ﷺ@example.com",  // spaces, once it is normal
            "a@xn--a.com",    // no punycode
            "a@אa.com",       // in both directions
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(NameError::Shape), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_kept_as_it_is_shown_and_compared_as_the_network_has_it() {
        for (typed, kept, canonical, for_smtp) in [
            (
                "Ann@Example.COM",
                "Ann@Example.COM",
                "ann@example.com",
                "Ann@example.com",
            ),
            (
                "ａnn＠ｅxample.com",
                "ann@example.com",
                "ann@example.com",
                "ann@example.com",
            ),
            (
                "u\u{308}@exämple.de",
                "ü@exämple.de",
                "ü@xn--exmple-cua.de",
                "ü@xn--exmple-cua.de",
            ),
            (
                "a@XN--EXMPLE-CUA.de",
                "a@XN--EXMPLE-CUA.de",
                "a@xn--exmple-cua.de",
                "a@xn--exmple-cua.de",
            ),
            (
                "a@straße.de",
                "a@straße.de",
                "a@strasse.de",
                "a@xn--strae-oqa.de",
            ),
        ] {
            let address = EmailAddress::parse(typed).unwrap();
            assert_eq!(address.as_str(), kept);
            assert_eq!(address.canonical().unwrap().as_str(), canonical);
            assert_eq!(address.for_smtp(), for_smtp);
        }
        assert_eq!(EmailAddress::none().canonical(), None);
        assert_eq!(EmailAddress::none().for_smtp(), "");
    }

    proptest! {
        #[test]
        fn an_address_that_was_shown_can_be_given_back(text in "\\PC{1,20}@\\PC{1,20}|[\\w.+-]{1,20}@[\\w-]{1,12}\\.[a-z]{2,3}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address.clone()));
                prop_assert_eq!(address.canonical(), Some(CanonicalName::of(&text)));
                prop_assert!(!address.as_str().chars().any(|character| character.is_control() || character.is_whitespace()));
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
            }
        }

        /// One host has two spellings, and its mailboxes one owner each.
        #[test]
        fn a_domain_in_unicode_and_in_ascii_is_one_domain(label in "[a-zäöüßéñç0-9]{1,12}|[α-ως]{1,8}|[а-я]{1,10}|[一-龥]{1,8}") {
            let unicode = format!("a@{label}.example");
            if let Ok(address) = EmailAddress::parse(&unicode) {
                let ascii = EmailAddress::parse(&address.for_smtp());
                prop_assert!(ascii.is_ok(), "{}", address.for_smtp());
                prop_assert_eq!(ascii.unwrap().canonical(), address.canonical());
            }
        }
    }
}
