//! `keys.json`, field by field.

use anyhow::{Context as _, Result, bail};
use hardtack_core::Secret;
use hardtack_core::key::SigningKey;
use hardtack_core::key::ring::{KeyRing, RingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::timestamp::{iso, parse_iso};

/// The text of a ring, private keys and all.
pub(super) fn write_ring(ring: &KeyRing) -> Result<Secret<String>> {
    let mut saved = SavedRing {
        keys: ring.iter().filter_map(SavedKey::of).collect(),
    };
    let text = serde_json::to_string_pretty(&saved).map(|text| Secret::new(text + "\n"));
    for key in &mut saved.keys {
        key.pem.zeroize();
    }
    Ok(text?)
}

/// The file, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedRing {
    keys: Vec<SavedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedKey {
    kid: String,
    algorithm: String,
    created_at: String,
    signs_from: String,
    verifies_until: Option<String>,
    pem: String,
}

impl SavedKey {
    fn of(ring_key: &RingKey) -> Option<Self> {
        let key = ring_key.key();
        Some(Self {
            kid: key.kid().to_owned(),
            algorithm: key.algorithm().to_string(),
            created_at: iso(ring_key.created_at()),
            signs_from: iso(ring_key.signs_from()),
            verifies_until: ring_key.verifies_until().map(iso),
            pem: key.to_pem()?.expose_secret().clone(),
        })
    }

    fn restore(mut self) -> Result<RingKey> {
        let pem = Secret::new(std::mem::take(&mut self.pem));
        let key = SigningKey::from_pem(pem.expose_secret())
            .with_context(|| format!("the key {:?}", self.kid))?;
        if key.kid() != self.kid || key.algorithm().to_string() != self.algorithm {
            bail!("the key {:?} is not the one of its PEM", self.kid);
        }
        let until = self.verifies_until.as_deref().map(parse_iso).transpose()?;
        Ok(RingKey::restore(
            key,
            parse_iso(&self.created_at)?,
            parse_iso(&self.signs_from)?,
            until,
        ))
    }
}

/// Reads what [`write_ring`] wrote.
pub(super) fn parse_ring(text: &str) -> Result<KeyRing> {
    // serde_json names place and kind of a fault, never the text around it.
    let saved: SavedRing = serde_json::from_str(text).context("it is damaged")?;
    let keys = saved
        .keys
        .into_iter()
        .map(SavedKey::restore)
        .collect::<Result<Vec<_>>>()?;
    Ok(KeyRing::restore(keys)?)
}
