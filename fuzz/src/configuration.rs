//! The server's configuration. It lives in the binary, which no test can link, so its source is
//! compiled here once more.

use std::ffi::OsString;

#[path = "../../crates/hardtack-server/src"]
mod server {
    #[allow(
        dead_code,
        unreachable_pub,
        clippy::allow_attributes_without_reason,
        reason = "the binary uses what the target does not"
    )]
    pub(crate) mod config;
}

use server::config::contradiction::Mode;
use server::config::problem::Problems;
use server::config::{Sources, reference, table};

/// What the file is called in problems.
pub const FILE: &str = "hardtack.toml";

/// A configuration that can be read.
#[derive(Debug)]
pub struct Accepted {
    /// The value of each key that has one, as `hardtack config show` prints it.
    pub shown: Vec<(&'static str, String)>,
    /// Everything that the values became.
    pub config: String,
    /// What keeps it from being served, in production and with `--dev`.
    pub contradictions: Vec<String>,
}

/// Reads `text` as the file and overlays it by `variables`.
///
/// # Errors
/// Every problem, as it is printed.
pub fn load(text: &str, variables: &[(OsString, OsString)]) -> Result<Accepted, Vec<String>> {
    let sources = Sources {
        variables: variables.to_vec(),
        ..Sources::default()
    };
    let loaded = sources.overlay(FILE, text).map_err(|it| printed(&it))?;
    let contradictions = [Mode::Production, Mode::Dev]
        .into_iter()
        .filter_map(|mode| loaded.refuse_contradictions(mode).err())
        .flat_map(|problems| printed(&problems))
        .collect();
    let values = loaded
        .entries
        .iter()
        .filter_map(|entry| Some((entry.key, entry.value.as_ref()?.to_string())));
    Ok(Accepted {
        shown: values.collect(),
        config: format!("{:#?}", loaded.config),
        contradictions,
    })
}

fn printed(problems: &Problems) -> Vec<String> {
    let alone = |problem| Problems(vec![problem]).to_string();
    let bare = |text: String| text.split_once("\n  ").map(|(_, text)| text.to_owned());
    let problems = problems.0.iter().cloned();
    problems.map(alone).filter_map(bare).collect()
}

/// Every key: `section.key`.
#[must_use]
pub fn keys() -> Vec<&'static str> {
    table::keys().map(|key| key.name).collect()
}

/// The page docs/configuration.md.
#[must_use]
pub fn reference() -> String {
    reference::markdown()
}
