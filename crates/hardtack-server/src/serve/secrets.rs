//! The signing keys and the pepper at the start, and what it costs if they were gone.
//!
//! The server starts all the same, for deleting the pepper is how an operator ends every session
//! after a theft. But nobody shall have to guess why everybody is logged out.

use anyhow::Result;
use hardtack::SystemEntropy;
use hardtack_core::Clock as _;
use hardtack_core::key::ring::KeyRing;
use hardtack_core::refresh_token::Pepper;
use hardtack_guard::SystemClock;
use hardtack_store::SqliteStore;

use crate::config::KeyConfig;
use crate::data_dir::DataDir;
use crate::file_stamp::Stamp;
use crate::key_file::KeyFile;
use crate::pepper_file;
use crate::private_file::Found;

/// What a server signs and derives with.
pub(super) struct Secrets {
    pub(super) key_file: KeyFile,
    /// The key file as it was just before it was read.
    pub(super) stamp: Option<Stamp>,
    pub(super) keys: KeyRing,
    pub(super) pepper: Pepper,
    /// What an operator must know of files that were missing and made anew; nothing, where nobody
    /// is logged in.
    pub(super) warnings: Vec<String>,
}

impl Secrets {
    /// Reads them, or makes those that are made at a first start.
    pub(super) async fn open_or_create(
        data_dir: &DataDir,
        config: &KeyConfig,
        store: &SqliteStore,
    ) -> Result<Self> {
        let key_file = KeyFile::new(data_dir, config);
        let keys_found = key_file.create_if_missing(SystemClock.now())?;
        // Taken before the file is read: a change in between is seen again, not missed.
        let stamp = key_file.stamp();
        let keys = key_file.load()?;
        let named = config.pepper_file.as_deref();
        let (pepper, pepper_found) = pepper_file::load_or_create(data_dir, named, &SystemEntropy)?;

        let mut warnings = Vec::new();
        if pepper_found == Found::MadeNow {
            warnings.push(format!(
                "{} was missing and has been made anew: every session that was open is over, and everybody must log in again; if that was not meant, stop the server and put the old file back",
                data_dir.file(pepper_file::DEFAULT_NAME).display()
            ));
        }
        if keys_found == Found::MadeNow {
            warnings.push(format!(
                "{} was missing and has been made anew: access tokens from before are refused, and back-ends must fetch the keys again; if that was not meant, stop the server and put the old file back",
                key_file.path().display()
            ));
        }
        if !warnings.is_empty() && !store.has_live_session().await? {
            warnings.clear();
        }
        Ok(Self {
            key_file,
            stamp,
            keys,
            pepper,
            warnings,
        })
    }
}
