//! The files that a start depends on, looked at before anything is made: a refusal leaves no
//! half-made data directory behind, and `config check` gives the same one.

use anyhow::Result;

use crate::config::Config;
use crate::config::contradiction::Mode;
use crate::data_dir::DataDir;
use crate::key_file::KeyFile;
use crate::{mail, pepper_file, private_file, serve, service_token_file};

/// Refuses what a start would refuse about the files in and around the data directory. Leaves
/// nothing behind.
///
/// # Errors
/// The first fault, with its remedy.
pub(crate) fn verify(config: &Config, mode: Mode) -> Result<()> {
    let data_dir = DataDir::look_at(&config.server.data_dir)?;
    KeyFile::new(&data_dir, &config.keys).verify()?;
    pepper_file::verify(&data_dir, config.keys.pepper_file.as_deref())?;
    let service_tokens = config.revocations.service_token_file.as_deref();
    service_token_file::load(&data_dir, service_tokens)?;
    serve::verify_tls(&data_dir, config, mode)?;
    mail::verify(&data_dir, config, mode)?;
    verify_database(config)
}

/// Refuses a database that others can read: password hashes are in it, and in its log too.
///
/// # Errors
/// The fault, with its remedy.
pub(crate) fn verify_database(config: &Config) -> Result<()> {
    let database = config.database_path();
    let mut log = database.clone().into_os_string();
    log.push("-wal");
    private_file::refuse_open(&database)?;
    private_file::refuse_open(log.as_ref())
}
