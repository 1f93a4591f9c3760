//! Opening the file: look first, touch afterwards.
//!
//! A file that this binary must not work with is recognised through a connection that cannot
//! write, so that it is left exactly as it was found, for the binary or the person it belongs to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrations;

/// How long another process may hold the file before a write is refused.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Databases up to this size are read from end to end before they are opened, which takes
/// milliseconds. In larger ones damage shows as [`crate::StoreError::Corrupt`] when it is met;
/// a file that was cut short is recognised at any size.
const QUICK_CHECK_UP_TO_BYTES: u64 = 4 * 1024 * 1024;

/// <https://sqlite.org/fileformat2.html> §1.3
const HEADER_BYTES: u64 = 100;

/// Pages in the log at which the writer moves them itself (32 MiB of the usual 4 KiB), so that a
/// load without a pause does not let it grow for ever.
const LOG_AT_MOST_PAGES: u32 = 8_192;

/// Statements kept prepared per connection: more than there are.
const PREPARED_STATEMENTS: usize = 64;

/// Why a database was not opened. The file, if there is one, was left as it was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// [`super::SqliteStore::open_existing`] found nothing.
    #[error("{} does not exist; give the right path, or start the server once, which makes it", .0.display())]
    Missing(PathBuf),
    /// The operating system refused.
    #[error("cannot open {}: {source}; see that its directory exists and that both may be read and written", path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something else lies there.
    #[error("the file is not a SQLite database; give another path, or move the file away")]
    NotADatabase,
    /// Somebody else's database.
    #[error("the database belongs to another application; give another path")]
    AnotherApplication,
    /// A later release has migrated it.
    #[error(
        "the database was written by a newer release (schema {found}; this one knows up to \
         {known}); use that release, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Migrations that it has.
        found: u32,
        /// Migrations that this binary has.
        known: u32,
    },
    /// A build that is no release of ours has migrated it.
    #[error(
        "migration {migration} was applied with another text than this binary has; use the build \
         that made the database, or restore a backup"
    )]
    Changed {
        /// Its name in the database.
        migration: String,
    },
    /// It contradicts itself, or its tables are not those that its migrations made.
    #[error(
        "the database is damaged: {0}; restore a backup, or recover it with `sqlite3 .recover`"
    )]
    Damaged(String),
    /// Another process holds it, the disk is full, …
    #[error("cannot open the database: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            // A table that ought to be there is not, or a row that only we write cannot be read.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
                Self::Damaged(error.to_string())
            }
            Some(_) => Self::Unavailable(error.to_string()),
        }
    }
}

/// `path` from the root. SQLite is built to take names that begin with `file:` for URIs
/// everywhere; an absolute path never does.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| at(path, source))
}

/// Finds out whether the file at `path` may be opened for writing. `false` when there is none, or
/// an empty one.
///
/// A clean file is read as immutable: no lock, no `-wal`, no `-shm` is made. Where a crash (or a
/// process at work) left a log, the log is part of the truth and is read too; SQLite may then
/// make its `-shm` index anew, which holds nothing of its own.
pub(super) fn inspect(path: &Path) -> Result<bool, OpenError> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(at(path, source)),
    };
    if length == 0 {
        return Ok(false);
    }
    // SQLite takes a file of one byte for an empty one and would write over it.
    if length < HEADER_BYTES {
        return Err(OpenError::NotADatabase);
    }
    let log = log_of(path);
    if !log.exists() {
        let verdict = inspect_through(&immutable_uri(path)?, length);
        // Somebody opened it just now, and their checkpoint may have been seen half done.
        if verdict.is_ok() || !log.exists() {
            return verdict.map(|()| true);
        }
    }
    inspect_through(path, length).map(|()| true)
}

fn inspect_through(path: impl AsRef<Path>, length: u64) -> Result<(), OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // One moment of the file: between two statements another process may be migrating it.
    let connection = connection.unchecked_transaction()?;
    migrations::verify(&connection)?;
    if length <= QUICK_CHECK_UP_TO_BYTES {
        let report: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if report != "ok" {
            return Err(OpenError::Damaged(report));
        }
    }
    Ok(())
}

/// Makes an empty file that only its owner may read: it will hold password hashes. The log beside
/// it gets the same mode from SQLite.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        // An empty file, or another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(at(path, source)),
    }
}

/// The connection that writes.
pub(super) fn connect_writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode = turn_on_log(&connection)?;
    if mode != "wal" {
        return Err(OpenError::Unavailable(format!(
            "this file system cannot keep a write-ahead log (journal mode {mode}); use a local one"
        )));
    }
    // Every commit waits for the disk: a rotation that is lost after it was answered would look
    // like theft (docs/rotation.md).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The checkpointer comes before that, but never to an end while others go on writing.
    connection.pragma_update(None, "wal_autocheckpoint", LOG_AT_MOST_PAGES)?;
    // A log that one burst blew up is cut back afterwards.
    connection.query_row("PRAGMA journal_size_limit = 67108864", [], |_| Ok(()))?;
    Ok(connection)
}

/// Asks for the write-ahead log and tells the journal mode that the file is in then.
///
/// A file that is new has another mode, and to change it takes a lock that SQLite does not wait
/// for: two that open one new file would stand in each other's way
/// (<https://sqlite.org/c3ref/busy_handler.html>). So the waiting is done here.
fn turn_on_log(connection: &Connection) -> Result<String, OpenError> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && waited < BUSY_TIMEOUT =>
            {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            answer => return Ok(answer?),
        }
    }
}

/// The connection that moves the log into the file.
pub(super) fn connect_checkpointer(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The log is begun anew only when the disk has what was moved out of it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, OpenError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Nothing that a tampered schema names may run (<https://sqlite.org/security.html>).
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// `file:…?immutable=1` (<https://sqlite.org/uri.html>).
fn immutable_uri(path: &Path) -> Result<String, OpenError> {
    let Some(text) = path.to_str() else {
        return Err(OpenError::Unavailable(
            "its path is not UTF-8; choose another".to_owned(),
        ));
    };
    let escaped = text
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Ok(format!("file://{escaped}?immutable=1"))
}

fn at(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io {
        path: path.to_owned(),
        source,
    }
}
