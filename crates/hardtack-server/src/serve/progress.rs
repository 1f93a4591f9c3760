//! How far a connection has come: told by those who move its bytes, asked by who watches the clock.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::refusal::Refusal;

/// How long each part may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a head, and for the first byte of a connection.
    pub(super) head: Duration,
    /// For the next request, and for a client to read what it asked for.
    pub(super) keep_alive: Duration,
}

/// Shared by the two ends of one connection. Both are in one task, which no two threads run at once: so
/// nothing is locked, of which there would be a dozen times in every request, and no order is asked of
/// the processor.
#[derive(Debug)]
pub(super) struct Progress {
    opened_at: Instant,
    /// A request is being answered, and nothing is awaited of the client.
    is_busy: AtomicBool,
    /// Of the head that is awaited, some is here.
    has_begun: AtomicBool,
    /// Since when the client owes what is awaited.
    since: Moment,
    /// Since when an answer cannot be written because the client does not read.
    unread_since: Moment,
    requests: AtomicU64,
    /// More of the present request's body is on its way.
    is_body_owed: AtomicBool,
    refusal: OnceLock<Refusal>,
    /// Whom to tell of the answer.
    held_back: Mutex<Option<Waker>>,
    is_held_back: AtomicBool,
}

/// Nanoseconds since the connection was opened, or [`NEVER`](Self::NEVER): five hundred years after.
#[derive(Debug)]
struct Moment(AtomicU64);

impl Moment {
    const NEVER: u64 = u64::MAX;

    fn set(&self, opened_at: Instant, now: Instant) {
        let nanos = now.saturating_duration_since(opened_at).as_nanos();
        self.0
            .store(u64::try_from(nanos).unwrap_or(Self::NEVER), Relaxed);
    }

    fn clear(&self) {
        self.0.store(Self::NEVER, Relaxed);
    }

    fn get(&self, opened_at: Instant) -> Option<Instant> {
        let nanos = Some(self.0.load(Relaxed)).filter(|nanos| *nanos != Self::NEVER)?;
        Some(opened_at + Duration::from_nanos(nanos))
    }
}

impl Progress {
    pub(super) fn new(opened_at: Instant) -> Self {
        Self {
            opened_at,
            is_busy: AtomicBool::new(false),
            has_begun: AtomicBool::new(false),
            since: Moment(AtomicU64::new(0)),
            unread_since: Moment(AtomicU64::new(Moment::NEVER)),
            requests: AtomicU64::new(0),
            is_body_owed: AtomicBool::new(false),
            refusal: OnceLock::new(),
            held_back: Mutex::new(None),
            is_held_back: AtomicBool::new(false),
        }
    }

    /// Some of a head is here.
    pub(super) fn head_begins(&self, now: Instant) {
        if self.is_busy() || self.has_begun.load(Relaxed) {
            return;
        }
        self.has_begun.store(true, Relaxed);
        // The first is owed since the connection was opened.
        if self.requests.load(Relaxed) > 0 {
            self.since.set(self.opened_at, now);
        }
    }

    pub(super) fn head_is_complete(&self) {
        self.is_busy.store(true, Relaxed);
        self.has_begun.store(false, Relaxed);
        self.requests
            .store(self.requests.load(Relaxed) + 1, Relaxed);
    }

    /// Whether more of the present request's body is on its way.
    pub(super) fn owe_body(&self, is_owed: bool) {
        self.is_body_owed.store(is_owed, Relaxed);
    }

    pub(super) fn is_body_owed(&self) -> bool {
        self.is_body_owed.load(Relaxed)
    }

    pub(super) fn is_answered(&self, now: Instant) {
        self.is_busy.store(false, Relaxed);
        self.since.set(self.opened_at, now);
        if self.is_held_back.load(Relaxed) {
            self.is_held_back.store(false, Relaxed);
            let held_back = self.held_back().take();
            if let Some(waker) = held_back {
                waker.wake();
            }
        }
    }

    /// More requests are here already, and wait for the answer to this one.
    pub(super) fn wake_when_answered(&self, waker: &Waker) {
        *self.held_back() = Some(waker.clone());
        self.is_held_back.store(true, Relaxed);
    }

    fn held_back(&self) -> MutexGuard<'_, Option<Waker>> {
        self.held_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The client makes room for more of an answer.
    pub(super) fn is_read(&self) {
        self.unread_since.clear();
    }

    /// The client makes no room for an answer.
    pub(super) fn is_unread(&self, now: Instant) {
        if self.unread_since.get(self.opened_at).is_none() {
            self.unread_since.set(self.opened_at, now);
        }
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        // Nothing is read after the first.
        let _ = self.refusal.set(refusal);
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get().copied()
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Relaxed)
    }

    /// How long after the connection was opened its last request was answered, or the head begun that it has
    /// not ended.
    pub(super) fn since(&self) -> Duration {
        Duration::from_nanos(self.since.0.load(Relaxed))
    }

    /// How many requests there were, while the client owes the next one.
    pub(super) fn waits_after(&self) -> Option<u64> {
        (!self.is_busy()).then(|| self.requests.load(Relaxed))
    }

    /// Whether a head has begun and the client can be told so: not in the midst of an answer that
    /// it does not read.
    pub(super) fn is_in_a_head(&self) -> bool {
        self.unread_since.get(self.opened_at).is_none() && self.has_begun.load(Relaxed)
    }

    /// When patience ends, as things stand.
    pub(super) fn deadline(&self, patience: Patience) -> Option<Instant> {
        let is_owed = self.requests.load(Relaxed) == 0 || self.has_begun.load(Relaxed);
        let awaited = self.since.get(self.opened_at).filter(|_| !self.is_busy());
        let for_it = if is_owed {
            patience.head
        } else {
            patience.keep_alive
        };
        let awaited = awaited.map(|since| since + for_it);
        let unread = self.unread_since.get(self.opened_at);
        let unread = unread.map(|since| since + patience.keep_alive);
        awaited.into_iter().chain(unread).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
    };

    #[test]
    fn patience_depends_on_what_is_awaited() {
        let opened_at = Instant::now();
        let at = |seconds| opened_at + Duration::from_secs(seconds);
        let progress = Progress::new(opened_at);
        assert_eq!(progress.deadline(PATIENCE), Some(at(10)));
        progress.head_begins(at(9));
        assert_eq!(
            progress.deadline(PATIENCE),
            Some(at(10)),
            "owed from the start"
        );
        progress.head_is_complete();
        assert_eq!(progress.deadline(PATIENCE), None);
        progress.is_answered(at(20));
        assert_eq!(progress.deadline(PATIENCE), Some(at(80)));
        progress.head_begins(at(79));
        progress.head_begins(at(85));
        assert_eq!(
            progress.deadline(PATIENCE),
            Some(at(89)),
            "more bytes give no more time"
        );
    }

    #[test]
    fn an_answer_that_nobody_reads_is_not_kept_for_ever() {
        let opened_at = Instant::now();
        let at = |seconds| opened_at + Duration::from_secs(seconds);
        let progress = Progress::new(opened_at);
        progress.head_is_complete();
        progress.is_unread(at(1));
        progress.is_unread(at(50));
        assert_eq!(progress.deadline(PATIENCE), Some(at(61)));
        progress.is_read();
        assert_eq!(progress.deadline(PATIENCE), None);
    }
}
