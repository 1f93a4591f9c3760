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
    /// The password was right, and the address was never shown to be the user's.
    EmailNotVerified,
    /// Too many tries.
    Throttled,
}

impl LoginRefusal {
    /// The stable word that is logged and kept.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::UserDisabled => "user_disabled",
            Self::EmailNotVerified => "email_not_verified",
            Self::Throttled => "throttled",
        }
    }
}

/// Why nobody was registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationRefusal {
    /// Nobody may register.
    Closed,
    /// Only invited people may, and the invitation is not good.
    NotInvited,
    /// The name is somebody else's.
    UsernameTaken,
    /// The address is somebody else's.
    EmailTaken,
    /// Too many from one address.
    Throttled,
}

impl RegistrationRefusal {
    /// The stable word that is logged and kept.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NotInvited => "not_invited",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::Throttled => "throttled",
        }
    }
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
    /// The login that was just told of came from a device that its user never had before.
    NewDevice {
        /// Who.
        user: UserId,
        /// The new session.
        session: SessionId,
        /// What its owner would call it ([`Device::name`](crate::session::Device::name)): words of
        /// ours, safe wherever they are shown.
        device: String,
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
        /// Whose session.
        user: UserId,
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
    /// A user's password was demanded for something that cannot be taken back lightly, and another
    /// was given: for another address, or to delete the account.
    PasswordRefused {
        /// Who.
        user: UserId,
    },
    /// Somebody registered.
    UserRegistered {
        /// Who.
        user: UserId,
    },
    /// Somebody did not get to register.
    RegistrationRefused {
        /// Why. What was typed is not told.
        reason: RegistrationRefusal,
    },
    /// An operator invited somebody to register.
    UserInvited,
    /// A user's address was shown to be theirs.
    EmailVerified {
        /// Who.
        user: UserId,
    },
    /// Somebody wants a mail that leads to a new password.
    PasswordResetRequested {
        /// Whose, if the address is anybody's.
        user: Option<UserId>,
    },
    /// A user has a new password by a mail, and every session is ended.
    PasswordReset {
        /// Who.
        user: UserId,
        /// How many sessions were ended.
        sessions_ended: usize,
    },
    /// A user wants another address, and was asked there whether it is theirs.
    EmailChangeRequested {
        /// Who.
        user: UserId,
    },
    /// A user has another address.
    EmailChanged {
        /// Who.
        user: UserId,
    },
    /// The owner of an address took it back. Every session is ended, and the password is void.
    EmailReverted {
        /// Who.
        user: UserId,
        /// How many sessions were ended.
        sessions_ended: usize,
    },
    /// What should have been the code of a mail is none, or good no longer.
    CodeRefused {
        /// What it should have bought, as a stable word
        /// ([`CodePurpose::code`](crate::one_time_code::CodePurpose::code)).
        purpose: &'static str,
    },
    /// A user took a copy of all that is held about them.
    UserExported {
        /// Who.
        user: UserId,
    },
    /// A request that would have changed something came from a place that may not.
    CsrfRefused {
        /// What was wrong with it, without its values.
        reason: &'static str,
    },
    /// An operator added a user.
    UserAdded {
        /// Who.
        user: UserId,
    },
    /// An operator switched a user off, and every session of theirs is ended.
    UserDisabled {
        /// Who.
        user: UserId,
        /// How many sessions were ended.
        sessions_ended: usize,
    },
    /// An operator switched a user on again.
    UserEnabled {
        /// Who.
        user: UserId,
    },
    /// A user was deleted, by an operator or by themselves, and every session of theirs is ended.
    UserDeleted {
        /// Who it was.
        user: UserId,
        /// How many sessions were ended.
        sessions_ended: usize,
    },
    /// A mail could not be sent, and will not be.
    MailGivenUp {
        /// Whose it was, where it was a user's.
        user: Option<UserId>,
        /// What it was about ([`MailKind::name`](crate::mail::MailKind::name)).
        mail: &'static str,
    },
}

/// How much weight an event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It happens to every session all day long, and what it changed can be read from the session.
    Routine,
    /// Somebody's standing changed, or a credential was proved.
    Notable,
    /// Nothing was changed. A stranger can cause as many of these as they like.
    Refusal,
}

