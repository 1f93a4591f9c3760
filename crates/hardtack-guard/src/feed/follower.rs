//! The task that follows a feed: asks, waits, asks again, and is not impressed by failures.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hardtack_core::{Clock, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::FeedError;
use super::authority::Authority;
use super::sightings::Sightings;
use crate::{RevokedSet, Staleness};

/// After an answer that came early without news: the authority holds nobody at the moment.
const UNHELD: Duration = Duration::from_secs(1);

/// After news, so that a burst is read in pieces worth reading; far below the bound of 2 s.
const BETWEEN_NEWS: Duration = Duration::from_millis(50);

/// After other keys and nothing else: of two processes one may know them a second before the other.
const BETWEEN_KEYS: Duration = Duration::from_millis(250);

/// The clocks of an authority's processes differ by less. Entries outlive the tokens that they stop by
/// more, so it is no matter whether so small a step is noticed.
const CLOCKS_DIFFER_BY: Duration = Duration::from_secs(5);

/// Ten million sessions that ended within an access lifetime, in 200 MB: more are no true story.
const MOST_PARTS: u32 = 2_000;

/// After the first failure, doubled with each until the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Follower {
    authority: Arc<Authority>,
    set: Weak<RevokedSet>,
    clock: Arc<dyn Clock>,
    sightings: Arc<Sightings>,
    cursor: Option<String>,
    /// When the last question was sent, by our clock.
    asked_at: Option<Timestamp>,
    /// The authority's time in its last answer.
    told_at: Option<Timestamp>,
    /// The name of the authority's keys.
    keys: watch::Sender<Option<String>>,
    wait: Duration,
    failures: u32,
    /// Pages in a row that were not the last.
    parts: u32,
}

/// What an answer held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    News,
    OtherKeys,
    /// And there is more.
    Part,
}

impl Follower {
    pub(super) fn new(
        authority: Arc<Authority>,
        set: Weak<RevokedSet>,
        clock: Arc<dyn Clock>,
        sightings: Arc<Sightings>,
        keys: watch::Sender<Option<String>>,
        staleness: Staleness,
    ) -> Self {
        // The knowledge counts from when the question was sent, so it is as old as two waits when
        // the second answer comes.
        let wait =
            (staleness.stale_after / 3).clamp(Duration::from_secs(1), Duration::from_secs(20));
        Self {
            authority,
            set,
            clock,
            sightings,
            cursor: None,
            asked_at: None,
            told_at: None,
            keys,
            wait,
            failures: 0,
            parts: 0,
        }
    }

    /// Reads until there is no more.
    pub(super) async fn catch_up(&mut self) -> Result<(), FeedError> {
        while self.ask(Duration::ZERO).await? == Heard::Part {}
        Ok(())
    }

    /// Follows as long as somebody holds the set.
    pub(super) async fn follow(mut self) {
        while self.set.strong_count() > 0 {
            let asked_at = Instant::now();
            let pause = match self.ask(self.wait).await {
                Ok(heard) => {
                    if self.failures > 0 {
                        tracing::info!(feed = ?self.authority, "ended sessions are told again");
                    }
                    self.failures = 0;
                    match heard {
                        Heard::News => BETWEEN_NEWS,
                        Heard::OtherKeys => BETWEEN_KEYS,
                        Heard::Nothing if asked_at.elapsed() < self.wait / 2 => UNHELD,
                        Heard::Nothing | Heard::Part => Duration::ZERO,
                    }
                }
                Err(error) => self.pause_after(&error),
            };
            sleep(pause).await;
        }
    }

    async fn ask(&mut self, wait: Duration) -> Result<Heard, FeedError> {
        let sent_at = self.clock.now();
        // By a clock that was ahead, entries had expired, and were dropped here.
        if self.asked_at.is_some_and(|asked_at| sent_at < asked_at) {
            self.cursor = None;
        }
        self.asked_at = Some(sent_at);
        let keys = self.keys.borrow().clone();
        let asked = self
            .authority
            .ask(self.cursor.as_deref(), keys.as_deref(), wait);
        let page = asked.await?;
        let Some(set) = self.set.upgrade() else {
            return Ok(Heard::Nothing);
        };
        let now = self.clock.now();
        self.sightings.compare_clocks(page.now, now);
        for (session, kept_for) in &page.revocations {
            set.insert_until(*session, now, now + *kept_for);
        }
        // Nothing is ever taken out for an answer's sake: an authority whose database was brought
        // back from a backup has forgotten who was logged out, and we have not.
        set.turn(now);
        let has_other_keys = page.keys.is_some() && page.keys != keys;
        if has_other_keys {
            self.keys.send_replace(page.keys);
        }
        // They were left out there: what comes after this place is not all that we do not know.
        let told_at = self.told_at.replace(page.now);
        let went_back = told_at.is_some_and(|told_at| page.now + CLOCKS_DIFFER_BY < told_at);
        let cursor = (!went_back).then_some(page.cursor);
        let goes_on = went_back || cursor != self.cursor;
        self.cursor = cursor;
        if page.more || went_back {
            self.parts += 1;
            if !goes_on || self.parts > MOST_PARTS {
                self.parts = 0;
                return Err(FeedError::Malformed("it has no end"));
            }
            return Ok(Heard::Part);
        }
        self.parts = 0;
        // As of the question: what happened while the answer was under way may be missing.
        set.confirm(sent_at);
        Ok(if !page.revocations.is_empty() {
            Heard::News
        } else if has_other_keys {
            Heard::OtherKeys
        } else {
            Heard::Nothing
        })
    }

    /// Between half and the whole of a time that doubles: many who lost one authority at the same
    /// moment do not come back at the same moment.
    fn pause_after(&mut self, error: &FeedError) -> Duration {
        if self.failures == 0 {
            tracing::warn!(feed = ?self.authority, %error, "it cannot be heard who was logged out; trying again");
        }
        self.failures = self.failures.saturating_add(1);
        let doubled = FIRST_PAUSE.saturating_mul(1 << (self.failures - 1).min(10));
        let longest = doubled.min(LONGEST_PAUSE);
        let share = RandomState::new().hash_one(()) % 1_000;
        let share = u32::try_from(share).unwrap_or(0);
        longest / 2 + longest / 2 * share / 1_000
    }
}
