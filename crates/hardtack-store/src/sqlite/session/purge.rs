//! Forgetting what ended long ago, without an index for it and without holding up the writer.
//!
//! When a session ended is no column but follows from three, one of which moves with every
//! rotation: an index on it would cost every rotation a second write. So the rows are looked
//! through in order of age by a reader, a piece at a time, and only what was found is deleted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::params;

use super::super::{Failure, Shape, SqliteStore, micros};
use crate::StoreError;

/// Rows that one read looks at: a few milliseconds.
const LOOK_AT: u32 = 10_000;

/// Rows that one call deletes at most, of either table: a few milliseconds of the writer.
const DELETE_AT_MOST: u32 = 500;

pub(super) const OLD_REVOCATIONS: &str = "DELETE FROM revocations WHERE seq IN
    (SELECT seq FROM revocations WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

/// What one read found.
struct Piece {
    /// Numbers of sessions that ended long enough ago.
    ended: Vec<i64>,
    /// Where the next piece begins; `None` when there is none.
    next: Option<i64>,
}

pub(super) async fn purge(store: &SqliteStore, kept_for: Duration) -> Result<u64, StoreError> {
    let mut gone = purge_revocations(store, kept_for).await?;
    let started_at = store.purged_to.load(Ordering::Relaxed);
    let mut from = started_at;
    let mut went_round = started_at == 0;
    loop {
        let piece = find_ended(store, from, kept_for).await?;
        let found = !piece.ended.is_empty();
        if found {
            gone += delete_ended(store, piece.ended, kept_for).await?;
        }
        from = match piece.next {
            Some(next) => next,
            None if went_round => break,
            None => {
                went_round = true;
                0
            }
        };
        if found {
            break;
        }
    }
    store.purged_to.store(from, Ordering::Relaxed);
    Ok(gone)
}

async fn purge_revocations(store: &SqliteStore, kept_for: Duration) -> Result<u64, StoreError> {
    store
        .writer
        .act(Shape::OneStatement, move |connection, now| {
            let expired_before = now.unix_micros().saturating_sub(micros(kept_for));
            let mut statement = connection.prepare_cached(OLD_REVOCATIONS)?;
            let deleted = statement.execute(params![expired_before, DELETE_AT_MOST])?;
            Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
        })
        .await
}

/// Looks at the rows after number `from`.
async fn find_ended(
    store: &SqliteStore,
    from: i64,
    kept_for: Duration,
) -> Result<Piece, StoreError> {
    store
        .readers
        .list(move |connection, now| {
            let ended_before = now.unix_micros().saturating_sub(micros(kept_for));
            let mut statement = connection.prepare_cached(
                "SELECT id, coalesce(revoked_at, min(last_seen_at + idle_timeout, ends_at)) < ?1
                 FROM sessions WHERE id > ?2 ORDER BY id LIMIT ?3",
            )?;
            let mut rows = statement.query(params![ended_before, from, LOOK_AT])?;
            let (mut looked_at, mut found, mut last) = (0, 0, from);
            let mut ended = Vec::new();
            while found < DELETE_AT_MOST
                && let Some(row) = rows.next()?
            {
                looked_at += 1;
                last = row.get(0)?;
                if row.get(1)? {
                    found += 1;
                    ended.push(last);
                }
            }
            let is_last = looked_at < LOOK_AT && found < DELETE_AT_MOST;
            Ok(Piece {
                ended,
                next: (!is_last).then_some(last),
            })
        })
        .await
}

/// Deletes those of `ids` that have ended for so long; a number may have changed hands meanwhile.
async fn delete_ended(
    store: &SqliteStore,
    ids: Vec<i64>,
    kept_for: Duration,
) -> Result<u64, StoreError> {
    store
        .writer
        .act(Shape::Several, move |connection, now| {
            let ended_before = now.unix_micros().saturating_sub(micros(kept_for));
            let mut statement = connection.prepare_cached(
                "DELETE FROM sessions WHERE id = ?2
                     AND coalesce(revoked_at, min(last_seen_at + idle_timeout, ends_at)) < ?1",
            )?;
            ids.into_iter().try_fold(0, |gone, id| {
                let deleted = statement.execute(params![ended_before, id])?;
                Ok::<_, Failure>(gone + u64::try_from(deleted).unwrap_or(u64::MAX))
            })
        })
        .await
}
