//! How long the ends of sessions are remembered at least, for every process on the file.

use std::time::Duration;

use hardtack_core::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::{Failure, micros};
use super::row;
use crate::remembrance::Remembrance;

/// Writes nothing when nothing changes, as nearly always.
pub(super) fn note(
    connection: &Connection,
    needed: Duration,
    now: Timestamp,
) -> Result<(), Failure> {
    let kept = find(connection)?;
    let next = Remembrance::after(kept, needed, now);
    if kept != Some(next) {
        connection
            .prepare_cached("INSERT OR REPLACE INTO remembrance VALUES (1, ?1, ?2)")?
            .execute(params![
                micros(next.lasts),
                next.lowered_at.map(Timestamp::unix_micros),
            ])?;
    }
    Ok(())
}

/// `said`, or longer where that was asked for.
pub(super) fn at_least(connection: &Connection, said: Duration) -> Result<Duration, Failure> {
    let asked_for = find(connection)?.map_or(Duration::ZERO, |kept| kept.lasts);
    Ok(said.max(asked_for))
}

fn find(connection: &Connection) -> Result<Option<Remembrance>, Failure> {
    let found: Option<(i64, Option<i64>)> = connection
        .prepare_cached("SELECT lasts, lowered_at FROM remembrance")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((lasts, lowered_at)) = found else {
        return Ok(None);
    };
    Ok(Some(Remembrance {
        lasts: row::parse_duration(lasts)?,
        lowered_at: lowered_at.map(Timestamp::from_unix_micros),
    }))
}
