//! Uses of access tokens, gathered between two writes.
//!
//! Rotation wants to know when a successor is in lasting use (PROTOCOL.md §3). A report may be
//! late or lost: that delays the finding of a copy and never harms an honest browser.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hardtack_core::SessionId;
use hardtack_core::rotation::Position;

/// As many sessions as are remembered between two writes; uses beyond it are dropped.
const CAPACITY: usize = 65_536;

/// Uses not written yet: one per session, the newest position.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<SessionId, Position>>);

impl Uses {
    /// Notes that an access token of `position` was used.
    pub(crate) fn note(&self, session: SessionId, position: Position) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < CAPACITY || uses.contains_key(&session) {
            let newest = uses.entry(session).or_insert(position);
            *newest = position.max(*newest);
        }
    }

    /// Everything noted since the last call.
    pub(crate) fn take(&self) -> Vec<(SessionId, Position)> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *uses).into_iter().collect()
    }
}
