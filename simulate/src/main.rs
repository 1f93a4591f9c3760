//! `hardtack-simulate`: what `cargo xtask simulate` runs, after it has built it.

mod report;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Parser;
use hardtack_simulate::{Experiment, Figures, Network, Pattern, Progress, Variant, Which};

/// Lives through browser sessions and thefts, on the real flows and a simulated network.
#[derive(Debug, Parser)]
#[command(name = "hardtack-simulate")]
struct Arguments {
    /// Honest sessions
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    sessions: u64,
    /// Thefts; each pattern gets its share
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    thefts: u64,
    /// Everything that happens follows from it
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Put one rule wrong, to see what it is there for; or all variants, one after the other
    #[arg(long, value_name = "NAME", default_value = "full", value_parser = variant_names())]
    variant: String,
    /// What the authority sees of authenticated requests
    #[arg(long, value_name = "NAME", default_value = "all", value_parser = pattern_names())]
    pattern: String,
    /// The share of messages that are lost, in each direction
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = parse_share)]
    loss: f64,
    /// The window G, in seconds; docs/rotation.md asks for 53
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=450))]
    window: u64,
    /// Threads; they change nothing but how long it takes
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Live one session again and tell its story: honest/17, theft-30s/4, leaver-none/3
    #[arg(long, value_name = "SESSION")]
    only: Option<Which>,
    /// One line of JSON for each variant, and no progress
    #[arg(long)]
    json: bool,
}

fn variant_names() -> Vec<&'static str> {
    let names = Variant::ALL.iter().map(|variant| variant.name());
    names.chain(["all"]).collect()
}

fn pattern_names() -> Vec<&'static str> {
    let names = Pattern::ALL.iter().map(|pattern| pattern.name());
    names.chain(["all"]).collect()
}

fn parse_share(text: &str) -> Result<f64> {
    let share: f64 = text.parse()?;
    if !(0.0..=0.9).contains(&share) {
        bail!("a share from 0 to 0.9, such as 0.3");
    }
    Ok(share)
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let variants = Variant::ALL
        .into_iter()
        .filter(|variant| [variant.name(), "all"].contains(&arguments.variant.as_str()));
    let mut code = ExitCode::SUCCESS;
    for variant in variants {
        let experiment = experiment(&arguments, variant);
        if let Some(which) = arguments.only {
            for line in experiment.tell(which)? {
                say(&line);
            }
            continue;
        }
        let started = Instant::now();
        let figures = run(&experiment, !arguments.json)?;
        let took = started.elapsed();
        if arguments.json {
            say(&report::json(&experiment, &figures, took));
        } else {
            say(&report::table(&experiment, &figures, took));
            tell_first_fault(&experiment, &figures)?;
        }
        if figures.faults().next().is_some() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn experiment(arguments: &Arguments, variant: Variant) -> Experiment {
    let patterns = Pattern::ALL
        .into_iter()
        .filter(|pattern| [pattern.name(), "all"].contains(&arguments.pattern.as_str()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Experiment {
        seed: arguments.seed,
        variant,
        sessions: arguments.sessions,
        thefts: arguments.thefts,
        patterns: patterns.collect(),
        network: Network {
            loss: arguments.loss,
            ..Network::default()
        },
        window: Duration::from_secs(arguments.window),
        threads: arguments.threads.unwrap_or(cores),
    }
}

/// Runs it, with a line that says how far it has come.
fn run(experiment: &Experiment, shows_progress: bool) -> Result<Figures> {
    let progress = Progress::default();
    let started = Instant::now();
    let shows_progress = shows_progress && std::io::stderr().is_terminal();
    let figures = std::thread::scope(|scope| {
        let running = scope.spawn(|| experiment.run(&progress));
        while !running.is_finished() {
            if shows_progress {
                let line = report::progress(experiment, progress.done(), started.elapsed());
                let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        running.join().map_err(|_| anyhow!("the run panicked"))?
    });
    if shows_progress {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
    figures
}

/// The story of the first session that went wrong, and how to see it again.
fn tell_first_fault(experiment: &Experiment, figures: &Figures) -> Result<()> {
    let Some((what, _, which)) = figures.faults().next() else {
        return Ok(());
    };
    say(&format!(
        "\nThe story of {which}, seed {}: {what}\n",
        experiment.seed
    ));
    let story = experiment.tell(which.parse()?)?;
    let told = story.len().saturating_sub(report::LAST_LINES);
    if told > 0 {
        say(&format!("    … {told} lines before"));
    }
    for line in story.iter().skip(told) {
        say(&format!("    {line}"));
    }
    say(&format!(
        "\nAll of it: {}",
        report::command(experiment, which)
    ));
    Ok(())
}

fn say(line: &str) {
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
