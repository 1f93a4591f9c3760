//! Measures the budgets of the design, each beside its limit and in turns with it, and writes
//! `docs/benchmarks.md`. `cargo xtask bench` builds everything and runs this.

#![expect(
    clippy::cast_precision_loss,
    reason = "figures are rounded to three digits before anybody reads them"
)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;

mod figures;
mod load;
mod machine;
mod plot;
mod process;
mod report;
mod request;
mod server;
mod terminal;
mod work;

use machine::Machine;
use report::Report;
use server::Programs;
use work::Task;

#[derive(Parser)]
#[command(about = "Measures Hardtack's budgets beside their limits")]
struct Arguments {
    /// The release binary
    #[arg(long)]
    hardtack: PathBuf,
    /// The bare peer
    #[arg(long)]
    bare_hyper: PathBuf,
    /// The application behind the guard
    #[arg(long)]
    guarded_route: PathBuf,
    /// A Python with dj-rest-auth, and the program that serves with it
    #[arg(long, num_args = 2, value_names = ["PYTHON", "PROGRAM"])]
    dj_rest_auth: Vec<PathBuf>,
    /// A site made with axum-login
    #[arg(long)]
    axum_login: Option<PathBuf>,
    /// Only these, such as B1,B3
    #[arg(long, value_delimiter = ',', ignore_case = true)]
    only: Vec<Budget>,
    /// A glance: fewer rounds of less work
    #[arg(long)]
    quick: bool,
    /// Write benchmarks.md and benchmarks.svg here
    #[arg(long)]
    write: Option<PathBuf>,
}

/// The kinds of work, by the names of their budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Budget {
    B1,
    B2,
    B3,
    B4,
    B6,
    B7,
    B8,
    B9,
    B10,
}

impl Budget {
    const ALL: [Self; 9] = [
        Self::B1,
        Self::B2,
        Self::B3,
        Self::B4,
        Self::B6,
        Self::B7,
        Self::B8,
        Self::B9,
        Self::B10,
    ];

    fn measure(self, task: &Task<'_>, report: &mut Report) -> Result<()> {
        match self {
            Self::B1 => work::authenticated::run(task, report),
            Self::B2 => work::guard::run(task, report),
            Self::B3 => work::rotation::run(task, report),
            Self::B4 => work::store::run(task, report),
            Self::B6 => work::login::run(task, report),
            Self::B7 => work::flood::run(task, report),
            Self::B8 => {
                work::revoked::run(task, report)?;
                work::ending::run(task, report)
            }
            Self::B9 => work::rest::run(task, report),
            Self::B10 => work::start::run(task, report),
        }
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let programs = Programs {
        hardtack: arguments.hardtack.canonicalize()?,
        bare_hyper: arguments.bare_hyper.canonicalize()?,
        guarded_route: arguments.guarded_route.canonicalize()?,
        peers: [
            ("axum-login", Vec::from_iter(arguments.axum_login)),
            ("dj-rest-auth", arguments.dj_rest_auth),
        ]
        .into_iter()
        .filter(|(_, command)| !command.is_empty())
        .collect(),
    };
    let task = Task {
        programs: &programs,
        rounds: if arguments.quick { 3 } else { 9 },
        haste: if arguments.quick { 4 } else { 1 },
    };
    let mut report = Report::default();
    for budget in Budget::ALL {
        if arguments.only.is_empty() || arguments.only.contains(&budget) {
            budget
                .measure(&task, &mut report)
                .with_context(|| format!("{budget:?} could not be measured"))?;
        }
    }
    let (met, missed) = report.tally();
    terminal::say(&format!("{met} budgets met, {missed} missed"));
    if let Some(directory) = arguments.write {
        let machine = Machine::here(SystemClock.now());
        std::fs::write(directory.join("benchmarks.md"), report.markdown(&machine))?;
        std::fs::write(directory.join("benchmarks.svg"), plot::svg(report.bars()))?;
        terminal::say(&format!("wrote {}/benchmarks.md", directory.display()));
    }
    Ok(ExitCode::SUCCESS)
}
