//! The threads that hash passwords.
//!
//! Hashing is slow on purpose, so it happens on a small fixed set of threads that run when the
//! processors have nothing else to do (ARCHITECTURE.md): an authenticated request never waits for
//! one. Who finds the queue full is told so at once, for a queue without end only hides an overload.
//!
//! Requests alone could then keep everybody from logging in. A job that has waited for
//! [`OVERDUE_AFTER`] therefore asks for one more thread, which has a small share of the processors
//! even when they are busy. The memory of a hash is lent to the thread that runs it, so that there
//! is as much of it as there are threads for idle times.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use hardtack_core::password::{HashCost, Hasher};
use thread_priority::{ThreadPriority, ThreadPriorityValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::settings::PasswordSettings;

/// About nice 9 on Linux: a ninth of a normal thread's share, and all of an idle machine.
const PRIORITY: u8 = 25;

/// Longer than logins wait for each other, shorter than a browser's patience.
const OVERDUE_AFTER: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// Runs password work. Its threads start with the first job.
#[derive(Debug)]
pub(crate) struct HashPool {
    cost: HashCost,
    threads: usize,
    places: Arc<Semaphore>,
    queue: OnceLock<Queue>,
}

/// Where jobs are handed in.
#[derive(Debug)]
struct Queue {
    jobs: Sender<Job>,
    /// One for each job that has waited too long.
    overdue: Sender<()>,
}

/// What the threads share.
#[derive(Clone)]
struct Bench {
    cost: HashCost,
    jobs: Receiver<Job>,
    /// Every hasher that nobody works with, both ends.
    free: (Sender<Hasher>, Receiver<Hasher>),
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
            queue: OnceLock::new(),
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

    fn queue(&self) -> &Queue {
        self.queue.get_or_init(|| {
            let (jobs, handed_in) = crossbeam_channel::unbounded();
            let (overdue, calls) = crossbeam_channel::unbounded();
            let bench = Bench {
                cost: self.cost,
                jobs: handed_in,
                free: crossbeam_channel::unbounded(),
            };
            for index in 0..self.threads {
                bench.give_back(Hasher::new(self.cost));
                let bench = bench.clone();
                start(format!("hash-{index}"), move || bench.work_when_idle());
            }
            start("hash-overdue".to_owned(), move || {
                bench.work_when_called(&calls);
            });
            Queue { jobs, overdue }
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
        let (answer, mut answered) = oneshot::channel();
        let job: Job = Box::new(move |hasher| {
            if !answer.is_closed() {
                // The caller may leave between the check and this: nobody is left to tell.
                let _ = answer.send(job(hasher));
            }
        });
        let queue = self.pool.queue();
        queue.jobs.send(job).map_err(|_| Busy)?;
        let in_time = tokio::time::timeout(OVERDUE_AFTER, &mut answered).await;
        let answer = if let Ok(answer) = in_time {
            answer
        } else {
            queue.overdue.send(()).map_err(|_| Busy)?;
            answered.await
        };
        answer.map_err(|_| Busy)
    }
}

impl Bench {
    /// Runs jobs while nobody else wants the processor, until the pool is gone.
    fn work_when_idle(&self) {
        run_when_idle();
        // The hasher comes first: who held a job and no memory would keep others from it.
        while let Ok(hasher) = self.free.1.recv() {
            let Ok(job) = self.jobs.recv() else {
                self.give_back(hasher);
                return;
            };
            self.give_back(self.run(hasher, job));
        }
    }

    /// Runs the oldest job for every call, until the pool is gone.
    fn work_when_called(&self, calls: &Receiver<()>) {
        run_below_others();
        for () in calls {
            let Ok(hasher) = self.free.1.recv() else {
                return;
            };
            let hasher = match self.jobs.try_recv() {
                Ok(job) => self.run(hasher, job),
                // It has begun meanwhile.
                Err(_) => hasher,
            };
            self.give_back(hasher);
        }
    }

    fn run(&self, mut hasher: Hasher, job: Job) -> Hasher {
        // One bad job must not take the thread, and so every later login, with it.
        let run = std::panic::AssertUnwindSafe(|| job(&mut hasher));
        if std::panic::catch_unwind(run).is_err() {
            tracing::error!("hashing a password panicked");
            return Hasher::new(self.cost);
        }
        hasher
    }

    fn give_back(&self, hasher: Hasher) {
        // Each thread keeps a receiver, so there is always somebody to take it.
        let _ = self.free.0.send(hasher);
    }
}

fn start(name: String, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name).spawn(work) {
        tracing::error!(%error, "a hashing thread cannot be started");
    }
}

/// `SCHED_IDLE`, not a high nice value alone: a processor that runs nothing else counts as free for
/// the requests that wake, and they take it at once instead of at the next tick of the clock (sched(7)).
#[cfg(target_os = "linux")]
fn run_when_idle() {
    use thread_priority::unix::set_thread_priority_and_policy;
    use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_native_id};

    run_below_others();
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let set = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    if let Err(error) = set {
        tracing::debug!(?error, "hashing threads do not wait for an idle processor");
    }
}

#[cfg(not(target_os = "linux"))]
fn run_when_idle() {
    run_below_others();
}

fn run_below_others() {
    if let Ok(priority) = ThreadPriorityValue::try_from(PRIORITY) {
        // Without the right to do so hashing is as important as the rest, and still bounded.
        if let Err(error) =
            thread_priority::set_current_thread_priority(ThreadPriority::Crossplatform(priority))
        {
            tracing::debug!(?error, "hashing threads keep their normal priority");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool(threads: usize, queue: usize) -> HashPool {
        HashPool::new(&PasswordSettings {
            threads,
            queue,
            ..PasswordSettings::default()
        })
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_leaves_the_processors_to_requests() {
        use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy};

        let pool = pool(1, 0);
        let place = pool.enter().expect("nobody is here");
        let policy = place.run(|_| thread_priority::unix::thread_schedule_policy());
        assert_eq!(
            policy.await.expect("it runs").expect("Linux tells it"),
            ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle)
        );
    }

    /// The one thread is held up as it would be by requests without end.
    #[tokio::test]
    async fn a_job_that_waited_too_long_is_done_and_so_is_the_next() {
        let pool = pool(1, 2);
        let places: Vec<_> = (0..3).map(|_| pool.enter().expect("a place")).collect();
        let (let_go, held) = mpsc::channel::<()>();
        let first = places[0].run(move |_| held.recv().is_ok());
        let second = async {
            let waited = places[1].run(|_| std::thread::current().name().map(str::to_owned));
            let free = async {
                tokio::time::sleep(2 * OVERDUE_AFTER).await;
                let_go.send(()).expect("the first waits");
            };
            tokio::join!(waited, free).0
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first.expect("it runs"));
        assert!(
            second
                .expect("it runs")
                .is_some_and(|name| name.starts_with("hash-"))
        );
        let next = places[2].run(|hasher| hasher.kept_bytes()).await;
        assert_eq!(next, Ok(0), "nobody hashed");
    }

    #[tokio::test]
    async fn a_job_that_panics_takes_no_thread_with_it() {
        let pool = pool(1, 1);
        let place = pool.enter().expect("a place");
        let lost: Result<(), Busy> = place.run(|_| panic!("a fault")).await;
        assert_eq!(lost, Err(Busy));
        assert_eq!(place.run(|_| 7).await, Ok(7));
    }
}
