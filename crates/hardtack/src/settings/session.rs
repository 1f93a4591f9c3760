//! How long sessions live, and how their tokens rotate.

use std::time::Duration;

use hardtack_core::session::SessionLifetime;

use super::SettingsError;

/// Lifetimes and rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// Idle and absolute timeout.
    pub lifetime: SessionLifetime,
    /// G of docs/rotation.md: the time in which an older message may still arrive. At least request
    /// delay, answer delay, another request delay and the browser's cookie flush (about 30 s).
    pub rotation_window: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            lifetime: SessionLifetime {
                idle_timeout: 7 * day,
                absolute_timeout: 30 * day,
            },
            rotation_window: Duration::from_secs(60),
        }
    }
}

impl SessionSettings {
    /// Refuses what contradicts itself, or the lifetime of access tokens.
    pub(super) fn verify(&self, access_lifetime: Duration) -> Result<(), SettingsError> {
        let wrong = |key, problem: &str| {
            Err(SettingsError {
                key,
                problem: problem.to_owned(),
            })
        };
        if self.rotation_window < Duration::from_secs(1) {
            return wrong(
                "session.rotation_window",
                "must be at least 1s; 60s suits real networks",
            );
        }
        if access_lifetime < 2 * self.rotation_window {
            // docs/rotation.md: otherwise a generation can be traded before it has settled.
            return wrong(
                "tokens.access_lifetime",
                "must be at least twice session.rotation_window",
            );
        }
        let lifetime = self.lifetime;
        if lifetime.idle_timeout > lifetime.absolute_timeout {
            return wrong(
                "session.idle_timeout",
                "must not be longer than session.absolute_timeout",
            );
        }
        if lifetime.idle_timeout < access_lifetime {
            return wrong(
                "session.idle_timeout",
                "must not be shorter than tokens.access_lifetime",
            );
        }
        Ok(())
    }
}
