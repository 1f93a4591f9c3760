//! What keeps the configuration from being used, in words that say what to do.

use std::fmt;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The table.
    Default,
    /// The table of a preset.
    Preset(&'static str),
    /// A line of the configuration file.
    File {
        /// The file as the operator named it.
        path: String,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag, with its dashes.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Preset(name) => write!(formatter, "preset {name}"),
            Self::File { path, line } => write!(formatter, "{path}:{line}"),
            Self::Variable(name) => formatter.write_str(name),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where; `None` for what follows from several values or from none.
    pub(crate) origin: Option<Origin>,
    /// What, with the key and the remedy in it.
    pub(crate) message: String,
}

/// Everything that is wrong, so that an operator mends it in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// A single one.
    pub(crate) fn one(origin: Option<Origin>, message: impl Into<String>) -> Self {
        Self(vec![Problem {
            origin,
            message: message.into(),
        }])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration cannot be used")?;
        for problem in &self.0 {
            formatter.write_str("\n  ")?;
            if let Some(origin) = problem
                .origin
                .as_ref()
                .filter(|origin| **origin != Origin::Default)
            {
                write!(formatter, "{origin}: ")?;
            }
            formatter.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
