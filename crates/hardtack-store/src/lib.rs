//! Where Hardtack keeps users and sessions: the contract, and its backends.
//!
//! A method is **one atomic act named after its meaning**. No transaction leaves the store, so
//! every backend can keep the promise; a crash leaves an act done or not done. An act that
//! answered `Ok` is durable: it survives the death of the process and of the machine.
//!
//! Verbs: `find_*` reads and gives an `Option`; `insert_*` fails on conflict; `rotate_*` and
//! `commit_*` compare and swap; `revoke_*` may be repeated without harm; `purge_*` deletes what
//! ended long ago and returns a count.
//!
//! **Time is the store's.** Whether a session is idle or past its end is decided by the store's
//! clock at the moment of commit, and every answer that a token is made from carries that time. A
//! session is *alive* when it was not ended and neither of its ends has come; what is not alive
//! cannot be ended.
//!
//! To add a backend: implement [`UserStore`] and [`SessionStore`], then stamp the suite of
//! `conformance` (feature `conformance`) onto it. The [`memory`] backend is the contract made
//! executable; when words and [`memory`] disagree, the suite decides.

use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;

use hardtack_core::audit::AuditEntry;
use hardtack_core::rotation::{Family, Lineage, Position};
use hardtack_core::session::{NewSession, RevokeReason, Session};
use hardtack_core::user::{EmailAddress, LoginName, PasswordVersion, User, UserState, Username};
use hardtack_core::{Activity, SessionId, Timestamp, UserId};

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod memory;
mod revocation_log;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use memory::MemoryStore;
pub use revocation_log::{LogId, LogPosition, ParseLogPositionError, Revocation, RevocationPage};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// What went wrong with the system. "Not found" and "refused" are answers, never errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot answer now; nothing was changed, and trying again is safe.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A row fits no state that the code knows. Somebody else wrote it, or the file is damaged.
    #[error("the store holds a row that makes no sense: {0}")]
    Corrupt(String),
}

/// A name that somebody else has. Names and addresses share one space: a user name may not be
/// another user's address (CVE-2026-19607).
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

/// A user with what their password is checked against.
#[derive(Debug, Clone)]
pub struct UserWithPassword {
    /// Who.
    pub user: User,
    /// A PHC or Django string.
    pub password_hash: String,
}

/// Why, and for how long a revocation must be remembered: until the last access token that names
/// the session has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoke {
    /// Why.
    pub reason: RevokeReason,
    /// The access lifetime and a margin (docs/rotation.md: 60 s).
    pub remembered_for: Duration,
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

    /// Adds a user, active, with the next number (numbers are never used again).
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
    /// Changes nothing when the password is no longer the one of `version`, if one is given: of
    /// two changes at once, one wins. Nor when a successor is asked for and the user is switched
    /// off: it would be alive once they are switched on again.
    fn change_password(
        &self,
        id: UserId,
        version: Option<PasswordVersion>,
        hash: String,
        successor: Option<NewSession>,
        revoke: Revoke,
        window: Duration,
    ) -> impl Future<Output = Result<PasswordChange, StoreError>> + Send;

    /// Switches a user on or off. Off ends every session in the same act. `None` when there is no
    /// such user; else the sessions ended.
    fn set_user_state(
        &self,
        id: UserId,
        state: UserState,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Option<Vec<SessionId>>, StoreError>> + Send;

    /// Deletes a user and ends every session in the same act. `None` when there is no such user;
    /// else the sessions ended.
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

/// A session that was just opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its family, at generation 0.
    pub family: Family,
    /// The store's time at commit.
    pub now: Timestamp,
}

/// What became of a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insertion {
    /// Opened. The user's `last_login_at` moved in the same act.
    Opened {
        /// The new session.
        opened: Opened,
        /// The sessions that were ended in its place, and whose they were: a browser may have
        /// carried another user's.
        replaced: Vec<(SessionId, UserId)>,
        /// The sessions that were ended because the user had too many.
        crowded_out: Vec<SessionId>,
        /// Whether the user has logged in before, and never with a device of this name
        /// ([`Device::name`](hardtack_core::session::Device::name)).
        is_new_device: bool,
    },
    /// The user was switched off, deleted or got another password since it was checked. Nothing
    /// was changed.
    UserChanged,
}

/// A family and the store's time when it was read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyAt {
    /// The family.
    pub family: Family,
    /// The store's time.
    pub now: Timestamp,
}

/// What to write after a decision ([`hardtack_core::rotation::rotate`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The chain moves on. Where the use counts, `last_seen_at` becomes now, if it is not later
    /// already because the clock stepped back; where it does not, it stays.
    Continue(Lineage, Activity),
    /// The family ends.
    Revoke(Revoke),
}

