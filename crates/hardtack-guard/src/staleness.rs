//! How long one may go by what one knows of ended sessions when nobody tells more.

use std::time::Duration;

/// What is done while it cannot be heard which sessions were ended: the database does not answer,
/// or the authority.
///
/// Going on believes a session that was ended meanwhile, at most until its access token expires;
/// stopping makes an outage there one here. The default goes on for a minute, which a restart does
/// not exceed, and then stops. `fail_open_for` zero is *fail-closed*; the access lifetime or more is
/// *fail-open*, for a token lives no longer than that anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staleness {
    /// The age from which on the knowledge counts as stale.
    pub stale_after: Duration,
    /// How long access tokens are believed all the same from then on.
    pub fail_open_for: Duration,
}

impl Default for Staleness {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_secs(10),
            fail_open_for: Duration::from_secs(60),
        }
    }
}

impl Staleness {
    /// Stale after ten seconds, and refused from then on.
    pub const FAIL_CLOSED: Self = Self {
        stale_after: Duration::from_secs(10),
        fail_open_for: Duration::ZERO,
    };

    /// What knowledge of this age is good for.
    #[must_use]
    pub fn judge(self, age: Duration) -> Freshness {
        if age <= self.stale_after {
            Freshness::Fresh
        } else if age <= self.stale_after.saturating_add(self.fail_open_for) {
            Freshness::Stale
        } else {
            Freshness::Closed
        }
    }
}

/// What the knowledge of ended sessions is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is up to date.
    Fresh,
    /// It is out of date, and access tokens are still believed.
    Stale,
    /// It is so old that access tokens are answered 503.
    Closed,
}

impl Freshness {
    /// A stable word for `/readyz`, logs and metrics: `ok`, `stale`, `closed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "ok",
            Self::Stale => "stale",
            Self::Closed => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowledge_ages_from_fresh_over_stale_to_closed() {
        let judge = |staleness: Staleness, millis| staleness.judge(Duration::from_millis(millis));
        for (millis, expected, fail_closed) in [
            (0, Freshness::Fresh, Freshness::Fresh),
            (10_000, Freshness::Fresh, Freshness::Fresh),
            (10_001, Freshness::Stale, Freshness::Closed),
            (70_000, Freshness::Stale, Freshness::Closed),
            (70_001, Freshness::Closed, Freshness::Closed),
        ] {
            assert_eq!(judge(Staleness::default(), millis), expected, "{millis}");
            assert_eq!(
                judge(Staleness::FAIL_CLOSED, millis),
                fail_closed,
                "{millis}"
            );
        }
    }
}
