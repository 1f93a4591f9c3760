//! Hardtack's chores. `cargo xtask test` is what CI runs, `cargo xtask --help` lists the rest.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod command;
mod dist;
mod docs;
mod fuzz;
mod setup;
mod simulate;
mod step;
mod test;
mod timing;
mod torture;
mod workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Hardtack's chores",
    after_help = "Start with `cargo xtask test`: it does everything CI does, and sets up what it needs."
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Do everything that CI does, and say at the end what passed
    #[command(after_help = test::HELP)]
    Test(test::Arguments),
    /// Throw hostile bytes at every parser
    #[command(after_help = fuzz::HELP)]
    Fuzz(fuzz::Arguments),
    /// Measure the budgets of the design and write docs/benchmarks.md
    #[command(after_help = bench::HELP)]
    Bench(bench::Arguments),
    /// Build what is released: archive, Debian package, bill of materials, sums
    #[command(after_help = dist::HELP)]
    Dist(dist::Arguments),
    /// Write the generated documents anew: docs/configuration.md
    Docs,
    /// Kill the server in the middle of its work and count what it forgot
    #[command(after_help = torture::HELP)]
    Torture(torture::Arguments),
    /// Live a million browser sessions and as many thefts, on a simulated network
    #[command(after_help = simulate::HELP)]
    Simulate(simulate::Arguments),
    /// Does the time of a refused login tell who has an account?
    #[command(after_help = timing::HELP)]
    Timing(timing::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Dist(arguments) => dist::run(&arguments),
        Chore::Docs => docs::write().map(|()| ExitCode::SUCCESS),
        Chore::Torture(arguments) => torture::torture(&arguments),
        Chore::Simulate(arguments) => simulate::simulate(&arguments),
        Chore::Timing(arguments) => timing::run(&arguments),
    };
    done.unwrap_or_else(|error| {
        command::say(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
