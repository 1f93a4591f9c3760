//! The audit trail in SQLite.

use std::time::Duration;

use hardtack_core::audit::AuditEntry;
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Row, params};

use super::{Failure, Shape, SqliteStore, micros};
use crate::{AuditFilter, AuditPlace, AuditStore, StoreError};

/// Rows deleted in one act, so that nobody waits long behind it.
const DELETE_AT_MOST: u32 = 1_000;

/// A page. Wherever this stands, `?1` and `?2` are the place that it begins behind, `?3` the time
/// that it begins at, and `?4` the most rows.
macro_rules! page {
    ($condition:literal) => {
        concat!(
            "SELECT id, at, event, user_id, sid, address, reason FROM audit
             WHERE (at, id) > (?1, ?2) AND at >= ?3",
            $condition,
            " ORDER BY at, id LIMIT ?4"
        )
    };
}

const OF_ALL: &str = page!("");
const OF_USER: &str = page!(" AND user_id = ?5");

fn read(row: &Row<'_>) -> rusqlite::Result<(AuditPlace, AuditEntry)> {
    let at = Timestamp::from_unix_micros(row.get(1)?);
    let place = AuditPlace {
        at,
        number: row.get(0)?,
    };
    let entry = AuditEntry {
        at,
        event: row.get(2)?,
        user: row.get::<_, Option<i64>>(3)?.map(UserId::new),
        session: row.get::<_, Option<_>>(4)?.map(SessionId::from_bytes),
        address: row.get(5)?,
        reason: row.get(6)?,
    };
    Ok((place, entry))
}

impl AuditStore for SqliteStore {
    async fn insert_audit(&self, entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        self.writer
            .act(Shape::Several, move |connection, _| {
                let mut statement = connection.prepare_cached(
                    "INSERT INTO audit (at, event, user_id, sid, address, reason)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                for entry in entries {
                    statement.execute(params![
                        entry.at.unix_micros(),
                        entry.event,
                        entry.user.map(UserId::as_i64),
                        entry.session.as_ref().map(SessionId::as_bytes),
                        entry.address,
                        entry.reason,
                    ])?;
                }
                Ok(())
            })
            .await
    }

    async fn list_audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditPlace>,
        limit: u32,
    ) -> Result<Vec<(AuditPlace, AuditEntry)>, StoreError> {
        self.readers
            .list(move |connection, _| {
                let (at, number) = after.map_or((i64::MIN, i64::MIN), |place| {
                    (place.at.unix_micros(), place.number)
                });
                let since = filter.since.map_or(i64::MIN, Timestamp::unix_micros);
                let rows = match filter.user {
                    None => connection
                        .prepare_cached(OF_ALL)?
                        .query_map(params![at, number, since, limit], read)?
                        .collect::<Result<_, _>>(),
                    Some(user) => connection
                        .prepare_cached(OF_USER)?
                        .query_map(params![at, number, since, limit, user.as_i64()], read)?
                        .collect::<Result<_, _>>(),
                };
                Ok::<_, Failure>(rows?)
            })
            .await
    }

    async fn purge_audit(&self, kept_for: Duration) -> Result<u64, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, now| {
                let oldest = now.unix_micros().saturating_sub(micros(kept_for));
                let deleted = connection
                    .prepare_cached(
                        "DELETE FROM audit WHERE id IN
                             (SELECT id FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
                    )?
                    .execute(params![oldest, DELETE_AT_MOST])?;
                Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
            })
            .await
    }
}
