//! What the tests need besides cargo: found, or fetched, or asked for with the one command to type.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::{command, workspace};

/// The oldest Node.js that playwright-core runs on.
const NODE_MAJOR: u32 = 20;

/// `cargo nextest`, installed if need be.
pub(crate) fn nextest() -> Result<()> {
    if command::probe(workspace::cargo().args(["nextest", "--version"])).is_some() {
        return Ok(());
    }
    command::say("cargo-nextest is missing; installing it takes some minutes, once.");
    command::run(workspace::cargo().args(["install", "cargo-nextest", "--locked"]))
}

/// Is `cargo deny` there? It is big and optional, so nothing installs it.
pub(crate) fn has_deny() -> bool {
    command::probe(workspace::cargo().args(["deny", "--version"])).is_some()
}

/// A Chromium to drive: `HARDTACK_CHROMIUM`, or one on the path, or Debian's.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HARDTACK_CHROMIUM") {
        return Ok(named.into());
    }
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    if let Some(found) = names.into_iter().find_map(on_path) {
        return Ok(found);
    }
    install(&["chromium"])?;
    on_path("chromium").context("chromium is not on the path, though apt installed it")
}

/// `openssl`, which makes the certificates of the browser test.
pub(crate) fn openssl() -> Result<()> {
    if on_path("openssl").is_none() {
        install(&["openssl"])?;
    }
    Ok(())
}

/// Node.js and the packages of `project`, as its lock file pins them.
pub(crate) fn npm_packages(project: &Path) -> Result<()> {
    if on_path("node").is_none() || on_path("npm").is_none() {
        install(&["nodejs", "npm"])?;
    }
    let version = command::probe(Command::new("node").arg("--version")).unwrap_or_default();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!(
            "node is {version}, and the browser test needs {NODE_MAJOR} or newer: https://nodejs.org"
        );
    }
    let installed = project.join("node_modules/.package-lock.json");
    if is_newer(&installed, &project.join("package-lock.json")) {
        return Ok(());
    }
    command::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(project),
    )
}

/// A Python of our own at `environment` with what `requirements` pins. Returns its interpreter.
pub(crate) fn python_packages(environment: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = environment.join("bin/python");
    let done = environment.join("requirements.installed");
    if is_newer(&done, requirements) {
        return Ok(python);
    }
    if !has_venv() {
        install(&["python3", "python3-venv"])?;
    }
    command::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(environment),
    )?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    command::run(pip.arg(requirements))?;
    std::fs::copy(requirements, &done)
        .context("could not note that the Python packages are there")?;
    Ok(python)
}

/// Debian ships `python3` without the part that makes environments with pip in them.
fn has_venv() -> bool {
    command::probe(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some()
}

/// Installs Debian packages when we may, and says what to type when we may not.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let root = command::probe(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !root || on_path("apt-get").is_none() {
        bail!(
            "missing; install it with: sudo apt-get install -y {}",
            packages.join(" ")
        );
    }
    command::run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").args([
        "install",
        "-y",
        "-q",
        "--no-install-recommends",
    ]);
    command::run(apt.args(packages))
}

/// Where `program` is, if it can be called.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Does `made` exist, and is it no older than what it was made from?
fn is_newer(made: &Path, from: &Path) -> bool {
    let changed = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    matches!((changed(made), changed(from)), (Some(made), Some(from)) if made >= from)
}
