//! Making and verifying hashes, with memory that is kept.

use std::fmt;

use argon2::{Argon2, Block};
use subtle::ConstantTimeEq;

use super::django::DjangoHash;
use super::phc::{Argon2Hash, SALT_BYTES};
use super::{HashCost, Password};
use crate::Entropy;

/// Hashes and verifies passwords. One for each thread that does so.
///
/// The memory of one Argon2 hash is allocated at the first use and kept: asking the system for
/// 19 MiB at every login costs more than a twentieth of the hash. It is not wiped in between; who
/// can read it can read the passwords in the requests as well.
pub struct Hasher {
    cost: HashCost,
    blocks: Vec<Block>,
    /// What is verified for a user who does not exist. No password opens it: its tag is all zeros.
    nobody: String,
    /// Where on the stack each hash was computed.
    #[cfg(test)]
    computed_at: Vec<usize>,
}

/// What a stored string says about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// It is the password.
    Right,
    /// It is the password, and the string is not one that would be made today: hash it again.
    RightButOutdated,
    /// It is another password.
    Wrong,
    /// No password opens this: the string is Django's mark for "none", malformed, of a kind we do
    /// not know, or would cost more than we are ready to spend on one login.
    Unusable,
}

/// A hash could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The system gives no memory for it. Safe to retry.
    #[error("no memory for a password hash")]
    OutOfMemory,
}

impl Hasher {
    /// A hasher that makes hashes of `cost`. It takes no memory yet.
    #[must_use]
    pub fn new(cost: HashCost) -> Self {
        let nobody = Argon2Hash::blank(cost, [0; SALT_BYTES]);
        Self {
            cost,
            blocks: Vec::new(),
            nobody: nobody.map_or_else(String::new, |hash| hash.to_string()),
            #[cfg(test)]
            computed_at: Vec::new(),
        }
    }

    /// Memory that is kept between calls, in bytes.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.blocks.capacity() * Block::SIZE
    }

    /// Hashes `password` with a fresh salt, as an Argon2id PHC string (RFC 9106; the format is the
    /// PHC string format specification's).
    ///
    /// Takes tens of milliseconds of processor time by design: never on a thread that serves
    /// others.
    ///
    /// # Errors
    /// [`HashError::OutOfMemory`].
    pub fn hash(
        &mut self,
        password: &Password,
        entropy: &dyn Entropy,
    ) -> Result<String, HashError> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        let mut hash = Argon2Hash::blank(self.cost, salt).ok_or(HashError::OutOfMemory)?;
        hash.tag = self
            .argon2(&hash, password.expose_secret())
            .ok_or(HashError::OutOfMemory)?;
        Ok(hash.to_string())
    }

    /// Says whether `password` is the one that `stored` was made of; `None` stands for a user who
    /// does not exist, and is [`Verification::Unusable`].
    ///
    /// Reads our own strings and every other Argon2 PHC string (made over the NFC form), and
    /// Django's (made over the text as typed). What a string may cost is bounded, whoever wrote it.
    ///
    /// Where no password can be right, a wrong one is verified at today's cost, or the time of the
    /// answer would tell who exists (docs/threat-model.md AU-4). Strings of another kind or cost take
    /// another time until their users have logged in once and [`Verification::RightButOutdated`] has
    /// been acted upon.
    pub fn verify(&mut self, password: &Password, stored: Option<&str>) -> Verification {
        let read = stored.and_then(Stored::read);
        let is_usable = read.is_some();
        // From here on one way for both, and not one call for each: where on the stack the hash is
        // computed moves its time by as much as two in a hundred, for that decides whether what it
        // keeps there shares the low bits of its addresses with the blocks that it reads.
        let Some(read) = read.or_else(|| Stored::read(&self.nobody)) else {
            return Verification::Unusable;
        };
        let (hash, text, age) = match read {
            Stored::Argon2(hash) if hash.is_todays(self.cost) => {
                (hash, password.expose_secret(), Age::Todays)
            }
            Stored::Argon2(hash) => (hash, password.expose_secret(), Age::Outdated),
            Stored::DjangoArgon2(hash) => (hash, password.expose_typed(), Age::Outdated),
            Stored::Django(hash) if hash.is_of(password.expose_typed()) => {
                return Verification::RightButOutdated;
            }
            Stored::Django(_) => return Verification::Wrong,
        };
        match self.is_argon2_of(&hash, text) {
            _ if !is_usable => Verification::Unusable,
            Some(true) => match age {
                Age::Todays => Verification::Right,
                Age::Outdated => Verification::RightButOutdated,
            },
            Some(false) => Verification::Wrong,
            None => self.verify(password, None),
        }
    }

    /// `None` when there is no memory for it.
    fn is_argon2_of(&mut self, hash: &Argon2Hash, text: &str) -> Option<bool> {
        let tag = self.argon2(hash, text)?;
        Some(tag.ct_eq(&hash.tag).into())
    }

    /// The tag of `text` under everything else in `hash`.
    fn argon2(&mut self, hash: &Argon2Hash, text: &str) -> Option<Vec<u8>> {
        let wanted = hash.params.block_count();
        let mut tag = vec![0; hash.tag.len()];
        #[cfg(test)]
        self.computed_at.push((&raw const tag).addr());
        let argon2 = Argon2::new(hash.algorithm, hash.version, hash.params.clone());
        // An imported string may want more than ours do. That is given back at once, or every
        // thread would end up with the dearest string's memory.
        let mut borrowed = Vec::new();
        let blocks = if wanted > self.cost.memory_kib() as usize {
            &mut borrowed
        } else {
            &mut self.blocks
        };
        if blocks.len() < wanted {
            blocks.try_reserve_exact(wanted - blocks.len()).ok()?;
            blocks.resize(wanted, Block::new());
        }
        argon2
            .hash_password_into_with_memory(text.as_bytes(), &hash.salt, &mut tag, blocks)
            .ok()?;
        Some(tag)
    }
}

