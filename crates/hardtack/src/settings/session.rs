//! How long sessions live, how many there may be, and how their tokens rotate.

use std::num::NonZeroU32;
use std::time::Duration;

use hardtack_core::session::{RememberMe, SessionLifetime};

use super::SettingsError;

/// Lifetimes and rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSettings {
    /// Idle and absolute timeout.
    pub lifetime: SessionLifetime,
    /// Idle and absolute timeout of a login that said `remember_me: true`; neither is shorter than
    /// that of `lifetime`.
    pub remembered_lifetime: SessionLifetime,
    /// How many live sessions a user may have; `None` is without limit. A login beyond it ends
    /// the one that was idle longest.
    ///
    /// More than anybody's browsers, with a private window or two left behind every day until it
    /// idles out, so that nobody honest meets it; few enough for a list that a person can read,
    /// and for a program that logs in for every run not to fill the table.
    pub limit_per_user: Option<NonZeroU32>,
    /// G of docs/rotation.md: the time in which an older message may still arrive. At least three
    /// times what a client waits for an answer, the browser's cookie flush (about 30 s), and 2 s.
    pub rotation_window: Duration,
    /// Also renew the access cookie with the answer to an ordinary request, by
    /// [`Hardtack::sliding_layer`](crate::Hardtack::sliding_layer) and on our own routes. It needs
    /// `cookies.refresh_path = "/"`.
    pub sliding: bool,
}

impl Default for SessionSettings {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            lifetime: SessionLifetime {
                idle_timeout: 7 * day,
                absolute_timeout: 30 * day,
            },
            remembered_lifetime: SessionLifetime {
                idle_timeout: 30 * day,
                absolute_timeout: 90 * day,
            },
            limit_per_user: NonZeroU32::new(100),
            rotation_window: Duration::from_secs(60),
            sliding: false,
        }
    }
}

impl SessionSettings {
    /// The limits of a session whose login said this.
    #[must_use]
    pub fn lifetime_of(&self, remember_me: RememberMe) -> SessionLifetime {
        match remember_me {
            RememberMe::Unsaid | RememberMe::No => self.lifetime,
            RememberMe::Yes => self.remembered_lifetime,
        }
    }

    /// Refuses what contradicts itself, or the lifetime of access tokens.
    pub(super) fn verify(&self, access_lifetime: Duration) -> Result<(), SettingsError> {
        let (normal, remembered) = (self.lifetime, self.remembered_lifetime);
        let rules = [
            (
                self.rotation_window >= Duration::from_secs(1),
                "session.rotation_window",
                "must be at least 1s; 60s suits real networks",
            ),
            (
                // docs/rotation.md: otherwise a generation can be traded before it has settled.
                access_lifetime >= 2 * self.rotation_window,
                "tokens.access_lifetime",
                "must be at least twice session.rotation_window",
            ),
            (
                normal.idle_timeout <= normal.absolute_timeout,
                "session.idle_timeout",
                "must not be longer than session.absolute_timeout",
            ),
            (
                normal.idle_timeout >= access_lifetime,
                "session.idle_timeout",
                "must not be shorter than tokens.access_lifetime",
            ),
            (
                remembered.idle_timeout <= remembered.absolute_timeout,
                "session.remembered_idle_timeout",
                "must not be longer than session.remembered_absolute_timeout",
            ),
            // Who asks to be remembered is not to be forgotten earlier for it.
            (
                remembered.idle_timeout >= normal.idle_timeout,
                "session.remembered_idle_timeout",
                "must not be shorter than session.idle_timeout",
            ),
            (
                remembered.absolute_timeout >= normal.absolute_timeout,
                "session.remembered_absolute_timeout",
                "must not be shorter than session.absolute_timeout",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, key, problem)) => Err(SettingsError {
                key,
                problem: problem.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each fault alone stops the start and names its key.
    #[test]
    fn a_contradiction_names_its_key() {
        type Change = fn(&mut SessionSettings);
        let faults: [(&str, Change); 7] = [
            ("session.rotation_window", |session| {
                session.rotation_window = Duration::ZERO;
            }),
            ("tokens.access_lifetime", |session| {
                session.rotation_window = Duration::from_secs(451);
            }),
            ("session.idle_timeout", |session| {
                session.lifetime.idle_timeout = Duration::MAX;
            }),
            ("session.idle_timeout", |session| {
                session.lifetime.idle_timeout = Duration::from_secs(899);
            }),
            ("session.remembered_idle_timeout", |session| {
                session.remembered_lifetime.idle_timeout = Duration::MAX;
            }),
            ("session.remembered_idle_timeout", |session| {
                session.remembered_lifetime.idle_timeout = Duration::from_secs(6 * 86_400);
            }),
            ("session.remembered_absolute_timeout", |session| {
                session.lifetime.absolute_timeout = Duration::from_secs(91 * 86_400);
            }),
        ];
        for (key, change) in faults {
            let mut session = SessionSettings::default();
            change(&mut session);
            let refused = session.verify(Duration::from_secs(900)).unwrap_err();
            assert_eq!(refused.key, key);
        }
    }

    #[test]
    fn remembering_is_asked_for() {
        let session = SessionSettings::default();
        for (said, lifetime) in [
            (RememberMe::Unsaid, session.lifetime),
            (RememberMe::No, session.lifetime),
            (RememberMe::Yes, session.remembered_lifetime),
        ] {
            assert_eq!(session.lifetime_of(said), lifetime);
        }
    }
}
