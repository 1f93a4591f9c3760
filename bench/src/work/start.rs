//! B10: from nothing to the first answer, and what an idle server holds.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Task;
use crate::figures::Spread;
use crate::load::{self, Requests};
use crate::report::{Line, Report, Verdict};
use crate::request;
use crate::server::House;
use crate::terminal::progress;

const SETTLES_IN: Duration = Duration::from_secs(2);

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    // The first start makes the keys; the others are the restarts that somebody waits for.
    let house = House::build(task.programs, "ES256", "")?;
    house.serve()?.stop()?;
    let (mut millis, mut cpu, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=task.rounds * 2 {
        progress(&format!("B10 start {round}/{}", task.rounds * 2));
        let started_at = Instant::now();
        let server = house.serve()?;
        let bytes = request::get("/api/auth/session/", "");
        load::run(server.address, 1, Requests::Same { bytes, count: 1 })?.all_succeeded()?;
        millis.push(started_at.elapsed().as_secs_f64() * 1e3);
        cpu.push(server.cpu_time()?.as_secs_f64() * 1e3);
        if round <= 3 {
            std::thread::sleep(SETTLES_IN);
            memory.push(server.memory_bytes()? as f64 / 1_048_576.0);
        }
        server.stop()?;
    }
    let (millis, memory) = (Spread::of(millis), Spread::of(memory));
    report.line(Line {
        id: "B10",
        work: "from the start of the process to the first answer".to_owned(),
        budget: "≤ 15 ms".to_owned(),
        measured: format!("{millis} ms, {:.1} ms CPU", Spread::of(cpu).median),
        verdict: Verdict::of(millis.median <= 15.0),
    });
    report.line(Line {
        id: "B10",
        work: "idle memory (PSS) before the first login".to_owned(),
        budget: "≤ 12 MiB".to_owned(),
        measured: format!("{memory} MiB"),
        verdict: Verdict::of(memory.median <= 12.0),
    });
    let megabytes = stripped_bytes(task)? as f64 / 1e6;
    report.line(Line {
        id: "B10",
        work: "the binary, stripped".to_owned(),
        budget: "≤ 15 MB".to_owned(),
        measured: format!("{megabytes:.1} MB"),
        verdict: Verdict::of(megabytes <= 15.0),
    });
    Ok(())
}

fn stripped_bytes(task: &Task<'_>) -> Result<u64> {
    let directory = tempfile::tempdir()?;
    let stripped = directory.path().join("hardtack");
    let status = Command::new("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(&task.programs.hardtack)
        .status();
    status.context("could not start `strip`, which is in binutils")?;
    Ok(std::fs::metadata(stripped)?.len())
}
