//! Faults inside a group commit, provoked on the writer's own connection (docs/rotation.md).

use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use hardtack_core::SettableClock;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;

struct Room {
    writer: Arc<Writer>,
    path: PathBuf,
    _directory: TempDir,
}

/// A writer on a database with one table.
fn room() -> Room {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("writer.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE notes (note TEXT UNIQUE);
             CREATE TABLE replies (note TEXT REFERENCES notes (note)
                 DEFERRABLE INITIALLY DEFERRED)",
        )
        .unwrap();
    connection.busy_timeout(Duration::from_millis(50)).unwrap();
    let clock = SettableClock::new(Timestamp::from_unix_seconds(0));
    let checkpointer = Checkpointer::start(&path).unwrap();
    let witness = Witness::call(&connection).unwrap();
    Room {
        writer: Arc::new(
            Writer::start(connection, witness, checkpointer, Arc::new(clock)).unwrap(),
        ),
        path,
        _directory: directory,
    }
}

type Task<T> = JoinHandle<Result<T, StoreError>>;

impl Room {
    async fn ask<T: Send + 'static>(
        &self,
        shape: Shape,
        act: impl FnOnce(&Desk<'_>, Timestamp) -> Result<T, Failure> + Send + 'static,
    ) -> Task<T> {
        let writer = Arc::clone(&self.writer);
        let task = tokio::spawn(async move { writer.act(shape, act).await });
        // Lets the task queue its act before the next one is asked.
        tokio::task::yield_now().await;
        task
    }

    async fn sql(&self, shape: Shape, sql: &'static str) -> Task<()> {
        self.ask(shape, move |connection, _| {
            Ok(connection.execute_batch(sql)?)
        })
        .await
    }

    /// Keeps the writer inside an act until the sender is used or dropped, so that whatever is
    /// asked meanwhile falls into the same batch.
    async fn hold(&self) -> (Sender<()>, Task<()>) {
        let (release, task, running) = self.hold_next().await;
        running.await.unwrap();
        (release, task)
    }

    /// The same, when the writer comes to it.
    async fn hold_next(&self) -> (Sender<()>, Task<()>, oneshot::Receiver<()>) {
        let (release, held) = bounded::<()>(1);
        let (started, running) = oneshot::channel();
        let task = self.ask(Shape::OneStatement, move |_, _| {
            let _ = started.send(());
            let _ = held.recv();
            Ok(())
        });
        (release, task.await, running)
    }

    fn notes(&self) -> Vec<String> {
        let connection = Connection::open(&self.path).unwrap();
        let mut statement = connection
            .prepare("SELECT note FROM notes ORDER BY note")
            .unwrap();
        let notes = statement.query_map([], |row| row.get(0)).unwrap();
        notes.map(Result::unwrap).collect()
    }
}

async fn is_unavailable<T: std::fmt::Debug>(task: Task<T>) -> bool {
    matches!(task.await.unwrap(), Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn nothing_is_answered_or_seen_before_the_commit() {
    let room = room();
    let first = room
        .sql(Shape::OneStatement, "INSERT INTO notes VALUES ('first')")
        .await;
    first.await.unwrap().unwrap();
    let (release, held) = room.hold().await;
    let second = room
        .sql(Shape::OneStatement, "INSERT INTO notes VALUES ('second')")
        .await;
    let (release_later, held_later, running) = room.hold_next().await;
    drop(release);
    running.await.unwrap();
    // The second act has run, and its batch is held open by the last.
    assert!(!held.is_finished() && !second.is_finished());
    assert_eq!(room.notes(), ["first"]);
    drop(release_later);
    second.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["first", "second"]);
    held.await.unwrap().unwrap();
    held_later.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_disk_fails_the_whole_batch_and_the_next_one_works() {
    let room = room();
    let (release, held) = room.hold().await;
    let innocent = room
        .sql(Shape::OneStatement, "INSERT INTO notes VALUES ('innocent')")
        .await;
    let filling = room
        .sql(
            Shape::Several,
            "PRAGMA max_page_count = 1; INSERT INTO notes VALUES (hex(zeroblob(200000)))",
        )
        .await;
    let late = room
        .sql(Shape::Several, "INSERT INTO notes VALUES ('late')")
        .await;
    drop(release);
    assert!(is_unavailable(held).await);
    assert!(is_unavailable(innocent).await);
    assert!(is_unavailable(filling).await);
    // It came after the fault, in a batch of its own, and fitted into the pages that there are.
    late.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["late"]);

    let roomy = "PRAGMA max_page_count = 100000";
    let roomy = room.sql(Shape::OneStatement, roomy).await;
    roomy.await.unwrap().unwrap();
    let again = "INSERT INTO notes VALUES ('innocent')";
    let again = room.sql(Shape::OneStatement, again).await;
    again.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["innocent", "late"]);
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_member() {
    let room = room();
    let (release, held) = room.hold().await;
    let innocent = room
        .sql(Shape::OneStatement, "INSERT INTO notes VALUES ('innocent')")
        .await;
    // Deferred: the statement passes, and COMMIT finds the reply without its note.
    let orphan = room
        .sql(
            Shape::Several,
            "INSERT INTO replies VALUES ('no such note')",
        )
        .await;
    drop(release);
    for task in [held, innocent, orphan] {
        assert!(is_unavailable(task).await);
    }
    assert!(room.notes().is_empty());
    let next = "INSERT INTO notes VALUES ('next')";
    let next = room.sql(Shape::OneStatement, next).await;
    next.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["next"]);
}

