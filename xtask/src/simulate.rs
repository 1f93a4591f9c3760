//! `cargo xtask simulate`: builds the simulation in release and runs it.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::command::run;
use crate::workspace::{self, cargo};

/// Below `cargo xtask simulate --help`.
pub(crate) const HELP: &str = "\
Browser sessions are lived from the login to their end, through the real flows on the memory store:
one to four tabs on one cookie jar, a network that loses, delays and doubles messages, nodes that
die, browsers that crash, laptops that sleep for days. Then jars are copied, and both parties go on.
Everything follows from the seed; threads change nothing but how long it takes.

Exit code 1 when an honest browser was logged out or a theft was not found within a hundred access
lifetimes; the story of the first such session is printed, with the command that shows it again.

Examples:
  cargo xtask simulate                                        a million of each, in minutes
  cargo xtask simulate --sessions 20000 --thefts 20000        a glance
  cargo xtask simulate --variant time-only                    what the large providers do: fails
  cargo xtask simulate --variant no-branches --pattern none   thefts that nobody finds: fails
  cargo xtask simulate --window 10                            too small a window: fails
  cargo xtask simulate --only honest/17                       the story of one session
  cargo xtask simulate --json                                 one line, for scripts";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Honest sessions
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    sessions: u64,
    /// Thefts; each pattern gets its share
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    thefts: u64,
    /// Everything that happens follows from it
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// full, no-minimum-age, time-only, no-restart, settled-at-first-use, no-branches, or all
    #[arg(long, value_name = "NAME", default_value = "full")]
    variant: String,
    /// What the authority sees of authenticated requests: none, 300s, 30s, or all
    #[arg(long, value_name = "NAME", default_value = "all")]
    pattern: String,
    /// The share of messages that are lost, in each direction
    #[arg(long, value_name = "SHARE", default_value = "0.3")]
    loss: String,
    /// The window G, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    window: u64,
    /// Threads; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Live one session again and tell its story: honest/17, theft-30s/4, leaver-none/3
    #[arg(long, value_name = "SESSION")]
    only: Option<String>,
    /// One line of JSON for each variant, and no progress
    #[arg(long)]
    json: bool,
}

pub(crate) fn simulate(arguments: &Arguments) -> Result<ExitCode> {
    let mut build = cargo();
    build.args(["build", "--release", "--quiet", "-p", "hardtack-simulate"]);
    // Not announced: with `--json` the output belongs to a script.
    let status = build.status().context("could not start cargo")?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    let program = workspace::release_binary()?
        .with_file_name(format!("hardtack-simulate{}", std::env::consts::EXE_SUFFIX));
    let mut simulate = Command::new(program);
    simulate.args(["--sessions", &arguments.sessions.to_string()]);
    simulate.args(["--thefts", &arguments.thefts.to_string()]);
    simulate.args(["--seed", &arguments.seed.to_string()]);
    simulate.args(["--variant", &arguments.variant]);
    simulate.args(["--pattern", &arguments.pattern]);
    simulate.args(["--loss", &arguments.loss]);
    simulate.args(["--window", &arguments.window.to_string()]);
    if let Some(threads) = arguments.threads {
        simulate.args(["--threads", &threads.to_string()]);
    }
    if let Some(only) = &arguments.only {
        simulate.args(["--only", only]);
    }
    if arguments.json {
        let status = simulate.arg("--json").status();
        let succeeded = status.context("could not start the simulation")?.success();
        return Ok(if succeeded {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    run(&mut simulate).map(|()| ExitCode::SUCCESS)
}
