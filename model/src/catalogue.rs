//! The searches, with what each of them must find. The tests run the quick ones, the binary all.

mod broken;
mod kept;

use stateright::Model;

use crate::browser::Action;
use crate::race::{Deed, Races};
use crate::scenario::Scenario;
use crate::search::{Counterexample, search};
use crate::story;

/// One search.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// A sentence that names it.
    pub name: &'static str,
    /// What is searched.
    pub subject: Subject,
    /// The promise that it must find broken; none where all must hold.
    pub breaks: Option<&'static str>,
    /// Is it quick enough for every run of the tests?
    pub quick: bool,
}

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub enum Subject {
    /// A browser, its network and who else there is.
    Browser(Scenario),
    /// Requests that race inside the server.
    Races(Races),
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Different states met.
    pub states: usize,
    /// Steps of the longest of the shortest ways to them.
    pub depth: usize,
    /// The promise that was broken, if any.
    pub broken: Option<&'static str>,
    /// How, in words.
    pub story: String,
}

/// All of them: first where every promise must hold, then where one must be found broken.
pub fn entries() -> impl Iterator<Item = Entry> {
    kept::ENTRIES.into_iter().chain(broken::ENTRIES)
}

/// The entry of that name.
#[must_use]
pub fn find(name: &str) -> Option<Entry> {
    entries().find(|entry| entry.name == name)
}

impl Entry {
    /// Searches.
    #[must_use]
    pub fn search(&self) -> Finding {
        match &self.subject {
            Subject::Browser(scenario) => {
                let outcome = search(scenario);
                finding(
                    outcome.states,
                    outcome.depth,
                    outcome.counterexample,
                    |actions: &[Action]| {
                        let start = scenario.init_states().swap_remove(0);
                        story::tell(scenario, &start, actions)
                    },
                )
            }
            Subject::Races(races) => {
                let outcome = search(races);
                finding(
                    outcome.states,
                    outcome.depth,
                    outcome.counterexample,
                    |deeds: &[Deed]| story::tell_deeds(deeds),
                )
            }
        }
    }
}

fn finding<A>(
    states: usize,
    depth: usize,
    counterexample: Option<Counterexample<A>>,
    tell: impl FnOnce(&[A]) -> String,
) -> Finding {
    Finding {
        states,
        depth,
        broken: counterexample.as_ref().map(|found| found.broken),
        story: counterexample.map_or_else(String::new, |found| tell(&found.actions)),
    }
}
