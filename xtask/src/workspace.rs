//! Where things are, and what cargo knows about them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The cargo that started this program, so that a toolchain chosen with `+` stays chosen.
pub(crate) fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.current_dir(root());
    cargo
}

/// Where cargo puts what it builds; `CARGO_TARGET_DIR` and `.cargo/config.toml` may move it.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    Ok(PathBuf::from(
        target.context("cargo metadata names no target directory")?,
    ))
}

/// The release binary, whether it has been built or not.
pub(crate) fn release_binary() -> Result<PathBuf> {
    Ok(target()?
        .join("release")
        .join(format!("hardtack{}", std::env::consts::EXE_SUFFIX)))
}

/// Every package of the workspace that has features, with their names. `default` is left out.
pub(crate) fn features() -> Result<Vec<(String, Vec<String>)>> {
    let metadata = metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("cargo metadata lists no packages")?;
    let mut found = Vec::new();
    for package in packages {
        let name = package
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let features = package.get("features").and_then(Value::as_object);
        let features = features.into_iter().flat_map(serde_json::Map::keys);
        let features: Vec<_> = features
            .filter(|feature| *feature != "default")
            .cloned()
            .collect();
        if !features.is_empty() {
            found.push((name.to_owned(), features));
        }
    }
    Ok(found)
}

/// The version that is being worked on, which all crates share.
pub(crate) fn version() -> Result<String> {
    let metadata = metadata()?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let named = |package: &&Value| package.get("name").and_then(Value::as_str) == Some("hardtack");
    let package = packages.into_iter().flatten().find(named);
    let version = package.and_then(|package| package.get("version"));
    let version = version.and_then(Value::as_str);
    Ok(version
        .context("cargo metadata lists no hardtack")?
        .to_owned())
}

fn metadata() -> Result<Value> {
    let text = command::read(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).context("cargo metadata did not answer in JSON")
}
