//! What the kernel says about a process: the time it computed, and the memory that is its own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

/// Processor time of a process so far, with that of the processes it has started and that still run.
pub(crate) fn cpu_time(process: u32) -> Result<Duration> {
    let mut total = threads_cpu_time(process)?;
    for child in children(process)? {
        total += cpu_time(child)?;
    }
    Ok(total)
}

fn children(process: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let listed = fs::read_to_string(thread?.path().join("children"))?;
        for child in listed.split_whitespace() {
            children.push(child.parse()?);
        }
    }
    Ok(children)
}

/// Processor time of all threads of a process so far.
///
/// `schedstat` counts nanoseconds; `stat` would count hundredths of a second. Threads that have
/// ended are not in it: the servers that are measured here keep theirs.
fn threads_cpu_time(process: u32) -> Result<Duration> {
    let mut nanoseconds: u64 = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        nanoseconds += nanoseconds_in(&thread?.path().join("schedstat"))?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Processor time of the calling thread so far: what a loop costs however often it is interrupted.
pub(crate) fn own_thread_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    // It begins at zero and only grows.
    Duration::try_from(now).unwrap_or_default()
}

fn nanoseconds_in(schedstat: &Path) -> Result<u64> {
    let text = fs::read_to_string(schedstat)?;
    let spent = text.split_whitespace().next();
    spent
        .and_then(|spent| spent.parse().ok())
        .context("the kernel's schedstat is not understood")
}

/// Memory of a process in bytes, its share of what it shares with others included (PSS).
pub(crate) fn memory_bytes(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: u64 = kibibytes
        .context("the kernel's smaps_rollup has no Pss")?
        .parse()?;
    Ok(kibibytes * 1024)
}
