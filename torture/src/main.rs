//! `hardtack-torture`: what `cargo xtask torture` runs, after it has built the binary.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use hardtack_torture::{Fault, Plan, Ran, Tally, fault, kills};

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
    /// Not kills, but this fault, or all of them
    #[arg(long, value_name = "NAME", value_parser = fault_names())]
    fault: Option<String>,
}

fn fault_names() -> Vec<&'static str> {
    let names = Fault::ALL.iter().map(|(name, _)| *name);
    names.chain(["all"]).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let Arguments {
        binary,
        kills: count,
        seed,
        fault: chosen,
    } = Arguments::parse();
    let plan = Plan::new(binary, count, seed);
    let Some(chosen) = chosen else {
        let tally = kills(&plan).await?;
        return Ok(told(&tally));
    };
    let (mut code, mut ran, mut skipped) = (ExitCode::SUCCESS, 0, 0);
    for (name, which) in Fault::ALL {
        if chosen != "all" && chosen != name {
            continue;
        }
        say(&format!("\n=== {name}"));
        match fault(&plan, which).await? {
            Ran::Through(tally) => {
                ran += 1;
                if told(&tally) != ExitCode::SUCCESS {
                    code = ExitCode::FAILURE;
                }
            }
            Ran::Skipped(reason) => {
                skipped += 1;
                say(&format!("skipped: {reason}"));
            }
        }
    }
    say(&format!("\n{ran} faults ran, {skipped} skipped"));
    Ok(code)
}

fn told(tally: &Tally) -> ExitCode {
    say(&format!("\n{}", tally.report()));
    if tally.violations().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
