//! What the authority sees of the requests to the application.

use std::time::Duration;

/// How often an access token is used where the authority learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Pattern {
    /// Never: the application verifies access tokens by itself and reports nothing
    None,
    /// Every five minutes
    #[value(name = "300s")]
    Calm,
    /// Every thirty seconds
    #[value(name = "30s")]
    Busy,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Calm, Self::Busy];

    /// As the command line has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Calm => "300s",
            Self::Busy => "30s",
        }
    }

    /// For tables.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::None => "no traffic",
            Self::Calm => "every 300 s",
            Self::Busy => "every 30 s",
        }
    }

    pub(crate) fn interval(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Calm => Some(Duration::from_secs(300)),
            Self::Busy => Some(Duration::from_secs(30)),
        }
    }
}
