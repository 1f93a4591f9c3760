//! What happened, for whoever watches: logs, audit, metrics.
//!
//! Flows report and go on; nothing they do depends on who listens.

use crate::session::RevokeReason;
use crate::{SessionId, UserId};

/// Why a login was refused. Outside, the first three look the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// Nobody has that name.
    UnknownUser,
    /// The password is another one.
    WrongPassword,
    /// The user is switched off.
    UserDisabled,
    /// Too many tries.
    Throttled,
}

/// Something that an operator, an auditor or the user may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A user proved a credential and a session was opened.
    LoggedIn {
        /// Who.
        user: UserId,
        /// The new session.
        session: SessionId,
    },
    /// A login did not succeed.
    LoginRefused {
        /// Whose name was tried, if it is anybody's. Other names are not told: people type
        /// passwords into the wrong field.
        user: Option<UserId>,
        /// Why.
        reason: LoginRefusal,
    },
    /// A refresh token was traded for a new generation.
    SessionRotated {
        /// Whose session.
        user: UserId,
        /// Which session.
        session: SessionId,
        /// Its generation from here on.
        generation: u32,
    },
    /// The successor was lost, and its parent got a new branch.
    SessionBranched {
        /// Whose session.
        user: UserId,
        /// Which session.
        session: SessionId,
        /// The branch from here on.
        branch: u32,
    },
    /// A token was ahead of its row: the store has lost commits.
    StoreFellBehind {
        /// Whose session.
        user: UserId,
        /// Which session.
        session: SessionId,
    },
    /// A refresh token came back that two must hold a copy of. The session is ended.
    TokenReused {
        /// Whose session.
        user: UserId,
        /// Which session.
        session: SessionId,
    },
    /// A refresh was refused and nothing was changed.
    RefreshRefused {
        /// The session, if the token was one of ours.
        session: Option<SessionId>,
        /// A stable word: `invalid`, `revoked`, `expired`, `user_disabled`, …
        reason: &'static str,
    },
    /// A session was ended.
    SessionRevoked {
        /// Which session.
        session: SessionId,
        /// Why.
        reason: RevokeReason,
    },
    /// A user has a new password, and the other sessions are ended.
    PasswordChanged {
        /// Who.
        user: UserId,
        /// How many sessions were ended.
        sessions_ended: usize,
    },
    /// A password change gave a wrong old password.
    PasswordChangeRefused {
        /// Who.
        user: UserId,
    },
    /// A request that would have changed something came from a place that may not.
    CsrfRefused {
        /// What was wrong with it, without its values.
        reason: &'static str,
    },
}

/// Listens to [`Event`]s. It must not block and cannot refuse: what happened has happened.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of `event`. `address` is the client's, where there is one.
    fn observe(&self, event: &Event, address: Option<&str>);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&self, _: &Event, _: Option<&str>) {}
}
