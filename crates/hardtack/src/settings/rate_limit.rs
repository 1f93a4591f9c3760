//! How often one may try.

use super::SettingsError;

/// How often one may try. Each limit is per minute unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// Logins of one user; after that the delay doubles with each failure.
    pub login_per_user: u32,
    /// Logins from one address (IPv6: one /64).
    pub login_per_address: u32,
    /// Logins of everybody together that fail or are under way. More are answered 429 whoever asks,
    /// so many strangers together can keep everybody from logging in: it belongs well above what
    /// people mistype, and is for guesses that are spread over accounts and addresses.
    pub login_total: u32,
    /// Refused refreshes of one client.
    pub refused_refreshes: u32,
    /// Registrations from one address, **in an hour**. More are answered 429, whether they could
    /// have succeeded or not.
    pub registration: u32,
    /// Mails that strangers can have sent (password reset, verification), **in an hour**: asked
    /// for from one address, where more are answered 429; and to one mailbox, where more are
    /// answered as always and not sent.
    pub reset: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self {
            login_per_user: 10,
            login_per_address: 60,
            login_total: 3_000,
            refused_refreshes: 10,
            registration: 10,
            reset: 10,
        }
    }
}

impl RateLimitSettings {
    pub(super) fn verify(self) -> Result<(), SettingsError> {
        let wrong = |key, problem: &str| {
            Err(SettingsError {
                key,
                problem: problem.to_owned(),
            })
        };
        if self.login_per_user > 100 {
            return wrong(
                "rate_limit.login_per_user",
                "must be at most 100 (SP 800-63B-4 §3.2.2)",
            );
        }
        let limits = [
            self.login_per_user,
            self.login_per_address,
            self.login_total,
            self.refused_refreshes,
            self.registration,
            self.reset,
        ];
        if limits.contains(&0) {
            return wrong(
                "rate_limit",
                "a limit of 0 would let nobody in; the least is 1",
            );
        }
        Ok(())
    }
}
