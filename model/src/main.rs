//! Searches the model of the rotation protocol, as far as one wants to wait.

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use hardtack_model::catalogue::{Entry, Subject, entries};
use hardtack_model::rules::Rules;
use hardtack_model::scenario::Scenario;

/// Searches the model of the refresh rotation and tells how a promise is broken, if one is.
///
/// Without `--tabs` and `--generations` it runs the catalogue: every search that the project knows,
/// with the number of states that each met.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only the searches with this word in their name.
    #[arg(long)]
    only: Option<String>,
    /// Also the searches that take minutes and gigabytes.
    #[arg(long)]
    long: bool,
    /// A search of its own: refreshes that may be under way at once.
    #[arg(long, requires = "generations")]
    tabs: Option<usize>,
    /// Rotations that are explored.
    #[arg(long, requires = "tabs")]
    generations: Option<u8>,
    /// The window, in ticks; a message may see one, and a cookie is on the disk after two.
    #[arg(long, default_value_t = 6)]
    window: i16,
    /// Somebody copies the cookie jar.
    #[arg(long)]
    thief: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (Some(tabs), Some(generations)) = (arguments.tabs, arguments.generations) else {
        return run_catalogue(&arguments);
    };
    let rules = Rules::of_window(arguments.window);
    let scenario = if arguments.thief {
        Scenario::theft(rules, tabs, generations)
    } else {
        Scenario::honest(rules, tabs, generations)
    };
    run(&Entry {
        name: "the search that was asked for",
        subject: Subject::Browser(scenario),
        breaks: None,
        quick: true,
    })
}

fn run_catalogue(arguments: &Arguments) -> Result<()> {
    let word = arguments.only.as_deref().unwrap_or_default();
    let chosen = entries()
        .filter(|entry| arguments.long || entry.quick)
        .filter(|entry| entry.name.contains(word));
    for entry in chosen {
        run(&entry)?;
    }
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "its findings are what the program is for"
)]
fn run(entry: &Entry) -> Result<()> {
    let started = Instant::now();
    let found = entry.search();
    let seconds = started.elapsed().as_secs_f32();
    println!(
        "{}: {} states, {} steps deep, {seconds:.1} s: {}",
        entry.name,
        found.states,
        found.depth,
        found.broken.unwrap_or("every promise holds")
    );
    if found.broken.is_some() {
        println!("{}", found.story);
    }
    if found.broken != entry.breaks {
        match entry.breaks {
            Some(promise) => bail!("this should have been found broken: {promise}"),
            None => bail!("every promise should have held"),
        }
    }
    Ok(())
}