impl Event {
    /// The stable word for what happened, which is logged and kept.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LoggedIn { .. } => "logged_in",
            Self::NewDevice { .. } => "new_device",
            Self::LoginRefused { .. } => "login_refused",
            Self::SessionRotated { .. } => "session_rotated",
            Self::SessionBranched { .. } => "session_branched",
            Self::StoreFellBehind { .. } => "store_fell_behind",
            Self::TokenReused { .. } => "token_reused",
            Self::RefreshRefused { .. } => "refresh_refused",
            Self::SessionRevoked { .. } => "session_revoked",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasswordChangeRefused { .. } => "password_change_refused",
            Self::PasswordRefused { .. } => "password_refused",
            Self::UserRegistered { .. } => "user_registered",
            Self::RegistrationRefused { .. } => "registration_refused",
            Self::UserInvited => "user_invited",
            Self::EmailVerified { .. } => "email_verified",
            Self::PasswordResetRequested { .. } => "password_reset_requested",
            Self::PasswordReset { .. } => "password_reset",
            Self::EmailChangeRequested { .. } => "email_change_requested",
            Self::EmailChanged { .. } => "email_changed",
            Self::EmailReverted { .. } => "email_reverted",
            Self::CodeRefused { .. } => "code_refused",
            Self::UserExported { .. } => "user_exported",
            Self::CsrfRefused { .. } => "csrf_refused",
            Self::UserAdded { .. } => "user_added",
            Self::UserDisabled { .. } => "user_disabled",
            Self::UserEnabled { .. } => "user_enabled",
            Self::UserDeleted { .. } => "user_deleted",
            Self::MailGivenUp { .. } => "mail_given_up",
        }
    }

    /// Whom it concerns, where that is known.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::LoggedIn { user, .. }
            | Self::NewDevice { user, .. }
            | Self::SessionRotated { user, .. }
            | Self::SessionBranched { user, .. }
            | Self::StoreFellBehind { user, .. }
            | Self::TokenReused { user, .. }
            | Self::SessionRevoked { user, .. }
            | Self::PasswordChanged { user, .. }
            | Self::PasswordChangeRefused { user }
            | Self::PasswordRefused { user }
            | Self::UserRegistered { user }
            | Self::EmailVerified { user }
            | Self::PasswordReset { user, .. }
            | Self::EmailChangeRequested { user }
            | Self::EmailChanged { user }
            | Self::EmailReverted { user, .. }
            | Self::UserExported { user }
            | Self::UserAdded { user }
            | Self::UserDisabled { user, .. }
            | Self::UserEnabled { user }
            | Self::UserDeleted { user, .. } => Some(*user),
            Self::LoginRefused { user, .. }
            | Self::PasswordResetRequested { user }
            | Self::MailGivenUp { user, .. } => *user,
            Self::RefreshRefused { .. }
            | Self::RegistrationRefused { .. }
            | Self::UserInvited
            | Self::CodeRefused { .. }
            | Self::CsrfRefused { .. } => None,
        }
    }

    /// Which session it concerns, where it is one.
    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::LoggedIn { session, .. }
            | Self::NewDevice { session, .. }
            | Self::SessionRotated { session, .. }
            | Self::SessionBranched { session, .. }
            | Self::StoreFellBehind { session, .. }
            | Self::TokenReused { session, .. }
            | Self::SessionRevoked { session, .. } => Some(*session),
            Self::RefreshRefused { session, .. } => *session,
            _ => None,
        }
    }

    /// Why, as a stable word, where there is a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::LoginRefused { reason, .. } => Some(reason.code()),
            Self::RefreshRefused { reason, .. } | Self::CsrfRefused { reason } => Some(reason),
            Self::SessionRevoked { reason, .. } => Some(reason.code()),
            Self::RegistrationRefused { reason } => Some(reason.code()),
            Self::CodeRefused { purpose } => Some(purpose),
            Self::MailGivenUp { mail, .. } => Some(mail),
            _ => None,
        }
    }

    /// How much weight it has.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        match self {
            Self::SessionRotated { .. } => Weight::Routine,
            Self::LoginRefused { .. }
            | Self::RefreshRefused { .. }
            | Self::PasswordChangeRefused { .. }
            | Self::PasswordRefused { .. }
            | Self::RegistrationRefused { .. }
            | Self::PasswordResetRequested { .. }
            | Self::CodeRefused { .. }
            | Self::CsrfRefused { .. } => Weight::Refusal,
            _ => Weight::Notable,
        }
    }
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
