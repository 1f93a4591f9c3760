//! Points in time, and where they come from.

mod date;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

pub use date::DateText;

/// A point in time: microseconds since the Unix epoch, without leap seconds.
///
/// Arithmetic saturates: a hostile lifetime can make a time absurd, never wrap it around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `micros` microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The time `seconds` seconds after the Unix epoch (a JWT `NumericDate`, RFC 7519 §2).
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// A JWT `NumericDate` with its fraction (RFC 7519 §2), exact to the microsecond
    /// until the year 2106.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "below 2^32 seconds the steps of an f64 are a quarter of a microsecond"
    )]
    pub fn to_numeric_date(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Reads a `NumericDate`; `None` for what is no time between the years 1970 and 2106.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range was looked at")]
    pub fn from_numeric_date(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        // NaN lies in no range.
        (0.0..4_294_967_296e6)
            .contains(&micros)
            .then_some(Self(micros as i64))
    }

    /// How long ago `earlier` was. Zero when it lies ahead: a clock that stepped back must not make
    /// a window look closed (docs/rotation.md: a negative age counts as 0).
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Says what time it is.
///
/// A clock that runs ahead ends sessions and tokens early; one that lags lets them live longer, by
/// as much as it is wrong. Every part of one process must be given the same clock.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// A clock that stands still until it is told to move, for tests and simulations.
#[derive(Debug)]
pub struct SettableClock(AtomicI64);

impl SettableClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Shows `now` from here on, which may lie in the past.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves ahead by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(micros(duration), Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_date_keeps_the_microsecond() {
        for micros in [
            0,
            1,
            1_795_308_527_652_421,
            1_795_308_527_000_000,
            4_294_967_295_999_999,
        ] {
            let at = Timestamp::from_unix_micros(micros);
            assert_eq!(Timestamp::from_numeric_date(at.to_numeric_date()), Some(at));
        }
        for absurd in [f64::NAN, f64::INFINITY, -1.0, 1e300, 4_294_967_296.0] {
            assert_eq!(Timestamp::from_numeric_date(absurd), None, "{absurd}");
        }
    }

    #[test]
    fn a_clock_that_stepped_back_gives_age_zero() {
        let anchor = Timestamp::from_unix_seconds(100);
        assert_eq!(
            Timestamp::from_unix_seconds(40).since(anchor),
            Duration::ZERO
        );
        assert_eq!(
            Timestamp::from_unix_seconds(160).since(anchor),
            Duration::from_secs(60)
        );
    }

    #[test]
    fn absurd_lifetimes_saturate() {
        let now = Timestamp::from_unix_seconds(100);
        assert_eq!((now + Duration::MAX).unix_micros(), i64::MAX);
        assert!((now - Duration::MAX) < now);
    }

    #[test]
    fn whole_seconds_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_unix_micros(-1).unix_seconds(), -1);
        assert_eq!(Timestamp::from_unix_micros(1_999_999).unix_seconds(), 1);
    }
}
