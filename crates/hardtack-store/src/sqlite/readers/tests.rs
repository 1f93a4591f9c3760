//! What only shows while a thread is busy, which is arranged here.

use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use hardtack_core::SettableClock;
use tokio::task::JoinHandle;

use super::*;

/// How long an answer may take that should come at once.
const SOON: Duration = Duration::from_secs(15);

type Task<T> = JoinHandle<Result<T, StoreError>>;

struct Room {
    readers: Arc<Readers>,
    elsewhere: Connection,
    _directory: tempfile::TempDir,
}

/// Readers of a database with one number in it, which is 0.
fn room() -> Room {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("readers.db");
    let connect = || Connection::open(&path).unwrap();
    let elsewhere = connect();
    elsewhere
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER);
             INSERT INTO numbers VALUES (0)",
        )
        .unwrap();
    let clock = Arc::new(SettableClock::new(Timestamp::from_unix_seconds(0)));
    Room {
        readers: Arc::new(Readers::start(connect(), connect(), clock).unwrap()),
        elsewhere,
        _directory: directory,
    }
}

fn number(connection: &Connection) -> Result<i64, Failure> {
    let mut statement = connection.prepare_cached("SELECT number FROM numbers")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

impl Room {
    async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Task<T> {
        let readers = Arc::clone(&self.readers);
        let task = tokio::spawn(async move {
            let read = readers.look_up(|connection, _| read(connection));
            tokio::time::timeout(SOON, read).await.expect("an answer")
        });
        // Lets the task queue its read before the next one is asked.
        tokio::task::yield_now().await;
        task
    }

    /// Keeps the thread inside a look-up until the sender is dropped, so that what is asked
    /// meanwhile shares a transaction.
    async fn hold(&self) -> (Sender<()>, Task<()>) {
        let (release, held) = bounded::<()>(1);
        let (started, running) = oneshot::channel();
        let task = self
            .ask(move |_| {
                let _ = started.send(());
                let _ = held.recv();
                Ok(())
            })
            .await;
        running.await.unwrap();
        (release, task)
    }

    fn write(&self, number: i64) {
        let sql = "UPDATE numbers SET number = ?1";
        self.elsewhere.execute(sql, [number]).unwrap();
    }
}

async fn is_unavailable<T: std::fmt::Debug>(task: Task<T>) -> bool {
    matches!(task.await.unwrap(), Err(StoreError::Unavailable(_)))
}

/// One that panics or fails, even halfway through its rows, and one that ends the transaction under
/// the others' feet.
#[tokio::test]
async fn a_look_up_that_goes_wrong_leaves_its_neighbours_their_answers() {
    let room = room();
    for (written, spoil) in (1..).zip(["", "nonsense", "ROLLBACK", "BEGIN", "COMMIT; BEGIN"]) {
        let (release, held) = room.hold().await;
        let before = room.ask(number).await;
        let bad: Task<()> = room
            .ask(move |connection| {
                let mut statement = connection.prepare("SELECT number FROM numbers")?;
                let mut rows = statement.query([])?;
                rows.next()?;
                assert!(!spoil.is_empty(), "a fault of ours");
                drop(rows);
                connection.execute_batch(spoil)?;
                Err(Failure::Refused("spoilt"))
            })
            .await;
        let after = room.ask(number).await;
        room.write(written);
        drop(release);
        held.await.unwrap().unwrap();
        assert_eq!(before.await.unwrap().unwrap(), written, "{spoil:?}");
        assert!(bad.await.unwrap().is_err(), "{spoil:?}");
        assert_eq!(after.await.unwrap().unwrap(), written, "{spoil:?}");
        room.write(-written);
        let next = room.ask(number).await;
        assert_eq!(next.await.unwrap().unwrap(), -written, "{spoil:?}");
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let room = room();
    let (release, held) = room.hold().await;
    let mut tasks = Vec::new();
    for _ in 0..QUEUE + 10 {
        tasks.push(room.ask(number).await);
    }
    for refused in tasks.split_off(QUEUE) {
        assert!(is_unavailable(refused).await);
    }
    drop(release);
    held.await.unwrap().unwrap();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 0);
    }
}

/// Whoever asks while the last answers are under way would otherwise wait for as long as the store
/// is in memory.
#[tokio::test]
async fn who_asks_while_it_closes_is_answered() {
    let room = room();
    let (release, held) = room.hold().await;
    let early = room.ask(number).await;
    let readers = Arc::clone(&room.readers);
    let closing = tokio::task::spawn_blocking(move || readers.close());
    let mut late = Vec::new();
    for _ in 0..100 {
        late.push(room.ask(number).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(release);
    held.await.unwrap().unwrap();
    assert_eq!(early.await.unwrap().unwrap(), 0);
    closing.await.unwrap();
    for task in late {
        let answer = task.await.unwrap();
        assert!(matches!(answer, Ok(0) | Err(StoreError::Unavailable(_))));
    }
    assert!(is_unavailable(room.ask(number).await).await);
}
