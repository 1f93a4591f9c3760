//! A bounded table of attempts, one entry for each key that has some.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Attempts, ThrottleRule};
use crate::{Entropy, Timestamp};

const SHARDS: usize = 64;

/// Attempts by key, in memory: bounded, for use from many threads, lost at a restart.
///
/// A key is kept as a 64-bit hash under a secret of the process, so nobody can choose keys that
/// collide, and the table holds neither names nor addresses.
///
/// **When it is full**, a new key takes the place of the key with the fewest attempts in its shard,
/// the oldest of these, *and inherits them* (after the Space-Saving rule of Metwally, Agrawal and
/// El Abbadi, 2005), but always has one attempt left. So who floods the table with names to have a
/// victim's failures forgotten must bring every other entry of the shard to the victim's count
/// first, and gains a single guess for each further flood of the whole table; and who comes with
/// the right password during a flood still gets in. Idle entries have no attempts left, so they go
/// first and cost nobody anything.
pub struct Throttle<K: ?Sized> {
    rule: ThrottleRule,
    capacity_per_shard: usize,
    secret: [u8; 16],
    shards: Vec<Mutex<Shard>>,
    key: PhantomData<fn(&K)>,
}

type Shard = HashMap<u64, Attempts, BuildHasherDefault<DefaultHasher>>;

impl<K: Hash + ?Sized> Throttle<K> {
    /// A table under `rule` for about `capacity` keys, at some forty bytes each. `entropy` gives the
    /// secret.
    #[must_use]
    pub fn new(rule: ThrottleRule, capacity: usize, entropy: &dyn Entropy) -> Self {
        let mut secret = [0; 16];
        entropy.fill(&mut secret);
        Self {
            rule,
            capacity_per_shard: capacity.div_ceil(SHARDS).max(1),
            secret,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            key: PhantomData,
        }
    }

    /// Reserves an attempt for `key`, atomically: of any number of tries at once, as many are
    /// admitted as the rule allows.
    ///
    /// # Errors
    /// How long to wait, never zero. Nothing was counted.
    pub fn try_at(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let print = self.fingerprint(key);
        let mut shard = self.shard(print);
        let seen = match shard.get(&print) {
            Some(attempts) => attempts.seen_at(self.rule, now),
            None if shard.len() < self.capacity_per_shard => Attempts::default(),
            None => self.evict(&mut shard, now),
        };
        let tried = seen.try_at(self.rule, now);
        // Also what was refused is written back: the clock may have stepped back behind it.
        shard.insert(print, *tried.as_ref().unwrap_or(&seen));
        tried.map(drop)
    }

    /// Would an attempt be admitted? Reserves nothing: for what is counted only when it went wrong,
    /// such as refused refreshes.
    ///
    /// # Errors
    /// How long to wait, never zero.
    pub fn ask_at(&self, key: &K, now: Timestamp) -> Result<(), Duration> {
        let print = self.fingerprint(key);
        let attempts = self.shard(print).get(&print).copied().unwrap_or_default();
        attempts.try_at(self.rule, now).map(drop)
    }

    /// The attempt reserved for `key` succeeded: see [`Attempts::succeeded`].
    pub fn succeeded(&self, key: &K) {
        self.replace(key, |attempts| attempts.succeeded(self.rule));
    }

    /// The attempt reserved for `key` was not judged: see [`Attempts::withdrawn`].
    pub fn withdraw(&self, key: &K) {
        self.replace(key, Attempts::withdrawn);
    }

    fn replace(&self, key: &K, with: impl FnOnce(Attempts) -> Attempts) {
        let print = self.fingerprint(key);
        let mut shard = self.shard(print);
        if let Some(attempts) = shard.get_mut(&print) {
            *attempts = with(*attempts);
            if attempts.count == 0 {
                shard.remove(&print);
            }
        }
    }

    /// Makes room for one, and gives what the newcomer inherits.
    fn evict(&self, shard: &mut Shard, now: Timestamp) -> Attempts {
        let least = shard
            .iter()
            .map(|(print, attempts)| (*print, attempts.seen_at(self.rule, now)))
            .min_by_key(|(_, attempts)| (attempts.count, attempts.since));
        let Some((print, attempts)) = least else {
            return Attempts::default();
        };
        shard.remove(&print);
        Attempts {
            count: attempts.count.min(self.rule.burst - 1),
            ..attempts
        }
    }

