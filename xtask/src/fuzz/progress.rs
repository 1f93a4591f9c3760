//! What the engines print, read while they run.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::command::say;

const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// As much of the output as is shown when a target fails.
const TAIL_LINES: usize = 80;

/// How a target did.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) runs: u64,
    pub(super) took: Duration,
    /// Places in the code that were reached, by libFuzzer's count.
    pub(super) coverage: Option<u64>,
    /// Inputs that each reached something new.
    pub(super) inputs: Option<u64>,
    pub(super) passed: bool,
}

impl Outcome {
    #[expect(clippy::cast_precision_loss, reason = "it is shown without decimals")]
    pub(super) fn runs_per_second(&self) -> f64 {
        self.runs as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// Takes what is new from a line of either engine.
    fn read(&mut self, line: &str) {
        let after = |mark: &str| {
            let rest = line.split_once(mark)?.1.trim_start();
            let end = rest.find(|character: char| !character.is_ascii_digit());
            rest.get(..end.unwrap_or(rest.len()))?.parse::<u64>().ok()
        };
        // libFuzzer: `#1024 NEW cov: 12 ft: 15 corp: 3/5b …`, and at the end `stat::…`.
        if line.starts_with('#') && line.contains(" cov: ") {
            self.runs = after("#").unwrap_or(self.runs);
            self.coverage = after(" cov: ").or(self.coverage);
            self.inputs = after(" corp: ").or(self.inputs);
        } else if let Some(runs) = after("stat::number_of_executed_units:") {
            self.runs = runs;
        } else if line.contains("run time: ") {
            // bolero: `test NAME … | corpus inputs: 3 | rng inputs: 5 | …`.
            let kept = after("corpus inputs: ");
            self.runs = kept.unwrap_or(0) + after("rng inputs: ").unwrap_or(0);
            self.inputs = kept;
        }
    }
}

/// Runs `command` to its end, and says every few seconds how far it is.
pub(super) fn watch(command: &mut Command, name: &str, time: Duration) -> Result<Outcome> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("could not start the target")?;
    let (sender, lines) = mpsc::channel();
    forward(child.stdout.take(), &sender);
    forward(child.stderr.take(), &sender);
    drop(sender);
    let started = Instant::now();
    let mut outcome = Outcome::default();
    let mut tail: Vec<String> = Vec::new();
    let mut said_at = started;
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                outcome.read(&line);
                if tail.len() == TAIL_LINES {
                    tail.remove(0);
                }
                tail.push(line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if said_at.elapsed() >= BETWEEN_LINES {
            said_at = Instant::now();
            outcome.took = started.elapsed();
            say(&line(name, &outcome, time));
        }
    }
    outcome.passed = child.wait()?.success();
    outcome.took = started.elapsed();
    say(&line(name, &outcome, time));
    if !outcome.passed {
        for line in tail {
            say(&format!("  {line}"));
        }
    }
    Ok(outcome)
}

fn forward(stream: Option<impl Read + Send + 'static>, lines: &Sender<String>) {
    let (Some(stream), lines) = (stream, lines.clone()) else {
        return;
    };
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        // Inputs are quoted in the output, so not every line is UTF-8.
        while matches!(stream.read_until(b'\n', &mut bytes), Ok(1..)) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

fn line(name: &str, outcome: &Outcome, time: Duration) -> String {
    let (past, all) = (outcome.took.as_secs(), time.as_secs());
    let reached = match (outcome.coverage, outcome.inputs) {
        (Some(coverage), Some(inputs)) => format!(
            "  {:>8.0}/s  coverage {coverage}  {inputs} inputs",
            outcome.runs_per_second()
        ),
        _ => String::new(),
    };
    format!(
        "{name:<22} {past:>5} of {all} s  {:>12} runs{reached}",
        outcome.runs
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_libfuzzer_are_read() {
        let mut outcome = Outcome::default();
        for line in [
            "INFO: Seed: 35426734",
            "#2\tINITED cov: 265 ft: 266 corp: 1/1b exec/s: 0 rss: 30Mb",
            "\tNEW_FUNC[1/5]: 0x556e3e939551",
            "#131072\tpulse  cov: 1701 ft: 5000 corp: 826/33Kb lim: 4096 exec/s: 50870 rss: 32Mb",
            "#7\tGENERATE\tvalid: 3 (10.00%) valid/s: 3 (10.00%)",
        ] {
            outcome.read(line);
        }
        let expected = Outcome {
            runs: 131_072,
            coverage: Some(1701),
            inputs: Some(826),
            ..Outcome::default()
        };
        assert_eq!(outcome, expected);
        outcome.read("stat::number_of_executed_units: 1068278");
        assert_eq!(outcome.runs, 1_068_278);
    }

    #[test]
    fn the_words_of_bolero_are_read() {
        let mut outcome = Outcome::default();
        outcome.read(
            "test names ...\trun time: 1.0s | iterations/s: 5 | corpus inputs: 3 | rng inputs: 40 | exit reason: x",
        );
        assert_eq!((outcome.runs, outcome.inputs), (43, Some(3)));
    }
}
