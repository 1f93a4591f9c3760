//! What is asked of a store about users.

use std::future::Future;
use std::time::Duration;

use hardtack_core::mail::NewMail;
use hardtack_core::one_time_code::CodePurpose;
use hardtack_core::rotation::Ended;
use hardtack_core::session::{NewSession, Session};
use hardtack_core::user::{EmailAddress, LoginName, PasswordVersion, User, UserState, Username};
use hardtack_core::{SessionId, Timestamp, UserId};

use crate::{Opened, QueuedMail, Revoke, StoreError};

/// A name that somebody else has. Names and addresses share one space: a user name may not be
/// another user's address (CVE-2026-19607).
///
/// An address to which a way back is open ([`CodePurpose::RevertEmail`]) is its owner's still:
/// otherwise a thief would take it for an account of their own, and bar the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameTaken {
    /// The user name is taken.
    #[error("a user with that username already exists")]
    Username,
    /// The address is taken.
    #[error("a user is already registered with this e-mail address")]
    Email,
}

/// A user about to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Unique ignoring case and spelling.
    pub username: Username,
    /// Unique likewise, unless there is none.
    pub email: EmailAddress,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// A PHC or Django string ([`hardtack_core::password`]).
    pub password_hash: String,
}

/// What a user changes about themselves. What is `None` stays as it is **at the moment of the
/// write**, so two changes of different fields at once both hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfileChange {
    /// Unique ignoring case and spelling; one's own is not taken.
    pub username: Option<Username>,
    /// May be empty.
    pub first_name: Option<String>,
    /// May be empty.
    pub last_name: Option<String>,
}

/// A new password, hashed.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// Whose.
    pub user: UserId,
    /// The password that it takes the place of; `None` for whichever is in force.
    pub version: Option<PasswordVersion>,
    /// A PHC or Django string.
    pub hash: String,
    /// Mails that tell of it, queued in the same act.
    pub mails: Vec<NewMail>,
}

/// A user with what their password is checked against.
#[derive(Debug, Clone)]
pub struct UserWithPassword {
    /// Who.
    pub user: User,
    /// A PHC or Django string.
    pub password_hash: String,
}

/// Keeps users. Open for new backends; a new feature is a new trait, not a new method.
pub trait UserStore: Send + Sync + 'static {
    /// The user numbered `id`.
    fn find_user(
        &self,
        id: UserId,
    ) -> impl Future<Output = Result<Option<UserWithPassword>, StoreError>> + Send;

    /// The user of that name or address.
    fn find_user_by_login(
        &self,
        name: &LoginName,
    ) -> impl Future<Output = Result<Option<UserWithPassword>, StoreError>> + Send;

    /// At most `limit` users with a number greater than `after`, by number.
    fn list_users(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<User>, StoreError>> + Send;

    /// Adds a user for an operator, active, with the next number (numbers are never used again).
    /// The operator vouches for the address: it counts as verified.
    ///
    /// Who registers themselves comes in through
    /// [`CodeStore::register_user`](crate::CodeStore::register_user).
    fn insert_user(
        &self,
        user: NewUser,
    ) -> impl Future<Output = Result<Result<User, NameTaken>, StoreError>> + Send;

    /// Changes a user's own fields. `None` when there is no such user.
    fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> impl Future<Output = Result<Option<Result<User, NameTaken>>, StoreError>> + Send;

    /// Stores a stronger hash **of the same password**: sessions live on. Does nothing, and says
    /// `false`, when the password is no longer the one of `version`.
    fn replace_password_hash(
        &self,
        id: UserId,
        version: PasswordVersion,
        hash: String,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Gives the user a new password and ends every session, in one act; `successor`, if given, is
    /// opened in the same act under the new password (its own `password_version` is ignored).
    ///
    /// Codes that a new password makes void ([`CodePurpose::ends_with_password`]) die in the same
    /// act.
    ///
    /// Changes nothing when the password is no longer the one of `version`, if one is given: of
    /// two changes at once, one wins. Nor when a successor is asked for and the user is switched
    /// off: it would be alive once they are switched on again.
    fn change_password(
        &self,
        new: NewPassword,
        successor: Option<NewSession>,
        revoke: Revoke,
        window: Duration,
    ) -> impl Future<Output = Result<PasswordChange, StoreError>> + Send;

    /// Chooses the language that the user is written to in (BCP 47), or none. `false` when there is
    /// no such user.
    fn set_language(
        &self,
        id: UserId,
        language: Option<String>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// All that is held about a user, of one moment, but for the audit trail, which is read in
    /// pages ([`AuditStore::list_audit`](crate::AuditStore::list_audit)).
    fn find_holdings(
        &self,
        id: UserId,
    ) -> impl Future<Output = Result<Option<Holdings>, StoreError>> + Send;

    /// Switches a user on or off. Off ends every session in the same act, and voids every code but
    /// the way back. `None` when there is no such user; else the sessions ended.
    fn set_user_state(
        &self,
        id: UserId,
        state: UserState,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Option<Vec<SessionId>>, StoreError>> + Send;

    /// Deletes a user, with their codes, mails and devices, and ends every session in the same act.
    /// `None` when there is no such user; else the sessions ended.
    fn delete_user(
        &self,
        id: UserId,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Option<Vec<SessionId>>, StoreError>> + Send;
}

/// What became of a password change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordChange {
    /// Done.
    Changed {
        /// The sessions ended.
        ended: Vec<SessionId>,
        /// The family opened in their place, if one was asked for.
        successor: Option<Opened>,
    },
    /// The user is gone, or another change came first. Nothing was changed.
    Superseded,
}

/// A session as long as there is a trace of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSession {
    /// As its owner saw it.
    pub session: Session,
    /// When and why it was ended, if somebody did.
    pub ended: Option<Ended>,
}

/// All that is held about a user. No password hash is in it, and nothing that a code or a token
/// could be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// The user.
    pub user: User,
    /// Their sessions, alive or not, newest first.
    pub sessions: Vec<HeldSession>,
    /// Names of the devices that they have logged in with, in order.
    pub known_devices: Vec<String>,
    /// Their codes that are still good, oldest first.
    pub codes: Vec<HeldCode>,
    /// Mails to them that were not sent yet, or could not be, oldest first.
    pub mails: Vec<QueuedMail>,
}

/// A code, without what could be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCode {
    /// What it buys.
    pub purpose: CodePurpose,
    /// The address that it was sent to.
    pub address: EmailAddress,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}
