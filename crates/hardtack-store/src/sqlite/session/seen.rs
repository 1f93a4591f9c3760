//! When sessions were last used, as it was gathered between two writes.

use hardtack_core::{SessionId, Timestamp};
use rusqlite::params;

use super::super::Failure;
use super::super::desk::Desk;

static SEEN: &str = concat!(
    "UPDATE sessions SET last_seen_at = ?3 WHERE sid = ?2 AND last_seen_at < ?3 AND ",
    alive!(),
    " AND ",
    standing!()
);

/// Moves the last use of each session forward, where it is alive.
pub(super) fn note(
    desk: &Desk<'_>,
    seen: &[(SessionId, Timestamp)],
    now: Timestamp,
) -> Result<(), Failure> {
    Ok(desk.with_kept(SEEN, |statement| {
        for (session, seen_at) in seen {
            statement.execute(params![
                now.unix_micros(),
                session.as_bytes(),
                // A node whose clock is ahead says nothing about the time to come.
                (*seen_at).min(now).unix_micros(),
            ])?;
        }
        Ok(())
    })?)
}
