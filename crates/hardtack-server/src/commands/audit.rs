//! `hardtack audit`: what happened.

use std::process::ExitCode;

use anyhow::{Result, bail};
use hardtack_core::audit::AuditEntry;
use hardtack_core::{Timestamp, UserId};
use hardtack_store::{AuditFilter, AuditStore as _, SqliteStore};
use serde::Serialize;

use super::{find_user, now, open_store, user_number};
use crate::cli;
use crate::config::Loaded;
use crate::config::value::{Given, parse_duration};
use crate::terminal::Terminal;
use crate::timestamp::{iso, parse_iso};

/// Entries read at once.
const PAGE: u32 = 1_000;

pub(super) async fn run(
    command: cli::Audit,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<ExitCode> {
    let cli::Audit::List { user, since } = command;
    let since = parse_since(&since)?;
    let store = open_store(loaded)?;
    let user = match user {
        Some(text) => Some(number_of(&store, &text).await?),
        None => None,
    };
    list(
        &store,
        AuditFilter {
            user,
            since: Some(since),
        },
        terminal,
    )
    .await?;
    store.close();
    Ok(ExitCode::SUCCESS)
}

/// A number is believed without a look: what happened to a deleted user happened.
async fn number_of(store: &SqliteStore, text: &str) -> Result<UserId> {
    match user_number(text)? {
        Some(number) => Ok(number),
        None => Ok(find_user(store, text).await?.id),
    }
}

fn parse_since(text: &str) -> Result<Timestamp> {
    let age = parse_duration(&Given::Text(text.to_owned()));
    match (age, parse_iso(text)) {
        (Ok(age), _) => Ok(now() - age),
        (_, Ok(time)) => Ok(time),
        _ => bail!(
            "--since {text:?} is neither an age, as in 24h or 30d, nor a time, as in 2026-11-22T03:04:05Z"
        ),
    }
}

/// An entry as programs see it.
#[derive(Serialize)]
struct EntryView {
    at: String,
    event: String,
    user: Option<i64>,
    session: Option<String>,
    address: Option<String>,
    reason: Option<String>,
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: iso(entry.at),
            event: entry.event,
            user: entry.user.map(UserId::as_i64),
            session: entry.session.map(|session| session.to_string()),
            address: entry.address,
            reason: entry.reason,
        }
    }
}

async fn list(store: &SqliteStore, filter: AuditFilter, terminal: Terminal) -> Result<()> {
    let (mut views, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_audit(filter, after, PAGE).await?;
        let Some((place, _)) = page.last() else { break };
        after = Some(*place);
        views.extend(page.into_iter().map(|(_, entry)| EntryView::from(entry)));
    }
    if views.is_empty() && !terminal.json {
        return terminal.say("nothing happened that is kept", &views);
    }
    let rows: Vec<[String; 6]> = views.iter().map(EntryView::row).collect();
    let heads = ["TIME", "EVENT", "USER", "SESSION", "ADDRESS", "REASON"];
    terminal.list(heads, &rows, &views)
}

impl EntryView {
    fn row(&self) -> [String; 6] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let user = self.user.map(|user| format!("id:{user}"));
        [
            self.at.clone(),
            self.event.clone(),
            user.unwrap_or_default(),
            text(&self.session),
            text(&self.address),
            text(&self.reason),
        ]
    }
}
