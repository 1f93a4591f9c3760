//! `hardtack user import`: users of another system move in, with their numbers and passwords.
//!
//! **Running it again is harmless.** Users go in by some hundreds at a time, each group in one act,
//! and who is there already is left alone. So an import that was interrupted is finished by
//! running it again, and nobody who logged in meanwhile, and has another hash by now, gets the
//! old one back.

use std::fs::{File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use hardtack_core::event::Event;
use hardtack_core::session::RevokeReason;
use hardtack_store::{ImportMode, ImportOutcome, ImportStore as _, SqliteStore};

use super::{ended, keep, open_or_create_store, revoke};
use crate::cli::{Import, ImportFormat};
use crate::config::Loaded;
use crate::terminal::Terminal;
use duplicates::Duplicates;
use progress::Progress;
use report::Report;
use row::{Found, Row};

mod csv;
mod duplicates;
mod json;
mod progress;
mod report;
mod row;

/// Users in one act. A running server's writes wait for it, some hundredths of a second.
const GROUP: usize = 500;

pub(super) async fn run(import: &Import, loaded: &Loaded, terminal: Terminal) -> Result<ExitCode> {
    let text = read(&import.file)?;
    let found = match format(import)? {
        ImportFormat::Csv => csv::read(&text)?,
        ImportFormat::Json => json::read(&text)?,
    };
    drop(text);
    // Where the report cannot be written, nothing is done that nobody would hear of.
    let report_file = match &import.report {
        Some(path) => Some(create_report(path, &import.file)?),
        None => None,
    };
    let mut report = Report::new(import.dry_run, &found);
    let rows = rows(found, &mut report);

    let store = store(import, loaded)?;
    take_in(store.as_ref(), rows, import, loaded, &mut report).await?;
    if let Some(store) = store {
        store.close();
    }
    report.refused.sort_by_key(|refusal| refusal.line);
    if let Some(file) = report_file {
        report.write(file, terminal.json)?;
    }
    report.say(import.report.as_deref(), terminal)?;
    Ok(if report.refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn format(import: &Import) -> Result<ImportFormat> {
    if let Some(format) = import.format {
        return Ok(format);
    }
    let extension = import.file.extension().and_then(|text| text.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(ImportFormat::Csv),
        Some("json" | "jsonl") => Ok(ImportFormat::Json),
        _ => bail!(
            "{}: is it CSV or JSON? Say so with --format",
            import.file.display()
        ),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut text)?;
    } else {
        let mut file = File::open(path).with_context(|| path.display().to_string())?;
        file.read_to_end(&mut text)
            .with_context(|| path.display().to_string())?;
    }
    // Spreadsheets and PowerShell begin with a byte order mark.
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    Ok(text)
}

/// Names of people are in it: for the owner only, also where there was a file that others may read.
/// It never takes the place of the users themselves, by whatever name it is called.
fn create_report(path: &Path, users: &Path) -> Result<File> {
    let users = if users == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        users
    };
    let create = || {
        // Emptied only when it is known to be another file.
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let report = file.metadata()?;
        if report.is_file() {
            let is_same = std::fs::metadata(users)
                .is_ok_and(|users| (users.dev(), users.ino()) == (report.dev(), report.ino()));
            if is_same {
                return Err(std::io::Error::other(
                    "that is the file with the users; name another",
                ));
            }
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.set_len(0)?;
        }
        Ok(file)
    };
    create().with_context(|| format!("--report {}", path.display()))
}

/// What can be users by itself and beside the others in the file. Those with a number come first,
/// so that no number is given away that another brings.
fn rows(found: Found, report: &mut Report) -> Vec<Row> {
    let mut duplicates = Duplicates::default();
    let mut rows = Vec::with_capacity(found.users.len());
    for raw in found.users {
        match row::parse(&raw, found.verified.as_ref()).and_then(|row| duplicates.admit(row)) {
            Ok(row) => rows.push(row),
            Err(refusal) => report.refused.push(refusal),
        }
    }
    rows.sort_by_key(|row| row.user.id.is_none());
    rows
}

/// The store; none where a rehearsal finds no database, which it must not make.
fn store(import: &Import, loaded: &Loaded) -> Result<Option<SqliteStore>> {
    if import.dry_run && !loaded.config.database_path().exists() {
        return Ok(None);
    }
    open_or_create_store(loaded).map(Some)
}

async fn take_in(
    store: Option<&SqliteStore>,
    rows: Vec<Row>,
    import: &Import,
    loaded: &Loaded,
    report: &mut Report,
) -> Result<()> {
    let mode = match (import.dry_run, import.overwrite) {
        (true, replace) => ImportMode::Rehearse { replace },
        (false, true) => ImportMode::Replace(revoke(loaded, RevokeReason::PasswordChanged)),
        (false, false) => ImportMode::Add,
    };
    let Some(store) = store else {
        report.added = rows.len();
        return Ok(());
    };
    let mut progress = Progress::new(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let group: Vec<Row> = rows.by_ref().take(GROUP).collect();
        let users = group.iter().map(|row| row.user.clone()).collect();
        let outcomes = store.import_users(users, mode).await.with_context(|| {
            let done = progress.done();
            format!("{done} users are taken in; run it again for the rest")
        })?;
        let mut events = Vec::new();
        for (row, outcome) in group.iter().zip(outcomes) {
            if !import.dry_run {
                events.extend(events_of(&outcome));
            }
            report.note(row, outcome);
        }
        keep(store, loaded, &events).await?;
        progress.step(group.len());
    }
    progress.finish();
    Ok(())
}

/// What is kept of it.
fn events_of(outcome: &ImportOutcome) -> Vec<Event> {
    match outcome {
        ImportOutcome::Added(user) => vec![Event::UserAdded { user: *user }],
        ImportOutcome::Replaced {
            id,
            ended: sessions,
        } => {
            let mut events = ended(*id, sessions, RevokeReason::PasswordChanged);
            events.push(Event::PasswordChanged {
                user: *id,
                sessions_ended: sessions.len(),
            });
            events
        }
        _ => Vec::new(),
    }
}
