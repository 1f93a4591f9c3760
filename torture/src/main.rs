//! `hardtack-torture`: what `cargo xtask torture` runs, after it has built the binary.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use hardtack_torture::{Plan, kills};

#[derive(Parser)]
#[command(
    name = "hardtack-torture",
    about = "Kills the server in the middle of its work and counts what it forgot"
)]
struct Arguments {
    /// The binary to torture
    #[arg(long, value_name = "FILE", default_value = "target/release/hardtack")]
    binary: PathBuf,
    /// How often to kill it
    #[arg(long, value_name = "N", default_value_t = 200)]
    kills: u32,
    /// Repeat the operations of an earlier run; the moments remain the machine's
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let Arguments {
        binary,
        kills: count,
        seed,
    } = Arguments::parse();
    let tally = kills(&Plan::new(binary, count, seed)).await?;
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(std::io::stdout().lock(), "\n{}", tally.report());
    Ok(if tally.violations().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
