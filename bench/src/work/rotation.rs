//! B3: a refresh that rotates, over HTTP, every rule on and every commit on the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hardtack_core::SessionId;
use hardtack_core::refresh_token::{Pepper, RefreshToken};
use hardtack_core::rotation::Position;
use hardtack_store::SessionStore as _;

use super::sessions;
use super::{Slice, Task};
use crate::figures::Spread;
use crate::load::Requests;
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::{House, Server};
use crate::terminal::progress;

const CONNECTIONS: usize = 64;
const SESSIONS: usize = 20_000;

/// The shortest that the configuration takes: a session can be rotated again in the next round.
const WINDOW: Duration = Duration::from_secs(1);
const SETTINGS: &str = "[session]\nrotation_window = \"1s\"\n";

/// One server and its sessions.
struct Subject {
    algorithm: &'static str,
    /// In processor time of the limit.
    allowed: f64,
    house: House,
    server: Server,
    pepper: Pepper,
    sessions: Vec<SessionId>,
    /// The generation that every session is at.
    generation: u32,
    rotated_at: Instant,
    micros: Vec<f64>,
    rates: Vec<f64>,
}

impl Subject {
    fn new(task: &Task<'_>, algorithm: &'static str, allowed: f64) -> Result<Self> {
        progress(&format!("B3 opening sessions ({algorithm})"));
        let house = House::build(task.programs, algorithm, SETTINGS)?;
        // The first start makes keys and pepper; the sessions are put there while it is down.
        house.serve()?.stop()?;
        let pepper = sessions::pepper(&house)?;
        let store = Arc::new(sessions::store(&house)?);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let opening = sessions::open(&store, task.share_of(SESSIONS), WINDOW);
        let sessions = runtime.block_on(opening)?;
        drop(runtime);
        drop(store);
        Ok(Self {
            algorithm,
            allowed,
            server: house.serve()?,
            house,
            pepper,
            sessions,
            generation: 0,
            rotated_at: Instant::now(),
            micros: Vec::new(),
            rates: Vec::new(),
        })
    }

    /// What every browser would send next.
    fn requests(&self) -> Vec<Vec<u8>> {
        let position = Position::new(self.generation, 0);
        let sessions = self.sessions.iter();
        sessions
            .map(|session| {
                let token = RefreshToken::derive(&self.pepper, *session, position);
                request::refresh(token.expose_secret())
            })
            .collect()
    }

    fn measure(&mut self) -> Result<()> {
        let requests = Requests::Each(self.requests());
        // Inside the window the same token gets the same successor, and nothing is rotated.
        std::thread::sleep((2 * WINDOW).saturating_sub(self.rotated_at.elapsed()));
        let slice = Slice::of(&self.server, CONNECTIONS, requests)?;
        self.rotated_at = Instant::now();
        self.generation += 1;
        self.micros.push(slice.micros());
        self.rates.push(slice.outcome.all_succeeded()?.rate());
        Ok(())
    }

    /// Asks the database whether every answer was a rotation.
    fn finish(self) -> Result<(f64, &'static str, Vec<f64>, Vec<f64>)> {
        self.server.stop()?;
        let store = sessions::store(&self.house)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        for session in &self.sessions {
            let family = runtime.block_on(store.find_family(*session))?;
            let family = family.context("a session is gone")?.family;
            if family.lineage.current != Position::new(self.generation, 0) {
                bail!("a refresh was answered and did not rotate");
            }
        }
        Ok((self.allowed, self.algorithm, self.micros, self.rates))
    }
}

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let bare = Server::bare_hyper(task.programs)?;
    let mut subjects = vec![
        Subject::new(task, "HS256", 3.0)?,
        Subject::new(task, "ES256", 6.0)?,
    ];
    let mut limits = Vec::new();
    for round in 1..=task.rounds {
        progress(&format!("B3 round {round}/{}", task.rounds));
        let same = subjects.first().map(Subject::requests).unwrap_or_default();
        let slice = Slice::of(&bare, CONNECTIONS, Requests::Each(same))?;
        limits.push(slice.micros());
        for subject in &mut subjects {
            subject.measure()?;
        }
    }
    let bare_micros = Spread::of(limits.iter().copied());
    report.line(Line {
        id: "B3",
        work: "the limit: bare hyper".to_owned(),
        budget: String::new(),
        measured: format!("{bare_micros} µs CPU"),
        verdict: Verdict::Told,
    });
    for subject in subjects {
        let (allowed, algorithm, micros, rates) = subject.finish()?;
        let cpu = Spread::of_ratios(&micros, &limits);
        let micros = Spread::of(micros);
        let work = format!("POST token/refresh/, {algorithm}");
        report.bar(&work, micros.median, Some(allowed * bare_micros.median));
        report.line(Line {
            id: "B3",
            work,
            budget: format!("CPU ≤ {allowed:.0} ×"),
            measured: format!(
                "{cpu} ×, {:.1} µs, {} rotations/s",
                micros.median,
                Spread::of(rates)
            ),
            verdict: Verdict::of(cpu.median <= allowed),
        });
    }
    Ok(())
}
