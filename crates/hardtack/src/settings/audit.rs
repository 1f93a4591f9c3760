//! What is kept of what happened.

use std::time::Duration;

/// The audit trail in the store ([`hardtack_core::audit`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditSettings {
    /// How long an entry is kept. Zero: nothing is kept, and only the observer is told.
    pub kept_for: Duration,
    /// Refusals kept in one minute. Strangers cause them for nothing; of more than these only the
    /// number is kept, so that nobody can fill the disk.
    pub refusals_per_minute: u32,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            kept_for: Duration::from_secs(90 * 86_400),
            refusals_per_minute: 600,
        }
    }
}
