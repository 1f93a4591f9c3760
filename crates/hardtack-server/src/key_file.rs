//! The signing keys at rest: a ring that Hardtack keeps (`keys.json`), or one key that the operator
//! keeps (a PEM, or the secret shared with a Django site).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use hardtack_core::Timestamp;
use hardtack_core::key::ring::KeyRing;
use hardtack_core::key::{Algorithm, SigningKey};

use crate::config::KeyConfig;
use crate::data_dir::{DataDir, KEYS};
use crate::file_stamp::Stamp;
use crate::private_file::{Found, read_private, write_private};

mod saved;

/// Where the keys are, and what new ones are made for.
#[derive(Debug, Clone)]
pub(crate) struct KeyFile {
    data_dir: DataDir,
    path: PathBuf,
    algorithm: Algorithm,
}

/// Who rotates the keys of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    Hardtack,
    Operator,
}

impl KeyFile {
    /// The key file that the configuration names.
    pub(crate) fn new(data_dir: &DataDir, config: &KeyConfig) -> Self {
        let name = config.key_file.as_deref().unwrap_or(Path::new(KEYS));
        Self {
            data_dir: data_dir.clone(),
            path: data_dir.file(name),
            algorithm: config.algorithm,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a file that a start would refuse, without making one.
    pub(crate) fn verify(&self) -> Result<()> {
        match self.read()? {
            None if self.algorithm == Algorithm::Hs256 => Err(self.missing()),
            _ => Ok(()),
        }
    }

    /// Makes the first key, if there is no file, and tells whether it did.
    pub(crate) fn create_if_missing(&self, now: Timestamp) -> Result<Found> {
        let _lock = self.data_dir.lock_keys()?;
        if self.read()?.is_some() {
            return Ok(Found::There);
        }
        if self.algorithm == Algorithm::Hs256 {
            return Err(self.missing());
        }
        self.write(&KeyRing::new(self.generate()?, now))?;
        Ok(Found::MadeNow)
    }

    /// The keys, which must be there.
    pub(crate) fn load(&self) -> Result<KeyRing> {
        // A reader needs no lock: the file is replaced whole.
        let (ring, _) = self.read()?.ok_or_else(|| self.missing())?;
        Ok(ring)
    }

    /// Reads the keys, lets `change` change them, and writes them back, with nobody in between.
    ///
    /// `change` asks for the time itself, when its turn has come: by an earlier one, a key that
    /// another process made while this one waited would be one of the future.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut KeyRing) -> Result<T>) -> Result<T> {
        let _lock = self.data_dir.lock_keys()?;
        let (mut ring, keeper) = self.read()?.ok_or_else(|| self.missing())?;
        if keeper == Keeper::Operator {
            bail!(
                "{} holds a key that you keep, so Hardtack does not change it; put another one there and the server takes it up",
                self.path.display()
            );
        }
        let outcome = change(&mut ring)?;
        self.write(&ring)?;
        Ok(outcome)
    }

    /// A new key for the configured algorithm.
    pub(crate) fn generate(&self) -> Result<SigningKey> {
        SigningKey::generate(self.algorithm).with_context(|| self.blame())
    }

    /// Changes whenever the file does. `None` while there is none.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.path)
    }

    fn read(&self) -> Result<Option<(KeyRing, Keeper)>> {
        let Some(text) = read_private(&self.path)? else {
            return Ok(None);
        };
        self.parse(text.expose_secret())
            .with_context(|| self.blame())
            .map(Some)
    }

    fn parse(&self, text: &str) -> Result<(KeyRing, Keeper)> {
        // A key that the operator keeps has been there for ever, as far as anybody can tell.
        let given = |key| {
            (
                KeyRing::new(key, Timestamp::from_unix_micros(0)),
                Keeper::Operator,
            )
        };
        let shared = self.algorithm == Algorithm::Hs256;
        match text.trim_start() {
            file if file.starts_with('{') && !shared => {
                Ok((saved::parse_ring(file)?, Keeper::Hardtack))
            }
            file if file.starts_with("-----BEGIN") && !shared => {
                Ok(given(SigningKey::from_pem(file)?))
            }
            file if file.starts_with('{') || file.starts_with("-----BEGIN") => bail!(
                "it holds a private key, but tokens.algorithm = \"HS256\" wants the shared secret; leave the algorithm out, or name the file that holds the secret"
            ),
            // Only the line's end that editors add is left out: the rest is the secret to the byte.
            _ if shared => {
                let secret = text.strip_suffix('\n').unwrap_or(text);
                let secret = secret.strip_suffix('\r').unwrap_or(secret);
                Ok(given(SigningKey::hs256(secret.as_bytes())?))
            }
            _ => bail!(
                "it is neither a ring that Hardtack wrote nor a private key in PEM; for a shared secret, set tokens.algorithm = \"HS256\""
            ),
        }
    }

    fn write(&self, ring: &KeyRing) -> Result<()> {
        write_private(&self.path, &saved::write_ring(ring)?)
    }

    fn missing(&self) -> anyhow::Error {
        let path = self.path.display();
        if self.algorithm == Algorithm::Hs256 {
            anyhow!(
                "tokens.key_file: there is no {path}; write the secret that is shared with the Django site into it, then run: chmod 600 {path}"
            )
        } else {
            anyhow!("there are no keys in {path}; start the server once")
        }
    }

