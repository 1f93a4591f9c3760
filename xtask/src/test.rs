//! `cargo xtask test`: runs the steps and says how each of them went.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::command::say;
use crate::step::{Outcome, STEPS, Step};

/// Below `cargo xtask test --help`.
pub(crate) const HELP: &str = "\
What is missing is set up on the way: cargo-nextest by cargo, Chromium by apt (as root; otherwise
the command to type is named), the browser test's packages by npm, Django by pip into target/.
A step that fails does not stop the ones that do not need it. The last line counts steps.

Examples:
  cargo xtask test                           everything
  cargo xtask test --list                    the names of the steps
  cargo xtask test --only lint --only test   while writing Rust
  cargo xtask test --only browser            while writing the demo page";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run this step, and what it needs; may be repeated
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and run nothing
    #[arg(long)]
    list: bool,
}

/// How one step went, and how long it took.
struct Report {
    name: &'static str,
    result: Result<Outcome>,
    took: Duration,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.list {
        for step in STEPS {
            say(&format!("{:<10} {}", step.name, step.about));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let steps = chosen(&arguments.only)?;
    let mut reports: Vec<Report> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        say(&format!(
            "\n=== {} of {} · {}: {}",
            index + 1,
            steps.len(),
            step.name,
            step.about
        ));
        let started = Instant::now();
        let result = match missing(step, &reports) {
            Some(needed) => Err(anyhow::anyhow!("not run, because {needed} did not pass")),
            None => (step.run)(),
        };
        let report = Report {
            name: step.name,
            result,
            took: started.elapsed(),
        };
        say(&line(&report));
        reports.push(report);
    }
    Ok(summarize(&reports))
}

/// All steps, or those that were asked for and what they need, in their usual order.
fn chosen(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != *name))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!(
            "there is no step {unknown:?}; the steps are: {}",
            names.join(", ")
        );
    }
    let is_asked = |name: &str| only.is_empty() || only.iter().any(|asked| asked == name);
    let is_needed = |name: &str| {
        STEPS
            .iter()
            .any(|step| step.needs == Some(name) && is_asked(step.name))
    };
    Ok(STEPS
        .iter()
        .filter(|step| is_asked(step.name) || is_needed(step.name))
        .collect())
}

/// The step that `step` needs and that did not pass.
fn missing(step: &Step, reports: &[Report]) -> Option<&'static str> {
    let needed = reports
        .iter()
        .find(|report| Some(report.name) == step.needs)?;
    (!matches!(needed.result, Ok(Outcome::Passed))).then_some(needed.name)
}

fn line(report: &Report) -> String {
    let seconds = report.took.as_secs_f32();
    let (word, remark) = match &report.result {
        Ok(Outcome::Passed) => ("passed", String::new()),
        Ok(Outcome::Skipped(remedy)) => ("skipped", format!("  to run it: {remedy}")),
        Err(error) => ("FAILED", format!("  {error:#}")),
    };
    format!("{word:<8} {:<10} {seconds:>7.1} s{remark}", report.name)
}

/// The table at the end. Its last line stands alone, for people and for scripts.
fn summarize(reports: &[Report]) -> ExitCode {
    say("\n=== summary");
    for report in reports {
        say(&line(report));
    }
    let count = |wanted: fn(&Result<Outcome>) -> bool| {
        reports
            .iter()
            .filter(|report| wanted(&report.result))
            .count()
    };
    let passed = count(|result| matches!(result, Ok(Outcome::Passed)));
    let skipped = count(|result| matches!(result, Ok(Outcome::Skipped(_))));
    let failed = count(Result::is_err);
    say(&format!(
        "\n{passed} passed, {failed} failed, {skipped} skipped"
    ));
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<_> = only.iter().map(|&name| name.to_owned()).collect();
        chosen(&only)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn without_a_choice_every_step_runs() {
        assert_eq!(names(&[]).len(), STEPS.len());
    }

    #[test]
    fn a_chosen_step_brings_what_it_needs() {
        assert_eq!(
            names(&["browser", "format"]),
            ["format", "release", "browser"]
        );
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_names_that_exist() {
        let error = chosen(&["brwoser".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("browser"), "{error}");
    }

    #[test]
    fn what_needs_a_failed_step_does_not_run() {
        let failed = [Report {
            name: "release",
            result: Err(anyhow::anyhow!("no")),
            took: Duration::ZERO,
        }];
        let browser = STEPS.iter().find(|step| step.name == "browser").unwrap();
        let format = STEPS.iter().find(|step| step.name == "format").unwrap();
        assert_eq!(missing(browser, &failed), Some("release"));
        assert_eq!(missing(format, &failed), None);
    }

    #[test]
    fn every_needed_step_exists_and_comes_earlier() {
        for (index, step) in STEPS.iter().enumerate() {
            let Some(needed) = step.needs else { continue };
            let at = STEPS.iter().position(|other| other.name == needed);
            assert!(
                at.is_some_and(|at| at < index),
                "{} needs {needed}",
                step.name
            );
        }
    }
}
