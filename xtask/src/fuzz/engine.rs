//! The two ways to make inputs, and how their binaries are built and run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::corpus;
use super::progress::{self, Outcome};
use crate::command::say;
use crate::workspace;

/// What `cargo bolero` would pass, but for the sanitizer, which is what needs a nightly compiler.
const COVERAGE_FLAGS: &str = "--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Engine {
    /// libFuzzer: keeps the inputs that reach new code, and changes those
    Coverage,
    /// bolero: random inputs, after those that were kept
    Random,
}

impl Engine {
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Coverage => "libFuzzer, guided by coverage",
            Self::Random => "random inputs, not guided by coverage",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Random => "random",
        }
    }

    /// Builds the targets, optimised and with every check on. Returns the binary of each.
    pub(super) fn build(self, names: &[String]) -> Result<HashMap<String, PathBuf>> {
        say(&format!(
            "building {} targets ({})",
            names.len(),
            self.about()
        ));
        let mut cargo = workspace::cargo();
        cargo
            .args(["test", "--no-run", "--package", "hardtack-fuzz"])
            .args(["--profile", "fuzz", "--target", &host()?])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            // Other flags, other artefacts: the usual ones are left alone.
            .arg(workspace::target()?.join("fuzz").join(self.name()));
        for name in names {
            cargo.args(["--test", name]);
        }
        if self == Self::Coverage {
            // With `--target`, these do not reach build scripts and macros.
            cargo.env("RUSTFLAGS", COVERAGE_FLAGS);
            cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
        }
        let output = cargo.stderr(Stdio::inherit()).output();
        let output = output.context("could not start cargo")?;
        if !output.status.success() {
            bail!("the targets do not build");
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| {
                let message: Value = serde_json::from_str(line).ok()?;
                let name = message.pointer("/target/name")?.as_str()?;
                let binary = message.get("executable")?.as_str()?;
                Some((name.to_owned(), PathBuf::from(binary)))
            })
            .collect())
    }

    /// Runs one target for `time`, showing how it goes.
    pub(super) fn run(self, name: &str, binary: &Path, time: Duration) -> Result<Outcome> {
        let started = Instant::now();
        let mut command = harness(binary);
        match self {
            Self::Coverage => {
                let folder = corpus::prepare(name)?;
                command.current_dir(&folder);
                command.env(
                    "BOLERO_LIBFUZZER_ARGS",
                    format!(
                        "corpus crashes -artifact_prefix=crashes/ -max_len={} -timeout=10 \
                         -max_total_time={} -print_final_stats=1",
                        corpus::MAX_INPUT_BYTES,
                        time.as_secs()
                    ),
                );
            }
            Self::Random => {
                let milliseconds = time.as_millis().to_string();
                command.env("BOLERO_RANDOM_TEST_TIME_MS", milliseconds);
            }
        }
        let mut outcome = progress::watch(&mut command, name, time)?;
        outcome.took = started.elapsed();
        if self == Self::Coverage {
            for crash in corpus::rescue_crashes(name)? {
                say(&format!("kept as a regression test: {}", crash.display()));
            }
        }
        Ok(outcome)
    }
}

/// The test binary of a target. It has one test.
pub(super) fn harness(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.args(["--nocapture", "--quiet", "--test-threads", "1"]);
    // Every failure is told with its input; the way to it is only noise.
    command.env("RUST_BACKTRACE", "0");
    command
}

/// The triple of this machine.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = crate::command::read(Command::new(rustc).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}
