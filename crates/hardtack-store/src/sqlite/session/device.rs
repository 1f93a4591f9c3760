//! Which devices a user has logged in with, and the sessions that show them.

use hardtack_core::UserId;
use hardtack_core::session::NewSession;
use rusqlite::{Connection, params};

use super::super::Failure;
use super::row;
use crate::HeldSession;

/// Whether others are known and this one is not.
pub(super) fn remember(connection: &Connection, new: &NewSession) -> Result<bool, Failure> {
    let others_are_known: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM known_devices WHERE user_id = ?1)")?
        .query_row([new.user.as_i64()], |row| row.get(0))?;
    let added = connection
        .prepare_cached(
            "INSERT INTO known_devices (user_id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![new.user.as_i64(), new.device.name()])?;
    Ok(others_are_known && added > 0)
}

/// Forgets where a deleted user's sessions were opened.
pub(in super::super) fn forget(connection: &Connection, user: UserId) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "DELETE FROM devices WHERE session IN (SELECT id FROM sessions WHERE user_id = ?1)",
        )?
        .execute([user.as_i64()])?;
    Ok(())
}

/// Names of the devices that `user` has logged in with, in order.
pub(in super::super) fn known(
    connection: &Connection,
    user: UserId,
) -> Result<Vec<String>, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT name FROM known_devices WHERE user_id = ?1 ORDER BY name")?;
    let names = statement.query_map([user.as_i64()], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Every session of `user`, alive or not, newest first.
pub(in super::super) fn held(
    connection: &Connection,
    user: UserId,
) -> Result<Vec<HeldSession>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT sid, user_id, created_at, last_seen_at, idle_timeout, ends_at, address, user_agent,
             remember_me, revoked_at, revoke_reason
         FROM sessions JOIN devices ON session = id WHERE user_id = ?1
         ORDER BY created_at DESC, sid",
    )?;
    statement
        .query_and_then([user.as_i64()], |columns| {
            let reason: Option<String> = columns.get(10)?;
            Ok(HeldSession {
                session: row::session(columns)?,
                ended: row::parse_ended(columns.get(9)?, reason.as_deref())?,
            })
        })?
        .collect()
}
