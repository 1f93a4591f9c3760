//! The authority's own keys and their lives: announced, signing, believed, gone (RFC 7517 §5,
//! docs/threat-model.md TK-8).
//!
//! A new key is published one cache time before it signs, so that every verifier that fetches the
//! set now and then knows it in time; the old one is believed until the last token it signed has
//! expired. Everything is a function of `now`: a ring that nobody touches moves on by itself.

use std::sync::Arc;
use std::time::Duration;

use super::{KeyError, KeySet, SigningKey};
use crate::Timestamp;
use crate::access_token::LEEWAY;

/// How long a published key set may be cached, and so how long a key is announced before it signs.
pub const JWKS_CACHE_LIFETIME: Duration = Duration::from_secs(300);

/// One key and its life.
#[derive(Debug, Clone)]
pub struct RingKey {
    key: Arc<SigningKey>,
    created_at: Timestamp,
    signs_from: Timestamp,
    verifies_until: Option<Timestamp>,
}

impl RingKey {
    /// A key as it was saved.
    #[must_use]
    pub fn restore(
        key: SigningKey,
        created_at: Timestamp,
        signs_from: Timestamp,
        verifies_until: Option<Timestamp>,
    ) -> Self {
        Self {
            key: Arc::new(key),
            created_at,
            signs_from,
            verifies_until,
        }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// When it joined the ring, and was first published.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it signs its first token; before, it is only announced.
    #[must_use]
    pub fn signs_from(&self) -> Timestamp {
        self.signs_from
    }

    /// From when on its tokens are not believed. `None` while no successor is known.
    #[must_use]
    pub fn verifies_until(&self) -> Option<Timestamp> {
        self.verifies_until
    }

    /// Is it published and believed at `now`?
    #[must_use]
    pub fn is_believed(&self, now: Timestamp) -> bool {
        self.verifies_until.is_none_or(|until| now < until)
    }
}

/// When a new key takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollover {
    /// After [`JWKS_CACHE_LIFETIME`], when every verifier has seen it.
    Announced,
    /// At once, for emergencies: verifiers refuse its tokens until they fetch the set again.
    Now,
}

/// Why a key was not retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetireError {
    /// No key of that name.
    #[error("there is no key of that kid")]
    Unknown,
    /// It is the one that signs. An older key does not take over: it was replaced for a reason.
    #[error("that key is signing; rotate first (`--now` if it is known to others)")]
    Signing,
}

/// The keys of one authority. There is always one that signs.
#[derive(Debug, Clone)]
pub struct KeyRing(Vec<RingKey>);

impl KeyRing {
    /// A ring of one key that signs from now on.
    #[must_use]
    pub fn new(key: SigningKey, now: Timestamp) -> Self {
        Self(vec![RingKey::restore(key, now, now, None)])
    }

    /// The ring as it was saved, in any order.
    ///
    /// # Errors
    /// [`RestoreError::NoSuccessor`] unless one key at least has no end; [`RestoreError::Keys`]
    /// for two of one name, or a shared key beside others.
    pub fn restore(mut keys: Vec<RingKey>) -> Result<Self, RestoreError> {
        if keys.iter().all(|key| key.verifies_until.is_some()) {
            return Err(RestoreError::NoSuccessor);
        }
        set_of(keys.iter())?;
        keys.sort_by_key(|key| (key.signs_from, key.created_at));
        Ok(Self(keys))
    }

    /// The key that signs at `now`: the newest whose time has come.
    ///
    /// When the clock has stepped back behind all of them, the oldest that is believed: a wrong
    /// clock must not leave a service without a key.
    #[must_use]
    pub fn signing_key(&self, now: Timestamp) -> &SigningKey {
        &self.signing(now).key
    }

    /// What is believed and published at `now`: the signing key, those announced, and those whose
    /// tokens may still be alive.
    #[must_use]
    pub fn verifying_keys(&self, now: Timestamp) -> KeySet {
        // Every ring was checked as a whole when it was made, and a part of it is no worse.
        set_of(self.0.iter().filter(|key| key.is_believed(now))).unwrap_or_default()
    }

