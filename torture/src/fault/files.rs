//! Too few file descriptors: the limit of the running server is lowered below what it has open.

use anyhow::Result;

use super::tool;

/// What a server opens before its first connection, about.
const BARE: usize = 24;

/// Takes every free descriptor, and those of connections as they end. The open ones stay.
pub(super) fn take(process: u32) -> Result<()> {
    limit(process, &format!("{BARE}:"))
}

/// Raises the limit again, to the hard limit that it had.
pub(super) fn give_back(process: u32) -> Result<()> {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits"))?;
    let hard = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .and_then(|line| line.split_whitespace().nth(4))
        .unwrap_or("1024");
    limit(process, &format!("{hard}:"))
}

fn limit(process: u32, files: &str) -> Result<()> {
    tool(
        "prlimit",
        &["--pid", &process.to_string(), &format!("--nofile={files}")],
    )
}
