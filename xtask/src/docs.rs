//! Documents that the binary writes about itself, so that they cannot say something else.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{command, workspace};

/// Writes `docs/configuration.md` from the settings that the code knows.
pub(crate) fn write() -> Result<()> {
    let mut hardtack = workspace::cargo();
    hardtack.args(["run", "--quiet", "-p", "hardtack-server", "--"]);
    let text = reference(&mut hardtack)?;
    let file = file();
    std::fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    command::say(&format!("wrote {}", file.display()));
    Ok(())
}

/// Fails when `docs/configuration.md` is not what `binary` would write.
pub(crate) fn compare(binary: &Path) -> Result<()> {
    let wanted = reference(&mut Command::new(binary))?;
    let file = file();
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    if there != wanted {
        bail!(
            "{} is out of date; write it anew with: cargo xtask docs",
            file.display()
        );
    }
    command::say(&format!("{} is up to date", file.display()));
    Ok(())
}

fn reference(hardtack: &mut Command) -> Result<String> {
    command::read(hardtack.args(["config", "reference", "--markdown"]))
}

fn file() -> PathBuf {
    workspace::root().join("docs/configuration.md")
}