    fn blame(&self) -> String {
        format!("tokens.key_file: {} cannot be used", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hardtack_core::Secret;
    use hardtack_core::key::ring::Rollover;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn key_file(root: &tempfile::TempDir, algorithm: Algorithm) -> KeyFile {
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        KeyFile::new(
            &data_dir,
            &KeyConfig {
                algorithm,
                key_file: None,
                pepper_file: None,
            },
        )
    }

    impl KeyFile {
        fn prepared(&self) -> Result<KeyRing> {
            self.create_if_missing(NOW)?;
            self.load()
        }
    }

    fn put(key_file: &KeyFile, text: &str) {
        write_private(&key_file.path, &Secret::new(text.to_owned())).unwrap();
    }

    fn kids(ring: &KeyRing) -> Vec<String> {
        ring.iter().map(|key| key.key().kid().to_owned()).collect()
    }

    #[test]
    fn the_first_key_is_made_once_and_found_again() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let root = tempfile::tempdir().unwrap();
            let key_file = key_file(&root, algorithm);
            let ring = key_file.prepared().unwrap();
            assert_eq!(ring.signing_key(NOW).algorithm(), algorithm);
            assert_eq!(kids(&key_file.prepared().unwrap()), kids(&ring));
        }
    }

    #[test]
    fn a_ring_survives_the_disk_with_its_times() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Es256);
        key_file.prepared().unwrap();
        let before = key_file.stamp();
        let rotated = key_file
            .change(|ring| {
                let lifetime = Duration::from_secs(900);
                ring.rotate(key_file.generate()?, NOW, Rollover::Announced, lifetime)?;
                Ok(ring.clone())
            })
            .unwrap();
        assert_ne!(key_file.stamp(), before);
        let loaded = key_file.load().unwrap();
        let lives = |ring: &KeyRing| -> Vec<_> {
            ring.iter()
                .map(|key| {
                    let kid = key.key().kid().to_owned();
                    (
                        kid,
                        key.created_at(),
                        key.signs_from(),
                        key.verifies_until(),
                    )
                })
                .collect()
        };
        assert_eq!(lives(&loaded), lives(&rotated));
        assert_eq!(loaded.iter().count(), 2);
    }

    #[test]
    fn a_refused_change_leaves_the_file_alone() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Es256);
        let ring = key_file.prepared().unwrap();
        let signing = ring.signing_key(NOW).kid().to_owned();
        let refused = key_file.change(|ring| Ok(ring.retire(&signing, NOW)?));
        assert!(refused.is_err());
        assert_eq!(kids(&key_file.load().unwrap()), kids(&ring));
    }

    #[test]
    fn the_operators_own_key_is_used_and_never_changed() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Es256);
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        put(&key_file, key.to_pem().unwrap().expose_secret());
        assert_eq!(kids(&key_file.prepared().unwrap()), [key.kid()]);
        let error = key_file.change(|_| Ok(())).unwrap_err().to_string();
        assert!(error.contains("a key that you keep"), "{error}");
    }

    #[test]
    fn a_shared_secret_is_read_to_the_byte_but_for_the_lines_end() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Hs256);
        for text in [
            "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs\n",
            "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dG \r\n",
        ] {
            put(&key_file, text);
            assert_eq!(kids(&key_file.prepared().unwrap()), ["hs256"]);
        }
        put(&key_file, "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dG\n");
        assert!(key_file.prepared().is_err());
    }

    /// docs/threat-model.md TK-7: a weak secret stops the start, and is not in the message.
    #[test]
    fn weak_secrets_are_refused_and_not_shown() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Hs256);
        for secret in [
            "django-insecure-8x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y",
            "hunter2",
        ] {
            put(&key_file, secret);
            let error = format!("{:#}", key_file.prepared().unwrap_err());
            assert!(error.starts_with("tokens.key_file: "), "{error}");
            assert!(!error.contains(secret), "{error}");
        }
    }

    #[test]
    fn the_shared_secret_and_the_published_keys_are_not_mistaken_for_each_other() {
        let root = tempfile::tempdir().unwrap();
        key_file(&root, Algorithm::Es256).prepared().unwrap();
        let shared = key_file(&root, Algorithm::Hs256);
        let error = format!("{:#}", shared.prepared().unwrap_err());
        assert!(error.contains("wants the shared secret"), "{error}");
        put(&shared, "Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs");
        let error = format!(
            "{:#}",
            key_file(&root, Algorithm::Es256).prepared().unwrap_err()
        );
        assert!(error.contains("set tokens.algorithm"), "{error}");
    }

    #[test]
    fn a_damaged_ring_is_refused_and_left_untouched() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::Es256);
        key_file.prepared().unwrap();
        let good = std::fs::read_to_string(&key_file.path).unwrap();
        for bad in [
            good.replace("ES256", "EdDSA"),
            good.replace("\"created_at\"", "\"createdat\""),
            good[..good.len() / 2].to_owned(),
            "{}".to_owned(),
            "{\"keys\": []}".to_owned(),
        ] {
            put(&key_file, &bad);
            assert!(key_file.prepared().is_err(), "{bad}");
            assert_eq!(std::fs::read_to_string(&key_file.path).unwrap(), bad);
        }
    }

    #[test]
    fn two_changes_at_once_are_both_kept() {
        let root = tempfile::tempdir().unwrap();
        let key_file = key_file(&root, Algorithm::EdDsa);
        key_file.prepared().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    key_file.change(|ring| {
                        let lifetime = Duration::from_secs(900);
                        Ok(ring.rotate(key_file.generate()?, NOW, Rollover::Now, lifetime)?)
                    })
                });
            }
        });
        assert_eq!(key_file.load().unwrap().iter().count(), 9);
    }
}
