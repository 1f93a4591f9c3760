//! B8: the set of ended sessions.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Result, bail};
use hardtack::SystemEntropy;
use hardtack_core::{Clock as _, SessionId};
use hardtack_guard::{RevokedSet, SystemClock};

use super::Task;
use crate::figures::Spread;
use crate::process::own_thread_cpu_time;
use crate::report::{Line, Report, Verdict};
use crate::terminal::progress;

const MILLION: usize = 1_000_000;
/// Sessions that are asked for, over and over: what is in use at one time.
const ASKED: usize = 10_000;
const LOOK_UPS: usize = 2_000_000;

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    progress("B8 a million ended sessions");
    let set = RevokedSet::new(Duration::from_secs(960), SystemClock.now());
    let mut ended = Vec::new();
    for index in 0..MILLION {
        let session = SessionId::generate(&SystemEntropy);
        set.insert(session, SystemClock.now());
        if index < ASKED {
            ended.push(session);
        }
    }
    let alive: Vec<_> = (0..ASKED)
        .map(|_| SessionId::generate(&SystemEntropy))
        .collect();
    if !ended.iter().all(|session| set.contains(*session)) {
        bail!("the set forgot a session");
    }
    let (mut of_ended, mut of_alive) = (Vec::new(), Vec::new());
    for round in 1..=task.rounds {
        progress(&format!("B8 round {round}/{}", task.rounds));
        of_ended.push(nanoseconds(&set, &ended, task.share_of(LOOK_UPS)));
        of_alive.push(nanoseconds(&set, &alive, task.share_of(LOOK_UPS)));
    }
    let mebibytes = set.memory_bytes() as f64 / 1_048_576.0;
    report.line(Line {
        id: "B8",
        work: "a million ended sessions in memory".to_owned(),
        budget: "≤ 20 MiB".to_owned(),
        measured: format!("{mebibytes:.1} MiB"),
        verdict: Verdict::of(mebibytes <= 20.0),
    });
    for (what, figures) in [("alive", of_alive), ("ended", of_ended)] {
        let spread = Spread::of(figures);
        report.line(Line {
            id: "B8",
            work: format!("look-up of a session that is {what}"),
            budget: "≤ 30 ns".to_owned(),
            measured: format!("{spread} ns"),
            verdict: Verdict::of(spread.median <= 30.0),
        });
    }
    Ok(())
}

fn nanoseconds(set: &RevokedSet, sessions: &[SessionId], count: usize) -> f64 {
    let before = own_thread_cpu_time();
    for session in sessions.iter().cycle().take(count) {
        black_box(set.contains(*black_box(session)));
    }
    own_thread_cpu_time().saturating_sub(before).as_secs_f64() * 1e9 / count as f64
}
