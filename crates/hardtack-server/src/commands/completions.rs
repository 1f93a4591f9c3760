//! `hardtack completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::json;

use crate::cli::Cli;
use crate::terminal::Terminal;

pub(super) fn run(shell: Shell, terminal: Terminal) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hardtack", &mut script);
    let script = String::from_utf8(script).context("the completions are not text")?;
    terminal.say(
        &script,
        &json!({ "shell": shell.to_string(), "script": script }),
    )?;
    Ok(ExitCode::SUCCESS)
}
