//! Searches every state that a model can reach.

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// What a search found.
#[derive(Debug, Clone)]
pub struct Outcome<Action> {
    /// Different states met.
    pub states: usize,
    /// Steps of the longest of the shortest ways to them.
    pub depth: usize,
    /// A shortest way to a broken promise, if there is one.
    pub counterexample: Option<Counterexample<Action>>,
}

/// How a promise is broken.
#[derive(Debug, Clone)]
pub struct Counterexample<Action> {
    /// The promise.
    pub broken: &'static str,
    /// The way.
    pub actions: Vec<Action>,
}

/// Searches, breadth first and on one thread, until a promise is broken or every state within the
/// bounds has been met.
#[must_use]
pub fn search<M>(model: &M) -> Outcome<M::Action>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let mut outcome = search_within(model, None);
    // The checker looks at states in blocks and keeps the last counterexample of a block, so there
    // may be a shorter one.
    while let Some(known) = &outcome.counterexample {
        let shorter = search_within(model, Some(known.actions.len()));
        if shorter.counterexample.is_none() {
            break;
        }
        outcome.counterexample = shorter.counterexample;
    }
    outcome
}

/// Searches ways of fewer than `steps` steps.
fn search_within<M>(model: &M, steps: Option<usize>) -> Outcome<M::Action>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq + Send + Sync + 'static,
{
    let mut builder = model.clone().checker().finish_when(HasDiscoveries::Any);
    if let Some(steps) = steps {
        // The checker counts states, of which a way has one more, and stops before the last.
        builder = builder.target_max_depth(steps + 1);
    }
    let checker = builder.spawn_bfs().join();
    let counterexample = checker
        .discoveries()
        .into_iter()
        .map(|(broken, path)| Counterexample {
            broken,
            actions: path.into_actions(),
        })
        .min_by_key(|found| (found.actions.len(), found.broken));
    Outcome {
        states: checker.unique_state_count(),
        depth: checker.max_depth().saturating_sub(1),
        counterexample,
    }
}