#[tokio::test]
async fn an_act_that_fails_is_undone_alone() {
    let room = room();
    let (release, held) = room.hold().await;
    let before = "INSERT INTO notes VALUES ('before')";
    let before = room.sql(Shape::OneStatement, before).await;
    let twice = "INSERT INTO notes VALUES ('twice'); INSERT INTO notes VALUES ('twice')";
    let twice = room.sql(Shape::Several, twice).await;
    let refused = "INSERT INTO notes VALUES ('before')";
    let refused = room.sql(Shape::OneStatement, refused).await;
    let after = "INSERT INTO notes VALUES ('after')";
    let after = room.sql(Shape::OneStatement, after).await;
    drop(release);
    assert!(is_unavailable(twice).await);
    assert!(is_unavailable(refused).await);
    for task in [held, before, after] {
        task.await.unwrap().unwrap();
    }
    assert_eq!(room.notes(), ["after", "before"]);
}

#[tokio::test]
async fn a_panic_ends_its_act_and_no_other() {
    let room = room();
    let (release, held) = room.hold().await;
    let innocent = "INSERT INTO notes VALUES ('innocent')";
    let innocent = room.sql(Shape::OneStatement, innocent).await;
    let panicking: Task<()> = room
        .ask(Shape::Several, |connection, _| {
            connection.execute_batch("INSERT INTO notes VALUES ('half done')")?;
            panic!("a fault of ours")
        })
        .await;
    drop(release);
    assert!(is_unavailable(panicking).await);
    held.await.unwrap().unwrap();
    innocent.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["innocent"]);
}

/// It has no savepoint to go back to, so everybody goes back.
#[tokio::test]
async fn one_statement_that_changed_a_row_and_then_failed_takes_the_batch_along() {
    let room = room();
    let (release, held) = room.hold().await;
    let failing: Task<()> = room
        .ask(Shape::OneStatement, |connection, _| {
            connection.execute_batch("INSERT INTO notes VALUES ('half done')")?;
            Err(Failure::Corrupt("what it returned".to_owned()))
        })
        .await;
    drop(release);
    assert!(is_unavailable(failing).await);
    assert!(is_unavailable(held).await);
    assert!(room.notes().is_empty());
}

/// Another process holds the write lock for longer than anybody waits.
#[tokio::test]
async fn whoever_waits_for_a_locked_file_is_told_and_the_writer_goes_on() {
    let room = room();
    let other = Connection::open(&room.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let note = "INSERT INTO notes VALUES ('never')";
        tasks.push(room.sql(Shape::OneStatement, note).await);
    }
    for task in tasks {
        assert!(is_unavailable(task).await);
    }
    other.execute_batch("ROLLBACK").unwrap();
    let after = "INSERT INTO notes VALUES ('after')";
    let after = room.sql(Shape::OneStatement, after).await;
    after.await.unwrap().unwrap();
    assert_eq!(room.notes(), ["after"]);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let room = room();
    let (release, held) = room.hold().await;
    let mut tasks = Vec::new();
    for _ in 0..QUEUE + 10 {
        tasks.push(room.sql(Shape::OneStatement, "SELECT 1").await);
    }
    let refused = tasks.split_off(QUEUE);
    for task in refused {
        assert!(is_unavailable(task).await);
    }
    drop(release);
    held.await.unwrap().unwrap();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

/// Whoever asks while the last acts are under way would otherwise wait for as long as the store is
/// in memory.
#[tokio::test]
async fn who_asks_while_it_closes_is_answered() {
    let room = room();
    let (release, held) = room.hold().await;
    let writer = Arc::clone(&room.writer);
    let closing = tokio::task::spawn_blocking(move || writer.close());
    let mut late = Vec::new();
    for _ in 0..100 {
        late.push(room.sql(Shape::OneStatement, "SELECT 1").await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(release);
    held.await.unwrap().unwrap();
    closing.await.unwrap();
    for task in late {
        let answer = tokio::time::timeout(Duration::from_secs(15), task).await;
        let answer = answer.expect("an answer").unwrap();
        assert!(matches!(answer, Ok(()) | Err(StoreError::Unavailable(_))));
    }
}
