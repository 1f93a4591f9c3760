//! What an answer must not wait for, because the wait would tell something.
//!
//! Whoever asks for a mail is answered alike whether there is somebody to write to or not. Were the
//! mail queued first, its commit could be heard in the time that the answer takes.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// As many may be under way: far more than an honest minute brings, and still little memory.
const MOST: usize = 1_000;

/// Work beside the requests. Dropped, it is cut off.
#[derive(Debug, Default)]
pub(crate) struct Background(Mutex<JoinSet<()>>);

/// As much is under way as may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Background {
    /// Is there room for more? Asked before it is known whether there will be anything to do, so
    /// that the answer is the same for everybody.
    pub(crate) fn admit(&self) -> Result<(), Full> {
        let mut tasks = self.lock();
        while tasks.try_join_next().is_some() {}
        if tasks.len() < MOST {
            Ok(())
        } else {
            Err(Full)
        }
    }

    /// Does `work` beside the requests. It must not fail in silence.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.lock().spawn(work);
    }

    /// Returns when everything that was begun is done.
    pub(crate) async fn settle(&self) {
        let mut tasks = std::mem::take(&mut *self.lock());
        while tasks.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn room_is_bounded_and_comes_back() {
        let background = Background::default();
        for _ in 0..MOST {
            assert_eq!(background.admit(), Ok(()));
            background.spawn(std::future::pending());
        }
        assert_eq!(background.admit(), Err(Full));
        background.lock().abort_all();
        while background.admit().is_err() {
            tokio::task::yield_now().await;
        }
        background.settle().await;
    }
}
