//! How long to wait after attempts.
//!
//! An attempt is **reserved before** the password is hashed and given back when it turns out right:
//! a limit that counts failures afterwards is passed by sixty tries at once (CVE-2024-4629).
//!
//! While one has to wait, attempts are refused **without being counted**. So a stranger who hammers
//! on an account cannot lengthen its owner's wait beyond what admitted attempts have earned, and
//! the wait told is the wait meant: after it, the next attempt is admitted. Sessions that are open
//! are not concerned at all.
//!
//! [`Attempts`] is the rule for one key, [`Throttle`] a table of many.

use std::net::IpAddr;
use std::time::Duration;

use crate::Timestamp;

mod table;

pub use table::Throttle;

/// The longest wait that doubling leads to: SP 800-63B-4 §3.2.2 names "up to an hour", and a
/// longer one would let strangers keep the owner out for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// After so many failures without one success SP 800-63B-4 §3.2.2 wants an end. A permanent one
/// would be a switch that every stranger could throw (GHSA-cq42-vhv7-xr7p), so it is a day's rest.
const LONGEST_RUN: u32 = 100;

/// How long failures without a success are remembered. It must be long: if a minute's silence were
/// enough, nine guesses a minute would never meet a limit.
const MEMORY: Duration = Duration::from_secs(86_400);

/// How many attempts, and what happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleRule {
    burst: u32,
    per: Duration,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Refill,
    Double,
}

impl ThrottleRule {
    /// `burst` attempts at once, and as many in each `per` from there on, one at a time: for
    /// clients, behind which there may be many people. A success gives its attempt back.
    ///
    /// A `burst` of zero counts as one: a limit that nobody can pass would be an outage.
    #[must_use]
    pub fn steady(burst: u32, per: Duration) -> Self {
        Self {
            burst: burst.max(1),
            per,
            then: Then::Refill,
        }
    }

    /// `burst` failures for free, then a wait of `per`, which doubles with each further failure up
    /// to an hour, until a success clears them: for accounts. So there are never more than `burst`
    /// attempts in any stretch of `per`. After a hundred failures nothing is admitted for a day;
    /// failures are forgotten a day after the last.
    ///
    /// A `burst` of zero counts as one, of more than a hundred as a hundred.
    #[must_use]
    pub fn doubling(burst: u32, per: Duration) -> Self {
        Self {
            burst: burst.clamp(1, LONGEST_RUN),
            per,
            then: Then::Double,
        }
    }

    /// The time in which one attempt comes back. Whole microseconds, rounded up, so that a wait
    /// told is never too short by a rounding.
    fn interval(self) -> Duration {
        let micros = self.per.as_micros().div_ceil(u128::from(self.burst)).max(1);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The wait after the last of `count` failures.
    fn pause(self, count: u32) -> Duration {
        if count >= LONGEST_RUN {
            return MEMORY;
        }
        let doublings = count.saturating_sub(self.burst).min(31);
        let longest = LONGEST_PAUSE.max(self.per).min(MEMORY);
        self.per.saturating_mul(1 << doublings).min(longest)
    }
}

/// The attempts that count against one key. Starts as [`Attempts::default`]: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    count: u32,
    /// For a steady rule, the moment since which attempts come back; for a doubling one, the last
    /// attempt.
    since: Timestamp,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            count: 0,
            since: Timestamp::from_unix_micros(0),
        }
    }
}

impl Attempts {
    /// Reserves an attempt: the attempts with it, or else how long to wait, after which one is
    /// admitted. A refused attempt leaves no trace.
    ///
    /// # Errors
    /// The wait, never zero.
    pub fn try_at(self, rule: ThrottleRule, now: Timestamp) -> Result<Self, Duration> {
        let seen = self.seen_at(rule, now);
        let wait = seen.wait_at(rule, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        let refilling = rule.then == Then::Refill && seen.count > 0;
        Ok(Self {
            count: seen.count.saturating_add(1),
            since: if refilling { seen.since } else { now },
        })
    }

    /// What is left after an attempt that succeeded. An account starts anew (SP 800-63B-4 §3.2.2:
    /// a success should disregard the failures before it). A client gets that one attempt back and
    /// no more, or else who knows one password could guess others without limit.
    #[must_use]
    pub fn succeeded(self, rule: ThrottleRule) -> Self {
        match rule.then {
            Then::Refill => self.withdrawn(),
            Then::Double => Self::default(),
        }
    }

    /// What is left after an attempt that was reserved and never judged, because the service was
    /// too busy: nobody may have to wait for that.
    #[must_use]
    pub fn withdrawn(self) -> Self {
        Self {
            count: self.count.saturating_sub(1),
            ..self
        }
    }

    /// May it be forgotten without changing any answer from `now` on?
    #[must_use]
    pub fn is_idle(self, rule: ThrottleRule, now: Timestamp) -> bool {
        self.seen_at(rule, now).count == 0
    }

    /// The same attempts, without those that no longer count.
    fn seen_at(self, rule: ThrottleRule, now: Timestamp) -> Self {
        // After the clock stepped back nobody waits for the step as well.
        let since = self.since.min(now);
        let elapsed = now.since(since);
        match rule.then {
            Then::Refill => {
                let interval = rule.interval();
                let returned = elapsed.as_micros() / interval.as_micros();
                let returned = u32::try_from(returned).unwrap_or(u32::MAX);
                if returned >= self.count {
                    return Self::default();
                }
                Self {
                    count: self.count - returned,
                    since: since + interval.saturating_mul(returned),
                }
            }
            Then::Double if elapsed >= MEMORY => Self::default(),
            Then::Double => Self { since, ..self },
        }
    }

    /// The wait of attempts that were just [`seen_at`](Self::seen_at).
    fn wait_at(self, rule: ThrottleRule, now: Timestamp) -> Duration {
        if self.count < rule.burst {
            return Duration::ZERO;
        }
        let whole = match rule.then {
            Then::Refill => rule.interval(),
            Then::Double => rule.pause(self.count),
        };
        whole.saturating_sub(now.since(self.since))
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64.
///
/// A /64 is what one household gets (RFC 6177); counting its 2^64 addresses apart would be no
/// limit. IPv4 in an IPv6 coat (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientKey(Client);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl ClientKey {
    /// The client behind `address`.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Client::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Client::V6([a, b, c, d])
            }
        })
    }
}

#[cfg(test)]
mod tests;
