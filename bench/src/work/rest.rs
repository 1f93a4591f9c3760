//! B9: ten million sessions at rest, and what they cost the few that are in use.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hardtack_core::SessionId;
use hardtack_core::refresh_token::{Pepper, RefreshToken};
use hardtack_core::rotation::Position;
use rusqlite::{Connection, params};

use super::{Slice, Task, log_in, sessions};
use crate::figures::Spread;
use crate::load::Requests;
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::{House, Server};
use crate::terminal::progress;

const FEW: usize = 1_000;
const MANY: usize = 10_000_000;
/// Sessions of one user, among the many.
const EACH: usize = 100;
const CONNECTIONS: usize = 64;
/// A hundred for each refresh, as of a page that asks every nine seconds while its access token
/// lives a quarter of an hour.
const READS: usize = 100_000;
/// A round is as short as the few make it, so there are more of them.
const ROUNDS: usize = 3;
/// The reads of a round are divided, so that few and many meet the same moments of the machine.
const TURNS: usize = 4;
/// Rows that one statement writes.
const PORTION: usize = 250_000;

/// The shortest that the configuration takes: a session can be rotated again in the next round.
const WINDOW: Duration = Duration::from_secs(1);
const SETTINGS: &str = "[session]\nrotation_window = \"1s\"\n";

/// A server and the sessions in its database.
struct Estate {
    house: House,
    server: Server,
    pepper: Pepper,
    bytes_each: f64,
    /// As many for each round as there are few, never twice the same unless there are no others.
    samples: Vec<Vec<SessionId>>,
    rotated_at: Instant,
    refreshes: Vec<f64>,
    reads: Vec<f64>,
}

impl Estate {
    fn build(task: &Task<'_>, count: usize, rounds: usize) -> Result<Self> {
        let house = House::build(task.programs, "ES256", SETTINGS)?;
        // The first start makes keys, pepper and database.
        house.serve()?.stop()?;
        let pepper = sessions::pepper(&house)?;
        let store = Arc::new(sessions::store(&house)?);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(sessions::open(&store, FEW, WINDOW))?;
        drop(runtime);
        drop(store);
        let connection = Connection::open(house.database())?;
        multiply(&connection, count)?;
        let samples = sample(&connection, count, rounds)?;
        connection.close().map_err(|(_, error)| error)?;
        let bytes = std::fs::metadata(house.database())?.len();
        Ok(Self {
            server: house.serve()?,
            house,
            pepper,
            bytes_each: bytes as f64 / count as f64,
            samples,
            rotated_at: Instant::now(),
            refreshes: Vec::new(),
            reads: Vec::new(),
        })
    }

    /// Has the system hold the whole file in memory, as it does by itself where nobody takes the
    /// memory away.
    fn warm(&self) -> Result<()> {
        let mut file = File::open(self.house.database())?;
        io::copy(&mut file, &mut io::sink())?;
        Ok(())
    }

    /// Has the system forget the file.
    fn cool(&self) -> Result<()> {
        let file = File::open(self.house.database())?;
        // What is not on the disk yet cannot be forgotten.
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        Ok(())
    }

    /// Refreshes so many sessions, and says how many a second.
    fn refresh(&mut self, round: usize) -> Result<f64> {
        let sample = self
            .samples
            .get(round)
            .context("a round without a sample")?;
        let before = |earlier: &&Vec<SessionId>| earlier.first() == sample.first();
        let generation = self.samples.iter().take(round).filter(before).count();
        let position = Position::new(u32::try_from(generation)?, 0);
        let requests = sample.iter().map(|session| {
            let token = RefreshToken::derive(&self.pepper, *session, position);
            request::refresh(token.expose_secret())
        });
        let requests = Requests::Each(requests.collect());
        // Inside the window the same token gets the same successor, and nothing is rotated.
        std::thread::sleep((2 * WINDOW).saturating_sub(self.rotated_at.elapsed()));
        let slice = Slice::of(&self.server, CONNECTIONS, requests)?;
        self.rotated_at = Instant::now();
        Ok(slice.outcome.all_succeeded()?.rate())
    }

    fn read(&mut self, access: &str, count: usize) -> Result<()> {
        let bytes = request::get("/api/auth/session/", access);
        let slice = Slice::of(&self.server, CONNECTIONS, Requests::Same { bytes, count })?;
        self.reads.push(slice.outcome.all_succeeded()?.rate());
        Ok(())
    }

    /// Asks the database whether every answer was a rotation.
    fn finish(self) -> Result<()> {
        self.server.stop()?;
        let connection = Connection::open(self.house.database())?;
        let rotations: i64 =
            connection.query_row("SELECT sum(generation) FROM sessions", [], |row| row.get(0))?;
        let asked = integer(self.samples.iter().map(Vec::len).sum());
        if rotations != asked {
            bail!("{asked} refreshes were answered and {rotations} rotated");
        }
        Ok(())
    }
}

