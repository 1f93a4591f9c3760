//! How this process learns who was logged out elsewhere, and says so to whoever waits for it
//! (docs/revocation.md).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicI64, Ordering};

use hardtack_core::event::Event;
use hardtack_core::rotation::Position;
use hardtack_core::session::RevokeReason;
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_guard::Freshness;
use hardtack_store::{LogPosition, RevocationPage, Store, StoreError};

use crate::client::Client;
use crate::hardtack::Hardtack;
use waiting::Waiting;

mod waiting;

/// Entries that are read at once: a millisecond of a reader, and less than a megabyte.
const PAGE: u32 = 5_000;

/// How far this process has read the log of revocations.
#[derive(Debug)]
pub(crate) struct Revocations {
    read_to: Mutex<Option<LogPosition>>,
    /// When it last asked for the rest and got it, in microseconds since the epoch.
    fresh_at: AtomicI64,
    waiting: Waiting,
}

impl Default for Revocations {
    fn default() -> Self {
        Self {
            read_to: Mutex::default(),
            fresh_at: AtomicI64::new(i64::MIN),
            waiting: Waiting::default(),
        }
    }
}

impl Revocations {
    fn read_to(&self) -> Option<LogPosition> {
        *self.read_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_read_to(&self, position: LogPosition) {
        *self.read_to.lock().unwrap_or_else(PoisonError::into_inner) = Some(position);
    }

    /// There is something to tell to whoever waits.
    pub(crate) fn wake_waiting(&self) {
        self.waiting.wake();
    }

    fn fresh_at(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.fresh_at.load(Ordering::Acquire))
    }
}

impl<S: Store> Hardtack<S> {
    /// Reads what other processes ended since the last call, into this one's memory. One task at a
    /// time.
    pub(crate) async fn read_revocations(&self) -> Result<(), StoreError> {
        let mut read_at = self.revocations().fresh_at();
        loop {
            let asked_at = self.clock().now();
            // By a clock that was ahead, entries had expired: some were not read, and some were
            // dropped since. What is left of them is to be heard again.
            let read_to = if asked_at < read_at {
                None
            } else {
                self.revocations().read_to()
            };
            read_at = asked_at;
            let page = self.store().find_revocations(read_to, PAGE).await?;
            self.remember(&page, asked_at);
            self.revocations().set_read_to(page.position);
            if page.is_last {
                self.revocations()
                    .fresh_at
                    .store(asked_at.unix_micros(), Ordering::Release);
                return Ok(());
            }
        }
    }

    /// Has every process on the store remember ends of sessions for as long as tokens of this one
    /// live.
    pub(crate) async fn ask_to_remember_ends(&self) -> Result<(), StoreError> {
        let needed = self.settings().tokens.ends_remembered_for();
        self.store().remember_ends_for(needed).await
    }

    fn remember(&self, page: &RevocationPage, now: Timestamp) {
        let revoked = self.verifier().revoked();
        for revocation in &page.revocations {
            revoked.insert_until(revocation.session, now, revocation.expires_at);
        }
        if !page.revocations.is_empty() {
            self.revocations().wake_waiting();
        }
    }

    /// From now on the guard answers for the age of what this process knows. Said by whoever goes
    /// on reading.
    pub(crate) fn vouch_for_revocations(&self) {
        self.verifier()
            .revoked()
            .confirm(self.revocations().fresh_at());
    }

    /// How good this process's knowledge of ended sessions is.
    pub(crate) fn revocation_freshness(&self) -> Freshness {
        let now = self.clock().now();
        let age = now.since(self.revocations().fresh_at());
        let judged = self.settings().revocations.staleness().judge(age);
        match self.verifier().revoked().freshness(now) {
            // Nobody reads on, so nothing is refused either: to be stale is bad enough.
            Freshness::Fresh if judged == Freshness::Closed => Freshness::Stale,
            _ => judged,
        }
    }

    /// Makes this process refuse the access tokens of `user`'s sessions that were just ended, and
    /// reports it.
    pub(crate) fn note_revoked(
        &self,
        user: UserId,
        sessions: &[SessionId],
        reason: RevokeReason,
        client: &Client,
    ) {
        let now = self.clock().now();
        for session in sessions {
            self.verifier().revoked().insert(*session, now);
            self.report(
                &Event::SessionRevoked {
                    user,
                    session: *session,
                    reason,
                },
                client,
            );
        }
        if !sessions.is_empty() {
            self.revocations().wake_waiting();
        }
    }

    /// Makes this process refuse the access tokens of a session that is over.
    pub(crate) fn refuse_access_tokens(&self, session: SessionId) {
        let now = self.clock().now();
        self.verifier().revoked().insert(session, now);
    }

    /// Notes the uses that a verifier in another process has seen, each at its time.
    pub(crate) fn note_reported_uses(&self, uses: &[(SessionId, Position, Timestamp)]) {
        let now = self.clock().now();
        for (session, position, used_at) in uses {
            // A clock that runs ahead must not make a use younger than it is.
            self.uses().note(*session, *position, now.min(*used_at));
        }
    }
}
