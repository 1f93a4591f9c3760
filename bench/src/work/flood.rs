//! B7: what a flood of logins does to everybody else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use super::login::NO_THROTTLE;
use super::{Task, log_in};
use crate::figures::Spread;
use crate::load::{self, Outcome, Requests};
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::{House, PASSWORD, Server, USER};
use crate::terminal::progress;

const LOGIN_CONNECTIONS: usize = 32;
const CONNECTIONS: usize = 16;
/// More than may be hashed and wait at once.
const BURST: usize = 200;
const MEBIBYTE: f64 = 1_048_576.0;

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let house = House::build(task.programs, "ES256", NO_THROTTLE)?;
    let server = house.serve()?;
    let idle = server.memory_bytes()? as f64;
    let access = log_in(&server)?;
    let ask = request::get("/api/auth/session/", &access);
    let round_lasts = Duration::from_secs(6) / u32::try_from(task.haste)?;
    let (mut slower, mut kept, mut calm_p99, mut flood_p99) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut memory: f64 = 0.0;
    for round in 1..=task.rounds {
        progress(&format!("B7 round {round}/{}", task.rounds));
        let calm = ask_for(&server, &ask, round_lasts)?.all_succeeded()?;
        let flood = Flood::begin(server.address);
        let flooded = ask_for(&server, &ask, round_lasts)?.all_succeeded()?;
        memory = memory.max(server.memory_bytes()? as f64);
        flood.end()?;
        let p99 = |outcome: &Outcome| outcome.percentile(0.99).as_secs_f64() * 1e3;
        slower.push(p99(&flooded) / p99(&calm));
        kept.push(flooded.rate() / calm.rate());
        calm_p99.push(p99(&calm));
        flood_p99.push(p99(&flooded));
    }
    let (slower, kept) = (Spread::of(slower), Spread::of(kept));
    report.line(Line {
        id: "B7",
        work: "p99 of authenticated requests while 32 connections log in".to_owned(),
        budget: "≤ 2 × calm".to_owned(),
        measured: format!(
            "{slower} ×; {} ms, calm {} ms",
            Spread::of(flood_p99),
            Spread::of(calm_p99)
        ),
        verdict: Verdict::of(slower.median <= 2.0),
    });
    report.line(Line {
        id: "B7",
        work: "their rate meanwhile".to_owned(),
        budget: "≥ 0.60 × calm".to_owned(),
        measured: format!("{kept} ×"),
        verdict: Verdict::of(kept.median >= 0.6),
    });
    let threads = std::thread::available_parallelism()?.get() as f64;
    let allowed = idle / MEBIBYTE + 19.0 * threads + 16.0;
    let memory = memory / MEBIBYTE;
    report.line(Line {
        id: "B7",
        work: "memory (PSS) meanwhile".to_owned(),
        budget: format!("≤ {allowed:.0} MiB"),
        measured: format!("{memory:.0} MiB"),
        verdict: Verdict::of(memory <= allowed),
    });
    report.line(burst(&server)?);
    Ok(())
}

/// More logins at once than may wait: all are answered, the excess with 503.
fn burst(server: &Server) -> Result<Line> {
    progress("B7 a burst of logins");
    let bytes = request::login(USER, PASSWORD);
    let outcome = load::run(
        server.address,
        BURST,
        Requests::Same {
            bytes,
            count: BURST,
        },
    )?;
    let (good, excess) = (outcome.with_status(200), outcome.with_status(503));
    Ok(Line {
        id: "B7",
        work: format!("{BURST} logins at the same moment"),
        budget: "the excess is answered 503".to_owned(),
        measured: format!("{good} served, {excess} answered 503"),
        verdict: Verdict::of(good + excess == BURST && excess > 0),
    })
}

/// Keeps asking for a while.
fn ask_for(server: &Server, bytes: &[u8], lasts: Duration) -> Result<Outcome> {
    let requests = Arc::new(Requests::UntilStopped {
        bytes: bytes.to_vec(),
        stop: AtomicBool::new(false),
    });
    let stopping = Arc::clone(&requests);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(lasts);
            stopping.stop();
        });
        load::run(server.address, CONNECTIONS, requests)
    })
}

/// Connections that log in without pause, on a thread of their own.
struct Flood {
    requests: Arc<Requests>,
    thread: std::thread::JoinHandle<Result<Outcome>>,
}

impl Flood {
    fn begin(address: SocketAddr) -> Self {
        let requests = Arc::new(Requests::UntilStopped {
            bytes: request::login(USER, PASSWORD),
            stop: AtomicBool::new(false),
        });
        let sent = Arc::clone(&requests);
        let thread = std::thread::spawn(move || load::run(address, LOGIN_CONNECTIONS, sent));
        Self { requests, thread }
    }

    /// Fails when a login was neither served nor told to come back.
    fn end(self) -> Result<()> {
        self.requests.stop();
        let joined = self.thread.join();
        let outcome = joined.map_err(|_| anyhow!("the flood panicked"))??;
        let known = outcome.with_status(200) + outcome.with_status(503);
        if known != outcome.answers() || outcome.with_status(200) == 0 {
            bail!("logins were answered {:?}", outcome.by_status);
        }
        Ok(())
    }
}
