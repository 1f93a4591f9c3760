//! How far a connection has come: told by those who move its bytes, asked by who watches the clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// What is awaited of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// A first head, owed since the connection was opened; whether some of it came.
    FirstHead { begun: bool },
    /// The next request, if it likes.
    NextRequest,
    /// The rest of a head.
    RestOfHead,
    /// Nothing: a request is being answered.
    Nothing,
}

#[derive(Debug)]
struct State {
    awaited: Awaited,
    since: Instant,
    /// Since when an answer cannot be written because the client does not read.
    unread_since: Option<Instant>,
    requests: u64,
    /// More of the present request's body is on its way.
    is_body_owed: bool,
    refusal: Option<Refusal>,
    /// Whom to tell of the answer.
    held_back: Option<Waker>,
}

/// Shared by the two ends of one connection. Both are in one task: the lock is never waited for.
#[derive(Debug)]
pub(super) struct Progress(Mutex<State>);

impl Progress {
    pub(super) fn new(opened_at: Instant) -> Self {
        Self(Mutex::new(State {
            awaited: Awaited::FirstHead { begun: false },
            since: opened_at,
            unread_since: None,
            requests: 0,
            is_body_owed: false,
            refusal: None,
            held_back: None,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some of a head is here.
    pub(super) fn head_begins(&self, now: Instant) {
        let mut state = self.state();
        match state.awaited {
            Awaited::FirstHead { .. } => state.awaited = Awaited::FirstHead { begun: true },
            Awaited::NextRequest => {
                state.awaited = Awaited::RestOfHead;
                state.since = now;
            }
            Awaited::RestOfHead | Awaited::Nothing => {}
        }
    }

    pub(super) fn head_is_complete(&self) {
        let mut state = self.state();
        state.awaited = Awaited::Nothing;
        state.requests += 1;
    }

    /// Whether more of the present request's body is on its way.
    pub(super) fn owe_body(&self, is_owed: bool) {
        self.state().is_body_owed = is_owed;
    }

    pub(super) fn is_body_owed(&self) -> bool {
        self.state().is_body_owed
    }

    pub(super) fn is_answered(&self, now: Instant) {
        let mut state = self.state();
        state.awaited = Awaited::NextRequest;
        state.since = now;
        let held_back = state.held_back.take();
        drop(state);
        if let Some(waker) = held_back {
            waker.wake();
        }
    }

    /// More requests are here already, and wait for the answer to this one.
    pub(super) fn wake_when_answered(&self, waker: &Waker) {
        self.state().held_back = Some(waker.clone());
    }

    /// The client makes room for more of an answer.
    pub(super) fn is_read(&self) {
        self.state().unread_since = None;
    }

    /// The client makes no room for an answer.
    pub(super) fn is_unread(&self, now: Instant) {
        self.state().unread_since.get_or_insert(now);
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        self.state().refusal = Some(refusal);
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.state().refusal
    }

    /// Whether a request is being answered.
    pub(super) fn is_busy(&self) -> bool {
        self.state().awaited == Awaited::Nothing
    }

    /// How many requests there were, while the client owes the next one.
    pub(super) fn waits_after(&self) -> Option<u64> {
        let state = self.state();
        (state.awaited != Awaited::Nothing).then_some(state.requests)
    }

    /// Whether a head has begun and the client can be told so: not in the midst of an answer that
    /// it does not read.
    pub(super) fn is_in_a_head(&self) -> bool {
        let state = self.state();
        state.unread_since.is_none()
            && matches!(
                state.awaited,
                Awaited::FirstHead { begun: true } | Awaited::RestOfHead
            )
    }

    /// When patience ends, as things stand.
    pub(super) fn deadline(&self, patience: Patience) -> Option<Instant> {
        let state = self.state();
        let awaited = match state.awaited {
            Awaited::FirstHead { .. } | Awaited::RestOfHead => Some(state.since + patience.head),
            Awaited::NextRequest => Some(state.since + patience.keep_alive),
            Awaited::Nothing => None,
        };
        let unread = state.unread_since.map(|since| since + patience.keep_alive);
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
