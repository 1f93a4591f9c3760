//! Making, migrating and opening again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::rotation::Position;
use hardtack_core::session::{Device, RememberMe};
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName};
use hardtack_core::{Activity, Clock};
use hardtack_store::{
    NewPassword, NewUser, PasswordChange, SessionStore, SqliteStore, Store, UserStore,
};

use crate::{LOGOUT, WINDOW, clock, log_in, new_session, new_user, open, register, room, tamper};

/// The schema that this release makes.
const NEWEST: i64 = 9;

/// Takes away what came after schema 5.
const BACK_TO_5: &str = "DROP INDEX revocations_by_expiry; DROP TABLE remembrance;
    DROP TRIGGER user_changed; DROP TRIGGER user_deleted;
    ALTER TABLE sessions DROP COLUMN orphaned; DROP TABLE codes; DROP TABLE outbox;
    ALTER TABLE users DROP COLUMN email_verified_at; ALTER TABLE users DROP COLUMN language;
    DELETE FROM migrations WHERE name > '0005_known_devices'; PRAGMA user_version = 5;";

fn schema(path: &Path) -> (Vec<String>, i64, i64) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    let (version, application) = (pragma("user_version"), pragma("application_id"));
    let mut statement = connection
        .prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
        .unwrap();
    let tables = statement.query_map([], |row| row.get(0)).unwrap();
    (tables.map(Result::unwrap).collect(), version, application)
}

fn login(name: &str) -> LoginName {
    LoginName::NameOrEmail(CanonicalName::of(name))
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_can_be_read_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, path) = room();
    let store = open(&path);
    register(&store, "alice").await;
    let mut files = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and the index over it");
}

#[tokio::test]
async fn a_closed_database_is_one_file() {
    let (directory, path) = room();
    let store = open(&path);
    register(&store, "alice").await;
    store.close();
    drop(store);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn opening_again_changes_no_schema_and_loses_no_user() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    drop(store);
    let before = schema(&path);
    for _ in 0..2 {
        let store = SqliteStore::open_existing(&path, clock()).unwrap();
        let found = store.find_user_by_login(&login("ALICE")).await.unwrap();
        assert_eq!(found.unwrap().user, user);
        drop(store);
        assert_eq!(schema(&path), before);
    }
}

#[tokio::test]
async fn a_database_tells_whether_anybody_is_logged_in() {
    let (_directory, path) = room();
    let clock = clock();
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    assert!(!store.has_live_session().await.unwrap());
    let user = register(&store, "alice").await;
    let ended = log_in(&store, new_session(&user, 1)).await;
    assert!(store.has_live_session().await.unwrap());
    store.revoke_session(ended, LOGOUT).await.unwrap();
    assert!(!store.has_live_session().await.unwrap());
    log_in(&store, new_session(&user, 2)).await;
    assert!(store.has_live_session().await.unwrap());
    clock.advance(Duration::from_secs(7 * 86_400));
    assert!(!store.has_live_session().await.unwrap());
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (_directory, path) = room();
    fs::write(&path, b"").unwrap();
    let store = open(&path);
    register(&store, "alice").await;
    store.ping().await.unwrap();
}

/// The process died between making the file and its first migration.
#[test]
fn a_database_without_a_table_is_migrated() {
    let (_directory, path) = room();
    tamper(&path, "PRAGMA journal_mode = WAL; VACUUM");
    assert!(fs::metadata(&path).unwrap().len() > 0);
    drop(open(&path));
    assert_eq!(schema(&path).1, NEWEST);
}

#[tokio::test]
async fn an_older_database_is_migrated_and_keeps_its_users() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    drop(store);
    let before = schema(&path);
    tamper(
        &path,
        &format!(
            "{BACK_TO_5} DROP TABLE known_devices; DROP TABLE audit; DROP TABLE devices;
             DROP TABLE sessions; DROP TABLE revocations;
             DELETE FROM migrations WHERE name > '0001_users'; PRAGMA user_version = 1"
        ),
    );
    let store = open(&path);
    log_in(&store, new_session(&user, 1)).await;
    drop(store);
    assert_eq!(schema(&path), before);
}

/// Nobody is logged out by the step that lets sessions remember what their login said.
#[tokio::test]
async fn an_older_database_is_migrated_and_keeps_its_sessions() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let session = log_in(&store, new_session(&user, 1)).await;
    let family = store.find_family(session).await.unwrap().unwrap().family;
    drop(store);
    let before = schema(&path);
    tamper(
        &path,
        &format!(
            "{BACK_TO_5} DROP TABLE known_devices; DROP TABLE audit;
             DROP INDEX sessions_of_user; CREATE INDEX sessions_of_user ON sessions (user_id);
             ALTER TABLE sessions DROP COLUMN remember_me;
             DELETE FROM migrations WHERE name > '0002_sessions'; PRAGMA user_version = 2"
        ),
    );
    let store = open(&path);
    let found = store.find_family(session).await.unwrap().unwrap().family;
    assert_eq!(found, family);
    assert_eq!(found.remember_me, RememberMe::Unsaid);
    assert_eq!(store.list_sessions(user.id).await.unwrap().len(), 1);
    drop(store);
    assert_eq!(schema(&path), before);
}

