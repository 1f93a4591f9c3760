//! Names that nobody knows: which key was surely meant?

use super::key::Key;
use super::problem::{Origin, Problem};
use super::secret;
use super::table::keys;

/// A variable that is none of ours, but was surely meant to be: a lost underscore must not turn a
/// setting into nothing. Others that begin so are not ours to judge: Kubernetes makes
/// `HARDTACK_PORT` and its like for a service of that name.
pub(super) fn misspelt(variable: &str) -> Option<Problem> {
    let rest = variable.strip_prefix("HARDTACK_")?;
    let plain = |name: &str| {
        let words: Vec<&str> = name
            .split(['_', '.'])
            .filter(|word| !word.is_empty())
            .collect();
        words.join("_").to_ascii_lowercase()
    };
    let name = plain(rest);
    let likeness = |key: &Key| strsim::normalized_damerau_levenshtein(&plain(key.name), &name);
    let nearest = keys()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
        .filter(|key| likeness(key) > 0.85)?;
    Some(Problem {
        origin: Some(Origin::Variable(variable.to_owned())),
        message: format!("sets nothing; did you mean {}?", nearest.variable()),
    })
}

/// What to say about a key that is not in the table.
pub(super) fn unknown(name: &str) -> String {
    let mut tails = name
        .match_indices('.')
        .filter_map(|(dot, _)| name.get(dot + 1..));
    if secret::is_likely(name) || tails.any(secret::is_likely) {
        return "unknown key, which looks like a secret and is not repeated; secrets are files, and keys say where they are".to_owned();
    }
    let leaf = name.rsplit('.').next().unwrap_or(name);
    let likeness = |key: &&Key| {
        let same_leaf = key.name.rsplit('.').next() == Some(leaf);
        let whole = strsim::normalized_damerau_levenshtein(key.name, name);
        if same_leaf { whole.max(0.9) } else { whole }
    };
    let nearest = keys().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|key| likeness(key) > 0.7) {
        Some(key) => format!("unknown key {name}; did you mean {}?", key.name),
        None => format!("unknown key {name}; `hardtack config reference` lists every key"),
    }
}