    /// Adds `new` and gives every key before it its end: the moment `new` signs, plus the longest
    /// life of an access token.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`] or [`KeyError::MixedSet`]; nothing is changed then.
    pub fn rotate(
        &mut self,
        new: SigningKey,
        now: Timestamp,
        rollover: Rollover,
        access_lifetime: Duration,
    ) -> Result<(), KeyError> {
        let signs_from = match rollover {
            Rollover::Announced => now + JWKS_CACHE_LIFETIME,
            Rollover::Now => now,
        };
        let new = RingKey::restore(new, now, signs_from, None);
        set_of(self.0.iter().chain([&new]))?;
        // A key that was announced for later is overtaken: it never signs, so nothing is lost.
        self.0
            .retain(|key| key.signs_from <= signs_from || key.signs_from <= now);
        let ends_at = signs_from + access_lifetime + LEEWAY;
        for key in &mut self.0 {
            key.verifies_until = Some(
                key.verifies_until
                    .map_or(ends_at, |until| until.min(ends_at)),
            );
        }
        self.0.push(new);
        Ok(())
    }

    /// Stops believing a key from `now` on: every token it signed is dead at once.
    ///
    /// Retiring one that was only announced hands its place back to the key before it.
    ///
    /// # Errors
    /// [`RetireError`]; nothing is changed then.
    pub fn retire(&mut self, kid: &str, now: Timestamp) -> Result<(), RetireError> {
        if self.signing_key(now).kid() == kid {
            return Err(RetireError::Signing);
        }
        let place = self
            .0
            .iter()
            .position(|key| key.key.kid() == kid)
            .ok_or(RetireError::Unknown)?;
        let (before, rest) = self.0.split_at_mut(place);
        let Some(retired) = rest.first_mut() else {
            return Err(RetireError::Unknown);
        };
        if retired.signs_from > now
            && let Some(predecessor) = before.last_mut()
            && predecessor.is_believed(now)
        {
            predecessor.verifies_until = retired.verifies_until;
        }
        retired.verifies_until = Some(retired.verifies_until.map_or(now, |until| until.min(now)));
        Ok(())
    }

    /// Drops the keys that are not believed any more. Returns how many went.
    pub fn forget_expired(&mut self, now: Timestamp) -> usize {
        let before = self.0.len();
        self.0.retain(|key| key.is_believed(now));
        before - self.0.len()
    }

    /// All keys, oldest first, for listing and saving.
    pub fn iter(&self) -> impl Iterator<Item = &RingKey> {
        self.0.iter()
    }

    #[expect(
        clippy::expect_used,
        reason = "one key without an end is there from the start, and every change keeps one"
    )]
    fn signing(&self, now: Timestamp) -> &RingKey {
        let believed = || self.0.iter().filter(|key| key.is_believed(now));
        believed()
            .rfind(|key| key.signs_from <= now)
            .or_else(|| believed().next())
            .expect("a ring has a key without an end")
    }
}

/// Why saved keys make no ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// There is none, or each has an end, so that nothing could sign for ever.
    #[error("no key is left to sign with: one without `verifies_until` is wanted")]
    NoSuccessor,
    /// The keys do not go together.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

