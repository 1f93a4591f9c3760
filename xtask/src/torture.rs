//! `cargo xtask torture`: kills the release binary in the middle of its work.

use std::process::ExitCode;

use anyhow::Result;

use crate::command::{run, say};
use crate::workspace::{self, cargo};

/// Below `cargo xtask torture --help`.
pub(crate) const HELP: &str = "\
Browsers log in, refresh in several tabs, log out and change passwords over real sockets, and lose
some of the answers; others register, reset passwords, move to other addresses and delete themselves
with the codes of real mails; the server is killed with kill -9, started again and asked for everything that
it had acknowledged. Exit code 1 when a promise was broken; the story of who saw it is printed.

Examples:
  cargo xtask torture                        two hundred kills
  cargo xtask torture --kills 20 --seed 7    other operations, a short run
  cargo xtask torture --fault disk-full      not kills, but another fault
  cargo xtask torture --fault all            every fault; what cannot be done here is counted

The disks are mounted for the run, which takes root; the clock is libfaketime's.";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often to kill the server
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: u32,
    /// What the browsers do follows from it; when they do it, from the machine
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// disk-full, disk-read-only, disk-hangs, few-files, slow-connections, clock-ahead,
    /// clock-behind, or all
    #[arg(long, value_name = "NAME", conflicts_with = "kills")]
    fault: Option<String>,
}

pub(crate) fn torture(arguments: &Arguments) -> Result<ExitCode> {
    run(cargo().args(["build", "--release", "-p", "hardtack-server"]))?;
    let mut torture = cargo();
    torture.args(["run", "--quiet", "-p", "hardtack-torture", "--", "--binary"]);
    torture.arg(workspace::release_binary()?);
    torture.args(["--kills", &arguments.kills.to_string()]);
    torture.args(["--seed", &arguments.seed.to_string()]);
    if let Some(fault) = &arguments.fault {
        torture.args(["--fault", fault]);
    }
    // Its own last lines say what was broken.
    Ok(run(&mut torture).map_or_else(
        |error| {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    ))
}
