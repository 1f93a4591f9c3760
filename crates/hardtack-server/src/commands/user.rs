//! `hardtack user`: who may log in.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use hardtack::SystemEntropy;
use hardtack::breached::BreachCheck;
use hardtack_core::Secret;
use hardtack_core::event::Event;
use hardtack_core::password::{Hasher, Password, PasswordFault, PersonalTexts, judge_new_password};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, User, UserState, Username};
use hardtack_store::{
    NewPassword, NewUser, PasswordChange, SessionStore as _, SqliteStore, UserStore as _,
};
use serde::Serialize;
use serde_json::json;

use super::{
    ended, find_user, keep, now, open_or_create_store, open_store, revoke, sessions_ended,
};
use crate::breached;
use crate::cli;
use crate::config::Loaded;
use crate::terminal::{Terminal, confirm, read_new_password, shown};
use crate::timestamp::{iso, relative};

mod invite;

/// In characters.
const LONGEST_NAME: usize = 150;

/// Users read at once when all are listed.
const PAGE: u32 = 500;

pub(super) async fn run(
    command: cli::User,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<ExitCode> {
    // The first user may be added before the server has ever run.
    let store = match command {
        cli::User::Add { .. } | cli::User::Invite { .. } => open_or_create_store(loaded)?,
        _ => open_store(loaded)?,
    };
    match command {
        cli::User::Add {
            name,
            email,
            first_name,
            last_name,
            password_stdin,
        } => {
            let texts = Texts {
                name,
                email,
                first_name,
                last_name,
            };
            add(&store, texts, password_stdin, loaded, terminal).await?;
        }
        cli::User::Invite { email, language } => {
            invite::invite(&store, email, language, loaded, terminal).await?;
        }
        // Has a file of its own, which is asked first.
        cli::User::Import(_) => {}
        cli::User::List => list(&store, terminal).await?,
        cli::User::Show { user } => show(&store, &user, terminal).await?,
        cli::User::SetPassword {
            user,
            password_stdin,
        } => {
            set_password(&store, &user, password_stdin, loaded, terminal).await?;
        }
        cli::User::Disable { user } => {
            set_state(&store, &user, UserState::Disabled, loaded, terminal).await?;
        }
        cli::User::Enable { user } => {
            set_state(&store, &user, UserState::Active, loaded, terminal).await?;
        }
        cli::User::Delete { user, yes } => delete(&store, &user, yes, loaded, terminal).await?,
    }
    store.close();
    Ok(ExitCode::SUCCESS)
}

/// A user as programs see it.
#[derive(Serialize)]
struct UserView {
    id: i64,
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    state: &'static str,
    created_at: String,
    last_login_at: Option<String>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.as_i64(),
            username: user.username.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            state: state_word(user.state),
            created_at: iso(user.created_at),
            last_login_at: user.last_login_at.map(iso),
        }
    }
}

/// One user, and how many live sessions they have.
#[derive(Serialize)]
struct ShownUser {
    #[serde(flatten)]
    user: UserView,
    sessions: usize,
}

const fn state_word(state: UserState) -> &'static str {
    match state {
        UserState::Active => "active",
        UserState::Disabled => "disabled",
    }
}

/// What was typed about a new user.
struct Texts {
    name: String,
    email: String,
    first_name: String,
    last_name: String,
}

async fn add(
    store: &SqliteStore,
    texts: Texts,
    password_stdin: bool,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let username =
        Username::parse(&texts.name).with_context(|| format!("the name {:?}", texts.name))?;
    let email = EmailAddress::parse(&texts.email)
        .with_context(|| format!("the address {:?}", texts.email))?;
    let first_name = personal_name("--first-name", &texts.first_name)?;
    let last_name = personal_name("--last-name", &texts.last_name)?;
    let about = PersonalTexts {
        username: username.as_str(),
        first_name: &first_name,
        last_name: &last_name,
        email: email.as_str(),
    };
    let password = read_new_password(password_stdin)?;
    let password_hash = hash_new(&password, &about, loaded).await?;
    let new = NewUser {
        username,
        email,
        first_name,
        last_name,
        password_hash,
    };
    let user = store.insert_user(new).await??;
    keep(store, loaded, &[Event::UserAdded { user: user.id }]).await?;
    terminal.say(
        &format!(
            "user {} added as id:{}",
            shown(user.username.as_str()),
            user.id
        ),
        &UserView::from(&user),
    )
}

/// A first or last name by the rules of `PUT user/` (docs/contract.md §4): trimmed, and no longer than
/// what other clients expect. No controls besides, which no name has.
fn personal_name(flag: &str, text: &str) -> Result<String> {
    let name = text.trim();
    if name.chars().count() > LONGEST_NAME {
        bail!("{flag}: a name has at most {LONGEST_NAME} characters");
    }
    if name.chars().any(char::is_control) {
        bail!("{flag}: a name has no control characters");
    }
    Ok(name.to_owned())
}

/// Judges and hashes a new password. A refusal names every rule that it breaks.
async fn hash_new(
    text: &Secret<String>,
    about: &PersonalTexts<'_>,
    loaded: &Loaded,
) -> Result<String> {
    let settings = &loaded.config.settings.password;
    let password = Password::parse(text.expose_secret().clone())?;
    let mut faults = judge_new_password(&password, about, settings.min_length);
    if faults.is_empty()
        && let Some(list) = breached::list(&loaded.config)?
        && BreachCheck::new(list, settings.breached_timeout)
            .knows(&password, now())
            .await
    {
        faults.push(PasswordFault::Breached);
    }
    if !faults.is_empty() {
        let messages: Vec<String> = faults.into_iter().map(PasswordFault::message).collect();
        bail!("{}", messages.join(" "));
    }
    Ok(Hasher::new(settings.cost).hash(&password, &SystemEntropy)?)
}