fn set_of<'a>(keys: impl Iterator<Item = &'a RingKey>) -> Result<KeySet, KeyError> {
    KeySet::new(keys.map(|key| key.key.verifying_key().clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Algorithm;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const ACCESS: Duration = Duration::from_secs(900);

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap()
    }

    fn after(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    /// A ring of two, the second announced at `NOW`; and both names.
    fn announced() -> (KeyRing, String, String) {
        let mut ring = KeyRing::new(key(), NOW - Duration::from_secs(1000));
        let old = ring.signing_key(NOW).kid().to_owned();
        let new = key();
        let new_kid = new.kid().to_owned();
        ring.rotate(new, NOW, Rollover::Announced, ACCESS).unwrap();
        (ring, old, new_kid)
    }

    fn believed(ring: &KeyRing, kid: &str, now: Timestamp) -> bool {
        ring.verifying_keys(now).find(kid).is_some()
    }

    /// docs/threat-model.md TK-8: whoever fetched the set up to a cache time ago knows the key that signs.
    #[test]
    fn a_new_key_is_published_a_cache_time_before_it_signs() {
        let (ring, old, new) = announced();
        for (seconds, signer) in [(0, &old), (299, &old), (300, &new), (100_000, &new)] {
            assert_eq!(ring.signing_key(after(seconds)).kid(), signer, "{seconds}");
        }
        assert!(believed(&ring, &new, NOW));
    }

    /// docs/threat-model.md TK-8: the last token of the old key, signed just before the change, lives out.
    #[test]
    fn an_old_key_is_believed_until_its_last_token_has_expired() {
        let (ring, old, new) = announced();
        let last_token_dies = after(300) + ACCESS + LEEWAY;
        assert!(believed(
            &ring,
            &old,
            last_token_dies - Duration::from_micros(1)
        ));
        assert!(!believed(&ring, &old, last_token_dies));
        assert!(believed(&ring, &new, last_token_dies));
    }

    #[test]
    fn in_an_emergency_the_new_key_signs_at_once_and_the_old_can_be_retired() {
        let mut ring = KeyRing::new(key(), NOW);
        let old = ring.signing_key(NOW).kid().to_owned();
        ring.rotate(key(), NOW, Rollover::Now, ACCESS).unwrap();
        assert_ne!(ring.signing_key(NOW).kid(), old);
        assert!(believed(&ring, &old, NOW));
        ring.retire(&old, NOW).unwrap();
        assert!(!believed(&ring, &old, NOW));
    }

    #[test]
    fn the_key_that_signs_is_not_retired() {
        let (mut ring, old, new) = announced();
        assert_eq!(ring.retire(&old, NOW), Err(RetireError::Signing));
        assert_eq!(ring.retire(&new, after(300)), Err(RetireError::Signing));
        assert_eq!(ring.retire("another", NOW), Err(RetireError::Unknown));
        assert!(believed(&ring, &old, NOW));
    }

    #[test]
    fn retiring_an_announced_key_gives_its_place_back() {
        let (mut ring, old, new) = announced();
        ring.retire(&new, after(10)).unwrap();
        let years_later = after(100_000_000);
        assert_eq!(ring.signing_key(years_later).kid(), old);
        assert!(believed(&ring, &old, years_later));
        assert!(!believed(&ring, &new, after(10)));
    }

    #[test]
    fn an_emergency_overtakes_an_announcement() {
        let (mut ring, old, announced) = announced();
        let urgent = key();
        let urgent_kid = urgent.kid().to_owned();
        ring.rotate(urgent, after(10), Rollover::Now, ACCESS)
            .unwrap();
        for seconds in [10, 300, 100_000] {
            assert_eq!(ring.signing_key(after(seconds)).kid(), urgent_kid);
        }
        assert!(!believed(&ring, &announced, after(10)));
        assert!(!believed(&ring, &old, after(10) + ACCESS + LEEWAY));
    }

    #[test]
    fn what_is_not_believed_is_forgotten() {
        let (mut ring, _, new) = announced();
        assert_eq!(ring.forget_expired(after(300)), 0);
        assert_eq!(ring.forget_expired(after(300) + ACCESS + LEEWAY), 1);
        assert_eq!(
            ring.iter().map(|key| key.key().kid()).collect::<Vec<_>>(),
            [new]
        );
    }

    #[test]
    fn a_clock_far_behind_still_finds_a_key() {
        let (ring, old, _) = announced();
        assert_eq!(ring.signing_key(Timestamp::from_unix_seconds(0)).kid(), old);
    }

    #[test]
    fn a_ring_is_saved_and_restored_in_any_order() {
        let (ring, old, new) = announced();
        let saved: Vec<RingKey> = ring.iter().cloned().collect();
        let restored = KeyRing::restore(saved.into_iter().rev().collect()).unwrap();
        assert_eq!(restored.signing_key(NOW).kid(), old);
        assert_eq!(restored.signing_key(after(300)).kid(), new);
        assert_eq!(
            KeyRing::restore(vec![]).err(),
            Some(RestoreError::NoSuccessor)
        );
        let ended = RingKey::restore(key(), NOW, NOW, Some(NOW));
        assert_eq!(
            KeyRing::restore(vec![ended]).err(),
            Some(RestoreError::NoSuccessor)
        );
    }

    /// docs/threat-model.md TK-7.
    #[test]
    fn a_shared_key_does_not_join_published_ones() {
        let (mut ring, old, _) = announced();
        let shared = SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs").unwrap();
        assert_eq!(
            ring.rotate(shared, NOW, Rollover::Now, ACCESS),
            Err(KeyError::MixedSet)
        );
        assert_eq!(ring.signing_key(NOW).kid(), old);
        assert_eq!(
            ring.iter()
                .filter(|key| key.verifies_until().is_none())
                .count(),
            1
        );
    }
}
