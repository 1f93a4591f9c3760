//! What became of everybody, and who was refused and why.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use hardtack_store::ImportOutcome;
use serde::Serialize;

use super::row::{Found, Row};
use crate::terminal::{Terminal, shown};

/// Refusals that are printed for people. More is for a file.
const PRINTED: usize = 20;

/// One user who was not taken in.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    /// Where in the file, counted from 1.
    pub(super) line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    /// Begins with the field, if it is one's fault. Never has a hash in it.
    pub(super) reason: String,
}

impl Refusal {
    pub(super) fn of(row: &Row, reason: String) -> Self {
        Self {
            line: row.line,
            id: row.user.id.map(|id| id.to_string()),
            username: Some(row.user.username.as_str().to_owned()),
            reason,
        }
    }

    fn words(&self) -> String {
        let id = self.id.as_ref().map(|id| format!(" id:{}", shown(id)));
        let name = self
            .username
            .as_ref()
            .map(|name| format!(" {}", shown(name)));
        format!(
            "line {}:{}{}: {}",
            self.line,
            id.unwrap_or_default(),
            name.unwrap_or_default(),
            shown(&self.reason)
        )
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    dry_run: bool,
    /// Users in the file.
    read: usize,
    pub(super) added: usize,
    /// Were there already and were left alone.
    present: usize,
    replaced: usize,
    sessions_ended: usize,
    pub(super) refused: Vec<Refusal>,
    /// What the file says that Hardtack has no place for.
    ignored: Vec<String>,
}

impl Report {
    pub(super) fn new(dry_run: bool, found: &Found) -> Self {
        Self {
            dry_run,
            read: found.users.len(),
            added: 0,
            present: 0,
            replaced: 0,
            sessions_ended: 0,
            refused: Vec::new(),
            ignored: found.ignored.iter().cloned().collect(),
        }
    }

    pub(super) fn note(&mut self, row: &Row, outcome: ImportOutcome) {
        let reason = match outcome {
            ImportOutcome::Added(_) => {
                self.added += 1;
                return;
            }
            ImportOutcome::Present(_) => {
                self.present += 1;
                return;
            }
            ImportOutcome::Replaced { ended, .. } => {
                self.replaced += 1;
                self.sessions_ended += ended.len();
                return;
            }
            ImportOutcome::NumberTaken { by } => {
                format!("id: the number is that of the user {}", by.as_str())
            }
            ImportOutcome::UsernameTaken { by } => {
                format!("username: it is the name or address of id:{by}")
            }
            ImportOutcome::EmailTaken { by } => {
                format!("email: it is the address or name of id:{by}")
            }
        };
        self.refused.push(Refusal::of(row, reason));
    }

    /// The whole list of refusals, a line each, or as JSON.
    pub(super) fn write(&self, file: File, json: bool) -> Result<()> {
        let mut file = BufWriter::new(file);
        if json {
            serde_json::to_writer_pretty(&mut file, &self.refused)?;
            writeln!(file)?;
        } else {
            for refusal in &self.refused {
                writeln!(file, "{}", refusal.words())?;
            }
        }
        file.flush().context("--report")
    }

    pub(super) fn say(&self, report: Option<&Path>, terminal: Terminal) -> Result<()> {
        let mut lines: Vec<String> = self.refused.iter().map(Refusal::words).collect();
        if lines.len() > PRINTED {
            let rest = lines.split_off(PRINTED).len();
            let all = match report {
                Some(path) => format!("{} has them all", path.display()),
                None => "--report FILE writes them all".to_owned(),
            };
            lines.push(format!("and {rest} more; {all}"));
        }
        if !self.ignored.is_empty() {
            let ignored = shown(&self.ignored.join(", "));
            lines.push(format!("there is no place for: {ignored}"));
        }
        lines.push(self.summary());
        terminal.say(&lines.join("\n"), self)
    }

    fn summary(&self) -> String {
        let (would, were) = if self.dry_run {
            ("would be ", "nothing was written: ")
        } else {
            ("", "")
        };
        let mut parts = vec![format!("{} {would}added", self.added)];
        if self.replaced > 0 {
            parts.push(format!("{} {would}replaced", self.replaced));
        }
        if self.present > 0 {
            parts.push(format!("{} there already", self.present));
        }
        parts.push(format!("{} refused", self.refused.len()));
        format!("{were}{} users read, {}", self.read, parts.join(", "))
    }
}
