//! The one place that asks the machine what time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hardtack_core::{Clock, Timestamp};

/// The machine's clock.
///
/// A machine whose clock lies before 1970 shows the start of 1970: every token is then one from
/// the future, and none is believed.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is given"
    )]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::from_unix_micros(0) + since_epoch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_lives_in_this_century() {
        let now = SystemClock.now();
        assert!(now > Timestamp::from_unix_seconds(1_700_000_000));
        assert!(now < Timestamp::from_unix_seconds(4_102_444_800));
    }
}
