//! One file, embedded: SQLite in WAL mode.
//!
//! One thread writes and commits in groups (`writer`), two read (`readers`), one moves the log into
//! the file (`checkpointer`); async code never touches a connection. Another process, such as the command line, may work on the same file:
//! every write takes SQLite's lock, and every read sees what any process has committed.
//!
//! In the file times are microseconds, states small numbers, and the reasons of
//! [`RevokeReason`](hardtack_core::session::RevokeReason) their codes.

mod answers;
mod audit;
mod checkpointer;
mod code;
mod desk;
mod import;
mod migrations;
mod open;
mod outbox;
mod queue;
mod readers;
mod session;
mod user;
mod witness;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use hardtack_core::Clock;
use rusqlite::ErrorCode;

use crate::{LogId, Store, StoreError};

use checkpointer::Checkpointer;
pub use open::OpenError;
use readers::Readers;
use witness::Witness;
use writer::{Shape, Writer};

/// Users and sessions in one SQLite file.
pub struct SqliteStore {
    // Dropped before the writer, so that the last connection is one that may tidy up the log.
    readers: Readers,
    writer: Writer,
    /// Where the search for ended sessions goes on (see `purge_ended`).
    purged_to: AtomicI64,
    log: LogId,
}

impl SqliteStore {
    /// Opens the database at `path`, makes it (mode 0600) if there is none, and migrates it if it
    /// is older than this binary. The directory must exist. The store tells the time by `clock`.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is refused was not touched.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = &open::absolute(path.as_ref())?;
        if !open::inspect(path)? {
            open::create(path)?;
        }
        Self::connect(path, clock)
    }

    /// Like [`open`](Self::open), but makes no database: for tools that work on a server's data
    /// and would otherwise answer a mistyped path with an empty user list.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is refused was not touched.
    pub fn open_existing(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = &open::absolute(path.as_ref())?;
        if !open::inspect(path)? {
            return Err(OpenError::Missing(path.to_owned()));
        }
        Self::connect(path, clock)
    }

    fn connect(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let mut connection = open::connect_writer(path)?;
        migrations::apply(&mut connection, clock.now())?;
        let threads = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let checkpointer = Checkpointer::start(path).map_err(threads)?;
        let witness = Witness::call(&connection)?;
        let writer = Writer::start(connection, witness, checkpointer, Arc::clone(&clock))
            .map_err(threads)?;
        let (look_ups, lists) = (open::connect_reader(path)?, open::connect_reader(path)?);
        let readers = Readers::start(look_ups, lists, clock).map_err(threads)?;
        Ok(Self {
            readers,
            writer,
            purged_to: AtomicI64::new(0),
            // A backup can only have been brought back while nobody had the file open.
            log: LogId::draw(),
        })
    }

    /// Commits and answers what was asked for until now, moves the log into the file, and lets go
    /// of it; every later act is [`StoreError::Unavailable`]. May be repeated; dropping the store
    /// does the same.
    ///
    /// Blocks until it is done, as long as the disk takes.
    pub fn close(&self) {
        self.readers.close();
        self.writer.close();
    }
}

impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.readers
            .look_up(|connection, _| {
                connection
                    .prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1")?
                    .query_row([], |_| Ok(()))?;
                Ok(())
            })
            .await?;
        // An empty act takes the write lock and gives it back without writing.
        self.writer.act(Shape::OneStatement, |_, _| Ok(())).await
    }
}

/// Why an act or a read failed, before it is decided what that means to the caller.
#[derive(Debug)]
enum Failure {
    Sqlite(rusqlite::Error),
    Corrupt(String),
    Refused(&'static str),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Corrupt(what) => Self::Corrupt(what),
            Failure::Refused(why) => Self::Unavailable(why.to_owned()),
            Failure::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Self::Corrupt(error.to_string())
                }
                Some(_) => Self::Unavailable(error.to_string()),
                // Not SQLite but the reading of its answer: a column held what it cannot.
                None => Self::Corrupt(error.to_string()),
            },
        }
    }
}

/// Microseconds, as they are stored. A lifetime too long for the column is as long as it can be.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
