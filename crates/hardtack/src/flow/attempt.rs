//! Tries that are counted before they are judged, so that parallel ones cannot pass a limit.

use std::hash::Hash;
use std::time::Duration;

use hardtack_core::Timestamp;
use hardtack_core::throttle::Throttle;

/// One counted try. Dropped without a verdict it counts for nobody: the store failed, or the caller
/// went away, and nothing was learned from it.
#[must_use]
pub(crate) struct Attempt<'a, K: Hash> {
    throttle: &'a Throttle<K>,
    key: K,
    judged: bool,
}

impl<'a, K: Hash> Attempt<'a, K> {
    /// Counts a try of `key`, or says how long to wait.
    pub(crate) fn reserve(
        throttle: &'a Throttle<K>,
        key: K,
        now: Timestamp,
    ) -> Result<Self, Duration> {
        throttle.try_at(&key, now)?;
        Ok(Self {
            throttle,
            key,
            judged: false,
        })
    }

    /// It was wrong, and stays counted.
    pub(crate) fn failed(mut self) {
        self.keep();
    }

    /// It has cost something already, and stays counted unless it turns out right.
    pub(crate) fn keep(&mut self) {
        self.judged = true;
    }

    /// It was right: what the rule gives back is given back.
    pub(crate) fn succeeded(mut self) {
        self.judged = true;
        self.throttle.succeeded(&self.key);
    }
}

impl<K: Hash> Drop for Attempt<'_, K> {
    fn drop(&mut self) {
        if !self.judged {
            self.throttle.withdraw(&self.key);
        }
    }
}
