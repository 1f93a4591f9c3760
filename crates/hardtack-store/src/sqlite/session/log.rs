//! Reading the log of revocations. Every process that ended sessions held the write lock from before
//! it drew a sequence until its commit, so what is missing before an entry will never come.

use hardtack_core::{SessionId, Timestamp};
use rusqlite::{Connection, params};

use super::super::Failure;
use crate::{LogId, LogPosition, Revocation, RevocationPage};

/// The first entry that has not expired. Most have, and are kept all the same. The sign before `seq`
/// and `expires_at`, here and below, says which index is of no use.
const FIRST_UNEXPIRED: &str = "SELECT min(+seq) FROM revocations WHERE ?1 < expires_at";

const PAGE: &str = "SELECT seq, sid, expires_at FROM revocations
    WHERE seq > ?2 AND ?1 < +expires_at ORDER BY seq LIMIT ?3";

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
    let begin = if after == 0 {
        let first: Option<i64> = connection
            .prepare_cached(FIRST_UNEXPIRED)?
            .query_row([now.unix_micros()], |row| row.get(0))?;
        first.map_or(newest, |first| first.saturating_sub(1))
    } else {
        after
    };
    let mut statement = connection.prepare_cached(PAGE)?;
    let revocations: Vec<_> = statement
        .query_map(params![now.unix_micros(), begin, limit], |row| {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hardtack_core::SettableClock;

    use super::super::purge::OLD_REVOCATIONS;
    use super::*;
    use crate::SqliteStore;

    /// A week of expired entries may be a million rows: none of these looks through them.
    #[test]
    fn expired_entries_are_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hardtack.db");
        let clock = SettableClock::new(Timestamp::from_unix_seconds(1_700_000_000));
        let store = SqliteStore::open(&path, Arc::new(clock)).unwrap();
        let connection = Connection::open(&path).unwrap();
        let by_expiry = "USING COVERING INDEX revocations_by_expiry";
        let by_place = "SEARCH revocations USING INTEGER PRIMARY KEY (rowid>?)";
        for (sql, plan) in [
            (FIRST_UNEXPIRED, by_expiry),
            (PAGE, by_place),
            (OLD_REVOCATIONS, by_expiry),
        ] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let values = [1].repeat(statement.parameter_count());
            let steps: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(values), |row| row.get("detail"))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert!(
                steps.iter().any(|step| step.contains(plan)),
                "{sql}: {steps:?}"
            );
            let bad = ["SCAN", "TEMP B-TREE"];
            let whole = |step: &&String| bad.iter().any(|word| step.contains(word));
            assert_eq!(steps.iter().find(whole), None, "{sql}");
        }
        store.close();
    }
}
