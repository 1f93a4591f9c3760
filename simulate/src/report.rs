//! Figures for people and for scripts.

use std::fmt::Write as _;
use std::time::Duration;

use hardtack_simulate::{Experiment, Figures};
use serde_json::json;

/// As much of a story as is printed without being asked for.
pub(crate) const LAST_LINES: usize = 40;

pub(crate) fn progress(experiment: &Experiment, done: u64, elapsed: Duration) -> String {
    let total = experiment.total();
    let rate = as_float(done) / elapsed.as_secs_f64().max(0.001);
    let left = as_float(total.saturating_sub(done)) / rate.max(1.0);
    format!(
        "{}: {} of {} sessions · {rate:.0} per second · {} left",
        experiment.variant.name(),
        grouped(done),
        grouped(total),
        minutes(left),
    )
}

pub(crate) fn table(experiment: &Experiment, figures: &Figures, took: Duration) -> String {
    let mut text = String::new();
    let honest = &figures.honest;
    let mut line = |line: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    line(format!(
        "variant {} · seed {} · {} % loss each way · window {} s · {}",
        experiment.variant.name(),
        experiment.seed,
        experiment.network.loss * 100.0,
        experiment.window.as_secs(),
        minutes(took.as_secs_f64()),
    ));
    if honest.sessions > 0 {
        line(format!(
            "\n{:<46}{:>14}",
            "honest sessions",
            grouped(honest.sessions)
        ));
        for (name, count) in [
            ("  ended by their owner", honest.logged_out),
            ("  idle for too long", honest.idle),
            ("  at their absolute end", honest.absolute),
        ] {
            line(format!("{name:<46}{:>14}", grouped(count)));
        }
        for (name, count) in honest.counted() {
            line(format!("{name:<46}{:>14}", grouped(count)));
        }
        line(format!(
            "{:<46}{:>14}",
            "HONEST BROWSERS LOGGED OUT",
            grouped(honest.faults.count())
        ));
    }
    if figures.thefts().next().is_some() {
        line(format!(
            "\n{:<14}{:>12}{:>12}{:>10}   {:>7}{:>8}{:>8}   in access lifetimes",
            "thefts", "number", "found", "share", "p50", "p99", "max"
        ));
    }
    for (pattern, thefts, _) in figures.thefts() {
        let share = 100.0 * as_float(thefts.found) / as_float(thefts.thefts);
        line(format!(
            "{:<14}{:>12}{:>12}{:>9.3}%   {:>7.2}{:>8.2}{:>8.2}",
            pattern.about(),
            grouped(thefts.thefts),
            grouped(thefts.found),
            floored(share),
            thefts.found_within(0.5),
            thefts.found_within(0.99),
            thefts.found_within(1.0),
        ));
    }
    for (pattern, _, leavers) in figures.thefts() {
        line(format!(
            "{:<14}{:>12}{:>12}   whose victim never came back; {} had it to the session's end",
            pattern.about(),
            grouped(leavers.thefts),
            grouped(leavers.found),
            grouped(leavers.expired),
        ));
    }
    for (what, times, which) in figures.faults() {
        line(format!(
            "\nBROKEN {} times, first in {which}: {what}",
            grouped(times)
        ));
    }
    text
}

pub(crate) fn json(experiment: &Experiment, figures: &Figures, took: Duration) -> String {
    let honest = &figures.honest;
    let counted: serde_json::Map<_, _> = honest
        .counted()
        .into_iter()
        .map(|(name, count)| (name.replace(", ", "_").replace(' ', "_"), json!(count)))
        .collect();
    let thefts: Vec<_> = figures
        .thefts()
        .map(|(pattern, thefts, leavers)| {
            json!({
                "pattern": pattern.name(),
                "thefts": thefts.thefts,
                "found": thefts.found,
                "p50": thefts.found_within(0.5),
                "p99": thefts.found_within(0.99),
                "max": thefts.found_within(1.0),
                "leavers": leavers.thefts,
                "leavers_found": leavers.found,
                "leavers_expired": leavers.expired,
            })
        })
        .collect();
    let faults: Vec<_> = figures
        .faults()
        .map(|(what, times, which)| json!({"what": what, "times": times, "first": which}))
        .collect();
    json!({
        "variant": experiment.variant.name(),
        "seed": experiment.seed,
        "loss": experiment.network.loss,
        "window_seconds": experiment.window.as_secs(),
        "seconds": took.as_secs_f64(),
        "honest": {
            "sessions": honest.sessions,
            "logged_out_by_owner": honest.logged_out,
            "idle": honest.idle,
            "absolute": honest.absolute,
            "logged_out": honest.faults.count(),
            "counted": counted,
        },
        "thefts": thefts,
        "faults": faults,
    })
    .to_string()
}

/// What shows one session again.
pub(crate) fn command(experiment: &Experiment, which: &str) -> String {
    let mut command = format!(
        "cargo xtask simulate --variant {} --seed {} --loss {} --window {}",
        experiment.variant.name(),
        experiment.seed,
        experiment.network.loss,
        experiment.window.as_secs(),
    );
    if let [only] = experiment.patterns.as_slice() {
        command.push_str(" --pattern ");
        command.push_str(only.name());
    }
    format!("{command} --only {which}")
}

/// 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn minutes(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}

/// Three places, and 100 only where nothing is missing.
fn floored(share: f64) -> f64 {
    (share * 1_000.0).floor() / 1_000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of millions, for rates and shares that are rounded"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
