//! B8 again: ending every session of a user who has ten thousand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hardtack::core::key::{Algorithm, SigningKey, ring::KeyRing};
use hardtack::core::refresh_token::Pepper;
use hardtack::{Client, Hardtack, PublicUrl, Settings, SystemEntropy};
use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;
use hardtack_store::{SqliteStore, UserStore as _};

use super::{Task, sessions};
use crate::figures::Spread;
use crate::report::{Line, Report, Verdict};
use crate::terminal::progress;

const SESSIONS: usize = 10_000;

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let path = directory.path().join("hardtack.db");
    let store = Arc::new(SqliteStore::open(&path, Arc::new(SystemClock))?);
    let mut milliseconds = Vec::new();
    runtime.block_on(async {
        let user = store.insert_user(super::store::new_user()).await?;
        let user = user.context("a new database has no other user")?;
        // A second handle on the file, as the command line has one beside a server.
        let keys = KeyRing::new(SigningKey::generate(Algorithm::Es256)?, SystemClock.now());
        let pepper = Pepper::new(Pepper::generate(&SystemEntropy).expose_secret())?;
        let settings = Settings::new(PublicUrl::parse("https://app.example.com")?);
        let theirs = SqliteStore::open(&path, Arc::new(SystemClock))?;
        let hardtack = Hardtack::builder(theirs, keys, pepper, settings)
            .build()
            .await?;
        for round in 1..=task.rounds {
            progress(&format!("B8 ending sessions {round}/{}", task.rounds));
            sessions::open(&store, SESSIONS, Duration::ZERO).await?;
            let started_at = Instant::now();
            let ended = hardtack
                .log_out_everywhere(user.id, None, &Client::default())
                .await?;
            milliseconds.push(started_at.elapsed().as_secs_f64() * 1e3);
            if ended != SESSIONS {
                bail!("{ended} sessions ended");
            }
        }
        anyhow::Ok(())
    })?;
    let spread = Spread::of(milliseconds);
    report.line(Line {
        id: "B8",
        work: "ending 10,000 sessions of one user, on disk and in the set".to_owned(),
        budget: "≤ 100 ms".to_owned(),
        measured: format!("{spread} ms"),
        verdict: Verdict::of(spread.median <= 100.0),
    });
    Ok(())
}
