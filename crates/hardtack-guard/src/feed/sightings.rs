//! Tokens that were seen here, until the authority is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hardtack_core::rotation::Position;
use hardtack_core::{Clock, SessionId, Timestamp};

use super::authority::Authority;
use crate::RevokedSet;

/// Sessions that are remembered between two reports; what is seen beyond it is dropped.
const CAPACITY: usize = 65_536;

/// The authority takes no more at once.
const IN_ONE_REPORT: usize = 500;

/// Five seconds after it was seen a use counts no more; one of them is for the way.
const SENT_WITHIN: Duration = Duration::from_secs(4);

const EVERY: Duration = Duration::from_secs(1);

/// One place for each session, the newest, and when it was seen.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    seen: Mutex<HashMap<SessionId, (Position, Timestamp)>>,
    /// What must be added to our clock for the authority's, in microseconds; rather too little.
    offset: AtomicI64,
}

impl Sightings {
    pub(super) fn note(&self, session: SessionId, position: Position, now: Timestamp) {
        let mut seen = self.lock();
        if seen.len() < CAPACITY || seen.contains_key(&session) {
            let newest = seen.entry(session).or_insert((position, now));
            *newest = (*newest).max((position, now));
        }
    }

    /// The authority's clock showed `theirs` before ours showed `ours`.
    ///
    /// So a time of ours is never taken for a later one of theirs: a use that looked younger than
    /// it is could settle what a crash has undone (docs/rotation.md §5).
    pub(super) fn compare_clocks(&self, theirs: Timestamp, ours: Timestamp) {
        let offset = theirs.unix_micros().saturating_sub(ours.unix_micros());
        self.offset.store(offset, Ordering::Relaxed);
    }

    /// What was seen since the last call and is young enough, by the authority's clock.
    fn take(&self, now: Timestamp) -> Vec<(SessionId, Position, Timestamp)> {
        let seen = std::mem::take(&mut *self.lock());
        let offset = self.offset.load(Ordering::Relaxed);
        seen.into_iter()
            .filter(|(_, (_, seen_at))| now.since(*seen_at) <= SENT_WITHIN)
            .map(|(session, (position, seen_at))| {
                let theirs = seen_at.unix_micros().saturating_add(offset);
                (session, position, Timestamp::from_unix_micros(theirs))
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, (Position, Timestamp)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports once a second, as long as somebody holds the set. What is not taken is dropped: that
/// delays the finding of a copy and harms nobody.
pub(super) async fn report(
    sightings: Arc<Sightings>,
    authority: Arc<Authority>,
    set: Weak<RevokedSet>,
    clock: Arc<dyn Clock>,
) {
    while set.strong_count() > 0 {
        tokio::time::sleep(EVERY).await;
        for uses in sightings.take(clock.now()).chunks(IN_ONE_REPORT) {
            if let Err(error) = authority.report(uses).await {
                tracing::debug!(%error, "uses of access tokens were not reported");
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const SESSION: SessionId = SessionId::from_bytes([1; 16]);

    #[test]
    fn the_newest_place_of_a_session_is_told_once_by_the_authoritys_clock() {
        let sightings = Sightings::default();
        let ahead = Duration::from_secs(3_600);
        sightings.compare_clocks(NOW + ahead, NOW);
        for generation in [1, 2, 1] {
            sightings.note(SESSION, Position::new(generation, 0), NOW);
        }
        let told = [(SESSION, Position::new(2, 0), NOW + ahead)];
        assert_eq!(sightings.take(NOW), told);
        assert_eq!(sightings.take(NOW), []);
    }

    #[test]
    fn what_waited_too_long_is_dropped_and_so_is_what_is_too_much() {
        let sightings = Sightings::default();
        sightings.note(SESSION, Position::new(1, 0), NOW);
        assert_eq!(sightings.take(NOW + Duration::from_secs(5)), []);
        for number in 0..70_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_le_bytes());
            sightings.note(SessionId::from_bytes(id), Position::new(1, 0), NOW);
        }
        assert_eq!(sightings.take(NOW).len(), CAPACITY);
    }
}