async fn list(store: &SqliteStore, terminal: Terminal) -> Result<()> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let page = store
            .list_users(users.last().map(|user| user.id), PAGE)
            .await?;
        if page.is_empty() {
            break;
        }
        users.extend(page);
    }
    let now = now();
    let views: Vec<UserView> = users.iter().map(UserView::from).collect();
    let rows: Vec<[String; 5]> = users
        .iter()
        .map(|user| {
            [
                user.id.to_string(),
                user.username.as_str().to_owned(),
                user.email.as_str().to_owned(),
                state_word(user.state).to_owned(),
                last_login(user, now),
            ]
        })
        .collect();
    terminal.list(
        ["ID", "NAME", "EMAIL", "STATE", "LAST LOGIN"],
        &rows,
        &views,
    )
}

async fn show(store: &SqliteStore, user: &str, terminal: Terminal) -> Result<()> {
    let user = find_user(store, user).await?;
    let sessions = store.list_sessions(user.id).await?.len();
    let now = now();
    let rows = [
        ["id", &user.id.to_string()],
        ["name", user.username.as_str()],
        ["email", user.email.as_str()],
        ["first name", &user.first_name],
        ["last name", &user.last_name],
        ["state", state_word(user.state)],
        [
            "added",
            &format!(
                "{} ({})",
                iso(user.created_at),
                relative(user.created_at, now)
            ),
        ],
        ["last login", &last_login(&user, now)],
        ["sessions", &sessions.to_string()],
    ]
    .map(|row| row.map(str::to_owned));
    let view = ShownUser {
        user: UserView::from(&user),
        sessions,
    };
    terminal.list(["", ""], &rows, &view)
}

fn last_login(user: &User, now: hardtack_core::Timestamp) -> String {
    user.last_login_at
        .map_or_else(|| "never".to_owned(), |at| relative(at, now))
}

async fn set_password(
    store: &SqliteStore,
    user: &str,
    password_stdin: bool,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let user = find_user(store, user).await?;
    let password = read_new_password(password_stdin)?;
    let about = PersonalTexts {
        username: user.username.as_str(),
        first_name: &user.first_name,
        last_name: &user.last_name,
        email: user.email.as_str(),
    };
    let hash = hash_new(&password, &about, loaded).await?;
    let reason = RevokeReason::PasswordChanged;
    let revoke = revoke(loaded, reason);
    let window = loaded.config.settings.session.rotation_window;
    let new = NewPassword {
        user: user.id,
        version: None,
        hash,
        mails: Vec::new(),
    };
    let change = store.change_password(new, None, revoke, window).await?;
    let PasswordChange::Changed {
        ended: sessions, ..
    } = change
    else {
        bail!("the user was deleted meanwhile");
    };
    let mut events = ended(user.id, &sessions, reason);
    events.push(Event::PasswordChanged {
        user: user.id,
        sessions_ended: sessions.len(),
    });
    keep(store, loaded, &events).await?;
    report(&user, "has a new password", sessions.len(), terminal)
}

async fn set_state(
    store: &SqliteStore,
    user: &str,
    state: UserState,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let user = find_user(store, user).await?;
    let reason = RevokeReason::UserDisabled;
    let sessions = store
        .set_user_state(user.id, state, revoke(loaded, reason))
        .await?
        .ok_or_else(|| anyhow!("the user was deleted meanwhile"))?;
    let mut events = ended(user.id, &sessions, reason);
    events.push(match state {
        UserState::Active => Event::UserEnabled { user: user.id },
        UserState::Disabled => Event::UserDisabled {
            user: user.id,
            sessions_ended: sessions.len(),
        },
    });
    keep(store, loaded, &events).await?;
    match state {
        UserState::Active => terminal.say(
            &format!("user {} can log in", shown(user.username.as_str())),
            &json!({ "id": user.id.as_i64(), "sessions_ended": 0 }),
        ),
        UserState::Disabled => report(&user, "is disabled", sessions.len(), terminal),
    }
}

async fn delete(
    store: &SqliteStore,
    user: &str,
    yes: bool,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let user = find_user(store, user).await?;
    let name = shown(user.username.as_str());
    if !yes
        && !confirm(&format!(
            "delete the user {name} (id:{}) for good?",
            user.id
        ))?
    {
        bail!("nothing was deleted");
    }
    let reason = RevokeReason::UserDeleted;
    let sessions = store
        .delete_user(user.id, revoke(loaded, reason))
        .await?
        .ok_or_else(|| anyhow!("the user was deleted meanwhile"))?;
    let mut events = ended(user.id, &sessions, reason);
    events.push(Event::UserDeleted {
        user: user.id,
        sessions_ended: sessions.len(),
    });
    keep(store, loaded, &events).await?;
    report(&user, "is deleted", sessions.len(), terminal)
}

fn report(user: &User, what: &str, ended: usize, terminal: Terminal) -> Result<()> {
    terminal.say(
        &format!(
            "user {} {what}; {}",
            shown(user.username.as_str()),
            sessions_ended(ended)
        ),
        &json!({ "id": user.id.as_i64(), "sessions_ended": ended }),
    )
}
