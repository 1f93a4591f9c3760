//! The tokens that were verified lately: a fixed number of places, one token each.

use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use super::Verified;
use crate::keyed_hash::KeyedHash;

/// Places. Full, with tokens of 560 bytes, they take 7 MB; empty, 64 kB. A newcomer takes the
/// place of whoever sits there: the loser costs one more signature check, so an attacker who has
/// tokens to fill it with gains what any logged-in user can do anyway.
const PLACES: usize = 8192;

/// The end of a token is its signature: 96 bits of it, which no two tokens share.
const HASHED_BYTES: usize = 16;

pub(super) struct Cache {
    places: Box<[ArcSwapOption<Verified>]>,
    hash: KeyedHash,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            places: std::iter::repeat_with(ArcSwapOption::empty)
                .take(PLACES)
                .collect(),
            hash: KeyedHash::new(),
        }
    }

    /// What is known of exactly this token under the keys of `epoch`.
    ///
    /// The key of the hash is drawn at start, so nobody can choose who shares a place; and the
    /// hash only finds the place: the whole token is compared.
    pub(super) fn find(&self, token: &[u8], epoch: u64) -> Option<Arc<Verified>> {
        let found = self.place(token)?.load();
        found
            .as_ref()
            .is_some_and(|verified| verified.epoch == epoch && *verified.token.as_bytes() == *token)
            .then(|| Guard::into_inner(found))
            .flatten()
    }

    pub(super) fn insert(&self, verified: Arc<Verified>) {
        if let Some(place) = self.place(verified.token.as_bytes()) {
            place.store(Some(verified));
        }
    }

    /// Lets go of the memory. What counts is the epoch.
    pub(super) fn clear(&self) {
        for place in &self.places {
            place.store(None);
        }
    }

    fn place(&self, token: &[u8]) -> Option<&ArcSwapOption<Verified>> {
        let end = token.last_chunk::<HASHED_BYTES>()?;
        let place = usize::try_from(self.hash.of(end) % PLACES as u64).unwrap_or(0);
        self.places.get(place)
    }
}
