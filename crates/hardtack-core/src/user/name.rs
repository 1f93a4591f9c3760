//! User names, and what makes two names the same.

use unicode_normalization::UnicodeNormalization;

use super::EmailAddress;

/// The form in which names and addresses are compared: NFKC, case folded, NFKC again, and the
/// domain of what could be an address as the DNS has it (UTS 46: `exämple.de` and
/// `xn--exmple-cua.de` are one host, so one mailbox).
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
        // until nothing changes (Unicode §3.13 gives two rounds as enough). What is folded is taken
        // apart first: U+0345 becomes a letter, and the marks that belong before it would otherwise
        // stand behind it (D145).
        let fold = |text: &str| caseless::default_case_fold_str(&text.nfkd().collect::<String>());
        let mut folded = fold(&with_unicode_domain(text));
        loop {
            let again = fold(&folded);
            if again == folded {
                return Self(with_ascii_domain(folded.nfkc().collect()));
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

/// What follows the last `@` as people read it, if it is written as the DNS has it: only then does
/// folding see the letters.
fn with_unicode_domain(text: &str) -> String {
    let normal: String = text.nfkc().collect();
    if let Some((local, domain)) = normal.rsplit_once('@')
        && domain.to_ascii_lowercase().contains("xn--")
        && let (domain, Ok(())) = idna::domain_to_unicode(domain)
    {
        return format!("{local}@{domain}");
    }
    normal
}

/// What follows the last `@` as the DNS has it, if it could have it.
fn with_ascii_domain(text: String) -> String {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return text;
    };
    // Nearly every domain is itself, and a user name need not end in a domain at all.
    if domain.is_ascii() {
        return text;
    }
    match idna::domain_to_ascii(domain) {
        Ok(domain) => format!("{local}@{domain}"),
        Err(_) => text,
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

/// Letters and digits of every script, but the letters that show nothing: with them two names that
/// differ look the same. They are the default-ignorable code points among the letters
/// (`DerivedCoreProperties.txt`); other invisible characters are no letters.
pub(super) fn is_visible_letter_or_digit(character: char) -> bool {
    character.is_alphanumeric()
        && !matches!(
            character,
            '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
        )
}

/// A user name: 1 to 150 characters, letters, digits and `@ . + - _` (docs/contract.md §4).
///
/// Letters of every script are letters; controls, bidirectional marks, zero-width and other
/// invisible characters are not, so a name cannot hide what it says. Letters of two scripts that
/// look alike stay two letters, as they are in addresses.
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
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(NameError::TooLong);
        }
        // The stored name is NFKC already, as Django stores it, so that what is shown is what is compared.
        let normal: String = text.nfkc().collect();
        // Compatibility forms may expand: one ligature can become eighteen letters.
        if normal.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        let allowed =
            |character| is_visible_letter_or_digit(character) || "@.+-_".contains(character);
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

    /// Could it be somebody's address? Whoever gives themselves such a name must have that
    /// address: otherwise they take the name that its owner will log in by (CVE-2026-19607).
    #[must_use]
    pub fn is_address(&self) -> bool {
        // Folding may bring a text within the bounds of an address, or out of them.
        [self.as_str(), self.canonical().as_str()]
            .into_iter()
            .any(|text| EmailAddress::parse(text).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("a@EXÄMPLE.de", "A@xn--exmple-cua.de"),
            ("a＠ｅxample.com", "a@example.com"),
            // Two hosts to the DNS, one to the eye: neither may be registered beside the other.
            ("a@straße.de", "a@strasse.de"),
            ("a@xn--strae-oqa.de", "a@STRASSE.de"),
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
        for (one, other) in [
            ("mıke@example.org", "mike@example.org"),
            ("mike@gıthub.com", "mike@github.com"),
            // A look-alike of another script, in the name and in the host.
            ("\u{430}lice", "alice"),
            ("a@ex\u{430}mple.com", "a@example.com"),
        ] {
            assert_ne!(CanonicalName::of(one), CanonicalName::of(other), "{one}");
        }
    }

    #[test]
    fn a_canonical_form_is_its_own_canonical_form() {
        for text in [
            "ǰ",
            "ᾳ",
            "İ",
            "\u{345}\u{301}",
            "ﬀ",
            "Ω",
            "ſt",
            "a@ﬀ.de",
            "@xn--",
            "a@xn--a",
            "a@\u{200d}b.ü",
        ] {
            let once = CanonicalName::of(text);
            assert_eq!(CanonicalName::of(once.as_str()), once, "{text:?}");
        }
    }

    #[test]
    fn a_username_has_letters_digits_and_five_signs() {
        for good in ["alice", "a.b+c-d_e@f", "用户", "علی", "x9", "ÀÉ"] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for (bad, error) in [
            ("", NameError::Empty),
            ("a b", NameError::Character),
            ("a\u{200b}b", NameError::Character), // zero width space
            ("a\u{200d}b", NameError::Character), // zero width joiner
            ("a\u{202e}b", NameError::Character), // right-to-left override
            ("a\u{2066}b", NameError::Character), // left-to-right isolate
            ("a\u{ad}b", NameError::Character),   // soft hyphen
            ("a\u{3164}", NameError::Character),  // Hangul filler, a letter of no width
            ("a\u{ffa0}", NameError::Character),  // the same at half width
            ("a\u{115f}", NameError::Character),
            ("a\u{e0041}", NameError::Character), // a tag
            ("a\u{fe0f}", NameError::Character),  // a variation selector
            ("a\0", NameError::Character),
            ("a/b", NameError::Character),
            ("id:12", NameError::Character), // how the command line writes a number
        ] {
            assert_eq!(Username::parse(bad), Err(error), "{bad:?}");
        }
        assert!(Username::parse(&"x".repeat(150)).is_ok());
        assert_eq!(Username::parse(&"x".repeat(151)), Err(NameError::TooLong));
        assert_eq!(Username::parse(&"ﷺ".repeat(20)), Err(NameError::TooLong));
    }

    #[test]
    fn a_name_that_could_be_an_address_is_told_from_one_that_cannot() {
        for (name, is_address) in [
            ("alice@example.com", true),
            ("Alice@EXÄMPLE.de", true),
            ("a@localhost", true),
            ("alice", false),
            ("alice@home", false),
            ("alice@example_.com", false),
            ("@", false),
        ] {
            let name = Username::parse(name).unwrap();
            assert_eq!(name.is_address(), is_address, "{name:?}");
        }
        // 64 bytes is the most of a local part, and this one folds to 60.
        let name = Username::parse(&format!("{}@example.com", "ẞ".repeat(30))).unwrap();
        assert!(name.is_address());
    }

    proptest! {
        /// What `GET user/` shows can be `PUT` back, and is the same name then.
        #[test]
        fn a_name_that_was_shown_can_be_given_back(text in "\\PC{1,40}|[\\w.@+-]{1,40}|\\PC{0,4}@\\PC{1,6}\\.\\w{1,4}|a@xn--[a-z0-9-]{1,9}") {
            let canonical = CanonicalName::of(&text);
            prop_assert_eq!(&CanonicalName::of(canonical.as_str()), &canonical);
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(name.canonical(), canonical);
            }
        }

        #[test]
        fn no_name_hides_a_character(text in "[a-z]{0,3}\\PC[a-z]{0,3}|[a-z]\\p{Cf}[a-z]|[a-z]\\p{Lo}") {
            if let Ok(name) = Username::parse(&text) {
                for character in name.as_str().chars() {
                    prop_assert!(is_visible_letter_or_digit(character) || "@.+-_".contains(character));
                }
            }
        }

        /// CVE-2026-19607: no name is compared like an address without being taken for one.
        #[test]
        fn a_name_that_is_compared_like_an_address_is_one(
            address in "[a-zA-Zäßẞı.]{1,12}@[a-zA-Zäüß-]{1,10}\\.(com|de|中国)",
            upper in any::<bool>(),
        ) {
            let spelt = if upper { address.to_uppercase() } else { address.clone() };
            if let (Ok(address), Ok(name)) = (EmailAddress::parse(&address), Username::parse(&spelt))
                && address.canonical() == Some(name.canonical())
            {
                prop_assert!(name.is_address(), "{name:?}");
            }
        }
    }
}
