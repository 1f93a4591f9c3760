//! How long the ends of sessions are remembered at least.
//!
//! An end must be remembered for as long as the last access token of its session lives. Who ends the
//! session cannot know that: the token may come from before the lifetime was lowered, or from a
//! process with another configuration. So those who hand out tokens say what they need, and the store
//! holds everybody to the longest.

use std::time::Duration;

use hardtack_core::Timestamp;

/// What the store keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remembrance {
    /// How long an end is remembered at least.
    pub(crate) lasts: Duration,
    /// Since when those who speak need less.
    pub(crate) lowered_at: Option<Timestamp>,
}

impl Remembrance {
    /// What is kept after a process has said what its tokens need. More holds at once. Less holds
    /// when the last token is over that needed more, unless somebody says meanwhile that they still
    /// do.
    pub(crate) fn after(kept: Option<Self>, needed: Duration, now: Timestamp) -> Self {
        match kept {
            Some(kept) if needed < kept.lasts => match kept.lowered_at {
                None => Self {
                    lowered_at: Some(now),
                    ..kept
                },
                Some(lowered_at) if now.since(lowered_at) < kept.lasts => kept,
                Some(_) => Self::of(needed),
            },
            _ => Self::of(needed),
        }
    }

    fn of(lasts: Duration) -> Self {
        Self {
            lasts,
            lowered_at: None,
        }
    }
}
