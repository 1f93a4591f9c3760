//! Hashes that another system made, on their way in.
//!
//! What is let in here is verified at the user's next login, with the user waiting and a hashing
//! thread taken. So nothing is let in that could not be verified, or only at a cost that would
//! stop everybody else ([`Hasher::verify`](super::Hasher::verify) has the bounds).

use super::django::DjangoHash;
use super::phc::Argon2Hash;

/// Django's mark for "no password", which no password opens. A reset gives such a user one.
const UNUSABLE: &str = "!";

/// The kinds that can be verified, as other systems begin their strings.
const KINDS: [&str; 12] = [
    "pbkdf2_sha256$",
    "pbkdf2_sha1$",
    "argon2$",
    "bcrypt_sha256$",
    "bcrypt$",
    "scrypt$",
    "$argon2id$",
    "$argon2i$",
    "$argon2d$",
    "$2a$",
    "$2b$",
    "$2y$",
];

/// Why a string is not let in. The string is in none of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptHashError {
    /// Nothing here can verify it: an MD5, a plain SHA, a crypt(3) of another kind.
    #[error(
        "the password hash is of a kind that cannot be verified (PBKDF2, Argon2, bcrypt and scrypt can)"
    )]
    UnknownKind,
    /// The kind is known, and the rest is not what it should be, or asks for more time or memory
    /// than a login may take.
    #[error("the password hash is malformed, or costs more to verify than a login may")]
    Unreadable,
}

/// Takes a hash that another system made, and gives the string to store.
///
/// Django's strings stay as they are (docs/decisions/0002). PHC strings of Argon2 and plain bcrypt
/// strings become Django's form of the same: their makers, too, hashed the text as it was typed,
/// while our own strings are over its NFC form. The empty text and Django's `!…` are the mark for
/// "no password".
///
/// # Errors
/// [`AdoptHashError`].
pub fn adopt_hash(text: &str) -> Result<String, AdoptHashError> {
    if text.is_empty() || text.starts_with('!') {
        return Ok(UNUSABLE.to_owned());
    }
    if !KINDS.iter().any(|kind| text.starts_with(kind)) {
        return Err(AdoptHashError::UnknownKind);
    }
    let adopted = if text.starts_with("$argon2") {
        format!("argon2{text}")
    } else if text.starts_with("$2") {
        format!("bcrypt${text}")
    } else {
        text.to_owned()
    };
    let is_readable = match adopted.strip_prefix("argon2") {
        Some(phc) => Argon2Hash::parse(phc).is_some(),
        None => DjangoHash::parse(&adopted).is_some(),
    };
    if is_readable {
        Ok(adopted)
    } else {
        Err(AdoptHashError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HashCost, Hasher, Password, Verification};
    use super::*;

    const PHC: &str = "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$57YhOCP7L6uqW1yBS/rm06HmCbWvfNacJB/a7UmE30w";
    const PBKDF2: &str = "pbkdf2_sha256$1000000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn an_adopted_string_opens_to_its_password_and_wants_a_new_hash() {
        let bcrypt = bcrypt::hash("correct horse battery staple", 4).unwrap();
        let mut hasher = Hasher::new(HashCost::danger_cheap_for_tests());
        let password = Password::parse("correct horse battery staple".to_owned()).unwrap();
        let wrong = Password::parse("correct horse battery".to_owned()).unwrap();
        for (text, adopted) in [
            (PHC.to_owned(), format!("argon2{PHC}")),
            (format!("argon2{PHC}"), format!("argon2{PHC}")),
            (bcrypt.clone(), format!("bcrypt${bcrypt}")),
            (format!("bcrypt${bcrypt}"), format!("bcrypt${bcrypt}")),
        ] {
            assert_eq!(adopt_hash(&text).as_ref(), Ok(&adopted));
            assert_eq!(
                hasher.verify(&password, Some(&adopted)),
                Verification::RightButOutdated
            );
            assert_eq!(hasher.verify(&wrong, Some(&adopted)), Verification::Wrong);
        }
        assert_eq!(adopt_hash(PBKDF2).as_deref(), Ok(PBKDF2));
    }

    /// Our own strings are over the NFC form, others' over the text as it was typed.
    #[test]
    fn a_string_of_another_system_is_verified_against_the_text_as_typed() {
        let typed = "cafe\u{301} au lait";
        let bcrypt = adopt_hash(&bcrypt::hash(typed, 4).unwrap()).unwrap();
        let password = Password::parse(typed.to_owned()).unwrap();
        let mut hasher = Hasher::new(HashCost::danger_cheap_for_tests());
        assert_eq!(
            hasher.verify(&password, Some(&bcrypt)),
            Verification::RightButOutdated
        );
    }

    #[test]
    fn no_password_opens_the_mark_for_none() {
        let mut hasher = Hasher::new(HashCost::danger_cheap_for_tests());
        for mark in ["", "!", "!UBov8NLFGgUprtWpbnHf7ah7tflgRzWMfYjnHF9a"] {
            let adopted = adopt_hash(mark).unwrap();
            for text in ["", "!", mark] {
                let password = Password::parse(text.to_owned()).unwrap();
                assert_eq!(
                    hasher.verify(&password, Some(&adopted)),
                    Verification::Unusable
                );
            }
        }
    }

    /// An import that would let one login take the machine, or that nobody could ever open.
    #[test]
    fn what_is_dear_malformed_or_unknown_is_not_let_in() {
        for (text, error) in [
            (PHC.replace("m=64", "m=4194304"), AdoptHashError::Unreadable),
            (PHC.replace("t=2", "t=1000"), AdoptHashError::Unreadable),
            (
                PBKDF2.replace("1000000", "900000000"),
                AdoptHashError::Unreadable,
            ),
            (
                "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".to_owned(),
                AdoptHashError::Unreadable,
            ),
            (
                format!("scrypt$1073741824$salt$8$1${}", "A".repeat(88)),
                AdoptHashError::Unreadable,
            ),
            ("$2b$12$short".to_owned(), AdoptHashError::Unreadable),
            ("pbkdf2_sha256$".to_owned(), AdoptHashError::Unreadable),
            ("argon2$".to_owned(), AdoptHashError::Unreadable),
            (format!("{PBKDF2}\n"), AdoptHashError::Unreadable),
            (
                "md5$salt$0cc175b9c0f1b6a831c399e269772661".to_owned(),
                AdoptHashError::UnknownKind,
            ),
            (
                "$6$rounds=5000$salt$hash".to_owned(),
                AdoptHashError::UnknownKind,
            ),
            (
                "correct horse battery staple".to_owned(),
                AdoptHashError::UnknownKind,
            ),
            (format!(" {PBKDF2}"), AdoptHashError::UnknownKind),
        ] {
            assert_eq!(adopt_hash(&text), Err(error), "{text}");
            assert!(!error.to_string().contains("salt"));
        }
    }
}
