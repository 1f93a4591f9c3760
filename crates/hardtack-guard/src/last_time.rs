//! When something was last done, for what many threads see and one is to do once in a while.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hardtack_core::Timestamp;

/// When it was last done; the beginning of time if it was not.
#[derive(Debug)]
pub(crate) struct LastTime(AtomicI64);

impl Default for LastTime {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LastTime {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::Relaxed))
    }

    /// Has it been `every` since, and does `is_wanted`, which is asked last, agree? One of many
    /// threads that ask is told so, and `now` is noted.
    pub(crate) fn is_due(
        &self,
        every: Duration,
        now: Timestamp,
        is_wanted: impl FnOnce() -> bool,
    ) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let has_passed = last == i64::MIN || now.since(Timestamp::from_unix_micros(last)) >= every;
        has_passed
            && is_wanted()
            && self
                .0
                .compare_exchange(
                    last,
                    now.unix_micros(),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_threads_is_told_that_it_is_due() {
        const EVERY: Duration = Duration::from_secs(60);
        let last = LastTime::default();
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        assert!(!last.is_due(EVERY, start, || false), "nobody wants it");
        for (seconds, told) in [(0, 1), (59, 0), (60, 1), (61, 0), (1000, 1)] {
            let now = start + Duration::from_secs(seconds);
            let told_now = std::thread::scope(|scope| {
                let asking: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| last.is_due(EVERY, now, || true)))
                    .collect();
                let told = asking.into_iter().map(|thread| thread.join().unwrap());
                told.filter(|is_due| *is_due).count()
            });
            assert_eq!(told_now, told, "after {seconds} s");
        }
        assert_eq!(last.at(), start + Duration::from_secs(1000));
    }
}
