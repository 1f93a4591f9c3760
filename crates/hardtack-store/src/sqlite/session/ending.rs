//! What ends sessions before their time. The end and its entry in the log are one commit.

use std::num::NonZeroU32;

use hardtack_core::session::RevokeReason;
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, ToSql, params};

use super::super::{Failure, micros};
use super::remembrance;
use crate::Revoke;

/// Ends one session, if it is alive, and says whose it was.
pub(super) fn revoke(
    connection: &Connection,
    session: SessionId,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Option<UserId>, Failure> {
    let ended = connection
        .prepare_cached(concat!(
            "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?3 WHERE sid = ?2 AND ",
            alive!(),
            " RETURNING max(last_seen_at, anchor_at), user_id"
        ))?
        .query_map(
            params![now.unix_micros(), session.as_bytes(), revoke.reason.code()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .next()
        .transpose()?;
    let Some((last_issued_at, user)) = ended else {
        return Ok(None);
    };
    let last_issued_at = Timestamp::from_unix_micros(last_issued_at).max(now);
    remember(connection, session, revoke, last_issued_at)?;
    Ok(Some(UserId::new(user)))
}

/// Writes the log that other processes poll. `last_issued_at` is when the session's last access
/// token may have been issued: that is not now if the clock stepped back since, and an entry that
/// expired before the token would bring the token back to life. It is the later of the last use and
/// the anchor, for a refresh in the background is no use and yet hands out a token.
fn remember(
    connection: &Connection,
    session: SessionId,
    revoke: Revoke,
    last_issued_at: Timestamp,
) -> Result<(), Failure> {
    let expires_at = last_issued_at + remembrance::at_least(connection, revoke.remembered_for)?;
    connection
        .prepare_cached("INSERT INTO revocations (sid, expires_at) VALUES (?1, ?2)")?
        .execute(params![session.as_bytes(), expires_at.unix_micros()])?;
    Ok(())
}

/// Two statements that end all sessions of which `$which` is true: `?1` is the present time, `?2` what
/// is spared, `?3` the user.
macro_rules! end_where {
    ($which:expr) => {
        EndTogether {
            // As in `remember`, for each; nothing adds up to more than the last moment there is.
            log: concat!(
                "INSERT INTO revocations (sid, expires_at)
                 SELECT sid, max(last_seen_at, anchor_at, ?1)
                     + min(?4, 9223372036854775807 - max(last_seen_at, anchor_at, ?1))
                 FROM sessions WHERE ",
                $which,
                " ORDER BY id"
            ),
            end: concat!(
                "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?4 WHERE ",
                $which,
                " RETURNING sid"
            ),
        }
    };
}

/// Ends many sessions in as many statements as for one: somebody has ten thousand of them, and
/// everybody else waits for the writer meanwhile.
struct EndTogether {
    log: &'static str,
    end: &'static str,
}

impl EndTogether {
    fn run(
        self,
        connection: &Connection,
        spared: &dyn ToSql,
        user: UserId,
        revoke: Revoke,
        now: Timestamp,
    ) -> Result<Vec<SessionId>, Failure> {
        let (now, user) = (now.unix_micros(), user.as_i64());
        let remembered_for = micros(remembrance::at_least(connection, revoke.remembered_for)?);
        let count = connection.prepare_cached(self.log)?.execute(params![
            now,
            spared,
            user,
            remembered_for
        ])?;
        if count == 0 {
            return Ok(Vec::new());
        }
        connection
            .prepare_cached(self.end)?
            .query_and_then(params![now, spared, user, revoke.reason.code()], |row| {
                Ok(SessionId::from_bytes(row.get(0)?))
            })?
            .collect()
    }
}

/// Ends every session of a user but `except`.
pub(in super::super) fn revoke_all(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    let except = except.as_ref().map(SessionId::as_bytes);
    end_where!(concat!("user_id = ?3 AND sid IS NOT ?2 AND ", alive!()))
        .run(connection, &except, user, revoke, now)
}

/// Deletes what is left of the sessions of a deleted user, whose number is given anew: what ran out
/// under them was never ended, and would be the next one's.
pub(in super::super) fn forget(connection: &Connection, user: UserId) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM sessions WHERE user_id = ?1")?
        .execute([user.as_i64()])?;
    Ok(())
}

/// Ends the sessions of `user` that were idle longest, so that with one more there are `limit`.
pub(super) fn make_room(
    connection: &Connection,
    user: UserId,
    limit: NonZeroU32,
    because: Revoke,
    now: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    let because = Revoke {
        reason: RevokeReason::Limit,
        ..because
    };
    end_where!(concat!(
        "id IN (SELECT id FROM sessions WHERE user_id = ?3 AND ",
        alive!(),
        " AND ",
        standing!(),
        " ORDER BY last_seen_at DESC, created_at DESC, sid DESC LIMIT -1 OFFSET ?2)"
    ))
    .run(connection, &(limit.get() - 1), user, because, now)
}
