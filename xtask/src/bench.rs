//! `cargo xtask bench`: the budgets of the design, measured beside their limits.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::command;
use crate::setup;
use crate::workspace::{self, cargo};

pub(crate) const HELP: &str = "\
It builds the release binary and the benchmarks, measures for some minutes, and writes
docs/benchmarks.md and its plot; with --only or --quick it only prints. Ratios and processor time
hold on a busy machine too; rates want a quiet one.";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these budgets: B1, B2, B3, B4, B6, B7, B8, B9, B10
    #[arg(long, value_name = "BUDGETS", value_delimiter = ',')]
    only: Vec<String>,
    /// Other systems beside it: dj-rest-auth and axum-login, fetched from their registries
    #[arg(long)]
    peers: bool,
    /// A glance: fewer rounds of less work
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    // One after the other: built together they would share features, and the binary would not be
    // the one that is shipped.
    for package in ["hardtack-server", "hardtack-bench"] {
        command::run(cargo().args(["build", "--release", "-p", package]))?;
    }
    let built = workspace::release_binary()?;
    let mut bench = Command::new(built.with_file_name("hardtack-bench"));
    bench.arg("--hardtack").arg(&built);
    for peer in ["bare-hyper", "guarded-route"] {
        let program = built.with_file_name(peer);
        bench.arg(format!("--{peer}")).arg(program);
    }
    if arguments.peers {
        add_peers(&mut bench)?;
    }
    if !arguments.only.is_empty() {
        bench.arg("--only").arg(arguments.only.join(","));
    }
    if arguments.quick {
        bench.arg("--quick");
    }
    if arguments.only.is_empty() && !arguments.quick {
        bench.arg("--write").arg(workspace::root().join("docs"));
    } else {
        command::say("not all of it, so docs/benchmarks.md stays as it is");
    }
    command::run(&mut bench)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the sites of other systems, which takes minutes the first time.
fn add_peers(bench: &mut Command) -> Result<()> {
    let sources = workspace::root().join("bench/peers");
    let built = workspace::target()?.join("peers");
    let site = sources.join("dj-rest-auth");
    let requirements = site.join("requirements.txt");
    let python = setup::python_packages(&built.join("dj-rest-auth"), &requirements)?;
    bench
        .arg("--dj-rest-auth")
        .arg(python)
        .arg(site.join("serve.py"));
    let mut cargo = cargo();
    cargo.args(["build", "--release", "--locked", "--target-dir"]);
    cargo.arg(&built).arg("--manifest-path");
    command::run(cargo.arg(sources.join("axum-login/Cargo.toml")))?;
    bench
        .arg("--axum-login")
        .arg(built.join("release/axum-login-peer"));
    Ok(())
}
