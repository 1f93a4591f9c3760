//! How far it is, for whoever waits for a long file.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A line on standard error: rewritten in a terminal, one now and then in a log.
pub(super) struct Progress {
    total: usize,
    done: usize,
    told: Instant,
    has_told: bool,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            told: Instant::now(),
            has_told: false,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    pub(super) const fn done(&self) -> usize {
        self.done
    }

    /// Short files are done before there is anything to say.
    pub(super) fn step(&mut self, count: usize) {
        self.done += count;
        let pause = if self.is_terminal {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(5)
        };
        if self.told.elapsed() < pause {
            return;
        }
        self.told = Instant::now();
        self.has_told = true;
        let (start, end) = if self.is_terminal {
            ("\r", "")
        } else {
            ("", "\n")
        };
        // Nobody may be there to read it.
        let mut stderr = std::io::stderr().lock();
        let _ = write!(
            stderr,
            "{start}{} of {} users taken in{end}",
            self.done, self.total
        );
        let _ = stderr.flush();
    }

    /// Leaves the line.
    pub(super) fn finish(&self) {
        if self.has_told && self.is_terminal {
            let _ = writeln!(std::io::stderr());
        }
    }
}
