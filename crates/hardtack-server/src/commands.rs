//! What each command does, one file each. They work on the data directory, not through the server.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use hardtack_core::audit::AuditEntry;
use hardtack_core::event::Event;
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{CanonicalName, LoginName, User};
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_guard::SystemClock;
use hardtack_store::{AuditStore as _, Revoke, SqliteStore, UserStore as _};

use crate::cli::{self, Cli, Command, Global};
use crate::config::{Loaded, Sources};
use crate::data_dir::DataDir;
use crate::files;
use crate::key_file::KeyFile;
use crate::serve;
use crate::terminal::Terminal;

mod audit;
mod completions;
mod config;
mod doctor;
mod health;
mod import;
mod key;
mod mail;
mod man;
mod session;
mod user;

/// Does what was typed.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let Cli { global, command } = cli;
    let terminal = Terminal { json: global.json };
    let sources = sources(&global);
    match command {
        Command::Serve(serve) => serve::run(sources, &serve, terminal),
        Command::Config(command) => config::run(&command, &sources, terminal),
        Command::Completions { shell } => completions::run(shell, terminal),
        Command::Man { directory } => man::run(&directory, terminal),
        Command::Doctor(doctor) => block_on(doctor::run(&doctor, &sources, terminal)),
        Command::Health { url } => block_on(health::run(&url, terminal)),
        Command::User(cli::User::Import(import)) => {
            block_on(import::run(&import, &sources.load()?, terminal))
        }
        Command::User(command) => block_on(user::run(command, &sources.load()?, terminal)),
        Command::Session(command) => block_on(session::run(command, &sources.load()?, terminal)),
        Command::Key(command) => key::run(command, &sources.load()?, terminal),
        Command::Audit(command) => block_on(audit::run(command, &sources.load()?, terminal)),
        Command::Mail(command) => block_on(mail::run(command, &sources.load()?, terminal)),
        Command::Migrate => migrate(&sources.load()?, terminal),
    }
}

fn sources(global: &Global) -> Sources {
    let data_dir = global
        .data_dir
        .as_ref()
        .map(|path| path.display().to_string());
    Sources::of_process(global.config.clone()).with_flag("--data-dir", "server.data_dir", data_dir)
}

fn block_on(future: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

fn migrate(loaded: &Loaded, terminal: Terminal) -> Result<ExitCode> {
    let store = open_or_create_store(loaded)?;
    store.close();
    let path = loaded.config.database_path();
    terminal.say(
        &format!("{} is up to date", path.display()),
        &serde_json::json!({ "database": path.display().to_string(), "status": "up to date" }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The store of a data directory that is there.
fn open_store(loaded: &Loaded) -> Result<SqliteStore> {
    DataDir::open(&loaded.config.server.data_dir)?;
    files::verify_database(&loaded.config)?;
    let path = loaded.config.database_path();
    SqliteStore::open_existing(&path, Arc::new(SystemClock))
        .with_context(|| path.display().to_string())
}

/// The store of a data directory, made now if there is none.
pub(crate) fn open_or_create_store(loaded: &Loaded) -> Result<SqliteStore> {
    DataDir::open_or_create(&loaded.config.server.data_dir)?;
    files::verify_database(&loaded.config)?;
    let path = loaded.config.database_path();
    SqliteStore::open(&path, Arc::new(SystemClock)).with_context(|| path.display().to_string())
}

/// The keys of a data directory that is there.
fn key_file(loaded: &Loaded) -> Result<KeyFile> {
    let data_dir = DataDir::open(&loaded.config.server.data_dir)?;
    Ok(KeyFile::new(&data_dir, &loaded.config.keys))
}

/// The number in `id:12`.
fn user_number(text: &str) -> Result<Option<UserId>> {
    let number = text.strip_prefix("id:").map(str::parse);
    number.transpose().with_context(|| format!("{text:?}"))
}

/// The user that `text` means: `id:12`, or a name or an address in any spelling. A bare number is
/// a name, for names may consist of digits.
async fn find_user(store: &SqliteStore, text: &str) -> Result<User> {
    let found = if let Some(number) = user_number(text)? {
        store.find_user(number).await?
    } else {
        let name = LoginName::NameOrEmail(CanonicalName::of(text));
        store.find_user_by_login(&name).await?
    };
    match found {
        Some(found) => Ok(found.user),
        None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            bail!("no user is called {text:?}; the user of that number is id:{text}")
        }
        None => bail!("there is no user {text:?}"),
    }
}

/// A revocation that running servers remember for as long as a token of the session can live.
fn revoke(loaded: &Loaded, reason: RevokeReason) -> Revoke {
    Revoke {
        reason,
        remembered_for: loaded.config.settings.tokens.ends_remembered_for(),
    }
}

/// Keeps in the audit trail what this command did. It is done, whether or not that can be kept.
async fn keep(store: &SqliteStore, loaded: &Loaded, events: &[Event]) -> Result<()> {
    if loaded.config.settings.audit.kept_for.is_zero() {
        return Ok(());
    }
    let now = now();
    let entries = events.iter().map(|event| AuditEntry::of(event, None, now));
    let kept = store.insert_audit(entries.collect()).await;
    kept.context("it is done, but the audit trail does not know")
}

/// What is told of the sessions of `user` that an act of the operator ended.
fn ended(user: UserId, sessions: &[SessionId], reason: RevokeReason) -> Vec<Event> {
    let ended = |session: &SessionId| Event::SessionRevoked {
        user,
        session: *session,
        reason,
    };
    sessions.iter().map(ended).collect()
}

fn now() -> Timestamp {
    hardtack_core::Clock::now(&SystemClock)
}

/// `1 session ended`, `3 sessions ended`.
fn sessions_ended(count: usize) -> String {
    match count {
        1 => "1 session ended".to_owned(),
        count => format!("{count} sessions ended"),
    }
}