    fn fingerprint(&self, key: &K) -> u64 {
        // SipHash, whose own key std sets to zero; a secret in front of the message does the same.
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.secret);
        key.hash(&mut hasher);
        hasher.finish()
    }

    fn shard(&self, print: u64) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(print % SHARDS as u64).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "a remainder of SHARDS")]
        let shard = &self.shards[index];
        // An entry is replaced whole, so a panic elsewhere leaves nothing half done.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: ?Sized> std::fmt::Debug for Throttle<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Throttle")
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn account_rule() -> ThrottleRule {
        ThrottleRule::doubling(10, MINUTE)
    }

    /// Keycloak CVE-2024-4629: brute force in parallel.
    #[test]
    fn of_sixty_parallel_tries_ten_are_admitted() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        let admitted = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..60)
                .map(|_| scope.spawn(|| throttle.try_at("alice", NOW).is_ok()))
                .collect();
            tries
                .into_iter()
                .map(|tried| tried.join().unwrap())
                .filter(|admitted| *admitted)
                .count()
        });
        assert_eq!(admitted, 10);
    }

    #[test]
    fn keys_do_not_share_their_attempts() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        while throttle.try_at("alice", NOW).is_ok() {}
        assert_eq!(throttle.try_at("bob", NOW), Ok(()));
        assert_eq!(throttle.try_at("alice", NOW), Err(MINUTE));
    }

    #[test]
    fn a_success_clears_an_account() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        for _ in 0..100 {
            for _ in 0..10 {
                assert_eq!(throttle.try_at("alice", NOW), Ok(()));
            }
            throttle.succeeded("alice");
        }
    }

    #[test]
    fn what_was_never_judged_does_not_count() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        for _ in 0..100 {
            assert_eq!(throttle.try_at("alice", NOW), Ok(()));
            throttle.withdraw("alice");
        }
    }

    #[test]
    fn asking_reserves_nothing() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        for _ in 0..100 {
            assert_eq!(throttle.ask_at("alice", NOW), Ok(()));
        }
        while throttle.try_at("alice", NOW).is_ok() {}
        assert_eq!(throttle.ask_at("alice", NOW), Err(MINUTE));
    }

    #[test]
    fn a_clock_that_stepped_back_makes_nobody_wait_longer() {
        let throttle = Throttle::<str>::new(account_rule(), 1_000, &Fixed);
        while throttle.try_at("alice", NOW).is_ok() {}
        let before = NOW - Duration::from_secs(1_000_000);
        assert_eq!(throttle.try_at("alice", before), Err(MINUTE));
        assert_eq!(throttle.try_at("alice", before + MINUTE), Ok(()));
    }

    #[test]
    fn the_table_never_grows_over_its_capacity() {
        let throttle = Throttle::<u64>::new(account_rule(), 640, &Fixed);
        for key in 0..10_000 {
            let _ = throttle.try_at(&key, NOW);
        }
        let keys: usize = throttle
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap().len())
            .sum();
        assert_eq!(keys, 640);
    }

    /// Filling the table to have the failures of one account forgotten.
    #[test]
    fn a_flood_of_names_gains_hardly_a_guess() {
        let throttle = Throttle::<u64>::new(account_rule(), 640, &Fixed);
        let victim = u64::MAX;
        let mut guesses = 0;
        for key in 0..20_000 {
            let _ = throttle.try_at(&key, NOW);
            guesses += u32::from(throttle.try_at(&victim, NOW).is_ok());
        }
        // 20,000 names fill the table about thirty times. Without inheritance there would be ten
        // guesses for each.
        assert!((10..=10 + 31).contains(&guesses), "{guesses}");
    }

    #[test]
    fn during_a_flood_a_newcomer_still_has_an_attempt() {
        let throttle = Throttle::<u64>::new(account_rule(), 640, &Fixed);
        for key in 0..20_000 {
            assert_eq!(throttle.try_at(&key, NOW), Ok(()));
        }
    }

    #[test]
    fn idle_keys_make_room_and_leave_nothing_behind() {
        let throttle = Throttle::<u64>::new(account_rule(), 6_400, &Fixed);
        for key in 0..10_000 {
            for _ in 0..10 {
                let _ = throttle.try_at(&key, NOW);
            }
        }
        let next_week = NOW + Duration::from_secs(7 * 86_400);
        for key in 10_000..13_200 {
            for _ in 0..10 {
                assert_eq!(throttle.try_at(&key, next_week), Ok(()));
            }
        }
    }
}
