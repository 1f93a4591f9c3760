//! The log of ended sessions, from which every verifier learns, and places in it.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::str::FromStr;

use hardtack_core::{SessionId, Timestamp};

/// One ended session, as verifiers need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Its place in the log, from 1 on.
    pub sequence: i64,
    /// Which session.
    pub session: SessionId,
    /// When the entry may be forgotten.
    pub expires_at: Timestamp,
}

/// Which log a sequence belongs to.
///
/// A database that was brought back from a backup gives sequences again that it gave before, and
/// whoever asked it for what came after the last one would miss entries. So a log is given another
/// id whenever it may be another: at the latest when the store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(u64);

impl LogId {
    /// An id that no other log has: 64 bits that the operating system chose.
    #[must_use]
    pub fn draw() -> Self {
        Self(RandomState::new().hash_one(()))
    }
}

/// A place in a log: what stands up to here is known. Written and read as `log-sequence`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogPosition {
    /// Which log.
    pub log: LogId,
    /// The last entry that is known; 0 before the first.
    pub sequence: i64,
}

impl fmt::Display for LogPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}-{}", self.log.0, self.sequence)
    }
}

/// The text is no place in any log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position in a log of revocations")]
pub struct ParseLogPositionError;

impl FromStr for LogPosition {
    type Err = ParseLogPositionError;

    /// Reads what [`Display`](fmt::Display) writes, in that one spelling.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (log, sequence) = text.split_once('-')?;
            let position = Self {
                log: LogId(u64::from_str_radix(log, 16).ok()?),
                sequence: sequence.parse().ok()?,
            };
            (position.sequence >= 0 && position.to_string() == text).then_some(position)
        };
        parse().ok_or(ParseLogPositionError)
    }
}

/// A piece of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationPage {
    /// Entries that have not expired, oldest first.
    pub revocations: Vec<Revocation>,
    /// Where the next page begins. Nothing that is not in this page or an earlier one will ever
    /// appear at this place or before it.
    pub position: LogPosition,
    /// Is there more to read now?
    pub is_last: bool,
    /// The store's time.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_one_spelling() {
        for sequence in [0, 1, 42, i64::MAX] {
            let position = LogPosition {
                log: LogId::draw(),
                sequence,
            };
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for text in [
            "",
            "-",
            "7",
            "00000000000000ff",
            "00000000000000ff-",
            "00000000000000ff--1",
            "00000000000000ff-+1",
            "00000000000000ff-01",
            "00000000000000FF-1",
            "ff-1",
            "00000000000000ff-9223372036854775808",
            "00000000000000ff-1 ",
        ] {
            assert!(text.parse::<LogPosition>().is_err(), "{text}");
        }
        assert_ne!(LogId::draw(), LogId::draw());
    }
}
