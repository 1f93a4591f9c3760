//! Reading the log of revocations. Every process that ended sessions held the write lock from before
//! it drew a sequence until its commit, so what is missing before an entry will never come.

use hardtack_core::{SessionId, Timestamp};
use rusqlite::{Connection, params};

use super::super::Failure;
use crate::{LogId, LogPosition, Revocation, RevocationPage};

pub(super) fn page(
    connection: &Connection,
    log: LogId,
    after: Option<LogPosition>,
    limit: u32,
    now: Timestamp,
) -> Result<RevocationPage, Failure> {
    // Read before the entries: what is committed in between is then in the page, and not skipped.
    let newest: i64 = connection
        .prepare_cached(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'revocations'), 0)",
        )?
        .query_row([], |row| row.get(0))?;
    let after = after
        .filter(|after| after.log == log && after.sequence <= newest)
        .map_or(0, |after| after.sequence);
    let limit = limit.max(1);
    let mut statement = connection.prepare_cached(
        "SELECT seq, sid, expires_at FROM revocations
         WHERE seq > ?2 AND ?1 < expires_at ORDER BY seq LIMIT ?3",
    )?;
    let revocations: Vec<_> = statement
        .query_map(params![now.unix_micros(), after, limit], |row| {
            Ok(Revocation {
                sequence: row.get(0)?,
                session: SessionId::from_bytes(row.get(1)?),
                expires_at: Timestamp::from_unix_micros(row.get(2)?),
            })
        })?
        .collect::<Result<_, _>>()?;
    let is_last = u32::try_from(revocations.len()).is_ok_and(|count| count < limit);
    let read_to = revocations.last().map_or(after, |last| last.sequence);
    Ok(RevocationPage {
        position: LogPosition {
            log,
            sequence: if is_last {
                read_to.max(newest)
            } else {
                read_to
            },
        },
        revocations,
        is_last,
        now,
    })
}
