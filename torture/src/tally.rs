//! What was done, what was answered, and what should not have been.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One kind of request.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    sent: u64,
    acknowledged: u64,
    refused: u64,
    postponed: u64,
    unanswered: u64,
}

/// How one request went, for the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused,
    /// 503 or 429: nothing is wrong, only not now.
    Postponed,
    Unanswered,
}

pub(crate) fn outcome(status: u16) -> Outcome {
    match status {
        200 | 201 => Outcome::Acknowledged,
        429 | 503 => Outcome::Postponed,
        _ => Outcome::Refused,
    }
}

/// A promise that was broken, with the story of whoever saw it.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What happened, in one sentence.
    pub what: String,
    /// The last operations of the client that saw it, oldest first.
    pub story: Vec<String>,
}

impl Violation {
    /// One that no browser saw.
    pub(crate) fn of(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            story: Vec::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<&'static str, Count>,
    checks: BTreeMap<&'static str, u64>,
    violations: Vec<Violation>,
    recoveries: Vec<Duration>,
    slowest: Duration,
    server_errors: BTreeMap<String, u64>,
}

/// The totals of a run; shared by everybody in it.
#[derive(Debug)]
pub struct Tally {
    started: Instant,
    inner: Mutex<Inner>,
}

impl Tally {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn count(&self, kind: &'static str, outcome: Outcome) {
        let mut inner = self.inner();
        let count = inner.counts.entry(kind).or_default();
        count.sent += 1;
        match outcome {
            Outcome::Acknowledged => count.acknowledged += 1,
            Outcome::Refused => count.refused += 1,
            Outcome::Postponed => count.postponed += 1,
            Outcome::Unanswered => count.unanswered += 1,
        }
    }

    /// Something was looked at and found as it has to be, or as it may be.
    pub(crate) fn checked(&self, what: &'static str) {
        *self.inner().checks.entry(what).or_default() += 1;
    }

    pub(crate) fn recovered(&self, after: Duration) {
        self.inner().recoveries.push(after);
    }

    pub(crate) fn took_at_most(&self, slowest: Duration) {
        let mut inner = self.inner();
        inner.slowest = inner.slowest.max(slowest);
    }

    /// An error in the server's log that was to be expected.
    pub(crate) fn server_said(&self, line: String) {
        *self.inner().server_errors.entry(line).or_default() += 1;
    }

    pub(crate) fn violated(&self, violation: Violation) {
        say(&format!("VIOLATION: {}", violation.what));
        for line in &violation.story {
            say(&format!("    {line}"));
        }
        self.inner().violations.push(violation);
    }

    /// Every broken promise, in the order in which they were seen.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.inner().violations.clone()
    }

    /// How many requests of `kind` were acknowledged.
    #[must_use]
    pub fn acknowledged(&self, kind: &str) -> u64 {
        self.inner()
            .counts
            .get(kind)
            .map_or(0, |count| count.acknowledged)
    }

    /// How often `what` was checked.
    #[must_use]
    pub fn checks(&self, what: &str) -> u64 {
        self.inner().checks.get(what).copied().unwrap_or_default()
    }

    /// The end of a progress line.
    pub(crate) fn progress(&self) -> String {
        let inner = self.inner();
        let sum = |field: fn(&Count) -> u64| inner.counts.values().map(field).sum::<u64>();
        format!(
            "{} operations · {} acknowledged · {} unanswered · {} violations",
            sum(|count| count.sent),
            sum(|count| count.acknowledged),
            sum(|count| count.unanswered),
            inner.violations.len()
        )
    }

    /// The report at the end, one line each.
    #[must_use]
    pub fn report(&self) -> String {
        let inner = self.inner();
        let mut lines = vec![format!(
            "{:<16} {:>9} {:>12} {:>9} {:>9} {:>11}",
            "operation", "sent", "acknowledged", "refused", "postponed", "unanswered"
        )];
        for (kind, count) in &inner.counts {
            lines.push(format!(
                "{kind:<16} {:>9} {:>12} {:>9} {:>9} {:>11}",
                count.sent, count.acknowledged, count.refused, count.postponed, count.unanswered
            ));
        }
        lines.push(String::new());
        for (what, times) in &inner.checks {
            lines.push(format!("{what:<64} {times:>9}"));
        }
        if !inner.recoveries.is_empty() {
            let mut recoveries = inner.recoveries.clone();
            recoveries.sort_unstable();
            let at = |share: usize| {
                let index = (recoveries.len() - 1) * share / 100;
                recoveries
                    .get(index)
                    .copied()
                    .unwrap_or_default()
                    .as_secs_f64()
            };
            lines.push(format!(
                "recovery to the first good answer: median {:.3} s, p99 {:.3} s, max {:.3} s",
                at(50),
                at(99),
                at(100)
            ));
        }
        lines.push(format!(
            "slowest answer that hashes nothing: {:.3} s",
            inner.slowest.as_secs_f64()
        ));
        for (line, times) in &inner.server_errors {
            lines.push(format!("the server logged {times} times: {line}"));
        }
        lines.push(format!(
            "{} violations in {:.0} s",
            inner.violations.len(),
            self.started.elapsed().as_secs_f64()
        ));
        lines.join("\n")
    }
}

/// One line for the person at the terminal.
pub(crate) fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
