//! The real binary on a data directory of its own, and its many lives.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::post::{DIRECTORY as POST, Post};
use crate::tally::{Tally, Violation};
use crate::wire::{Answer, Fate, Heard, PUBLIC_URL, Request, Wire};

/// A server that does not start in this time will not.
const START: Duration = Duration::from_secs(30);

/// What differs between runs in the server's own settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Furnishing {
    pub(crate) rotation_window: Duration,
    pub(crate) access_lifetime: Duration,
}

pub(crate) struct House {
    binary: PathBuf,
    root: PathBuf,
    data: PathBuf,
    log_read: u64,
    /// Variables of the server's processes.
    environment: Vec<(&'static str, OsString)>,
}

impl House {
    /// A working directory at `root` with the data at `data`, which need not exist.
    pub(crate) fn build(
        binary: &Path,
        root: &Path,
        data: &Path,
        furnishing: Furnishing,
    ) -> Result<Self> {
        let access_lifetime = furnishing.access_lifetime.as_secs();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{PUBLIC_URL}\"\n\
             [session]\nrotation_window = \"{}s\"\n\
             [tokens]\naccess_lifetime = \"{access_lifetime}s\"\n\
             # All clients share one address here, and the inspection presents dead tokens.\n\
             [rate_limit]\nlogin_per_user = 100\nlogin_per_address = 1000000\nlogin_total = 1000000\nrefused_refreshes = 1000000\n\
             registration = 1000000\nreset = 1000000\n\
             [registration]\nemail_verification = \"mandatory\"\n\
             [mail]\ntransport = \"directory\"\ndirectory = \"{POST}\"\nfrom = \"no-reply@example.com\"\n",
            furnishing.rotation_window.as_secs(),
        );
        std::fs::write(root.join("hardtack.toml"), text)?;
        Ok(Self {
            binary: std::path::absolute(binary)?,
            root: root.to_owned(),
            data: data.to_owned(),
            log_read: 0,
            environment: Vec::new(),
        })
    }

    /// The mails of the service.
    pub(crate) fn post(&self) -> Post {
        Post::of(&self.data)
    }

    /// Starts the server under these variables from now on.
    pub(crate) fn serve_with(&mut self, environment: Vec<(&'static str, OsString)>) {
        self.environment = environment;
    }

    fn log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    fn hardtack(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.root);
        command.arg("--data-dir").arg(&self.data);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HARDTACK") {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn add_user(&self, name: &str, password: &str) -> Result<()> {
        let mut child = self
            .hardtack(&["user", "add", name, "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("could not start {}", self.binary.display()))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(password.as_bytes())?;
        }
        if !child.wait()?.success() {
            bail!("the user {name} could not be added");
        }
        Ok(())
    }

    /// Starts the server and waits for its first good answer.
    pub(crate) async fn start(&self, patience: Duration) -> Result<(Life, Duration)> {
        let started = Instant::now();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        let mut child = self
            .hardtack(&["serve", "--json"])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", self.binary.display()))?;
        let mut said = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        let mut life = Life {
            child,
            url: String::new(),
        };
        let said: Value = serde_json::from_str(&said)
            .with_context(|| format!("the server did not start:\n{}", self.end_of_log()))?;
        let url = said.get("listening").and_then(Value::as_str);
        url.context("the server does not say where it listens")?
            .clone_into(&mut life.url);
        let wire = Wire::to(&life.url, patience)?;
        loop {
            let heard = wire.ask(Request::get("/readyz"), Fate::Delivered).await;
            if let Heard::Answer(Answer { status: 200, .. }) = heard {
                return Ok((life, started.elapsed()));
            }
            if started.elapsed() > START {
                bail!(
                    "the server is not ready after {} s: {heard:?}",
                    START.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn end_of_log(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Reads what the server has logged since the last time. A panic breaks a promise; errors do
    /// too, unless the run gives reason for them.
    pub(crate) fn read_log(&mut self, tally: &Tally, errors: Errors) -> Result<()> {
        let mut file = File::open(self.log())?;
        file.seek(SeekFrom::Start(self.log_read))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        self.log_read += u64::try_from(text.len())?;
        for line in text.split_inclusive('\n') {
            // A write that is killed ends where a page of the file does. What the logger did not
            // write begins in another way.
            let is_cut = !line.ends_with('\n') && line.starts_with("{\"timestamp\":\"");
            if is_cut && !line.contains("panic") {
                tally.checked("lines of the log that a kill cut off");
                continue;
            }
            let line = line.trim_end();
            // A line that is not JSON came from below the logger: an abort, or the allocator.
            let json: Value = serde_json::from_str(line).unwrap_or(Value::Null);
            let is_error = json.get("level").is_none_or(|level| level == "ERROR");
            if line.contains("panic") || (is_error && errors == Errors::Unexpected) {
                tally.violated(Violation::of(&format!("the server logged: {line}")));
            } else if is_error
                || (json.get("event").is_none() && json.get("level") == Some(&"WARN".into()))
            {
                let message = json.get("message").and_then(Value::as_str).unwrap_or(line);
                let reason = json.get("reason").or_else(|| json.get("error"));
                let reason = reason.and_then(Value::as_str).unwrap_or_default();
                tally.server_said(format!("{message}: {reason}"));
            }
        }
        Ok(())
    }

    /// Is the database sound? Asked when nobody uses it.
    pub(crate) fn verify_database(&self, tally: &Tally) -> Result<()> {
        let connection = rusqlite::Connection::open(self.data.join("hardtack.db"))?;
        let report: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if report == "ok" {
            tally.checked("PRAGMA integrity_check at the end: ok");
        } else {
            tally.violated(Violation::of(&format!("PRAGMA integrity_check: {report}")));
        }
        Ok(())
    }
}

/// May the server log errors?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// A kill is no reason for one.
    Unexpected,
    /// The disk is broken, and whoever runs the server has to be told.
    Expected,
}

/// One process, killed at the latest when this is dropped.
pub(crate) struct Life {
    child: Child,
    pub(crate) url: String,
}

impl Life {
    /// `kill -9`, and waits until the process is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Its number, for tools.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// `false` when the process ended by itself.
    pub(crate) fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
