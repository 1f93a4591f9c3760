//! The threads that hash passwords.
//!
//! Hashing is slow on purpose, so it happens on a small fixed set of low-priority threads that
//! never hold up an authenticated request (ARCHITECTURE.md). Each keeps the memory of one hash. Who
//! finds the queue full is told so at once, for a queue without end only hides an overload.

use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender};
use hardtack_core::password::{HashCost, Hasher};
use thread_priority::{ThreadPriority, ThreadPriorityValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::settings::PasswordSettings;

/// About nice 9 on Linux: a ninth of a normal thread's share, and all of an idle machine.
const PRIORITY: u8 = 25;

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// Runs password work. Its threads start with the first job.
#[derive(Debug)]
pub(crate) struct HashPool {
    cost: HashCost,
    threads: usize,
    places: Arc<Semaphore>,
    jobs: OnceLock<Sender<Job>>,
}

/// Every thread is busy and the queue is full: answer 503 and `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

/// The right to one thread's time; several jobs may follow each other under it.
pub(crate) struct Place<'a> {
    pool: &'a HashPool,
    _permit: OwnedSemaphorePermit,
}

impl HashPool {
    pub(crate) fn new(settings: &PasswordSettings) -> Self {
        let threads = settings.threads.max(1);
        Self {
            cost: settings.cost,
            threads,
            places: Arc::new(Semaphore::new(threads + settings.queue)),
            jobs: OnceLock::new(),
        }
    }

    /// Takes a place in the queue, before anything is counted against the caller.
    pub(crate) fn enter(&self) -> Result<Place<'_>, Busy> {
        let permit = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Busy)?;
        Ok(Place {
            pool: self,
            _permit: permit,
        })
    }

    fn jobs(&self) -> &Sender<Job> {
        self.jobs.get_or_init(|| {
            let (sender, receiver) = crossbeam_channel::unbounded();
            for index in 0..self.threads {
                let receiver = receiver.clone();
                let cost = self.cost;
                let spawned = std::thread::Builder::new()
                    .name(format!("hash-{index}"))
                    .spawn(move || hash_until_closed(cost, &receiver));
                if let Err(error) = spawned {
                    tracing::error!(%error, "a hashing thread cannot be started");
                }
            }
            sender
        })
    }
}

impl Place<'_> {
    /// Runs `job` on a hashing thread. A caller that went away before its turn costs nothing.
    ///
    /// # Errors
    /// [`Busy`] when no thread lives to answer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Hasher) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |hasher| {
            if !answer.is_closed() {
                // The caller may leave between the check and this: nobody is left to tell.
                let _ = answer.send(job(hasher));
            }
        });
        self.pool.jobs().send(job).map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

fn hash_until_closed(cost: HashCost, jobs: &Receiver<Job>) {
    if let Ok(priority) = ThreadPriorityValue::try_from(PRIORITY) {
        // Without the right to do so hashing is as important as the rest, and still bounded.
        if let Err(error) =
            thread_priority::set_current_thread_priority(ThreadPriority::Crossplatform(priority))
        {
            tracing::debug!(?error, "hashing threads keep their normal priority");
        }
    }
    let mut hasher = Hasher::new(cost);
    for job in jobs {
        // One bad job must not take the thread, and so every later login, with it.
        let run = std::panic::AssertUnwindSafe(|| job(&mut hasher));
        if std::panic::catch_unwind(run).is_err() {
            tracing::error!("hashing a password panicked");
            hasher = Hasher::new(cost);
        }
    }
}