/// Users of the releases that knew no verification were let in by an operator; asking them all to
/// verify their addresses would lock them out where that is mandatory.
#[tokio::test]
async fn users_of_an_older_database_keep_their_addresses_verified() {
    let (_directory, path) = room();
    let store = open(&path);
    let alice = NewUser {
        email: EmailAddress::parse("alice@example.com").unwrap(),
        ..new_user("alice")
    };
    let alice = store.insert_user(alice).await.unwrap().unwrap();
    let bob = register(&store, "bob").await;
    let session = log_in(&store, new_session(&alice, 1)).await;
    drop(store);
    let before = schema(&path);
    tamper(&path, BACK_TO_5);
    let store = open(&path);
    let found = store.find_user(alice.id).await.unwrap().unwrap().user;
    assert_eq!(found.email_verified_at, Some(alice.created_at));
    assert_eq!(found.language, None);
    let found = store.find_user(bob.id).await.unwrap().unwrap().user;
    assert_eq!(found.email_verified_at, None, "there is no address");
    assert!(store.find_family(session).await.unwrap().is_some());
    drop(store);
    assert_eq!(schema(&path), before);
}

/// A session that had run out when its user's password was changed must not come back to life after
/// the step to the release that keeps this in the session's row.
#[tokio::test]
async fn sessions_of_an_older_database_stay_as_dead_as_they_were() {
    let (_directory, path) = room();
    let clock = clock();
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    let user = register(&store, "alice").await;
    let logged_in_at = clock.now();
    let slept = log_in(&store, new_session(&user, 1)).await;
    clock.advance(Duration::from_secs(7 * 86_400));
    let other = register(&store, "bob").await;
    let alive = log_in(&store, new_session(&other, 2)).await;
    let new = NewPassword {
        user: user.id,
        hash: "$argon2id$second".to_owned(),
        version: None,
        mails: Vec::new(),
    };
    let changed = store.change_password(new, None, LOGOUT, WINDOW).await;
    assert!(matches!(changed.unwrap(), PasswordChange::Changed { .. }));
    let (asleep, awake) = (
        store.find_family(slept).await.unwrap(),
        store.find_family(alive).await.unwrap(),
    );
    drop(store);
    tamper(&path, BACK_TO_5);
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    assert_eq!(store.find_family(slept).await.unwrap(), asleep);
    assert_eq!(store.find_family(alive).await.unwrap(), awake);
    let moved = store.rotate_family(alive, Position::default(), WINDOW, Activity::Counts);
    assert!(moved.await.unwrap().is_some());
    clock.set(logged_in_at);
    let moved = store.rotate_family(slept, Position::default(), WINDOW, Activity::Counts);
    assert_eq!(moved.await.unwrap(), None);
}

/// A server and a tool are started at the same moment on a new directory.
#[test]
fn many_that_open_a_new_database_at_once_share_one() {
    let (_directory, path) = room();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| open(&path))).collect();
        for thread in threads {
            drop(thread.join().unwrap());
        }
    });
    assert_eq!(schema(&path).1, NEWEST);
}

/// SQLite is built to read some names as URIs: `?mode=memory` would keep nothing.
#[tokio::test]
async fn a_path_is_a_path_whatever_characters_it_has() {
    let (directory, _) = room();
    for name in [
        "file:users?mode=memory",
        "a?immutable=1#b",
        "100%25 sure",
        "ünï cödé",
        ":memory:",
    ] {
        let path = directory.path().join(name);
        let store = open(&path);
        register(&store, "alice").await;
        drop(store);
        assert!(path.is_file(), "{name}");
        let store = SqliteStore::open_existing(&path, clock()).unwrap();
        assert!(
            store
                .find_user_by_login(&login("alice"))
                .await
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test]
async fn a_deleted_user_leaves_neither_name_nor_device_in_the_tables() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let mut new = new_session(&user, 1);
    new.device = Device::new("192.0.2.7".to_owned(), "Browser/1.0");
    log_in(&store, new).await;
    store.delete_user(user.id, LOGOUT).await.unwrap().unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let left: (u32, u32, u32) = connection
        .query_row(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions),
                 (SELECT count(*) FROM devices)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(left, (0, 1, 0), "users, sessions, devices");
}

/// Budget B9 of the design: at most 350 bytes on disk for each session, indexes included.
#[tokio::test]
async fn a_session_takes_at_most_350_bytes() {
    const SESSIONS: u32 = 4_000;
    let (_directory, path) = room();
    let store = Arc::new(open(&path));
    let user = register(&store, "alice").await;
    let tasks: Vec<_> = (0..SESSIONS)
        .map(|number| {
            // Names are random in life, and so is their order in the index.
            let mut new = new_session(&user, number.wrapping_mul(2_654_435_761));
            new.device = Device::new(
                "203.0.113.254".to_owned(),
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like \
                 Gecko) Chrome/142.0.0.0 Safari/537.36",
            );
            let store = Arc::clone(&store);
            tokio::spawn(async move { log_in(&store, new).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    store.close();
    let bytes = fs::metadata(&path).unwrap().len();
    assert!(bytes / u64::from(SESSIONS) <= 350, "{bytes}");
}
