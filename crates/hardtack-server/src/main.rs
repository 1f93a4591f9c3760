//! The `hardtack` binary: a thin shell over the library of the same name.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

mod breached;
mod cli;
mod commands;
mod config;
mod cookie_file;
mod data_dir;
mod dev;
mod file_stamp;
mod files;
mod key_file;
mod mail;
mod manual;
mod pepper_file;
mod private_file;
mod serve;
mod service_token_file;
mod telemetry;
mod terminal;
mod timestamp;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let json = cli.global.json;
    match commands::run(cli) {
        Ok(code) => code,
        // Whoever read the output has seen enough (`hardtack user list | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let message = terminal::shown_lines(&format!("{error:#}"));
            if json {
                complain(&json_error(&message));
            } else {
                complain(&format!("hardtack: {message}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Help and version as they are; a mistake in the form that the program was asked for.
fn not_understood(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && cli::wants_json(std::env::args_os()) {
        complain(&json_error(&cli::reason(error)));
        return ExitCode::from(2);
    }
    // Without a place to print it the exit code must do.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

fn json_error(message: &str) -> String {
    serde_json::json!({ "error": message }).to_string()
}

fn complain(line: &str) {
    // Without a place to complain the exit code must do.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}
