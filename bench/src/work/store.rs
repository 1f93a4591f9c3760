//! B4: rotation at store level, against a bare UPDATE by id that is committed in groups.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::{Receiver, Sender};
use hardtack_core::rotation::Position;
use hardtack_core::user::{EmailAddress, Username};
use hardtack_core::{Activity, SessionId};
use hardtack_guard::SystemClock;
use hardtack_store::{NewUser, SessionStore as _, SqliteStore, UserStore as _};
use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Task, sessions};
use crate::figures::Spread;
use crate::process;
use crate::report::{Line, Report, Verdict};
use crate::terminal::progress;

const IN_FLIGHT: usize = 64;
const ROWS: usize = 20_000;

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    progress("B4 opening sessions");
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let rows = task.share_of(ROWS);
    let path = directory.path().join("hardtack.db");
    let store = Arc::new(SqliteStore::open(&path, Arc::new(SystemClock))?);
    let sessions = runtime.block_on(async {
        let user = store.insert_user(new_user()).await?;
        user.context("a new database has no other user")?;
        sessions::open(&store, rows, Duration::ZERO).await
    })?;
    let ours = Arc::new(Ours {
        store,
        sessions,
        generation: AtomicU32::new(0),
    });
    let bare = Arc::new(Bare::start(&directory.path().join("bare.db"), rows)?);

    let (mut rates, mut limits, mut cpus) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=task.rounds {
        progress(&format!("B4 round {round}/{}", task.rounds));
        let limit = in_flight(&runtime, rows, &bare)?;
        let turn = in_flight(&runtime, rows, &ours)?;
        ours.generation.fetch_add(1, Ordering::Relaxed);
        // The first round only warms up.
        if round > 0 {
            limits.push(limit.rate);
            rates.push(turn.rate);
            cpus.push(turn.micros / limit.micros);
        }
    }
    let ratio = Spread::of_ratios(&rates, &limits);
    report.line(Line {
        id: "B4",
        work: "the limit: a group-committed UPDATE by id".to_owned(),
        budget: String::new(),
        measured: format!("{} a second", Spread::of(limits)),
        verdict: Verdict::Told,
    });
    report.line(Line {
        id: "B4",
        work: format!("rotations at store level, {IN_FLIGHT} in flight"),
        budget: "≥ 0.80 ×".to_owned(),
        measured: format!(
            "{ratio} ×, {} a second; CPU {} ×",
            Spread::of(rates),
            Spread::of(cpus)
        ),
        verdict: Verdict::of(ratio.median >= 0.8),
    });
    Ok(())
}

/// Something that is done to one row after another.
trait Act: Send + Sync + 'static {
    fn act(&self, index: usize) -> impl Future<Output = Result<()>> + Send;
}

/// One side's share of a round.
struct Turn {
    /// Acts in a second.
    rate: f64,
    /// Processor time of one act, the client's part included.
    micros: f64,
}

/// Acts once on each row, so many at a time.
fn in_flight(runtime: &Runtime, rows: usize, act: &Arc<impl Act>) -> Result<Turn> {
    let next = Arc::new(AtomicUsize::new(0));
    let cpu_before = process::cpu_time(std::process::id())?;
    let started_at = Instant::now();
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            let (next, act) = (Arc::clone(&next), Arc::clone(act));
            tasks.spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= rows {
                        return anyhow::Ok(());
                    }
                    act.act(index).await?;
                }
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<()>>()
    })?;
    let elapsed = started_at.elapsed();
    let cpu = process::cpu_time(std::process::id())?.saturating_sub(cpu_before);
    Ok(Turn {
        rate: rows as f64 / elapsed.as_secs_f64(),
        micros: cpu.as_secs_f64() * 1e6 / rows as f64,
    })
}

/// The store under test.
struct Ours {
    store: Arc<SqliteStore>,
    sessions: Vec<SessionId>,
    /// The generation that every session is at.
    generation: AtomicU32,
}

impl Act for Ours {
    async fn act(&self, index: usize) -> Result<()> {
        let session = self.sessions.get(index).context("no such session")?;
        let presented = Position::new(self.generation.load(Ordering::Relaxed), 0);
        let rotated =
            self.store
                .rotate_family(*session, presented, Duration::ZERO, Activity::Counts);
        rotated.await?.context("a session did not rotate")?;
        Ok(())
    }
}

pub(super) fn new_user() -> NewUser {
    NewUser {
        username: Username::from_stored("quinn".to_owned()),
        email: EmailAddress::none(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: String::new(),
    }
}

/// The limit: one thread, one prepared statement, as many acts in a commit as wait for it.
struct Bare {
    queue: Sender<Ask>,
}

type Ask = (i64, oneshot::Sender<bool>);

impl Bare {
    const BATCH: usize = 256;

    fn start(path: &Path, rows: usize) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE rows (
                 id INTEGER PRIMARY KEY, sid BLOB NOT NULL UNIQUE, user_id INTEGER,
                 password_version INTEGER, generation INTEGER, branch INTEGER,
                 parent_branch INTEGER, phase INTEGER, anchor_at INTEGER, retries INTEGER,
                 created_at INTEGER, last_seen_at INTEGER, idle_timeout INTEGER, ends_at INTEGER,
                 revoked_at INTEGER, revoke_reason TEXT
             ) STRICT",
        )?;
        connection.execute(
            "INSERT INTO rows SELECT value, randomblob(16), 1, 0, 0, 0, 0, 2, 1700000000000000, 0,
                 1700000000000000, 1700000000000000, 604800000000, 1800000000000000, NULL, NULL
             FROM (WITH RECURSIVE series (value) AS
                 (SELECT 1 UNION ALL SELECT value + 1 FROM series WHERE value < ?1)
                 SELECT value FROM series)",
            [i64::try_from(rows)?],
        )?;
        let (queue, waiting) = crossbeam_channel::bounded(4096);
        std::thread::Builder::new().spawn(move || {
            // Whoever waits for an answer learns of a failure by getting none.
            let _ = commit_in_groups(&connection, &waiting);
        })?;
        Ok(Self { queue })
    }
}

impl Act for Bare {
    async fn act(&self, index: usize) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((i64::try_from(index)? + 1, reply))?;
        if !answer.await? {
            bail!("no such row");
        }
        Ok(())
    }
}

fn commit_in_groups(connection: &Connection, waiting: &Receiver<Ask>) -> Result<()> {
    let mut update = connection
        .prepare("UPDATE rows SET generation = generation + 1, last_seen_at = ?2 WHERE id = ?1")?;
    let mut begin = connection.prepare("BEGIN IMMEDIATE")?;
    let mut commit = connection.prepare("COMMIT")?;
    let mut done = Vec::with_capacity(Bare::BATCH);
    while let Ok(first) = waiting.recv() {
        begin.execute([])?;
        let others = waiting.try_iter().take(Bare::BATCH - 1);
        for (id, reply) in std::iter::once(first).chain(others) {
            let updated = update.execute((id, 1_700_000_000_000_001_i64))? == 1;
            done.push((reply, updated));
        }
        commit.execute([])?;
        for (reply, updated) in done.drain(..) {
            // Nobody leaves before the answer.
            let _ = reply.send(updated);
        }
    }
    Ok(())
}
