//! What is asked of a store about sessions.

use std::future::Future;
use std::num::NonZeroU32;
use std::time::Duration;

use hardtack_core::rotation::{Family, Lineage, Position};
use hardtack_core::session::{NewSession, RevokeReason, Session};
use hardtack_core::{Activity, SessionId, Timestamp, UserId};

use crate::{LogPosition, RevocationPage, StoreError};

/// Why, and for how long a revocation must be remembered: until the last access token that names
/// the session has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoke {
    /// Why.
    pub reason: RevokeReason,
    /// The access lifetime and a margin (docs/rotation.md: 60 s). It is remembered longer where that
    /// was asked for ([`SessionStore::remember_ends_for`]).
    pub remembered_for: Duration,
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

    /// The user's live sessions that they stand behind, newest first.
    fn list_sessions(
        &self,
        user: UserId,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// Says what the access tokens need that this process hands out: their lifetime and a margin
    /// (docs/rotation.md: 60 s). Said before the first token, and once a minute from then on.
    ///
    /// From now on no end of a session is remembered for less, whoever writes it and whatever
    /// [`Revoke::remembered_for`] says: neither a lowered lifetime nor an operator's command under
    /// another configuration lets a token outlive the memory of its session's end. Longer than what
    /// was said before holds at once; less holds when it has been said for as long as the longer
    /// time, and by nobody otherwise.
    fn remember_ends_for(
        &self,
        needed: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

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

    /// Deletes revocations that expired, and sessions that ended, more than `kept_for` ago.
    /// Returns how many rows went, at most a thousand; call again while it returns more than 0.
    ///
    /// A clock that is ahead by less than `kept_for` makes nobody forget a session that was ended
    /// and whose tokens are good by the right time.
    fn purge_ended(
        &self,
        kept_for: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
