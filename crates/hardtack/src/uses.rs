//! Uses of access tokens, gathered between two writes.
//!
//! Rotation wants to know when a successor is in lasting use (docs/rotation.md). A use may be
//! lost: that delays the finding of a copy and never harms an honest browser. It may not be late:
//! it counts when it is written, and one from before a browser's crash, written long after, would
//! settle a cookie that the crash has undone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hardtack_core::rotation::Position;
use hardtack_core::{SessionId, Timestamp};

/// As many sessions as are remembered between two writes; uses beyond it are dropped.
const CAPACITY: usize = 65_536;

/// A use that is older when it is about to be written is dropped instead: as long as a request may
/// be under way, which the window of rotation allows for.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

/// Uses not written yet: one per session, the newest position, and when it was last used.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<SessionId, (Position, Timestamp)>>);

impl Uses {
    /// Notes that an access token of `position` was used.
    pub(crate) fn note(&self, session: SessionId, position: Position, now: Timestamp) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < CAPACITY || uses.contains_key(&session) {
            let newest = uses.entry(session).or_insert((position, now));
            *newest = (*newest).max((position, now));
        }
    }

    /// What was noted since the last call and is not too old to be written now.
    pub(crate) fn take(&self, now: Timestamp) -> Vec<(SessionId, Position)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *uses)
            .into_iter()
            .filter(|(_, (_, used_at))| now.since(*used_at) <= WRITTEN_WITHIN)
            .map(|(session, (position, _))| (session, position))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const SESSION: SessionId = SessionId::from_bytes([1; 16]);

    #[test]
    fn the_newest_position_of_a_session_is_written_once() {
        let uses = Uses::default();
        for generation in [1, 2, 1] {
            uses.note(SESSION, Position::new(generation, 0), NOW);
        }
        assert_eq!(uses.take(NOW), [(SESSION, Position::new(2, 0))]);
        assert_eq!(uses.take(NOW), []);
    }

    /// The store hung for a minute, and the browser crashed meanwhile.
    #[test]
    fn a_use_that_waited_too_long_is_dropped() {
        let uses = Uses::default();
        let position = Position::new(1, 0);
        uses.note(SESSION, position, NOW);
        assert_eq!(
            uses.take(NOW + WRITTEN_WITHIN + Duration::from_micros(1)),
            []
        );
        uses.note(SESSION, position, NOW);
        assert_eq!(uses.take(NOW + WRITTEN_WITHIN), [(SESSION, position)]);
    }
}
