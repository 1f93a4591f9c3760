//! Moving the log into the file, beside the writer.
//!
//! Left to itself SQLite does this inside of whichever commit finds a thousand pages in the log, and
//! everybody who waits for that commit waits until as many pages are written all over the file and
//! are on the disk. Among millions of sessions hardly two that are used share a page, and this is
//! more work than the commits themselves. So it has a thread of its own, and nobody waits for it:
//! what was answered is on the disk already, in the log.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::Connection;

use super::open::{self, OpenError};

/// How long written pages may wait. A page that is written again meanwhile is moved once, and a
/// burst of refreshes is over before the disk is asked for more.
const PAUSE: Duration = Duration::from_secs(1);

/// Acts that end the pause, so that there is not more left to do than the disk does in an instant.
/// An act writes hardly more than a page.
const PLENTY: usize = 2_000;

/// The handle to the thread.
pub(super) struct Checkpointer {
    /// Acts that were committed since the log was last moved.
    committed: Arc<AtomicUsize>,
    words: Sender<Word>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// There is something in the log.
    Begun,
    /// There is much in the log.
    Plenty,
    Close,
}

impl Checkpointer {
    /// Starts the thread. The database is opened when there is something to do, which is never in
    /// a tool that writes a row and ends.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        // Two words are on their way at most, and the closing one waits.
        let (words, heard) = bounded(4);
        let committed = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&committed);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("hardtack-log".to_owned())
            .spawn(move || tidy(&path, &heard, &counter))?;
        Ok(Self {
            committed,
            words,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// So many acts were committed. Never waits.
    pub(super) fn note(&self, acts: usize) {
        let before = self.committed.fetch_add(acts, Ordering::Relaxed);
        // A word that finds no room is not missed: those that are there wake the thread as well.
        if before == 0 {
            let _ = self.words.try_send(Word::Begun);
        }
        if before < PLENTY && before + acts >= PLENTY {
            let _ = self.words.try_send(Word::Plenty);
        }
    }

    /// Ends the thread, when it has done what it is doing.
    pub(super) fn close(&self) {
        let _ = self.words.send(Word::Close);
        let thread = self.thread.lock().map_or(None, |mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.close();
    }
}

/// The thread.
fn tidy(path: &Path, heard: &Receiver<Word>, committed: &AtomicUsize) {
    let mut connection = None;
    while let Ok(word) = heard.recv() {
        let last = match word {
            Word::Begun => heard.recv_timeout(PAUSE).unwrap_or(Word::Begun),
            Word::Plenty | Word::Close => word,
        };
        if last == Word::Close {
            return;
        }
        // Before the log is looked at: what is committed from here on is announced anew.
        committed.store(0, Ordering::Relaxed);
        if let Err(error) = checkpoint(path, &mut connection) {
            // The writer does it when the log has grown too long, and says why it cannot.
            tracing::warn!(%error, "the log could not be moved into the database");
        }
    }
}

/// Moves what nobody reads any more, and stands in nobody's way.
fn checkpoint(path: &Path, connection: &mut Option<Connection>) -> Result<(), OpenError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open::connect_checkpointer(path)?),
    };
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}
