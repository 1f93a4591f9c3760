//! The other faults of a machine (docs/threat-model.md): a disk that is full, broken or hangs, too few
//! file descriptors, a flood of slow connections, a clock that steps.
//!
//! During a fault the only fault that clients may see is 503 or no answer. After it the same
//! server, or where its disk was replaced its next life, has to give good answers within
//! [`RECOVERY`], with every promise kept.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::Semaphore;

use crate::company::Company;
use crate::house::{Errors, Furnishing, House, Life};
use crate::inspection::RECOVERY;
use crate::kills::Plan;
use crate::promise::DelayBound;
use crate::tally::{Tally, Violation, say};
use crate::wire::Wire;
use crate::world::World;

mod clock;
mod disk;
mod files;
mod slow;

/// Long enough that a hanging disk stays within the delays that the protocol is built for.
const FURNISHING: Furnishing = Furnishing {
    rotation_window: Duration::from_secs(20),
    access_lifetime: Duration::from_secs(120),
};

/// Shorter than a client's patience, so that what hung is answered in the end.
const FAULT: Duration = Duration::from_secs(3);

/// Longer than the server waits for the head of a request.
const FLOOD: Duration = Duration::from_secs(15);

/// Before and after it.
const CALM: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(6);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not a byte left, then room again.
    DiskFull,
    /// The disk fails, and the file system turns read-only under the running server. It is mended
    /// and mounted again, and the server started again.
    DiskReadOnly,
    /// Nothing is written and nothing fails, then the disk goes on.
    DiskHangs,
    /// No connection can be accepted.
    FewFiles,
    /// Ten thousand connections that send a byte now and then.
    SlowConnections,
    /// The clock jumps an hour ahead, and back.
    ClockAhead,
    /// The clock jumps an hour back, and ahead again.
    ClockBehind,
}

impl Fault {
    /// Every fault with its name on the command line.
    pub const ALL: [(&'static str, Self); 7] = [
        ("disk-full", Self::DiskFull),
        ("disk-read-only", Self::DiskReadOnly),
        ("disk-hangs", Self::DiskHangs),
        ("few-files", Self::FewFiles),
        ("slow-connections", Self::SlowConnections),
        ("clock-ahead", Self::ClockAhead),
        ("clock-behind", Self::ClockBehind),
    ];
}

/// How a fault went.
#[derive(Debug)]
pub enum Ran {
    /// To the end; the tally says how.
    Through(Arc<Tally>),
    /// This machine cannot do it, and why.
    Skipped(String),
}

/// What the fault needs and does.
enum Stage {
    Disk(disk::Disk),
    Files,
    Slow(slow::Flood),
    Clock(clock::Clock),
}

impl Stage {
    fn set(fault: Fault, root: &Path) -> Result<Self> {
        Ok(match fault {
            Fault::DiskFull => Self::Disk(disk::Disk::small(root)?),
            Fault::DiskReadOnly => Self::Disk(disk::Disk::failing(root)?),
            Fault::DiskHangs => Self::Disk(disk::Disk::hanging(root)?),
            Fault::FewFiles => Self::Files,
            Fault::SlowConnections => Self::Slow(slow::Flood::ready()?),
            Fault::ClockAhead => Self::Clock(clock::Clock::steady(root, "+3600")?),
            Fault::ClockBehind => Self::Clock(clock::Clock::steady(root, "-3600")?),
        })
    }

    async fn begin(&mut self, life: &Life) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.begin(),
            Self::Files => files::take(life.process()),
            Self::Slow(flood) => flood.begin(&life.url).await,
            Self::Clock(clock) => clock.begin(),
        }
    }

    /// Ends the fault. `true` when the server has to be started again.
    fn end(&mut self, life: &mut Life) -> Result<bool> {
        match self {
            Self::Disk(disk) if disk.needs_replacing() => {
                life.kill()?;
                disk.replace()?;
                Ok(true)
            }
            Self::Disk(disk) => disk.end().map(|()| false),
            Self::Files => files::give_back(life.process()).map(|()| false),
            Self::Slow(flood) => {
                flood.end();
                Ok(false)
            }
            Self::Clock(clock) => clock.end().map(|()| false),
        }
    }
}

