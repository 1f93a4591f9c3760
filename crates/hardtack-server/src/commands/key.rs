//! `hardtack key`: a running server takes up what is changed here within a second.

use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use hardtack_core::Timestamp;
use hardtack_core::key::ring::{JWKS_CACHE_LIFETIME, KeyRing, RingKey, Rollover};
use serde::Serialize;
use serde_json::json;

use super::{key_file, now};
use crate::cli::Key;
use crate::config::Loaded;
use crate::terminal::{Terminal, print};
use crate::timestamp::{iso, relative};

pub(super) fn run(command: Key, loaded: &Loaded, terminal: Terminal) -> Result<ExitCode> {
    match command {
        Key::List => list(loaded, terminal)?,
        Key::Rotate { now: true } => rotate(loaded, Rollover::Now, terminal)?,
        Key::Rotate { now: false } => rotate(loaded, Rollover::Announced, terminal)?,
        Key::Retire { kid } => retire(loaded, &kid, terminal)?,
        Key::Export { private: Some(kid) } => export_private(loaded, &kid)?,
        Key::Export { private: None } => {
            print(
                &key_file(loaded)?
                    .load()?
                    .verifying_keys(now())
                    .to_jwks_json(),
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A key as programs see it.
#[derive(Serialize)]
struct KeyView {
    kid: String,
    algorithm: String,
    state: &'static str,
    created_at: String,
    signs_from: String,
    verifies_until: Option<String>,
}

fn list(loaded: &Loaded, terminal: Terminal) -> Result<()> {
    let ring = key_file(loaded)?.load()?;
    let now = now();
    let views: Vec<KeyView> = ring
        .iter()
        .map(|key| KeyView {
            kid: key.key().kid().to_owned(),
            algorithm: key.key().algorithm().to_string(),
            state: state(&ring, key, now),
            created_at: iso(key.created_at()),
            signs_from: iso(key.signs_from()),
            verifies_until: key.verifies_until().map(iso),
        })
        .collect();
    let rows: Vec<[String; 5]> = ring
        .iter()
        .map(|key| {
            let until = key.verifies_until().map(|until| relative(until, now));
            [
                key.key().kid().to_owned(),
                key.key().algorithm().to_string(),
                state(&ring, key, now).to_owned(),
                since(key.signs_from(), now),
                until.unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    terminal.list(
        ["KID", "ALGORITHM", "STATE", "SIGNS", "BELIEVED UNTIL"],
        &rows,
        &views,
    )
}

/// A key that the operator keeps has signed for as long as anybody knows.
fn since(signs_from: Timestamp, now: Timestamp) -> String {
    if signs_from.unix_micros() == 0 {
        "always".to_owned()
    } else {
        relative(signs_from, now)
    }
}

fn state(ring: &KeyRing, key: &RingKey, now: Timestamp) -> &'static str {
    if !key.is_believed(now) {
        "over"
    } else if ring.signing_key(now).kid() == key.key().kid() {
        "signing"
    } else if key.signs_from() > now {
        "announced"
    } else {
        "verifying"
    }
}

fn rotate(loaded: &Loaded, rollover: Rollover, terminal: Terminal) -> Result<()> {
    let key_file = key_file(loaded)?;
    let access_lifetime = loaded.config.settings.tokens.access_lifetime;
    let (kid, before, now) = key_file.change(|ring| {
        let new = key_file.generate()?;
        let now = now();
        let kid = new.kid().to_owned();
        ring.forget_expired(now);
        ring.rotate(new, now, rollover, access_lifetime)?;
        let before: Vec<String> = ring
            .iter()
            .map(|key| key.key().kid().to_owned())
            .filter(|other| *other != kid)
            .collect();
        Ok((kid, before, now))
    })?;
    let signs_from = match rollover {
        Rollover::Announced => now + JWKS_CACHE_LIFETIME,
        Rollover::Now => now,
    };
    let sentence = match rollover {
        Rollover::Announced => format!(
            "key {kid} is published now and signs {}",
            relative(signs_from, now)
        ),
        Rollover::Now => format!(
            "key {kid} signs from now on; to refuse every token from before it, run: {}",
            retire_all(&before)
        ),
    };
    terminal.say(
        &sentence,
        &json!({ "kid": kid, "signs_from": iso(signs_from), "still_believed": before }),
    )
}

/// The whole command: an emergency is no time to look names up.
fn retire_all(kids: &[String]) -> String {
    let commands: Vec<String> = kids
        .iter()
        .map(|kid| format!("hardtack key retire {kid}"))
        .collect();
    commands.join(" && ")
}

fn retire(loaded: &Loaded, kid: &str, terminal: Terminal) -> Result<()> {
    key_file(loaded)?.change(|ring| ring.retire(kid, now()).with_context(|| kid.to_owned()))?;
    terminal.say(
        &format!("key {kid} is retired: the tokens it signed are refused, and sessions go on at their next refresh"),
        &json!({ "kid": kid, "state": "over" }),
    )
}

fn export_private(loaded: &Loaded, kid: &str) -> Result<()> {
    let ring = key_file(loaded)?.load()?;
    let key = ring
        .iter()
        .find(|key| key.key().kid() == kid)
        .ok_or_else(|| anyhow!("there is no key {kid:?}"))?;
    let pem = key
        .key()
        .to_pem()
        .context("a shared secret is yours already; it is not exported")?;
    print(pem.expose_secret())
}
