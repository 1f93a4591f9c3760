//! `cargo xtask fuzz`: throws hostile bytes at the parsers, for as long as one likes.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{self, say};
use crate::workspace;

mod corpus;
mod engine;
mod progress;

use engine::Engine;
use progress::Outcome;

/// Below `cargo xtask fuzz --help`.
pub(crate) const HELP: &str = "\
Each file of fuzz/tests is a target. libFuzzer runs them, guided by coverage, on the stable
toolchain; it is built from source, which needs a C++ compiler. Where there is none, bolero's own
random inputs are used, and the output says so. No sanitizer runs: the code has no `unsafe`.

What made a target fail is kept in fuzz/tests/__fuzz__/TARGET/crashes; `cargo nextest run` repeats
it from then on. What was found on the way stays in the target folder, for the next run here;
`--keep` chooses the best of it for the repository.

Examples:
  cargo xtask fuzz --list                      the targets
  cargo xtask fuzz                             every target, half a minute each
  cargo xtask fuzz access_token --time 10m     one target for longer
  cargo xtask fuzz --time 5m --keep            and choose a new corpus for the repository";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run these targets instead of all
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// How long each target runs: 30s, 5m, 2h
    #[arg(long, default_value = "30s", value_parser = parse_time)]
    time: Duration,
    /// What makes the inputs
    #[arg(long, value_enum, default_value_t = Engine::Coverage)]
    engine: Engine,
    /// Choose the inputs to keep in the repository: the few that together reach the most
    #[arg(long)]
    keep: bool,
    /// List the targets and run nothing
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let targets = targets()?;
    if arguments.list {
        for target in targets {
            say(&target);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(unknown) = arguments
        .targets
        .iter()
        .find(|name| !targets.contains(name))
    {
        bail!(
            "there is no target {unknown:?}; the targets are: {}",
            targets.join(", ")
        );
    }
    let chosen: Vec<String> = targets
        .into_iter()
        .filter(|name| arguments.targets.is_empty() || arguments.targets.contains(name))
        .collect();
    let engine = available(arguments.engine);
    if arguments.keep && engine == Engine::Random {
        bail!("`--keep` needs the coverage engine: nothing else knows which inputs reach the most");
    }
    let binaries = engine.build(&chosen)?;
    let mut outcomes: Vec<(String, Outcome)> = Vec::new();
    for (index, name) in chosen.iter().enumerate() {
        say(&format!("\n=== {} of {} · {name}", index + 1, chosen.len()));
        let binary = binaries
            .get(name)
            .with_context(|| format!("cargo built no test of the name {name}"))?;
        let outcome = engine.run(name, binary, arguments.time)?;
        if arguments.keep && outcome.passed {
            let kept = corpus::keep(name, binary)?;
            say(&format!("kept {kept} inputs in the repository"));
        }
        outcomes.push((name.clone(), outcome));
    }
    Ok(summarize(engine, &outcomes))
}

/// The files of `fuzz/tests`, without their extension.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/tests");
    let files = std::fs::read_dir(&folder)
        .with_context(|| format!("could not list {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}

/// The engine that was asked for, if this machine can build it.
fn available(asked: Engine) -> Engine {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut version = std::process::Command::new(compiler);
    if asked == Engine::Random || command::probe(version.arg("--version")).is_some() {
        return asked;
    }
    say("There is no C++ compiler, so the inputs are random and NOT guided by coverage.");
    say("For the better engine: sudo apt-get install -y g++");
    Engine::Random
}

/// The table at the end. Its last line stands alone, for people and for scripts.
fn summarize(engine: Engine, outcomes: &[(String, Outcome)]) -> ExitCode {
    say(&format!("\n=== totals ({})", engine.about()));
    say(&format!(
        "{:<22} {:>14} {:>8} {:>9} {:>9} {:>7}  result",
        "target", "runs", "seconds", "runs/s", "coverage", "inputs"
    ));
    for (name, outcome) in outcomes {
        let optional = |number: Option<u64>| number.map_or("-".to_owned(), |it| it.to_string());
        say(&format!(
            "{name:<22} {:>14} {:>8.0} {:>9.0} {:>9} {:>7}  {}",
            outcome.runs,
            outcome.took.as_secs_f64(),
            outcome.runs_per_second(),
            optional(outcome.coverage),
            optional(outcome.inputs),
            if outcome.passed { "passed" } else { "FAILED" }
        ));
    }
    let runs: u64 = outcomes.iter().map(|(_, outcome)| outcome.runs).sum();
    let failed = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.passed)
        .count();
    say(&format!(
        "\n{} targets, {runs} runs, {failed} failed",
        outcomes.len()
    ));
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let wanted = || format!("{text:?} is no time; 30s, 5m or 2h is wanted");
    let split = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(split).ok_or_else(wanted)?;
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let seconds = match unit {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3600),
        _ => None,
    };
    seconds
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(parse_time("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_time("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse_time("2h"), Ok(Duration::from_secs(7200)));
        for bad in [
            "",
            "s",
            "30",
            "0s",
            "-1s",
            "1d",
            "1é",
            "99999999999999999999h",
        ] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_file_of_tests_is_a_target() {
        let targets = targets().unwrap();
        assert!(targets.contains(&"access_token".to_owned()), "{targets:?}");
        assert!(
            targets
                .iter()
                .all(|name| !name.contains('_') || !name.starts_with("__"))
        );
    }
}