/// Would a string be made like this today?
enum Age {
    Todays,
    Outdated,
}

/// A string that some password may open.
enum Stored<'text> {
    /// Made over the NFC form.
    Argon2(Argon2Hash),
    /// Made over the text as typed, like all that is Django's.
    DjangoArgon2(Argon2Hash),
    Django(DjangoHash<'text>),
}

impl<'text> Stored<'text> {
    fn read(text: &'text str) -> Option<Self> {
        if let Some(hash) = Argon2Hash::parse(text) {
            return Some(Self::Argon2(hash));
        }
        match text.strip_prefix("argon2") {
            Some(phc) => Argon2Hash::parse(phc).map(Self::DjangoArgon2),
            None => DjangoHash::parse(text).map(Self::Django),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hasher")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip(1..) {
                *byte = value;
            }
        }
    }

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    fn cheap() -> Hasher {
        Hasher::new(HashCost::danger_cheap_for_tests())
    }

    #[test]
    fn a_hash_opens_to_its_password_and_to_no_other() {
        let mut hasher = cheap();
        let stored = hasher.hash(&password("right"), &Counting).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"),
            "{stored}"
        );
        assert_eq!(
            hasher.verify(&password("right"), Some(&stored)),
            Verification::Right
        );
        for other in ["Right", "right ", " right", "", "righ", "rightright"] {
            assert_eq!(
                hasher.verify(&password(other), Some(&stored)),
                Verification::Wrong,
                "{other:?}"
            );
        }
    }

    /// The one test at the real cost: what every login pays.
    #[test]
    fn the_default_cost_makes_the_string_of_the_specification() {
        let mut hasher = Hasher::new(HashCost::default());
        let stored = hasher.hash(&password("right"), &Counting).unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$AQIDBAUGBwgJCgsMDQ4PEA$"),
            "{stored}"
        );
        assert_eq!(
            hasher.verify(&password("right"), Some(&stored)),
            Verification::Right
        );
    }

    #[test]
    fn a_password_verifies_in_either_unicode_spelling() {
        let mut hasher = cheap();
        let stored = hasher.hash(&password("cafe\u{301}"), &Counting).unwrap();
        assert_eq!(
            hasher.verify(&password("caf\u{e9}"), Some(&stored)),
            Verification::Right
        );
    }

    /// Okta 2024: a hash that looks at the first 72 bytes only.
    #[test]
    fn every_byte_of_a_long_password_counts() {
        let mut hasher = cheap();
        let stored = hasher
            .hash(&password(&("x".repeat(127) + "y")), &Counting)
            .unwrap();
        let other = password(&("x".repeat(127) + "z"));
        assert_eq!(hasher.verify(&other, Some(&stored)), Verification::Wrong);
    }

    #[test]
    fn a_hash_of_another_cost_is_outdated() {
        let stored = cheap().hash(&password("right"), &Counting).unwrap();
        let mut dearer = Hasher::new(HashCost {
            memory_kib: 128,
            ..HashCost::danger_cheap_for_tests()
        });
        assert_eq!(
            dearer.verify(&password("right"), Some(&stored)),
            Verification::RightButOutdated
        );
        assert_eq!(
            dearer.verify(&password("wrong"), Some(&stored)),
            Verification::Wrong
        );
    }

    /// Made by the reference implementation (argon2-cffi), so that we agree with others and not
    /// only with ourselves.
    #[test]
    fn strings_of_the_reference_implementation_verify() {
        for stored in [
            "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$57YhOCP7L6uqW1yBS/rm06HmCbWvfNacJB/a7UmE30w",
            "$argon2i$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$uk1V4vYd4fZF6AH6e1jQCUKQF3mXRN4eZI0W2NXJgIE",
            "$argon2d$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$hPty2pG2PWJMmeLGklol0U5771dEW12GwnM5qz1bkMI",
            "$argon2id$v=16$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$LxHBkgPoc8qW0O1EBOyJ7zU8GVmUULsbf+BzvAgCr2Q",
        ] {
            assert_eq!(
                cheap().verify(&password("correct horse battery staple"), Some(stored)),
                Verification::RightButOutdated,
                "{stored}"
            );
        }
    }

    /// User enumeration by time (docs/threat-model.md AU-4): the memory shows that the hash was computed.
    #[test]
    fn nobody_and_an_unusable_string_cost_one_hash() {
        let mut hasher = cheap();
        assert_eq!(hasher.kept_bytes(), 0);
        let nobody = hasher.verify(&password("anything"), None);
        assert_eq!(nobody, Verification::Unusable);
        assert_eq!(hasher.kept_bytes(), 64 * 1024);

        let mut hasher = cheap();
        assert_eq!(
            hasher.verify(
                &password("anything"),
                Some("!UBov8NLFGgUprtWpbnHf7ah7tflgRzWMfYjnHF9a")
            ),
            Verification::Unusable
        );
        assert_eq!(hasher.kept_bytes(), 64 * 1024);
    }

    /// User enumeration by time (docs/threat-model.md AU-4): the same hash takes another time
    /// elsewhere on the stack.
    #[test]
    fn the_hash_for_nobody_is_computed_where_a_users_is() {
        let mut hasher = cheap();
        let stored = hasher.hash(&password("right"), &Counting).unwrap();
        hasher.computed_at.clear();
        for stored in [Some(stored.as_str()), None, Some("!"), Some(&stored)] {
            assert_ne!(
                hasher.verify(&password("wrong"), stored),
                Verification::Right
            );
        }
        let first = hasher.computed_at[0];
        assert_eq!(hasher.computed_at, [first; 4]);
    }

    #[test]
    fn the_memory_of_a_dearer_string_is_given_back() {
        let stored = Hasher::new(HashCost {
            memory_kib: 1024,
            ..HashCost::danger_cheap_for_tests()
        })
        .hash(&password("right"), &Counting)
        .unwrap();
        let mut hasher = cheap();
        assert_eq!(
            hasher.verify(&password("right"), Some(&stored)),
            Verification::RightButOutdated
        );
        assert_eq!(hasher.kept_bytes(), 0);
    }
}
