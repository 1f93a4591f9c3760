//! B6: logins, against nothing but their hashes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hardtack::SystemEntropy;
use hardtack_core::password::{HashCost, Hasher, Password, Verification};

use super::{Slice, Task};
use crate::figures::Spread;
use crate::load::Requests;
use crate::process;
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::{House, PASSWORD, USER};
use crate::terminal::progress;

const CONNECTIONS: usize = 16;
const LOGINS: usize = 200;

/// So that a load test is not taken for an attack. Logins that succeed are not counted against their
/// user; those under way are.
pub(super) const NO_THROTTLE: &str =
    "[rate_limit]\nlogin_per_user = 100\nlogin_per_address = 1000000\n";

/// What hashing alone does.
struct Ceiling {
    rate: f64,
    /// Processor time of one hash in seconds.
    cpu: f64,
}

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let house = House::build(task.programs, "ES256", NO_THROTTLE)?;
    let server = house.serve()?;
    let login = || Requests::Same {
        bytes: request::login(USER, PASSWORD),
        count: task.share_of(LOGINS),
    };
    Slice::of(&server, CONNECTIONS, login())?;
    let (mut rates, mut cpus, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=task.rounds {
        progress(&format!("B6 round {round}/{}", task.rounds));
        let ceiling = hash_without_pause(task.share_of(LOGINS))?;
        let slice = Slice::of(&server, CONNECTIONS, login())?;
        let cpu = slice.micros() / 1e6;
        rates.push(slice.outcome.all_succeeded()?.rate() / ceiling.rate);
        cpus.push(cpu / ceiling.cpu);
        hashes.push(ceiling.cpu * 1e3);
    }
    let (rates, cpus, hashes) = (Spread::of(rates), Spread::of(cpus), Spread::of(hashes));
    report.line(Line {
        id: "B6",
        work: "the limit: one Argon2id hash (19 MiB, t=2, p=1)".to_owned(),
        budget: String::new(),
        measured: format!("{hashes} ms CPU"),
        verdict: Verdict::Told,
    });
    report.line(Line {
        id: "B6",
        work: "logins a second".to_owned(),
        budget: "≥ 0.97 × the hashes of all cores".to_owned(),
        measured: format!("{rates} ×"),
        verdict: Verdict::of(rates.median >= 0.97),
    });
    report.line(Line {
        id: "B6",
        work: "CPU of a login".to_owned(),
        budget: "≤ 1.05 hashes".to_owned(),
        measured: format!("{cpus} hashes"),
        verdict: Verdict::of(cpus.median <= 1.05),
    });
    Ok(())
}

/// Verifies passwords on a thread for each processor, and does nothing else.
fn hash_without_pause(count: usize) -> Result<Ceiling> {
    let threads = std::thread::available_parallelism()?.get();
    let each = count.div_ceil(threads);
    let cost = HashCost::default();
    let stored = Hasher::new(cost).hash(&password()?, &SystemEntropy)?;
    let started_at = Instant::now();
    let results: Vec<Result<Duration>> = std::thread::scope(|scope| {
        let hash = || -> Result<Duration> {
            let (mut hasher, password) = (Hasher::new(cost), password()?);
            for _ in 0..each {
                if hasher.verify(&password, Some(&stored)) != Verification::Right {
                    bail!("the password is right and was refused");
                }
            }
            // The thread's account goes with it.
            Ok(process::own_thread_cpu_time())
        };
        let spawned: Vec<_> = (0..threads).map(|_| scope.spawn(hash)).collect();
        let joined = spawned.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|joined| joined.unwrap_or_else(|_| bail!("a hashing thread panicked")))
            .collect()
    });
    let elapsed = started_at.elapsed();
    let mut cpu = Duration::ZERO;
    for result in results {
        cpu += result?;
    }
    let hashes = (each * threads) as f64;
    Ok(Ceiling {
        rate: hashes / elapsed.as_secs_f64(),
        cpu: cpu.as_secs_f64() / hashes,
    })
}

fn password() -> Result<Password> {
    Ok(Password::parse(PASSWORD.to_owned())?)
}
