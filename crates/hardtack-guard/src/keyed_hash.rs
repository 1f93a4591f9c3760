//! A hash whose key is drawn when it is made.

use std::hash::{BuildHasher, RandomState};

use foldhash::quality::FixedState;

/// Hashes what strangers choose at most in part: session ids and signatures, which are as good as
/// random. The key keeps them from picking two that meet; a cryptographic hash, three times the
/// price, would only make it harder to guess the key from the time that answers take.
#[derive(Debug, Clone)]
pub(crate) struct KeyedHash(FixedState);

impl KeyedHash {
    pub(crate) fn new() -> Self {
        // The standard library's keys come from the system's randomness.
        Self(FixedState::with_seed(RandomState::new().hash_one(())))
    }

    pub(crate) fn of<const N: usize>(&self, bytes: &[u8; N]) -> u64 {
        self.0.hash_one(bytes)
    }
}
