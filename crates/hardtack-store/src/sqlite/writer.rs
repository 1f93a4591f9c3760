//! The one thread that writes, and its group commit.
//!
//! Acts queue up while a commit waits for the disk and are then committed together, so the cost
//! of `synchronous=FULL` is shared by all who came meanwhile and nobody waits for company. An act
//! is answered only after the commit that holds it: what was answered is on the disk.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use hardtack_core::{Clock, Timestamp};
use rusqlite::{Connection, ErrorCode};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Failure;
use super::answers::{self, Waiter};
use super::checkpointer::Checkpointer;
use super::desk::Desk;
use super::queue::{self, Queue};
use super::witness::Witness;
use crate::StoreError;

/// Acts that may wait. Beyond it the disk is too slow for the load, and saying so at once is
/// better than a queue of answers that nobody waits for any more.
const QUEUE: usize = 4_096;

/// Acts in one commit at most, so that the first of them is not kept waiting for ever.
const BATCH: usize = 256;

/// How an act is undone when it fails while others of its batch succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It changes rows by one statement only, which SQLite undoes by itself.
    OneStatement,
    /// It needs a savepoint.
    Several,
}

/// The handle to the thread.
pub(super) struct Writer {
    queue: Queue<Box<dyn Member>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread, which owns `connection` from here on.
    pub(super) fn start(
        connection: Connection,
        witness: Witness,
        checkpointer: Checkpointer,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let (queue, waiting) = queue::bounded(QUEUE, "too many writes are waiting for the disk");
        let thread = std::thread::Builder::new()
            .name("hardtack-writer".to_owned())
            .spawn(move || {
                let desk = Desk::new(&connection, witness);
                write(&desk, &checkpointer, &*clock, &waiting);
            })?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `act` in the next batch and answers when it is on the disk.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        shape: Shape,
        act: impl FnOnce(&Desk<'_>, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let member = Box::new(Act {
            shape,
            body: Some(act),
            outcome: None,
            runtime: Handle::try_current().ok(),
            reply,
        });
        self.queue.put(member)?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closed".to_owned())))
    }

    /// Commits what was asked for until now, then ends the thread. Later acts are refused.
    pub(super) fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().map_or(None, |mut thread| thread.take());
        if let Some(thread) = thread {
            // A panic outside of an act has nobody left to be told.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// An act in the queue, whatever it answers.
trait Member: Waiter {
    fn shape(&self) -> Shape;

    /// Runs the act and keeps what it says until the batch is decided.
    fn run(&mut self, desk: &Desk<'_>, now: Timestamp) -> Result<(), Spoilage>;

    /// What the act said does not hold: the batch was rolled back, for this reason.
    fn spoil(&mut self, reason: &str);
}

/// The act failed. Does that end the batch?
enum Spoilage {
    /// Only this act's change has to be undone.
    Act,
    /// The disk refused, and what the transaction holds can no longer be relied on.
    Batch(String),
}

struct Act<T, F> {
    shape: Shape,
    body: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    runtime: Option<Handle>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Member for Act<T, F>
where
    T: Send,
    F: FnOnce(&Desk<'_>, Timestamp) -> Result<T, Failure> + Send,
{
    fn shape(&self) -> Shape {
        self.shape
    }

    fn run(&mut self, desk: &Desk<'_>, now: Timestamp) -> Result<(), Spoilage> {
        let Some(act) = self.body.take() else {
            return Ok(());
        };
        // The panic ends this act only: its change is undone and the thread goes on.
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| act(desk, now))) else {
            self.outcome = Some(Err(StoreError::Unavailable(
                "the act panicked; this is a fault of ours".to_owned(),
            )));
            return Err(Spoilage::Act);
        };
        let spoilage = outcome.as_ref().err().map(|failure| match failure {
            Failure::Sqlite(error) if is_the_disk(error) => Spoilage::Batch(error.to_string()),
            _ => Spoilage::Act,
        });
        self.outcome = Some(outcome.map_err(StoreError::from));
        spoilage.map_or(Ok(()), Err)
    }

    fn spoil(&mut self, reason: &str) {
        self.outcome = Some(Err(StoreError::Unavailable(reason.to_owned())));
    }
}

impl<T: Send, F: Send> Waiter for Act<T, F> {
    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    fn tell(self: Box<Self>) {
        let never_ran = || Err(StoreError::Unavailable("the act never ran".to_owned()));
        // Whoever stopped waiting will ask again.
        let _ = self.reply.send(self.outcome.unwrap_or_else(never_ran));
    }
}

/// After these SQLite may already have rolled the whole transaction back
/// (<https://sqlite.org/lang_transaction.html> §3).
fn is_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
        )
    )
}

