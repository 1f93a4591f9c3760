//! The audit trail: what happened to whom, kept for those who have to find out later.

use crate::event::Event;
use crate::{SessionId, Timestamp, UserId};

/// One event as it is kept (ASVS 5.0 §16.3). It names nobody: users are numbers, and there is no
/// field that could hold a token, a password or what somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened ([`Event::code`]).
    pub event: String,
    /// Whom it concerns, where that is known.
    pub user: Option<UserId>,
    /// Which session it concerns, where it is one.
    pub session: Option<SessionId>,
    /// The client's address, where there is one.
    pub address: Option<String>,
    /// Why, as a stable word, where there is a reason.
    pub reason: Option<String>,
}

impl AuditEntry {
    /// What is kept of `event`, which was caused from `address`.
    #[must_use]
    pub fn of(event: &Event, address: Option<&str>, at: Timestamp) -> Self {
        Self {
            at,
            event: event.code().to_owned(),
            user: event.user(),
            session: event.session(),
            address: address.map(ToOwned::to_owned),
            reason: event.reason().map(ToOwned::to_owned),
        }
    }
}
