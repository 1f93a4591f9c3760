//! The threads that read. Each has its own connection, so readers wait neither for the writer nor
//! for each other, and each read sees every commit that was answered before it began.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use hardtack_core::{Clock, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Failure;
use crate::StoreError;

/// Reads that may wait; see the writer's queue.
const QUEUE: usize = 4_096;

/// The handle to the threads.
pub(super) struct Readers {
    clock: Arc<dyn Clock>,
    queue: Sender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

enum Message {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Close,
}

impl Readers {
    /// Starts one thread for each of `connections`.
    pub(super) fn start(connections: Vec<Connection>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (queue, waiting) = bounded(QUEUE);
        let threads = connections
            .into_iter()
            .map(|connection| {
                let waiting = waiting.clone();
                std::thread::Builder::new()
                    .name("hardtack-reader".to_owned())
                    .spawn(move || serve(&connection, &waiting))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            clock,
            queue,
            threads: Mutex::new(threads),
        })
    }

    /// Runs `read` on the next free thread. The time is taken before the rows are read: a row that
    /// is younger than `now` has age zero, while one that seems older than it is would be judged
    /// too harshly.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let clock = Arc::clone(&self.clock);
        let job = Box::new(move |connection: &Connection| {
            let outcome = read(connection, clock.now()).map_err(StoreError::from);
            // Whoever stopped waiting will ask again.
            let _ = reply.send(outcome);
        });
        self.queue.try_send(Message::Read(job)).map_err(|refused| {
            StoreError::Unavailable(if refused.is_full() {
                "too many reads are waiting".to_owned()
            } else {
                "the store is closed".to_owned()
            })
        })?;
        answer.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "the store is closed, or the read panicked".to_owned(),
            ))
        })
    }

    /// Answers what was asked for until now, then ends the threads.
    pub(super) fn close(&self) {
        let threads = self
            .threads
            .lock()
            .map_or_else(|_| Vec::new(), |mut threads| std::mem::take(&mut *threads));
        for _ in &threads {
            let _ = self.queue.send(Message::Close);
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

/// One thread.
fn serve(connection: &Connection, waiting: &Receiver<Message>) {
    while let Ok(Message::Read(job)) = waiting.recv() {
        // A panic drops the reply, which answers it; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(|| job(connection)));
    }
}
