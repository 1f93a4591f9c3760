//! How the end of a session reaches every verifier, and what holds while it cannot.

use std::time::Duration;

use hardtack_guard::Staleness;

use super::{ServiceToken, SettingsError};

/// Knowledge of ended sessions, from the store and to verifiers elsewhere (docs/revocation.md).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationSettings {
    /// What verifiers in other processes prove themselves with. Without any there is no feed: its
    /// routes are 404. Several, so that one can be replaced without an outage.
    pub service_tokens: Vec<ServiceToken>,
    /// When this process last read the store so long ago, its knowledge is stale. It reads once a
    /// second.
    pub stale_after: Duration,
    /// How long access tokens are believed all the same from then on; zero is fail-closed.
    pub fail_open_for: Duration,
}

impl Default for RevocationSettings {
    fn default() -> Self {
        let Staleness {
            stale_after,
            fail_open_for,
        } = Staleness::default();
        Self {
            service_tokens: Vec::new(),
            stale_after,
            fail_open_for,
        }
    }
}

impl RevocationSettings {
    /// The shortest `stale_after`: two reads may be late.
    pub const SHORTEST_STALE_AFTER: Duration = Duration::from_secs(3);

    pub(crate) fn staleness(&self) -> Staleness {
        Staleness {
            stale_after: self.stale_after,
            fail_open_for: self.fail_open_for,
        }
    }

    pub(super) fn verify(&self, access_lifetime: Duration) -> Result<(), SettingsError> {
        let wrong = |key, problem: &str| {
            Err(SettingsError {
                key,
                problem: problem.to_owned(),
            })
        };
        if self.stale_after < Self::SHORTEST_STALE_AFTER {
            return wrong(
                "revocations.stale_after",
                "must be at least 3s: the store is read once a second, and two reads may be late",
            );
        }
        if self.fail_open_for > access_lifetime {
            return wrong(
                "revocations.fail_open_for",
                "must be at most tokens.access_lifetime: no token is believed for longer anyway",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_cannot_be_kept_or_means_nothing_names_its_key() {
        let access_lifetime = Duration::from_secs(900);
        let fault = |change: fn(&mut RevocationSettings)| {
            let mut settings = RevocationSettings::default();
            change(&mut settings);
            let verified = settings.verify(access_lifetime);
            verified.err().map(|error| error.key)
        };
        assert_eq!(fault(|_| {}), None);
        assert_eq!(
            fault(|settings| settings.fail_open_for = Duration::ZERO),
            None
        );
        assert_eq!(
            fault(|settings| settings.stale_after = Duration::from_secs(2)),
            Some("revocations.stale_after")
        );
        assert_eq!(
            fault(|settings| settings.fail_open_for = Duration::from_secs(901)),
            Some("revocations.fail_open_for")
        );
    }
}
