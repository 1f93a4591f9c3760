//! Those who wait to be told of the next ended session.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hardtack_store::{LogPosition, RevocationPage, Store};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::PAGE;
use crate::flow::Unavailable;
use crate::hardtack::Hardtack;

/// Who comes when so many wait already is answered at once, and asks again.
const PLACES: usize = 1_000;

/// What wakes them, and how many there may be.
#[derive(Debug)]
pub(crate) struct Waiting {
    news: Notify,
    places: Semaphore,
    is_over: AtomicBool,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            news: Notify::new(),
            places: Semaphore::new(PLACES),
            is_over: AtomicBool::new(false),
        }
    }
}

impl Waiting {
    /// Wakes everybody: there is something to read in the log.
    pub(super) fn wake(&self) {
        self.news.notify_waiters();
    }
}

impl<S: Store> Hardtack<S> {
    /// Answers the verifiers that wait for news at the feed of revocations, and lets nobody wait
    /// any more. Call it when the process is about to end, before waiting for the requests under
    /// way; [`run_housekeeping`](Self::run_housekeeping) does when it ends.
    pub fn release_waiting_verifiers(&self) {
        let waiting = &self.revocations().waiting;
        waiting.is_over.store(true, Ordering::Release);
        waiting.wake();
    }

    /// A page of the log after a position, as it is when it is answered: read now, and if `is_news`
    /// says that there is none in it, read again when there may be, for as long as `wait`.
    pub(crate) async fn find_news(
        &self,
        after: Option<LogPosition>,
        is_news: impl Fn(&RevocationPage) -> bool,
        wait: Duration,
    ) -> Result<RevocationPage, Unavailable> {
        let waiting = &self.revocations().waiting;
        let deadline = Instant::now() + wait;
        let mut place = match wait {
            Duration::ZERO => None,
            _ => waiting.places.try_acquire().ok(),
        };
        loop {
            // Listens before it reads: what is ended in between is not missed.
            let mut news = std::pin::pin!(waiting.news.notified());
            news.as_mut().enable();
            let page = self.store().find_revocations(after, PAGE).await?;
            let is_over = waiting.is_over.load(Ordering::Acquire);
            if is_news(&page) || place.is_none() || is_over {
                return Ok(page);
            }
            tokio::select! {
                () = news => {}
                // Reads once more: the answer says what is true when it leaves.
                () = sleep_until(deadline) => place = None,
            }
        }
    }
}
