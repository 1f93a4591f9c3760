//! The crates that the binary is made of, as cargo resolves them for it alone.
//!
//! `cargo metadata` would join in the features that tests and benchmarks of the workspace ask for,
//! and name crates that are not in the binary; `cargo tree` does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::read;
use crate::workspace::{self, cargo};

/// Name and version.
pub(crate) type Id = (String, String);

/// One crate.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ingredient {
    /// Its code is in the binary; otherwise it only helped to build it.
    pub(crate) linked: bool,
    /// The crates it asks for itself.
    pub(crate) needs: BTreeSet<Id>,
    /// An SPDX expression.
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    /// SHA-256 of the crate's archive in the registry; ours have none.
    pub(crate) checksum: Option<String>,
    /// Where its sources are on this machine.
    pub(crate) folder: PathBuf,
}

/// All crates that are in the binary for `target`, or helped to build it.
pub(crate) fn ingredients(target: &str) -> Result<BTreeMap<Id, Ingredient>> {
    let tree = |edges: &str| {
        let mut tree = cargo();
        tree.args(["tree", "--locked", "--package", "hardtack-server"]);
        tree.args(["--edges", edges, "--target", target]);
        read(tree.args(["--prefix", "depth", "--format", "{p}"]))
    };
    let linked = edges(&tree("normal,no-proc-macro")?);
    let mut found: BTreeMap<Id, Ingredient> = BTreeMap::new();
    for (id, needs) in edges(&tree("normal,build")?) {
        let linked = linked.contains_key(&id);
        let ingredient = Ingredient {
            linked,
            needs,
            ..Ingredient::default()
        };
        found.insert(id, ingredient);
    }
    describe(&mut found, target)?;
    Ok(found)
}

/// Reads `0hardtack-server v0.1.0 (/path)`, `1anyhow v1.0.104`: a number of steps down, a crate.
fn edges(tree: &str) -> BTreeMap<Id, BTreeSet<Id>> {
    let mut edges: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in tree.lines() {
        let name = line.trim_start_matches(|character: char| character.is_ascii_digit());
        let depth = line.len() - name.len();
        let depth = line.get(..depth).and_then(|depth| depth.parse().ok());
        let mut words = name.split_whitespace();
        let (Some(depth), Some(name), Some(version)) = (depth, words.next(), words.next()) else {
            continue;
        };
        let id = (name.to_owned(), version.trim_start_matches('v').to_owned());
        above.truncate(depth);
        if let Some(needy) = above.last() {
            edges.entry(needy.clone()).or_default().insert(id.clone());
        }
        edges.entry(id.clone()).or_default();
        above.push(id);
    }
    edges
}

/// Adds what the manifests and the lock file say.
fn describe(found: &mut BTreeMap<Id, Ingredient>, target: &str) -> Result<()> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--locked", "--format-version", "1"]);
    // Or cargo would fetch what other systems need.
    let metadata = read(metadata.args(["--filter-platform", target]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let text = |package: &Value, name: &str| {
        let value = package.get(name).and_then(Value::as_str);
        value.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    for package in packages.into_iter().flatten() {
        let id = (text(package, "name"), text(package, "version"));
        let (Some(name), Some(version)) = id else {
            continue;
        };
        if let Some(ingredient) = found.get_mut(&(name, version)) {
            ingredient.license = text(package, "license");
            ingredient.description = text(package, "description");
            ingredient.repository = text(package, "repository");
            let manifest = package.get("manifest_path").and_then(Value::as_str);
            let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
            ingredient.folder = folder.map(Path::to_owned).unwrap_or_default();
        }
    }
    let lock = workspace::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).context("there is no Cargo.lock")?;
    for package in lock.split("[[package]]") {
        let value = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        let (Some(name), Some(version)) = (value("name"), value("version")) else {
            continue;
        };
        if let Some(ingredient) = found.get_mut(&(name.to_owned(), version.to_owned())) {
            ingredient.checksum = value("checksum").map(str::to_owned);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        (name.to_owned(), version.to_owned())
    }

    #[test]
    fn a_tree_is_read_with_who_needs_whom() {
        let tree = "0hardtack-server v0.1.0 (/hardtack/crates/hardtack-server)\n\
                    1clap v4.6.7\n2clap_derive v4.6.7 (proc-macro)\n3syn v2.0.1\n\
                    1serde v1.0.229\n2syn v3.0.0\n1clap v4.6.7 (*)\n";
        let edges = edges(tree);
        assert_eq!(edges.len(), 6);
        let server = &edges[&id("hardtack-server", "0.1.0")];
        assert_eq!(
            server.iter().cloned().collect::<Vec<_>>(),
            [id("clap", "4.6.7"), id("serde", "1.0.229")]
        );
        assert!(edges[&id("clap_derive", "4.6.7")].contains(&id("syn", "2.0.1")));
        assert!(edges[&id("serde", "1.0.229")].contains(&id("syn", "3.0.0")));
    }

    /// A scanner would report the holes of crates that nobody can reach.
    #[test]
    fn only_what_the_binary_is_made_of_is_named() {
        let found = ingredients("x86_64-unknown-linux-gnu").unwrap();
        let names: BTreeSet<&str> = found.keys().map(|(name, _)| name.as_str()).collect();
        for absent in [
            "jsonwebtoken",
            "bolero",
            "stateright",
            "ring",
            "openssl-sys",
        ] {
            assert!(!names.contains(absent), "{absent}");
        }
        let of = |name: &str| {
            found
                .iter()
                .find(|((found, _), _)| found == name)
                .unwrap()
                .1
        };
        let crypto = of("aws-lc-rs");
        assert!(crypto.linked);
        assert_eq!(crypto.checksum.as_ref().unwrap().len(), 64);
        assert!(crypto.license.is_some() && crypto.folder.join("Cargo.toml").is_file());
        assert!(!of("clap_derive").linked, "it runs in the compiler");
        assert!(!of("cc").linked);
        assert!(of("hardtack-core").checksum.is_none());
    }
}
