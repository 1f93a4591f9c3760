//! B2: the guard as a library, in a loop.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use hardtack::SystemEntropy;
use hardtack_core::access_token::{self, Expectations, Grant, SessionEnds};
use hardtack_core::key::{KeySet, SigningKey};
use hardtack_core::rotation::Position;
use hardtack_core::{Clock as _, SessionId, UserId};
use hardtack_guard::{RevokedSet, SystemClock, Verifier};

use super::Task;
use crate::figures::Spread;
use crate::process::own_thread_cpu_time;
use crate::report::{Line, Report, Verdict};
use crate::terminal::progress;

const ISSUER: &str = "https://app.example.com";
/// As many as are seen for the first time in a round.
const IDLE: Duration = Duration::from_secs(7 * 86_400);
const TOKENS: usize = 4_000;
/// Tokens in use when they are found again, each of another session.
const IN_USE: usize = 500;
const AGAIN: usize = 400_000;
/// Sessions that were ended and that every look-up has to tell apart.
const REVOKED: usize = 10_000;

pub(crate) fn run(task: &Task<'_>, report: &mut Report) -> Result<()> {
    let key = SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGsE0aU")?;
    let revoked = Arc::new(RevokedSet::new(Duration::from_secs(960), SystemClock.now()));
    for _ in 0..REVOKED {
        revoked.insert(SessionId::generate(&SystemEntropy), SystemClock.now());
    }
    let (mut first, mut again) = (Vec::new(), Vec::new());
    let mut allocations = 0;
    for round in 1..=task.rounds {
        progress(&format!("B2 round {round}/{}", task.rounds));
        let verifier = verifier(&key, Arc::clone(&revoked))?;
        let tokens: Vec<String> = (0..TOKENS).map(|_| token(&key)).collect::<Result<_>>()?;
        first.push(nanoseconds(&verifier, &tokens, TOKENS)?);

        let in_use = tokens.get(..IN_USE).unwrap_or_default();
        nanoseconds(&verifier, in_use, IN_USE)?;
        again.push(nanoseconds(&verifier, in_use, task.share_of(AGAIN))?);
        let one = in_use.get(..1).unwrap_or_default();
        nanoseconds(&verifier, one, 1)?;
        let mut outcome = Ok(0.0);
        let counted = allocation_counter::measure(|| outcome = nanoseconds(&verifier, one, 1000));
        outcome?;
        allocations += counted.count_total;
    }
    let line = |work: &str, budget: &str, measured: String, kept| Line {
        id: "B2",
        work: work.to_owned(),
        budget: budget.to_owned(),
        measured,
        verdict: Verdict::of(kept),
    };
    let (first, again) = (Spread::of(first), Spread::of(again));
    report.line(line(
        "verify with claims and revocation, HS256, first sight",
        "≤ 1 µs",
        format!("{} µs", first.times(1e-3)),
        first.median <= 1000.0,
    ));
    report.line(line(
        "the same, once cached",
        "≤ 150 ns",
        format!("{again} ns"),
        again.median <= 150.0,
    ));
    report.line(line(
        "allocations in a thousand of those",
        "none",
        allocations.to_string(),
        allocations == 0,
    ));
    Ok(())
}

fn verifier(key: &SigningKey, revoked: Arc<RevokedSet>) -> Result<Verifier> {
    let keys = KeySet::new(vec![key.verifying_key().clone()])?;
    let expected = Expectations {
        issuer: ISSUER.to_owned(),
        audience: None,
        accept_simplejwt: false,
    };
    Ok(Verifier::new(
        keys,
        expected,
        Arc::new(SystemClock),
        revoked,
    ))
}

fn token(key: &SigningKey) -> Result<String> {
    let now = SystemClock.now();
    let grant = Grant {
        user: UserId::new(1),
        session: SessionId::generate(&SystemEntropy),
        position: Position::default(),
        issued_at: now,
        expires_at: now + Duration::from_secs(900),
        authenticated_at: now,
        ends: SessionEnds {
            absolute_at: now + Duration::from_secs(30 * 86_400),
            idle_at: now + IDLE,
            idle_timeout: IDLE,
        },
    };
    let token = access_token::issue(key, &grant, ISSUER, None, &SystemEntropy)?;
    Ok(token.expose_secret().to_owned())
}

/// Nanoseconds for one verification.
fn nanoseconds(verifier: &Verifier, tokens: &[String], count: usize) -> Result<f64> {
    let before = own_thread_cpu_time();
    for token in tokens.iter().cycle().take(count) {
        let believed = verifier.verify(black_box(token));
        black_box(believed.map_err(|refusal| anyhow!("{refusal:?}"))?.claims());
    }
    Ok(own_thread_cpu_time().saturating_sub(before).as_secs_f64() * 1e9 / count as f64)
}
