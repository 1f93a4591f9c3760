//! Sessions by the thousand, without the logins.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use data_encoding::BASE64;
use hardtack::SystemEntropy;
use hardtack_core::SessionId;
use hardtack_core::refresh_token::Pepper;
use hardtack_core::session::{Device, NewSession, RememberMe, RevokeReason, SessionLifetime};
use hardtack_core::user::User;
use hardtack_guard::SystemClock;
use hardtack_store::{Insertion, Revoke, SessionStore as _, SqliteStore, UserStore as _};
use tokio::task::JoinSet;

use crate::server::House;

const DAY: Duration = Duration::from_secs(86_400);

/// Nothing is replaced.
const UNUSED: Revoke = Revoke {
    reason: RevokeReason::Replaced,
    remembered_for: Duration::ZERO,
};

/// As many as share a commit.
const AT_ONCE: usize = 250;

/// The store of a house whose server is down.
pub(super) fn store(house: &House) -> Result<SqliteStore> {
    Ok(SqliteStore::open_existing(
        house.database(),
        Arc::new(SystemClock),
    )?)
}

/// What its server derives refresh tokens under.
pub(super) fn pepper(house: &House) -> Result<Pepper> {
    let text = std::fs::read_to_string(house.data_dir().join("pepper"))?;
    Ok(Pepper::new(&BASE64.decode(text.trim().as_bytes())?)?)
}

/// Opens `count` sessions of the first user, whose first refresh may rotate at once.
pub(super) async fn open(
    store: &Arc<SqliteStore>,
    count: usize,
    window: Duration,
) -> Result<Vec<SessionId>> {
    let users = store.list_users(None, 1).await?;
    let user = users.first().context("there is no user")?;
    let mut sessions = Vec::with_capacity(count);
    while sessions.len() < count {
        let mut opening = JoinSet::new();
        for _ in 0..AT_ONCE.min(count - sessions.len()) {
            let (store, new) = (Arc::clone(store), new_session(user));
            opening.spawn(async move {
                store
                    .insert_session(new, Vec::new(), None, UNUSED, window)
                    .await
            });
        }
        for insertion in opening.join_all().await {
            match insertion? {
                Insertion::Opened { opened, .. } => sessions.push(opened.family.session),
                Insertion::UserChanged => bail!("the user is not there any more"),
            }
        }
    }
    Ok(sessions)
}

fn new_session(user: &User) -> NewSession {
    NewSession {
        id: SessionId::generate(&SystemEntropy),
        user: user.id,
        password_version: user.password_version,
        lifetime: SessionLifetime {
            idle_timeout: 7 * DAY,
            absolute_timeout: 30 * DAY,
        },
        remember_me: RememberMe::Unsaid,
        device: Device::new(
            "192.0.2.17".to_owned(),
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
        ),
    }
}
