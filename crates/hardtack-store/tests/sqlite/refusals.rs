//! What is not opened, and stays as it was found.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hardtack_store::SqliteStore;
use hardtack_store::sqlite::OpenError;

use crate::{clock, open, register, room, tamper};

/// Every file of a directory with its bytes.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Refuses the file at `path` by both doors, and finds everything as it was.
fn refused(path: &Path) -> OpenError {
    let directory = path.parent().unwrap();
    let before = contents(directory);
    let by_the_other_door = SqliteStore::open_existing(path, clock()).err().unwrap();
    let refusal = SqliteStore::open(path, clock()).err().unwrap();
    assert_eq!(refusal.to_string(), by_the_other_door.to_string());
    assert!(contents(directory) == before, "the files were touched");
    refusal
}

/// A database that was closed properly and has a few users.
async fn filled(path: &Path) {
    let store = open(path);
    for index in 0..200 {
        register(&store, &format!("user{index}")).await;
    }
    store.close();
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused_and_left_untouched() {
    let (_directory, path) = room();
    filled(&path).await;
    tamper(&path, "PRAGMA user_version = 99");
    let refusal = refused(&path);
    assert!(matches!(refusal, OpenError::Newer { found: 99, .. }));
    let message = refusal.to_string();
    assert!(message.contains("newer release"), "{message}");
    assert!(message.contains("restore a backup"), "{message}");
}

/// The newer release crashed, and what it did to the schema is still in the log only.
#[tokio::test]
async fn a_newer_schema_that_is_still_in_the_log_is_seen() {
    let (directory, path) = room();
    let store = open(&path);
    tamper(&path, "PRAGMA user_version = 99");
    let crashed = directory.path().join("crashed");
    fs::create_dir(&crashed).unwrap();
    let copy = crashed.join("hardtack.db");
    fs::copy(&path, &copy).unwrap();
    fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    drop(store);

    let before = contents(&crashed);
    let refusal = SqliteStore::open(&copy, clock()).err().unwrap();
    assert!(matches!(refusal, OpenError::Newer { found: 99, .. }));
    for (name, bytes) in contents(&crashed) {
        // The index over the log is made anew by whoever reads it, and says nothing of its own.
        if name != "hardtack.db-shm" {
            assert!(before[&name] == bytes, "{name} was touched");
        }
    }
}

#[tokio::test]
async fn a_migration_of_another_text_is_refused() {
    let (_directory, path) = room();
    filled(&path).await;
    tamper(
        &path,
        "UPDATE migrations SET checksum = 'ff' WHERE name = '0001_users'",
    );
    let refusal = refused(&path);
    assert!(
        matches!(&refusal, OpenError::Changed { migration } if migration == "0001_users"),
        "{refusal}"
    );
}

#[tokio::test]
async fn another_applications_database_is_refused() {
    let (_directory, path) = room();
    tamper(
        &path,
        "PRAGMA application_id = 252006673; CREATE TABLE checkouts (id INTEGER)",
    );
    assert!(matches!(refused(&path), OpenError::AnotherApplication));
}

#[tokio::test]
async fn a_database_without_a_name_is_not_ours_either() {
    let (_directory, path) = room();
    tamper(&path, "CREATE TABLE users (id INTEGER PRIMARY KEY)");
    assert!(matches!(refused(&path), OpenError::AnotherApplication));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    for bytes in [
        b"just a line of text\n".to_vec(),
        vec![0; 10_000],
        (0..=255).cycle().take(100_000).collect(),
        b"SQLite format 3\0 and then nothing of the kind".to_vec(),
    ] {
        let (_directory, path) = room();
        fs::write(&path, bytes).unwrap();
        let refusal = refused(&path);
        assert!(
            matches!(refusal, OpenError::NotADatabase | OpenError::Damaged(_)),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn a_database_that_was_cut_short_is_refused() {
    let (_directory, path) = room();
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    for length in [
        whole.len() - 4_096,
        whole.len() / 2,
        5_000,
        4_096,
        600,
        100,
        1,
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        let refusal = refused(&path);
        assert!(
            matches!(refusal, OpenError::NotADatabase | OpenError::Damaged(_)),
            "{length}: {refusal:?}"
        );
    }
}

/// Whatever page the disk has lost, a small database is found out before anything is written.
#[tokio::test]
async fn a_database_with_a_page_overwritten_is_refused() {
    let (_directory, path) = room();
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    for page in 0..whole.len() / 4_096 {
        let mut damaged = whole.clone();
        damaged[page * 4_096..(page + 1) * 4_096].fill(0x5A);
        fs::write(&path, damaged).unwrap();
        let refusal = refused(&path);
        assert!(
            matches!(refusal, OpenError::NotADatabase | OpenError::Damaged(_)),
            "page {page}: {refusal:?}"
        );
        assert!(refusal.to_string().contains("database"));
    }
}

#[tokio::test]
async fn a_database_that_lost_its_list_of_migrations_is_refused() {
    let (_directory, path) = room();
    filled(&path).await;
    tamper(&path, "DELETE FROM migrations");
    assert!(matches!(refused(&path), OpenError::Damaged(_)));
    tamper(&path, "DROP TABLE migrations");
    assert!(matches!(refused(&path), OpenError::Damaged(_)));
}

/// It would otherwise listen, and fail at the first login.
#[tokio::test]
async fn a_database_whose_tables_are_not_those_of_its_migrations_is_refused() {
    for (harm, what) in [
        ("DROP TABLE sessions", "table sessions is missing"),
        (
            "DROP INDEX sessions_of_user",
            "index sessions_of_user is missing",
        ),
        (
            "ALTER TABLE users DROP COLUMN last_login_at",
            "table users is not as the migrations made it",
        ),
        (
            "ALTER TABLE users RENAME COLUMN state TO states",
            "table users is not as the migrations made it",
        ),
        // A copy by `CREATE TABLE AS` keeps the rows and loses every constraint.
        (
            "CREATE TABLE copy AS SELECT * FROM revocations; DROP TABLE revocations;
             ALTER TABLE copy RENAME TO revocations",
            "table revocations is not as the migrations made it",
        ),
        // A planted trigger runs whenever we write.
        (
            "CREATE TRIGGER spy AFTER INSERT ON users BEGIN UPDATE users SET state = 0; END",
            "trigger spy does not belong there",
        ),
    ] {
        let (_directory, path) = room();
        filled(&path).await;
        tamper(&path, harm);
        let refusal = refused(&path);
        assert!(
            matches!(refusal, OpenError::Damaged(_)),
            "{harm}: {refusal}"
        );
        let message = refusal.to_string();
        assert!(
            message.contains(what) && message.contains("restore a backup"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn statistics_of_the_query_planner_are_no_damage() {
    let (_directory, path) = room();
    filled(&path).await;
    tamper(&path, "ANALYZE");
    drop(open(&path));
}

#[test]
fn a_missing_directory_is_named_and_not_made() {
    let (directory, _) = room();
    let path = directory.path().join("missing").join("hardtack.db");
    let refusal = SqliteStore::open(&path, clock()).err().unwrap().to_string();
    assert!(refusal.contains("missing/hardtack.db"), "{refusal}");
    assert!(refusal.contains("directory"), "{refusal}");
    assert_eq!(contents(directory.path()), BTreeMap::new());
}

#[test]
fn a_directory_is_no_database() {
    let (directory, _) = room();
    let inner = directory.path().join("hardtack.db");
    fs::create_dir(&inner).unwrap();
    assert!(SqliteStore::open(&inner, clock()).is_err());
    assert_eq!(contents(&inner), BTreeMap::new());
}

/// A mistyped path must not become an empty database with no users in it.
#[test]
fn a_tool_makes_no_database() {
    let (directory, path) = room();
    let refusal = SqliteStore::open_existing(&path, clock()).err().unwrap();
    assert!(matches!(refusal, OpenError::Missing(_)));
    assert_eq!(contents(directory.path()), BTreeMap::new());
}
