//! `hardtack session`: who is logged in where, and ending it.

use std::process::ExitCode;

use anyhow::{Result, bail};
use hardtack_core::SessionId;
use hardtack_core::session::{RememberMe, RevokeReason, Session};
use hardtack_store::{SessionStore as _, SqliteStore};
use serde::Serialize;
use serde_json::json;

use super::{ended, find_user, keep, now, open_store, revoke, sessions_ended};
use crate::cli;
use crate::config::Loaded;
use crate::terminal::{Terminal, shown};
use crate::timestamp::{iso, relative};

pub(super) async fn run(
    command: cli::Session,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<ExitCode> {
    let store = open_store(loaded)?;
    match command {
        cli::Session::List { user } => list(&store, &user, terminal).await?,
        cli::Session::Revoke {
            session: Some(session),
            ..
        } => {
            revoke_one(&store, session, loaded, terminal).await?;
        }
        cli::Session::Revoke {
            user: Some(user), ..
        } => {
            revoke_all(&store, &user, loaded, terminal).await?;
        }
        // The command line demands one of the two.
        cli::Session::Revoke { .. } => bail!("which session?"),
    }
    store.close();
    Ok(ExitCode::SUCCESS)
}

/// A session as programs see it.
#[derive(Serialize)]
struct SessionView {
    id: String,
    user: i64,
    created_at: String,
    last_seen_at: String,
    idle_timeout_seconds: u64,
    ends_at: String,
    remembered: bool,
    device: String,
    address: String,
    user_agent: String,
}

impl From<&Session> for SessionView {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            user: session.user.as_i64(),
            created_at: iso(session.created_at),
            last_seen_at: iso(session.last_seen_at),
            idle_timeout_seconds: session.idle_timeout.as_secs(),
            ends_at: iso(session.ends_at),
            remembered: session.remember_me == RememberMe::Yes,
            device: session.device.name(),
            address: session.device.address.clone(),
            user_agent: session.device.user_agent.clone(),
        }
    }
}

async fn list(store: &SqliteStore, user: &str, terminal: Terminal) -> Result<()> {
    let user = find_user(store, user).await?;
    let sessions = store.list_sessions(user.id).await?;
    let now = now();
    let views: Vec<SessionView> = sessions.iter().map(SessionView::from).collect();
    let rows: Vec<[String; 7]> = sessions
        .iter()
        .map(|session| {
            [
                session.id.to_string(),
                relative(session.created_at, now),
                relative(session.last_seen_at, now),
                relative(
                    session
                        .ends_at
                        .min(session.last_seen_at + session.idle_timeout),
                    now,
                ),
                match session.remember_me {
                    RememberMe::Yes => "yes".to_owned(),
                    RememberMe::Unsaid | RememberMe::No => "no".to_owned(),
                },
                session.device.address.clone(),
                session.device.name(),
            ]
        })
        .collect();
    if rows.is_empty() && !terminal.json {
        return terminal.say(
            &format!("{} has no session", shown(user.username.as_str())),
            &views,
        );
    }
    let heads = [
        "SESSION",
        "OPENED",
        "LAST SEEN",
        "ENDS UNLESS USED",
        "REMEMBERED",
        "ADDRESS",
        "DEVICE",
    ];
    terminal.list(heads, &rows, &views)
}

async fn revoke_one(
    store: &SqliteStore,
    session: SessionId,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    // Whoever runs this wants it ended; that it was ended before is as good.
    let reason = RevokeReason::Operator;
    let owner = store
        .revoke_session(session, revoke(loaded, reason))
        .await?;
    if let Some(user) = owner {
        keep(store, loaded, &ended(user, &[session], reason)).await?;
    }
    let was_alive = owner.is_some();
    let sentence = if was_alive {
        format!("session {session} ended")
    } else {
        format!("session {session} was not alive")
    };
    terminal.say(
        &sentence,
        &json!({ "sessions_ended": usize::from(was_alive) }),
    )
}

async fn revoke_all(
    store: &SqliteStore,
    user: &str,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let user = find_user(store, user).await?;
    let reason = RevokeReason::Operator;
    let sessions = store
        .revoke_user_sessions(user.id, None, revoke(loaded, reason))
        .await?;
    keep(store, loaded, &ended(user.id, &sessions, reason)).await?;
    terminal.say(
        &format!(
            "{} of {}",
            sessions_ended(sessions.len()),
            shown(user.username.as_str())
        ),
        &json!({ "sessions_ended": sessions.len() }),
    )
}
