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
    /// How long access tokens are believed all the same from then on; zero is fail-closed, the
    /// access lifetime or more is fail-open, for no token is believed longer anyway.
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

    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        if self.stale_after < Self::SHORTEST_STALE_AFTER {
            return Err(SettingsError {
                key: "revocations.stale_after",
                problem: "must be at least 3s: the store is read once a second, and two reads may be late".to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_cannot_be_kept_names_its_key() {
        let fault = |stale_after| {
            let settings = RevocationSettings {
                stale_after,
                ..RevocationSettings::default()
            };
            settings.verify().err().map(|error| error.key)
        };
        assert_eq!(fault(RevocationSettings::SHORTEST_STALE_AFTER), None);
        assert_eq!(
            fault(Duration::from_secs(2)),
            Some("revocations.stale_after")
        );
    }
}
