//! The sessions that were ended and whose access tokens may still be alive (docs/rotation.md).
//!
//! Asked on every authenticated request, so a look-up is one hash and a walk over neighbouring
//! words, without a lock. It holds keyed 64-bit fingerprints, not names: a collision (1 in 2⁶⁴ per
//! pair) costs one honest browser one refresh, and since the key is drawn at start, nobody can
//! look for one.
//!
//! Entries live in two generations. When the current one is old enough, it becomes the previous
//! one and the previous one is dropped whole: no entry carries a time, and none is dropped before
//! `kept_for` has passed. Longer than that is harmless, for all its tokens have expired.
//!
//! A set that is fed from elsewhere also knows how old its knowledge is ([`Staleness`]).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use hardtack_core::{SessionId, Timestamp};

use crate::keyed_hash::KeyedHash;
use crate::{Freshness, Staleness};
use table::Table;

mod table;

/// The set of ended sessions. Reading takes no lock; writers take turns.
pub struct RevokedSet {
    hash: KeyedHash,
    generations: ArcSwap<Generations>,
    writer: Mutex<Turns>,
    staleness: Staleness,
    /// When it was last known to be complete, in microseconds; [`NEVER`] while nobody has said so.
    complete_at: AtomicI64,
}

/// No moment: nobody promises to keep the set complete.
const NEVER: i64 = i64::MIN;

/// When generations turn.
struct Turns {
    /// The current generation's first moment.
    started_at: Timestamp,
    /// The longest that any entry has to be kept.
    kept_for: Duration,
}

/// What readers see at one moment.
struct Generations {
    current: Arc<Table>,
    previous: Arc<Table>,
}

impl RevokedSet {
    /// A set that keeps every entry for `kept_for` at least: the longest life of an access token
    /// and a margin (docs/rotation.md: 60 s).
    ///
    /// Less than that life would let the tokens of an ended session come back to life.
    #[must_use]
    pub fn new(kept_for: Duration, now: Timestamp) -> Self {
        let empty = || Arc::new(Table::with_room_for(0));
        Self {
            hash: KeyedHash::new(),
            generations: ArcSwap::from_pointee(Generations {
                current: empty(),
                previous: empty(),
            }),
            writer: Mutex::new(Turns {
                started_at: now,
                kept_for,
            }),
            staleness: Staleness::default(),
            complete_at: AtomicI64::new(NEVER),
        }
    }

    /// The same set, which answers for its age by these bounds, from the first
    /// [`confirm`](Self::confirm) on.
    #[must_use]
    pub fn with_staleness(self, staleness: Staleness) -> Self {
        Self { staleness, ..self }
    }

    /// Says that every session that was ended before `moment` is in the set.
    ///
    /// Whoever says so once must go on saying so: past the bounds of its [`Staleness`] the set
    /// vouches for nobody, and access tokens are answered 503. Until the first time nothing is
    /// promised and nothing refused.
    pub fn confirm(&self, moment: Timestamp) {
        self.complete_at
            .store(moment.unix_micros(), Ordering::Relaxed);
    }

