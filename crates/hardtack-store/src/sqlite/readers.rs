//! The threads that read: one for look-ups, which somebody's request waits for, and one for lists,
//! which may take a while. Each has its own connection, so readers wait neither for the writer nor
//! for each other, and each read sees every commit that was answered before it began.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use hardtack_core::{Clock, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Failure;
use super::queue::{self, Queue};
use crate::StoreError;

/// Reads that may wait for a thread; see the writer's queue.
const QUEUE: usize = 4_096;

/// Look-ups that share a transaction at most, so that the first of them is not kept waiting.
const TOGETHER: usize = 32;

/// The handle to the threads.
pub(super) struct Readers {
    look_ups: Reader,
    lists: Reader,
}

impl Readers {
    /// Starts a thread for each of the two connections.
    pub(super) fn start(
        look_ups: Connection,
        lists: Connection,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Ok(Self {
            look_ups: Reader::start(look_ups, TOGETHER, Arc::clone(&clock))?,
            lists: Reader::start(lists, 1, clock)?,
        })
    }

    /// Runs `read`, which takes microseconds: those who wait together are answered from one
    /// transaction, by one thread, which has hardly gone to sleep when the next of them come. The
    /// time is taken before the rows are read: a row that is younger than `now` has age zero, while
    /// one that seems older than it is would be judged too harshly.
    pub(super) async fn look_up<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look_ups.ask(read).await
    }

    /// As [`look_up`](Self::look_up), for what may take longer.
    pub(super) async fn list<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.lists.ask(read).await
    }

    /// Answers what was asked for until now, then ends the threads.
    pub(super) fn close(&self) {
        self.look_ups.close();
        self.lists.close();
    }
}

/// One thread, and those who wait for it.
struct Reader {
    queue: Queue<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

type Job = Box<dyn FnOnce(&Connection, Timestamp) + Send>;

impl Reader {
    fn start(connection: Connection, together: usize, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (queue, waiting) = queue::bounded(QUEUE, "too many reads are waiting");
        let thread = std::thread::Builder::new()
            .name("hardtack-reader".to_owned())
            .spawn(move || serve(&connection, together, &*clock, &waiting))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &Connection, now| {
            let outcome = read(connection, now).map_err(StoreError::from);
            // Whoever stopped waiting will ask again.
            let _ = reply.send(outcome);
        });
        self.queue.put(job)?;
        answer.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "the read panicked; this is a fault of ours".to_owned(),
            ))
        })
    }

    fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().map_or(None, |mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

/// The thread. It answers at most so many `together`, until the queue is closed and empty.
fn serve(connection: &Connection, together: usize, clock: &dyn Clock, waiting: &Receiver<Job>) {
    let mut jobs = Vec::with_capacity(together);
    while let Ok(first) = waiting.recv() {
        jobs.push(first);
        jobs.extend(waiting.try_iter().take(together - 1));
        answer(&mut jobs, connection, clock.now());
    }
}

/// Answers several from one transaction: in one of its own, each would take and give back SQLite's
/// lock by two calls of the system, which cost more than the row.
///
/// Whoever is answered here was waiting when it began, so that it shows every commit that was
/// answered before they asked.
fn answer(jobs: &mut Vec<Job>, connection: &Connection, now: Timestamp) {
    let shared = jobs.len() > 1 && execute(connection, "BEGIN");
    for job in jobs.drain(..) {
        // A panic drops the reply, which answers it; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| job(connection, now)));
    }
    if shared && !execute(connection, "COMMIT") {
        // Nothing was written. A transaction left open would show the same rows for ever.
        execute(connection, "ROLLBACK");
    }
}

fn execute(connection: &Connection, sql: &str) -> bool {
    let statement = connection.prepare_cached(sql);
    statement.is_ok_and(|mut statement| statement.execute([]).is_ok())
}

#[cfg(test)]
mod tests;