/// The thread, until the queue is closed and empty.
fn write(
    desk: &Desk<'_>,
    checkpointer: &Checkpointer,
    clock: &dyn Clock,
    waiting: &Receiver<Box<dyn Member>>,
) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        let changes_before = desk.total_changes();
        let committed = commit_together(desk, clock, waiting, &mut batch);
        if let Err(reason) = &committed {
            tracing::error!(reason, acts = batch.len(), "a group commit was rolled back");
            roll_back(desk);
            for member in &mut batch {
                member.spoil(reason);
            }
        }
        let acts = batch.len();
        answers::tell(batch);
        // A probe of somebody's monitoring leaves nothing in the log.
        if desk.total_changes() != changes_before {
            checkpointer.note(acts);
        }
    }
    checkpointer.close();
    // Leaves one file behind where that is possible; where another process is reading, it will.
    let _ = desk.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

/// Runs what waits, the one member that `batch` holds already and those in the queue, in one
/// transaction. Afterwards `batch` holds all that share its fate.
fn commit_together(
    desk: &Desk<'_>,
    clock: &dyn Clock,
    waiting: &Receiver<Box<dyn Member>>,
    batch: &mut Vec<Box<dyn Member>>,
) -> Result<(), String> {
    if let Err(error) = execute(desk, "BEGIN IMMEDIATE") {
        // Another process holds the file. Each of those who wait would wait as long again.
        batch.extend(waiting.try_iter().take(QUEUE - 1));
        return Err(error);
    }
    let mut ran = 0;
    while let Some(member) = batch.get_mut(ran) {
        run(desk, clock, member.as_mut())?;
        ran += 1;
        if ran == batch.len() && ran < BATCH {
            batch.extend(next(waiting));
        }
    }
    execute(desk, "COMMIT")
}

/// The next in the queue, if there is one.
///
/// Those who were answered with the last batch and come back are often ready to run, and only want a
/// processor: they get this one, once, before the disk is asked for a handful of acts. Where there
/// are processors enough, this is a call of the system that returns at once.
fn next(waiting: &Receiver<Box<dyn Member>>) -> Option<Box<dyn Member>> {
    let member = waiting.try_recv().or_else(|_| {
        std::thread::yield_now();
        waiting.try_recv()
    });
    member.ok()
}

/// Runs one act inside the transaction. `Err` when the whole batch is lost.
fn run(desk: &Desk<'_>, clock: &dyn Clock, member: &mut dyn Member) -> Result<(), String> {
    let changes_before = desk.total_changes();
    let savepoint = member.shape() == Shape::Several;
    if savepoint {
        execute(desk, "SAVEPOINT act")?;
    }
    let failed = match member.run(desk, clock.now()) {
        Ok(()) => false,
        Err(Spoilage::Act) => true,
        Err(Spoilage::Batch(reason)) => return Err(reason),
    };
    if desk.is_autocommit() {
        return Err("the transaction was rolled back by SQLite".to_owned());
    }
    if savepoint {
        if failed {
            execute(desk, "ROLLBACK TO act")?;
        }
        execute(desk, "RELEASE act")
    } else if failed && desk.total_changes() != changes_before {
        // It changed something, cannot say what, and has no savepoint to go back to.
        Err("an act failed after it had changed a row".to_owned())
    } else {
        Ok(())
    }
}

fn roll_back(desk: &Desk<'_>) {
    if !desk.is_autocommit()
        && let Err(reason) = execute(desk, "ROLLBACK")
    {
        // The next BEGIN will fail and say so again, to somebody who waits for the answer.
        tracing::error!(reason, "a failed group commit could not be rolled back");
    }
}

fn execute(desk: &Desk<'_>, sql: &'static str) -> Result<(), String> {
    desk.with_kept(sql, |statement| statement.execute([]))
        .map(drop)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
