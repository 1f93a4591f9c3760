//! When sessions were last used, gathered between two writes.
//!
//! Not gathered with the uses that settle generations (`uses.rs`): those are worth nothing when they
//! are old and may be lost, these stay true and must not be.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hardtack_core::session::Session;
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_store::{Store, StoreError};

use crate::hardtack::Hardtack;

/// A session is written at most this often, unless its idle end is near.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);

/// Shards are written each at its own second of the minute, so that a million sessions are not
/// written at once; and cores that note different sessions seldom meet.
const SHARDS: usize = 60;

/// Sessions that one shard holds at most: a million in all, or some 50 MB while they wait. Only
/// sessions whose tokens are good get here, so no stranger fills it. What does not fit is noted
/// with the session's next request.
const SHARD_CAPACITY: usize = 17_500;

/// Sessions in one act of the store, which others have to wait for.
const WRITTEN_AT_ONCE: usize = 500;

/// Sessions that were used and are not written yet.
#[derive(Debug)]
pub(crate) struct LastSeen {
    shards: Box<[Mutex<Shard>]>,
    /// Those that end soon if they are not written. Always due.
    urgent: Mutex<Shard>,
}

#[derive(Debug)]
struct Shard {
    due_at: Timestamp,
    sessions: HashMap<SessionId, Timestamp>,
}

impl Shard {
    fn note(&mut self, session: SessionId, seen_at: Timestamp) {
        if self.sessions.len() < SHARD_CAPACITY || self.sessions.contains_key(&session) {
            let last = self.sessions.entry(session).or_insert(seen_at);
            *last = seen_at.max(*last);
        }
    }

    /// A clock that was set back leaves the hour of the next write far ahead; a minute is the
    /// longest that anybody waits.
    fn is_due(&self, now: Timestamp) -> bool {
        now >= self.due_at || now + WRITTEN_EVERY < self.due_at
    }
}

fn locked(shard: &Mutex<Shard>) -> std::sync::MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LastSeen {
    /// Nobody, from `now` on.
    pub(crate) fn new(now: Timestamp) -> Self {
        let shard = |due_at| {
            Mutex::new(Shard {
                due_at,
                sessions: HashMap::new(),
            })
        };
        let seconds = (0..).map(Duration::from_secs).take(SHARDS);
        Self {
            shards: seconds.map(|second| shard(now + second)).collect(),
            urgent: shard(now),
        }
    }

    /// Notes that `session` was used. `idle_expires_at` is when it would have ended without: where
    /// that is before its turn may come, it is written with the next second's.
    pub(crate) fn note(
        &self,
        session: SessionId,
        seen_at: Timestamp,
        idle_expires_at: Option<Timestamp>,
    ) {
        let ends_soon = idle_expires_at.is_some_and(|end| end < seen_at + 2 * WRITTEN_EVERY);
        let shard = if ends_soon {
            &self.urgent
        } else {
            self.shard(session)
        };
        locked(shard).note(session, seen_at);
    }

    /// The last use of `session` that is not written yet, if there is one.
    pub(crate) fn waiting(&self, session: SessionId) -> Option<Timestamp> {
        let waiting = |shard| locked(shard).sessions.get(&session).copied();
        waiting(&self.urgent).max(waiting(self.shard(session)))
    }

    fn shard(&self, session: SessionId) -> &Mutex<Shard> {
        // Names are random and were signed by us: nobody chooses who shares a shard.
        let [first, second, ..] = *session.as_bytes();
        let index = usize::from(u16::from_le_bytes([first, second])) % SHARDS;
        self.shards.get(index).unwrap_or(&self.urgent)
    }

    /// Those whose turn it is.
    fn take_due(&self, now: Timestamp) -> Vec<(SessionId, Timestamp)> {
        let mut due: Vec<_> = locked(&self.urgent).sessions.drain().collect();
        for shard in &self.shards {
            let mut shard = locked(shard);
            // One that was empty for a while writes the first who comes within a second.
            if !shard.sessions.is_empty() && shard.is_due(now) {
                shard.due_at = now + WRITTEN_EVERY;
                due.extend(std::mem::take(&mut shard.sessions));
            }
        }
        due
    }

    fn take_all(&self) -> Vec<(SessionId, Timestamp)> {
        let shards = self.shards.iter().chain(std::iter::once(&self.urgent));
        shards
            .flat_map(|shard| std::mem::take(&mut locked(shard).sessions))
            .collect()
    }

    /// Back to those that wait: the store did not take them. They are due again at once.
    fn put_back(&self, unwritten: &[(SessionId, Timestamp)]) {
        for (session, seen_at) in unwritten {
            let mut shard = locked(self.shard(*session));
            shard.due_at = *seen_at;
            shard.note(*session, *seen_at);
        }
    }
}

