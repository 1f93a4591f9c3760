//! What was committed gets from the log into the file, and nobody waits for it.

use std::fs;
use std::time::{Duration, Instant};

use hardtack_store::{SqliteStore, UserStore};

use crate::{clock, open, register, room};

/// On the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn what_was_committed_is_moved_into_the_file_while_the_server_runs() {
    let (directory, path) = room();
    let store = open(&path);
    let alice = register(&store, "alice").await;
    let copy = directory.path().join("copy.db");
    let asked_at = Instant::now();
    loop {
        // Without the log beside it: all that would be left if the log were lost.
        fs::copy(&path, &copy).unwrap();
        let moved = match SqliteStore::open_existing(&copy, clock()) {
            Ok(copied) => copied.find_user(alice.id).await.unwrap().is_some(),
            // Caught while the first pages were on their way.
            Err(_) => false,
        };
        if moved {
            break;
        }
        assert!(asked_at.elapsed() < PATIENCE, "it is in the log only");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // And the next one as well.
    let bob = register(&store, "bob").await;
    assert_eq!(store.find_user(bob.id).await.unwrap().unwrap().user, bob);
}

/// A load that leaves no pause must not fill the disk: the log would only ever begin anew when
/// all of it was moved and nobody had added to it meanwhile.
#[tokio::test]
async fn a_load_without_a_pause_does_not_let_the_log_grow_for_ever() {
    const HASH_BYTES: usize = 2 << 20;
    const WRITES: usize = 80;
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    for index in 0..WRITES {
        let hash = format!("{index} {}", "x".repeat(HASH_BYTES));
        let written = store.replace_password_hash(user.id, user.password_version, hash);
        assert!(written.await.unwrap());
    }
    let log_bytes = fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let written_bytes = u64::try_from(WRITES * HASH_BYTES).unwrap();
    assert!(
        log_bytes < written_bytes * 3 / 4,
        "{written_bytes} bytes were written and the log has {log_bytes}"
    );
}
