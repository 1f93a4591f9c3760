//! What an access token says about the end of its session.

use std::time::Duration;

use crate::Timestamp;

/// When a session ends, as it was known when the access token was made. With it a front-end can be
/// told without reading a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnds {
    /// Whatever happens. It never moves.
    pub absolute_at: Timestamp,
    /// If nobody uses it again.
    pub idle_at: Timestamp,
    /// How long it may go unused, in whole seconds: a use moves the idle end to this long after it.
    pub idle_timeout: Duration,
}

impl SessionEnds {
    /// The idle end, if the session was used at `seen_at`. It never goes back.
    #[must_use]
    pub fn idle_at_after_use(&self, seen_at: Timestamp) -> Timestamp {
        self.idle_at
            .max(seen_at + self.idle_timeout)
            .min(self.absolute_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const ENDS: SessionEnds = SessionEnds {
        absolute_at: Timestamp::from_unix_seconds(1_702_591_940),
        idle_at: Timestamp::from_unix_seconds(1_700_604_800),
        idle_timeout: Duration::from_secs(604_800),
    };

    #[test]
    fn a_use_moves_the_idle_end_forward_and_never_past_the_absolute_one() {
        for (seen_at, idle_at) in [
            (NOW, ENDS.idle_at),
            (NOW - Duration::from_secs(86_400), ENDS.idle_at),
            (
                NOW + Duration::from_secs(60),
                ENDS.idle_at + Duration::from_secs(60),
            ),
            (ENDS.absolute_at - Duration::from_secs(1), ENDS.absolute_at),
            (Timestamp::from_unix_micros(i64::MIN), ENDS.idle_at),
            (Timestamp::from_unix_micros(i64::MAX), ENDS.absolute_at),
        ] {
            assert_eq!(ENDS.idle_at_after_use(seen_at), idle_at, "{seen_at:?}");
        }
    }
}
