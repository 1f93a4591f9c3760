//! The tokens that were verified lately: a fixed number of places, one token each.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::Verified;

/// Places. Full, with tokens of 400 bytes, they take 5 MB; empty, 64 kB. A newcomer takes the
/// place of whoever sits there: the loser costs one more signature check, so an attacker who has
/// tokens to fill it with gains what any logged-in user can do anyway.
const PLACES: usize = 8192;

/// The end of a token is its signature, which no two tokens share.
const HASHED_BYTES: usize = 40;

pub(super) struct Cache {
    places: Box<[ArcSwapOption<Entry>]>,
    hasher: RandomState,
}

struct Entry {
    token: Box<str>,
    epoch: u64,
    verified: Arc<Verified>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            places: std::iter::repeat_with(ArcSwapOption::empty)
                .take(PLACES)
                .collect(),
            hasher: RandomState::new(),
        }
    }

    /// What is known of exactly this token under the keys of `epoch`.
    ///
    /// The key of the hash is drawn at start, so nobody can choose who shares a place; and the
    /// hash only finds the place: the whole token is compared.
    pub(super) fn find(&self, token: &str, epoch: u64) -> Option<Arc<Verified>> {
        let entry = self.place(token)?.load();
        entry
            .as_ref()
            .filter(|entry| entry.epoch == epoch && *entry.token == *token)
            .map(|entry| Arc::clone(&entry.verified))
    }

    pub(super) fn insert(&self, token: &str, epoch: u64, verified: Arc<Verified>) {
        if let Some(place) = self.place(token) {
            place.store(Some(Arc::new(Entry {
                token: token.into(),
                epoch,
                verified,
            })));
        }
    }

    /// Lets go of the memory. What counts is the epoch.
    pub(super) fn clear(&self) {
        for place in &self.places {
            place.store(None);
        }
    }

    fn place(&self, token: &str) -> Option<&ArcSwapOption<Entry>> {
        let bytes = token.as_bytes();
        let end = bytes.last_chunk::<HASHED_BYTES>()?;
        let hash = usize::try_from(self.hasher.hash_one(end) % PLACES as u64).unwrap_or(0);
        self.places.get(hash)
    }
}
