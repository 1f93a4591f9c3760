//! The machine that the figures are from.

use std::fmt;
use std::fs;
use std::process::Command;

/// What a reader needs to compare it with their own.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory: String,
    kernel: String,
    rustc: String,
    date: String,
}

impl Machine {
    pub(crate) fn here(now: hardtack_core::Timestamp) -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let rustc = Command::new("rustc").arg("--version").output();
        let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        Self {
            processor: field(&cpus, "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: field(&memory, "MemTotal"),
            kernel: kernel.trim().to_owned(),
            rustc: rustc.unwrap_or_default(),
            date: jiff::Timestamp::from_microsecond(now.unix_micros())
                .map(|now| now.strftime("%-d %B %Y").to_string())
                .unwrap_or_default(),
        }
    }
}

/// The value of the first `name : value`.
fn field(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            memory,
            kernel,
            rustc,
            date,
        } = self;
        writeln!(
            formatter,
            "{processor}, {cores} virtual cores, {memory} of memory, Linux {kernel}; {rustc}; {date}."
        )
    }
}