impl<S: Store> Hardtack<S> {
    /// Writes when sessions were last used, those whose turn it is: each at most once a minute,
    /// unless its idle end is near. Called every second by
    /// [`run_housekeeping`](Self::run_housekeeping); a process that dies without
    /// [`flush_last_seen`](Self::flush_last_seen) loses what was gathered since.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is kept and tried again.
    pub async fn flush_due_last_seen(&self) -> Result<(), StoreError> {
        let due = self.last_seen().take_due(self.clock().now());
        self.write_last_seen(&due).await
    }

    /// Writes when sessions were last used, all that is not written yet. For a process that ends;
    /// [`run_housekeeping`](Self::run_housekeeping) does it by itself.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is kept and tried again.
    pub async fn flush_last_seen(&self) -> Result<(), StoreError> {
        self.write_last_seen(&self.last_seen().take_all()).await
    }

    /// Writes when the sessions of `user` were last used, if there are `limit` of them: the next login
    /// ends the one that was idle longest, and the store must not take for idle who was here a moment
    /// ago. What other processes on the store have gathered, it learns within a minute.
    pub(crate) async fn write_last_seen_at_limit(
        &self,
        user: UserId,
        limit: NonZeroU32,
    ) -> Result<(), StoreError> {
        let sessions = self.store().list_sessions(user).await?;
        if u32::try_from(sessions.len()).is_ok_and(|count| count < limit.get()) {
            return Ok(());
        }
        let waiting = |session: Session| Some((session.id, self.last_seen().waiting(session.id)?));
        let seen: Vec<_> = sessions.into_iter().filter_map(waiting).collect();
        self.write_last_seen(&seen).await
    }

    async fn write_last_seen(&self, seen: &[(SessionId, Timestamp)]) -> Result<(), StoreError> {
        let mut written = 0;
        for some in seen.chunks(WRITTEN_AT_ONCE) {
            if let Err(error) = self.store().note_seen(some.to_vec()).await {
                self.last_seen()
                    .put_back(seen.get(written..).unwrap_or_default());
                return Err(error);
            }
            written += some.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn session(number: u32) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        SessionId::from_bytes(bytes)
    }

    #[test]
    fn a_session_that_is_always_in_use_is_written_once_a_minute() {
        let last_seen = LastSeen::new(NOW);
        for number in 0..200 {
            let mut written = Vec::new();
            for second in 0..600 {
                let now = NOW + SECOND * second;
                last_seen.note(session(number), now, None);
                let due = last_seen.take_due(now);
                written.extend(
                    due.iter()
                        .filter(|(id, _)| *id == session(number))
                        .map(|_| now),
                );
            }
            assert!((9..=10).contains(&written.len()), "{number}: {written:?}");
            let apart = written.windows(2).map(|pair| pair[1].since(pair[0]));
            assert!(apart.min() >= Some(WRITTEN_EVERY), "{number}: {written:?}");
            last_seen.take_all();
        }
    }

    #[test]
    fn the_newest_use_is_written_and_within_a_minute() {
        for number in 0..200 {
            let last_seen = LastSeen::new(NOW);
            last_seen.note(session(number), NOW + SECOND, None);
            last_seen.note(session(number), NOW, None);
            let due = last_seen.take_due(NOW + WRITTEN_EVERY);
            assert_eq!(due, [(session(number), NOW + SECOND)]);
            assert_eq!(last_seen.take_all(), []);
        }
    }

    #[test]
    fn one_whose_idle_end_is_near_does_not_wait_for_its_turn() {
        let last_seen = LastSeen::new(NOW);
        last_seen.note(session(59), NOW, Some(NOW + SECOND * 119));
        last_seen.note(session(58), NOW, Some(NOW + SECOND * 120));
        assert_eq!(last_seen.take_due(NOW), [(session(59), NOW)]);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_waiting() {
        let last_seen = LastSeen::new(NOW);
        let before = NOW - SECOND * 86_400;
        last_seen.note(session(1), before, None);
        assert_eq!(last_seen.take_due(before), [(session(1), before)]);
        last_seen.note(session(1), before, None);
        assert_eq!(last_seen.take_due(before), []);
    }

    #[test]
    fn what_could_not_be_written_is_kept_and_the_newest_of_it() {
        let last_seen = LastSeen::new(NOW);
        last_seen.put_back(&[(session(1), NOW)]);
        last_seen.put_back(&[(session(1), NOW - SECOND)]);
        assert_eq!(last_seen.take_due(NOW), [(session(1), NOW)]);
    }

    /// Whoever has a million sessions must not have all the memory too.
    #[test]
    fn a_full_shard_takes_nobody_new_and_still_moves_those_it_has() {
        let last_seen = LastSeen::new(NOW);
        let of_one_shard = (0..).map(|number: u32| session(number << 16));
        for id in of_one_shard.take(SHARD_CAPACITY + 10) {
            last_seen.note(id, NOW, None);
        }
        last_seen.note(session(0), NOW + SECOND, None);
        let all: HashMap<_, _> = last_seen.take_all().into_iter().collect();
        assert_eq!(all.len(), SHARD_CAPACITY);
        assert_eq!(all[&session(0)], NOW + SECOND);
    }
}
