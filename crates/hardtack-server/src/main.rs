//! The `hardtack` binary: a thin shell over the library of the same name.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod commands;
mod config;
mod cookie_file;
mod data_dir;
mod dev;
mod file_stamp;
mod files;
mod key_file;
mod pepper_file;
mod private_file;
mod serve;
mod telemetry;
mod terminal;
mod timestamp;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.global.json;
    match commands::run(cli) {
        Ok(code) => code,
        // Whoever read the output has seen enough (`hardtack user list | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let message = terminal::shown_lines(&format!("{error:#}"));
            let line = if json {
                serde_json::json!({ "error": message }).to_string()
            } else {
                format!("hardtack: {message}")
            };
            // Without a place to complain the exit code must do.
            let _ = writeln!(std::io::stderr(), "{line}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}