/// Copies the users and sessions that the store has written, under other names, until there are
/// `count` sessions, a hundred of each user. Ten million logins would take hours.
fn multiply(connection: &Connection, count: usize) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -1_000_000)?;
    let users = (count / EACH).max(1);
    let numbers = "WITH RECURSIVE numbers (i) AS
        (SELECT ?1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?2) ";
    let other_user = [
        ("id", "1 + i"),
        ("username", "username || '-' || i"),
        ("username_canonical", "username_canonical || '-' || i"),
        ("email", "''"),
        ("email_canonical", "NULL"),
    ];
    let copy = copying(connection, "users", &other_user)?;
    let copy = format!("{numbers} {copy} FROM numbers JOIN users ON id = 1");
    connection.execute(&copy, params![1, integer(users)])?;
    // Whoever comes to log in has none of them: the limit of sessions would end most.
    let owner = format!("2 + (i * 2654435761) % {users}");
    connection.execute(
        &format!("UPDATE sessions SET user_id = {}", owner.replace('i', "id")),
        [],
    )?;
    let other_session = [
        ("id", "i"),
        ("sid", "randomblob(16)"),
        ("user_id", owner.as_str()),
    ];
    let session = copying(connection, "sessions", &other_session)?;
    let session = format!("{numbers} {session} FROM numbers JOIN sessions ON id = 1 + i % {FEW}");
    let device = copying(connection, "devices", &[("session", "i")])?;
    let device = format!("{numbers} {device} FROM numbers JOIN devices ON session = 1 + i % {FEW}");
    let mut written = FEW;
    while written < count {
        progress(&format!("B9 {written} of {count} sessions"));
        let last = (written + PORTION).min(count);
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(&session, params![integer(written + 1), integer(last)])?;
        transaction.execute(&device, params![integer(written + 1), integer(last)])?;
        transaction.commit()?;
        written = last;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}

/// An insertion into `table` of what is selected from it, `other` values in place of some.
fn copying(connection: &Connection, table: &str, other: &[(&str, &str)]) -> Result<String> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| row.get::<_, String>(0))?;
    let columns: Vec<String> = columns.collect::<Result<_, _>>()?;
    let values = columns.iter().map(|column| {
        let other = other.iter().find(|(name, _)| name == column);
        other.map_or(column.as_str(), |(_, value)| value)
    });
    let values: Vec<&str> = values.collect();
    Ok(format!(
        "INSERT INTO {table} ({}) SELECT {}",
        columns.join(", "),
        values.join(", ")
    ))
}

/// Sessions for each round, from all over the table.
fn sample(connection: &Connection, count: usize, rounds: usize) -> Result<Vec<Vec<SessionId>>> {
    let mut statement = connection.prepare("SELECT sid FROM sessions WHERE id = ?1")?;
    let mut samples = Vec::new();
    for round in 0..rounds {
        let mut sample = Vec::with_capacity(FEW);
        for index in 0..FEW {
            // Of many, a stride that meets none twice; of few, all of them every time.
            let place = if count == FEW {
                index
            } else {
                (round * FEW + index) * (count / (rounds * FEW))
            };
            let sid = statement.query_row([integer(place + 1)], |row| row.get(0))?;
            sample.push(SessionId::from_bytes(sid));
        }
        samples.push(sample);
    }
    Ok(samples)
}

/// As SQLite counts.
fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let rounds = task.rounds * ROUNDS + 1;
    let mut few = Estate::build(task, FEW, rounds)?;
    let mut many = Estate::build(task, task.share_of(MANY), rounds + task.rounds)?;
    // Side by side, for they share the pages of the binary; and before the first login, which
    // takes the memory of a hash.
    let (ours, limit) = (many.server.memory_bytes()?, few.server.memory_bytes()?);
    let access = [log_in(&few.server)?, log_in(&many.server)?];
    // The first round warms up.
    for round in 0..rounds {
        progress(&format!("B9 round {round}/{}", rounds - 1));
        for estate in [&mut few, &mut many] {
            estate.warm()?;
            let rate = estate.refresh(round)?;
            estate.refreshes.push(rate);
        }
        for _ in 0..TURNS {
            for (estate, access) in [&mut few, &mut many].into_iter().zip(&access) {
                estate.read(access, task.share_of(READS) / TURNS)?;
            }
        }
        if round == 0 {
            for estate in [&mut few, &mut many] {
                estate.refreshes.clear();
                estate.reads.clear();
            }
        }
    }
    let mut from_disk = Vec::new();
    for round in rounds..rounds + task.rounds {
        progress(&format!("B9 from the disk {}", round - rounds + 1));
        many.cool()?;
        from_disk.push(many.refresh(round)?);
    }
    let million = task.share_of(MANY) as f64 / 1e6;
    let line = |work: &str, budget: &str, measured: String, kept| Line {
        id: "B9",
        work: work.to_owned(),
        budget: budget.to_owned(),
        measured,
        verdict: Verdict::of(kept),
    };
    report.line(line(
        "a session at rest, with its device, its owner and all indexes",
        "≤ 350 B",
        format!("{:.0} B, {million} million", many.bytes_each),
        many.bytes_each <= 350.0,
    ));
    let mebibytes = |bytes: u64| bytes as f64 / 1_048_576.0;
    let (ours, limit) = (mebibytes(ours), mebibytes(limit));
    report.line(line(
        "memory of the server that has just started",
        "that of a thousand + 1 MiB",
        format!("{ours:.1} MiB, {limit:.1} MiB"),
        ours <= limit + 1.0,
    ));
    let refreshes = Spread::of_ratios(&many.refreshes, &few.refreshes);
    report.line(line(
        "refreshes, each of another session",
        "≥ 0.7 × the rate with a thousand",
        format!(
            "{refreshes} ×, {} a second",
            Spread::of(many.refreshes.clone())
        ),
        refreshes.median >= 0.7,
    ));
    report.line(Line {
        verdict: Verdict::Told,
        ..line(
            "the same, nothing of the file in memory",
            "",
            format!("{} a second", Spread::of(from_disk)),
            false,
        )
    });
    let reads = Spread::of_ratios(&many.reads, &few.reads);
    report.line(line(
        "authenticated requests",
        "≥ 0.97 × the rate with a thousand",
        format!("{reads} ×"),
        reads.median >= 0.97,
    ));
    few.finish()?;
    many.finish()
}