/// Runs one fault under load.
///
/// # Errors
/// When the run itself cannot go on.
pub async fn fault(plan: &Plan, fault: Fault) -> Result<Ran> {
    let directory = tempfile::Builder::new()
        .prefix("hardtack-torture-")
        .tempdir()?;
    let mut stage = match Stage::set(fault, directory.path()) {
        Ok(stage) => stage,
        Err(reason) => return Ok(Ran::Skipped(format!("{reason:#}"))),
    };
    let data = match &stage {
        Stage::Disk(disk) => disk.mounted().join("data"),
        Stage::Files | Stage::Slow(_) | Stage::Clock(_) => directory.path().join("data"),
    };
    let mut house = House::build(&plan.binary, directory.path(), &data, FURNISHING)?;
    let mut access_lifetime = FURNISHING.access_lifetime;
    if let Stage::Clock(clock) = &stage {
        house.serve_with(clock.environment());
        access_lifetime = Duration::ZERO;
    }
    let tally = Arc::new(Tally::start());
    let world = Arc::new(World {
        tally: Arc::clone(&tally),
        access_lifetime,
        delay_bound: DelayBound::within(FURNISHING.rotation_window),
        hashing: Semaphore::new(4),
    });
    let company = Company::gather(&house, &world, plan.users, plan.browsers, plan.seed)?;
    let (mut life, _) = house.start(PATIENCE).await?;
    let mut wire = Arc::new(Wire::to(&life.url, PATIENCE)?);

    let mut working = company.set_to_work(&wire);
    tokio::time::sleep(CALM).await;
    say(&format!("before · {}", tally.progress()));
    company.a_login_works(&wire).await;
    stage.begin(&life).await?;
    let lasts = if fault == Fault::SlowConnections {
        FLOOD
    } else {
        FAULT
    };
    company.watch(&wire, lasts).await;
    say(&format!("during · {}", tally.progress()));
    let ended = Instant::now();
    if stage.end(&mut life)? {
        wire.end();
        while working.join_next().await.is_some() {}
        let (next, _) = house.start(PATIENCE).await?;
        life = next;
        wire = Arc::new(Wire::after(&wire, &life.url, PATIENCE)?);
        working = company.set_to_work(&wire);
    }
    recover(&company, &wire, &tally, ended).await;
    tokio::time::sleep(CALM).await;
    wire.end();
    while working.join_next().await.is_some() {}
    if !life.is_alive()? {
        tally.violated(Violation::of("the server ended by itself"));
    }
    // What was hung up on may still be running.
    tokio::time::sleep(Duration::from_secs(1)).await;
    company.inspect(&wire, 1).await;
    say(&format!("after · {}", tally.progress()));

    life.kill()?;
    house.read_log(&tally, Errors::Expected)?;
    let (mut life, _) = house.start(PATIENCE).await?;
    let wire = Arc::new(Wire::after(&wire, &life.url, PATIENCE)?);
    company.inspect(&wire, 2).await;
    say(&format!("after a restart · {}", tally.progress()));
    tally.took_at_most(wire.slowest());
    life.kill()?;
    house.read_log(&tally, Errors::Expected)?;
    house.verify_database(&tally)?;
    if !tally.violations().is_empty() {
        say(&format!("the server's log:\n{}", house.end_of_log()));
    }
    Ok(Ran::Through(tally))
}

/// Asks for a login, which reads, hashes and writes, until there is a good answer.
async fn recover(company: &Company, wire: &Wire, tally: &Tally, ended: Instant) {
    while !company.a_login_works(wire).await {
        if ended.elapsed() > RECOVERY {
            tally.violated(Violation::of("no login within 5 s of the fault's end"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tally.recovered(ended.elapsed());
    if ended.elapsed() > RECOVERY {
        tally.violated(Violation::of("the first login took more than 5 s"));
    }
}

/// Runs a tool of the system that must succeed.
fn tool(program: &str, arguments: &[&str]) -> Result<()> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| anyhow::anyhow!("{program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}", arguments.join(" "), said.trim());
    }
    Ok(())
}
