//! What was found: a line for each budget, and the bars of the plot.

use std::fmt::Write as _;

use crate::machine::Machine;
use crate::terminal::say;

/// Was the budget kept?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// There is no budget for it; it explains another line.
    Told,
}

impl Verdict {
    pub(crate) const fn of(kept: bool) -> Self {
        if kept { Self::Met } else { Self::Missed }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**missed**",
            Self::Told => "",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: &'static str,
    pub(crate) work: String,
    pub(crate) budget: String,
    pub(crate) measured: String,
    pub(crate) verdict: Verdict,
}

/// Processor time of one request, for the plot.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) micros: f64,
    /// The budget in the same unit, if there is one.
    pub(crate) budget: Option<f64>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    bars: Vec<Bar>,
}

impl Report {
    /// Adds a line, and shows it at once: a whole run takes minutes.
    pub(crate) fn line(&mut self, line: Line) {
        let Line {
            id,
            work,
            budget,
            measured,
            verdict,
        } = &line;
        let word = verdict.word().replace('*', "");
        let budget = if budget.is_empty() {
            String::new()
        } else {
            format!("   (budget {budget}: {word})")
        };
        say(&format!("  {id:4} {work}: {measured}{budget}"));
        self.lines.push(line);
    }

    pub(crate) fn bar(&mut self, label: impl Into<String>, micros: f64, budget: Option<f64>) {
        self.bars.push(Bar {
            label: label.into(),
            micros,
            budget,
        });
    }

    pub(crate) fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// How many budgets were kept and how many missed.
    pub(crate) fn tally(&self) -> (usize, usize) {
        let count = |verdict| {
            let lines = self.lines.iter();
            lines.filter(|line| line.verdict == verdict).count()
        };
        (count(Verdict::Met), count(Verdict::Missed))
    }

    /// The table in Markdown.
    pub(crate) fn markdown(&self, machine: &Machine) -> String {
        let mut text = String::from(HEAD);
        for Line {
            id,
            work,
            budget,
            measured,
            verdict,
        } in &self.lines
        {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {id} | {work} | {budget} | {measured} | {} |",
                verdict.word()
            );
        }
        let _ = write!(text, "{PLOT}{machine}{FOOT}");
        text
    }
}

const HEAD: &str = "# Benchmarks

<!-- Written by `cargo xtask bench`. -->

What an operation may cost is said as a ratio to a limit: a program that does the unavoidable part
and nothing else, measured in the same run, in turns, on the same machine. A figure is the median of
several rounds, with the lowest and the highest beside it. Processor time comes first: it is the
server's own, from the kernel's account, and hardly depends on who else is busy.

| Budget | Work | Allowed | Measured | |
| --- | --- | --- | --- | --- |
";

const PLOT: &str = "
![Processor time of one request](benchmarks.svg)

The bars are the server's processor time for one request; the marks are the budgets.

## The machine

";

const FOOT: &str = "
Client and server shared it: rates are those of both together.

## How it is measured

* **HTTP** (B1, B3, B6, B7): the release binary with a production configuration, its log written to
  a file, behind requests as Chromium sends them, over connections that stay open. The *bare hyper*
  beside it answers the very same requests with 200 constant bytes, on the same runtime.
* **Authenticated requests** (B1): 32 connections, a token seen before, revocation and CSRF checks on.
  The *guarded route elsewhere* is an application that takes `hardtack-guard` and answers as bare hyper does.
  With `--peers`, sites of other systems answer the same `GET user/`: dj-rest-auth behind gunicorn, one process for each processor,
  and axum-login with its sessions and users in SQLite (`bench/peers/`).
* **Rotation** (B3): 64 connections; each request rotates another one of 20,000 sessions, and each
  answer waits for the disk. Afterwards the database is asked whether every session moved on.
* **Rotation at store level** (B4): 64 tasks. The limit is one thread that commits
  `UPDATE … WHERE id = ?` in groups, in a table with the same columns, on the same disk.
* **Login** (B6): 16 connections. The limit is Argon2id with the same cost on as many threads as
  there are processors.
* **A flood of logins** (B7): 32 connections log in without pause beside 16 that ask who they are.
* **In the process** (B2, B8): a loop, timed whole.
* **Sessions at rest** (B9): two servers in turns, 64 connections; each refresh is of another session, from
  all over the table. The system has the file in memory: it is read through before each round, because a
  system may give such memory away within minutes. What refreshes take from the disk alone is told besides.
* **Start** (B10): the server is asked again and again until it answers.

What is missed, and where the time goes: [decision 9](decisions/0009-where-budgets-are-missed.md).

Run it with `cargo xtask bench`; `--only B1,B3` runs some, `--quick` is a glance, `--peers` adds others.
";
