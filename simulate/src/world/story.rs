//! What happened, in words; kept only when somebody is going to read it.

use std::time::Duration;

/// A session's events, one line each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story(Option<Vec<String>>);

impl Story {
    /// Keeps nothing.
    pub(crate) fn unheard() -> Self {
        Self(None)
    }

    /// Keeps every line.
    pub(crate) fn heard() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn tell(&mut self, at: Duration, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            let (seconds, millis) = (at.as_secs(), at.subsec_millis());
            let (days, rest) = (seconds / 86_400, seconds % 86_400);
            let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
            lines.push(format!(
                "{days}d {hours:02}:{minutes:02}:{seconds:02}.{millis:03}  {}",
                line()
            ));
        }
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}
