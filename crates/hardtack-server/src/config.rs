//! What the operator can set: a preset's table, overlaid by `hardtack.toml`, overlaid by
//! `HARDTACK__SECTION__KEY` variables, overlaid by flags.
//!
//! [`table::keys`] is the one list. Reading, checking, `config show`, `config reference` and
//! docs/configuration.md follow from it, so a key cannot exist in one of them only. No key holds a
//! secret: secrets are files, and keys say where they are.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use hardtack::breached::RangeUrl;
use hardtack::settings::{Preset, PublicUrl, Settings, SettingsError};
use hardtack_core::key::Algorithm;

pub(crate) mod contradiction;
mod file;
mod form;
pub(crate) mod key;
pub(crate) mod mail;
mod nearest;
pub(crate) mod overlay;
pub(crate) mod preset;
pub(crate) mod problem;
pub(crate) mod reference;
mod secret;
pub(crate) mod table;
pub(crate) mod value;

use mail::MailConfig;
pub(crate) use overlay::{Loaded, Sources};

/// Everything that can be set, as types.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The table of settings below what the operator says.
    pub(crate) preset: Preset,
    /// What the library is told.
    pub(crate) settings: Settings,
    /// Whether anybody said where browsers reach this service.
    pub(crate) public_url_given: bool,
    /// The listener.
    pub(crate) server: ServerConfig,
    /// Where keys come from.
    pub(crate) keys: KeyConfig,
    /// The list of leaked passwords.
    pub(crate) breached: BreachedConfig,
    /// The feed of ended sessions.
    pub(crate) revocations: RevocationConfig,
    /// How mails leave the house.
    pub(crate) mail: MailConfig,
    /// The database file, relative to the data directory.
    pub(crate) database: PathBuf,
    /// What is logged.
    pub(crate) log: LogConfig,
}

/// The listener and what one connection may cost.
#[derive(Debug, Clone)]
pub(crate) struct ServerConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) data_dir: PathBuf,
    pub(crate) max_connections: usize,
    pub(crate) max_head_bytes: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
}

impl ServerConfig {
    /// The files for TLS, if it is spoken here.
    pub(crate) fn tls(&self) -> Option<TlsConfig> {
        Some(TlsConfig {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
        })
    }
}

/// Where the certificate and its key are, relative to the data directory.
#[derive(Debug, Clone)]
pub(crate) struct TlsConfig {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Where the secrets are.
#[derive(Debug, Clone)]
pub(crate) struct KeyConfig {
    /// What new signing keys are made for.
    pub(crate) algorithm: Algorithm,
    /// Relative to the data directory; `None` is `keys.json` there.
    pub(crate) key_file: Option<PathBuf>,
    /// Relative to the data directory; `None` is `pepper` there.
    pub(crate) pepper_file: Option<PathBuf>,
}

/// The list of leaked passwords, besides what the library is told.
#[derive(Debug, Clone)]
pub(crate) struct BreachedConfig {
    /// Whether it is asked at all.
    pub(crate) check: bool,
    /// Where; the table has a default.
    pub(crate) url: Option<RangeUrl>,
}

/// The feed of ended sessions, besides what the library is told.
#[derive(Debug, Clone)]
pub(crate) struct RevocationConfig {
    /// Relative to the data directory; `None` is no feed.
    pub(crate) service_token_file: Option<PathBuf>,
}

/// What is logged and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogConfig {
    pub(crate) level: tracing::Level,
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text in a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl Config {
    /// Where the database is.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.server.data_dir.join(&self.database)
    }

    /// A configuration before the table's defaults are written into it.
    fn blank() -> Result<Self, SettingsError> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8000));
        Ok(Self {
            preset: Preset::default(),
            settings: Settings::new(PublicUrl::parse(&format!("http://{listen}"))?),
            public_url_given: false,
            server: ServerConfig {
                listen,
                tls_cert: None,
                tls_key: None,
                data_dir: PathBuf::new(),
                max_connections: 0,
                max_head_bytes: 0,
                head_timeout: Duration::ZERO,
                keep_alive_timeout: Duration::ZERO,
                shutdown_timeout: Duration::ZERO,
            },
            keys: KeyConfig {
                algorithm: Algorithm::Es256,
                key_file: None,
                pepper_file: None,
            },
            breached: BreachedConfig {
                check: false,
                url: None,
            },
            revocations: RevocationConfig {
                service_token_file: None,
            },
            mail: MailConfig::default(),
            database: PathBuf::new(),
            log: LogConfig {
                level: tracing::Level::INFO,
                format: LogFormat::Auto,
            },
        })
    }
}
