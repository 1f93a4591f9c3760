//! The SQLite backend keeps the contract, and its file survives what may befall it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::similar_names,
    reason = "these are tests: to fail is to panic"
)]

mod agreement;
mod durability;
mod log;
mod nonsense;
mod opening;
mod refusals;
mod sharing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::session::{Device, NewSession, RememberMe, RevokeReason, SessionLifetime};
use hardtack_core::user::{EmailAddress, User, Username};
use hardtack_core::{SessionId, SettableClock, Timestamp, UserId};
use hardtack_store::{Insertion, NewUser, Revoke, SessionStore, SqliteStore, Store, UserStore};
use tempfile::TempDir;

hardtack_store::conformance!(conformance, |clock: Arc<SettableClock>| async move {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("hardtack.db"), clock).unwrap();
    (store, directory)
});

const WINDOW: Duration = Duration::from_secs(60);

const LOGOUT: Revoke = Revoke {
    reason: RevokeReason::Logout,
    remembered_for: Duration::from_secs(960),
};

/// A directory for one database, and the path of that.
fn room() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hardtack.db");
    (directory, path)
}

fn clock() -> Arc<SettableClock> {
    Arc::new(SettableClock::new(Timestamp::from_unix_seconds(
        1_800_000_000,
    )))
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, clock()).unwrap()
}

fn new_user(username: &str) -> NewUser {
    NewUser {
        username: Username::from_stored(username.to_owned()),
        email: EmailAddress::none(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: "$argon2id$".to_owned(),
    }
}

fn new_session(user: &User, number: u32) -> NewSession {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    NewSession {
        id: SessionId::from_bytes(id),
        user: user.id,
        password_version: user.password_version,
        lifetime: SessionLifetime {
            idle_timeout: Duration::from_secs(7 * 86_400),
            absolute_timeout: Duration::from_secs(30 * 86_400),
        },
        remember_me: RememberMe::Unsaid,
        device: Device::default(),
    }
}

async fn register(store: &SqliteStore, username: &str) -> User {
    store
        .insert_user(new_user(username))
        .await
        .unwrap()
        .unwrap()
}

async fn log_in(store: &SqliteStore, new: NewSession) -> SessionId {
    let outcome = store
        .insert_session(new, Vec::new(), None, LOGOUT, WINDOW)
        .await;
    match outcome.unwrap() {
        Insertion::Opened { opened, .. } => opened.family.session,
        Insertion::UserChanged => panic!("the user has not changed"),
    }
}

/// Logs in whoever has that number, as they are now.
async fn log_in_anywhere<S: Store>(store: &S, user: UserId, number: u32) -> Option<Insertion> {
    let found = store.find_user(user).await.unwrap()?;
    let new = new_session(&found.user, number);
    let outcome = store.insert_session(new, Vec::new(), None, LOGOUT, WINDOW);
    Some(outcome.await.unwrap())
}

/// Somebody else's hand on the file.
fn tamper(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}