/// Keeps sessions, one row each, whatever their age. Open for new backends.
pub trait SessionStore: Send + Sync + 'static {
    /// Opens a session at generation 0 ([`Lineage::at_login`]) and ends those of `replaced` that
    /// are alive (for the reason that `revoke` gives), in one act, and moves the user's `last_login_at`.
    ///
    /// If more than `limit` sessions of the user would be alive then, those that were idle longest
    /// end in the same act ([`RevokeReason::Limit`]), never the new one. Of two that were used
    /// last at the same moment, the older one goes.
    ///
    /// Guarded by the user's state and `new.password_version`: a login that raced a password
    /// change must not survive it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] also when a session of that name exists, dead or alive: it is
    /// never taken over, and another name will do.
    fn insert_session(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        limit: Option<NonZeroU32>,
        revoke: Revoke,
        window: Duration,
    ) -> impl Future<Output = Result<Insertion, StoreError>> + Send;

    /// The first row of the rotation table, in one guarded statement: advances the family by one
    /// generation if `presented` is its current token, the window is over, it is alive, and its
    /// owner stands behind it. `None` when any of that does not hold; nothing is changed then.
    ///
    /// `last_seen_at` becomes now where the use counts, and stays where it does not.
    fn rotate_family(
        &self,
        session: SessionId,
        presented: Position,
        window: Duration,
        activity: Activity,
    ) -> impl Future<Output = Result<Option<FamilyAt>, StoreError>> + Send;

    /// The family of a session, alive or ended, with its owner's standing. Reads what was
    /// committed before the call.
    fn find_family(
        &self,
        session: SessionId,
    ) -> impl Future<Output = Result<Option<FamilyAt>, StoreError>> + Send;

    /// Writes a verdict if the row is still as it was `judged`: same lineage (position, phase,
    /// anchor), not revoked, not idle or past its end, owner standing. `None` when somebody was
    /// faster: read and decide again.
    fn commit_verdict(
        &self,
        judged: &Family,
        verdict: Verdict,
    ) -> impl Future<Output = Result<Option<FamilyAt>, StoreError>> + Send;

    /// Notes that access tokens of these positions were used ([`Lineage::after_use`], judged
    /// against each row's own values). Unknown and ended sessions are passed over, and no idle end
    /// is deferred.
    fn note_uses(
        &self,
        uses: Vec<(SessionId, Position)>,
        window: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes when sessions were last used: `last_seen_at` moves forward to that time, never back,
    /// and never past the store's own present.
    ///
    /// Only where the session is alive **now**, by the store's clock, and its owner stands behind
    /// it: one that went idle before its use was written stays over, for it may have been taken
    /// for ended by somebody meanwhile. Others, and unknown ones, are passed over. May be repeated
    /// without harm.
    fn note_seen(
        &self,
        seen: Vec<(SessionId, Timestamp)>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends one session and says whose it was. `None` when it was not alive; nothing is changed
    /// then.
    fn revoke_session(
        &self,
        session: SessionId,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;

    /// Ends every session of a user but `except`; returns those ended.
    fn revoke_user_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Vec<SessionId>, StoreError>> + Send;

    /// The user's live sessions, newest first.
    fn list_sessions(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// At most `limit` (at least 1) of the unexpired revocations after a position, oldest first.
    ///
    /// From the beginning without one, and also after one of another log or one that this log has
    /// not come to: whoever brings it knows another past. A backend whose sequences may be committed
    /// out of order holds the position of its answer back until no gap before it can be filled; what
    /// was read then comes again.
    fn find_revocations(
        &self,
        after: Option<LogPosition>,
        limit: u32,
    ) -> impl Future<Output = Result<RevocationPage, StoreError>> + Send;

    /// Deletes revocations that expired, and sessions that ended more than `kept_for` ago.
    /// Returns how many rows went, at most a thousand; call again while it returns more than 0.
    fn purge_ended(
        &self,
        kept_for: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Which entries of the audit trail are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only those that concern this user.
    pub user: Option<UserId>,
    /// Only those from then on.
    pub since: Option<Timestamp>,
}

/// Where a page of the audit trail ends, for the next to begin behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// When the last entry happened.
    pub at: Timestamp,
    /// Its number, which tells entries of one moment apart.
    pub number: i64,
}

/// Keeps the audit trail. Entries are added and forgotten, never changed.
pub trait AuditStore: Send + Sync + 'static {
    /// Adds entries, all or none.
    fn insert_audit(
        &self,
        entries: Vec<AuditEntry>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// At most `limit` entries behind `after`, oldest first, each with its place.
    fn list_audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditPlace>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(AuditPlace, AuditEntry)>, StoreError>> + Send;

    /// Deletes entries of what happened more than `kept_for` ago. Returns how many went, at most a
    /// thousand; call again while it returns more than 0.
    fn purge_audit(
        &self,
        kept_for: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Users, sessions and what happened to them in one place.
pub trait Store: UserStore + SessionStore + AuditStore {
    /// Can the store answer? Used by `/readyz`.
    fn ping(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