    /// How old the knowledge is. [`Freshness::Fresh`] for a set that nobody confirms.
    ///
    /// A clock that is set back makes it look younger by as much.
    #[must_use]
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        match self.complete_at.load(Ordering::Relaxed) {
            NEVER => Freshness::Fresh,
            moment => self
                .staleness
                .judge(now.since(Timestamp::from_unix_micros(moment))),
        }
    }

    /// Was the session ended?
    #[must_use]
    pub fn contains(&self, session: SessionId) -> bool {
        let generations = self.generations.load();
        let fingerprint = self.fingerprint(session);
        generations.current.contains(fingerprint) || generations.previous.contains(fingerprint)
    }

    /// Notes that a session was ended. May be repeated without harm. When this returns, every
    /// later [`contains`](Self::contains) on every thread says so.
    pub fn insert(&self, session: SessionId, now: Timestamp) {
        self.insert_until(session, now, now);
    }

    /// As [`insert`](Self::insert), for a session whose tokens may live until `kept_until`, longer
    /// than this set was made for: whoever ended it had a longer access lifetime in its
    /// configuration. From here on every entry is kept that long.
    pub fn insert_until(&self, session: SessionId, now: Timestamp, kept_until: Timestamp) {
        let mut turns = self.lock();
        turns.kept_for = turns.kept_for.max(kept_until.since(now));
        self.turn_locked(&mut turns, now);
        let fingerprint = self.fingerprint(session);
        let generations = self.generations.load();
        if generations.current.insert(fingerprint) {
            return;
        }
        let current = Arc::new(generations.current.grown());
        current.insert(fingerprint);
        let previous = Arc::clone(&generations.previous);
        self.generations
            .store(Arc::new(Generations { current, previous }));
    }

    /// Lets go of what is old enough. Inserting does it too; call it now and then all the same, so
    /// that a burst of revocations does not hold its memory until the next one.
    pub fn turn(&self, now: Timestamp) {
        self.turn_locked(&mut self.lock(), now);
    }

    /// How many entries it holds, those counted that only wait to be dropped.
    #[must_use]
    pub fn len(&self) -> usize {
        let generations = self.generations.load();
        generations.current.len() + generations.previous.len()
    }

    /// Is nothing revoked?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory the entries take, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let generations = self.generations.load();
        let slots = generations.current.slots.len() + generations.previous.slots.len();
        slots * size_of::<AtomicU64>()
    }

    /// Every entry of the current generation is at least as young as the turn, so the next turn,
    /// `kept_for` later at the earliest, drops none that is younger than `kept_for`.
    fn turn_locked(&self, turns: &mut Turns, now: Timestamp) {
        if now.since(turns.started_at) < turns.kept_for {
            return;
        }
        turns.started_at = now;
        let generations = self.generations.load();
        let previous = Arc::clone(&generations.current);
        let current = Arc::new(Table::with_room_for(0));
        self.generations
            .store(Arc::new(Generations { current, previous }));
    }

    /// Never 0, which is the mark of an empty slot.
    fn fingerprint(&self, session: SessionId) -> u64 {
        self.hash.of(session.as_bytes()).max(1)
    }

    /// A writer that panicked left whole words behind, so the set is good as it is.
    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for RevokedSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RevokedSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const KEPT_FOR: Duration = Duration::from_secs(960);

    fn set() -> RevokedSet {
        RevokedSet::new(KEPT_FOR, NOW)
    }

    fn session(number: u32) -> SessionId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        SessionId::from_bytes(bytes)
    }

    #[test]
    fn what_was_ended_is_found_and_nothing_else() {
        let set = set();
        assert!(set.is_empty() && !set.contains(session(0)));
        for number in 0..20_000 {
            set.insert(session(number), NOW);
            set.insert(session(number), NOW);
        }
        assert_eq!(set.len(), 20_000);
        for number in 0..20_000 {
            assert!(set.contains(session(number)), "{number}");
            assert!(!set.contains(session(1_000_000 + number)), "{number}");
        }
    }

    /// The promise: no entry goes before its tokens are dead, however the turns fall.
    #[test]
    fn no_entry_is_dropped_before_its_time() {
        for turn_every in [1, 7, 100, 959, 960, 961, 5000] {
            let set = set();
            for second in 0..4000_u32 {
                let now = NOW + Duration::from_secs(u64::from(second));
                if second % turn_every == 0 {
                    set.turn(now);
                }
                if second % 10 == 0 {
                    set.insert(session(second), now);
                }
                // The oldest that must still be there, and the one just inserted.
                let oldest = second.saturating_sub(959).next_multiple_of(10);
                assert!(
                    oldest > second || set.contains(session(oldest)),
                    "{turn_every} {second}"
                );
                assert!(
                    set.contains(session(second / 10 * 10)),
                    "{turn_every} {second}"
                );
            }
        }
    }

    #[test]
    fn entries_go_after_two_turns_and_their_memory_with_them() {
        let set = set();
        (0..1000).for_each(|number| set.insert(session(number), NOW));
        set.turn(NOW + KEPT_FOR);
        assert_eq!(set.len(), 1000);
        set.turn(NOW + 2 * KEPT_FOR);
        assert_eq!((set.len(), set.memory_bytes()), (0, 0));
    }

    #[test]
    fn a_clock_that_steps_back_drops_nothing() {
        let set = set();
        set.insert(session(1), NOW);
        set.turn(NOW - Duration::from_secs(100_000));
        set.turn(NOW + KEPT_FOR - Duration::from_secs(1));
        assert!(set.contains(session(1)));
    }

    /// B8: at most 20 MiB for a million. Just after growing is the worst moment.
    #[test]
    fn an_entry_costs_at_most_twenty_bytes() {
        let set = set();
        for number in 0..100_000 {
            set.insert(session(number), NOW);
            let entries = set.len().max(64);
            assert!(set.memory_bytes() <= entries * 20 + 64, "{number}");
        }
    }

    #[test]
    fn readers_beside_a_writer_never_miss_what_is_already_in() {
        let set = set();
        set.insert(session(0), NOW);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..100_000 {
                        assert!(set.contains(session(0)));
                    }
                });
            }
            scope.spawn(|| {
                for number in 1..50_000 {
                    set.insert(session(number), NOW);
                    assert!(set.contains(session(number)));
                }
            });
        });
    }

    /// A restart with a shorter access lifetime, or a command line without the server's
    /// configuration: what was ended stays ended as long as its tokens could live.
    #[test]
    fn an_entry_of_a_longer_lifetime_makes_the_set_remember_longer() {
        let start = Timestamp::from_unix_seconds(1_000);
        let set = RevokedSet::new(Duration::from_secs(62), start);
        let (ended, other) = (
            SessionId::from_bytes([1; 16]),
            SessionId::from_bytes([2; 16]),
        );
        let lives_until = start + Duration::from_secs(43_260);
        set.insert_until(ended, start, lives_until);
        for seconds in (0..43_260).step_by(30) {
            let now = start + Duration::from_secs(seconds);
            set.insert(other, now);
            set.turn(now);
            assert!(set.contains(ended), "{seconds} s later");
        }
    }
}
