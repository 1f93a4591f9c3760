//! `hardtack config`: check, show and explain.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::cli::ConfigCommand;
use crate::config::contradiction::Mode;
use crate::config::{Sources, reference};
use crate::files;
use crate::serve;
use crate::terminal::{Terminal, print};

pub(super) fn run(
    command: &ConfigCommand,
    sources: &Sources,
    terminal: Terminal,
) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check { dev } => check(sources, *dev, terminal)?,
        ConfigCommand::Show => show(sources, terminal)?,
        ConfigCommand::Reference { markdown: true } => print(&reference::markdown())?,
        ConfigCommand::Reference { .. } => terminal.say(&reference::text(), &reference::rows())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(sources: &Sources, dev: bool, terminal: Terminal) -> Result<()> {
    let (sources, mode) = if dev {
        (serve::relaxed(sources.clone()), Mode::Dev)
    } else {
        (sources.clone(), Mode::Production)
    };
    let loaded = sources.load()?;
    loaded.refuse_contradictions(mode)?;
    files::verify(&loaded.config, mode)?;
    terminal.say("the configuration is good", &json!({ "status": "good" }))
}

fn show(sources: &Sources, terminal: Terminal) -> Result<()> {
    let loaded = sources.load()?;
    let rows: Vec<[String; 3]> = loaded
        .entries
        .iter()
        .map(|entry| {
            let value = entry
                .value
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string);
            [entry.key.to_owned(), value, entry.origin.to_string()]
        })
        .collect();
    terminal.list(["KEY", "VALUE", "FROM"], &rows, &loaded.entries)
}
