//! New passwords, and what ends with the old one.

use std::time::Duration;

use hardtack_core::session::NewSession;
use hardtack_core::user::{PasswordVersion, UserState};
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Failure, code, outbox, session};
use super::row::state_code;
use crate::{NewPassword, PasswordChange, Revoke};

/// Sets a password, ends every session and voids what ends with a password. `None` when the guards
/// (a password in force, a state) do not hold, and nothing is changed then.
fn set(
    connection: &Connection,
    user: UserId,
    hash: &str,
    version: Option<PasswordVersion>,
    state: Option<UserState>,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Option<(PasswordVersion, Vec<SessionId>)>, Failure> {
    // Counting goes round instead of over the edge: no session lives through four billion changes.
    let mut statement = connection.prepare_cached(
        "UPDATE users SET password_hash = ?2, password_version = (password_version + 1) & 4294967295
         WHERE id = ?1 AND (?3 IS NULL OR password_version = ?3) AND (?4 IS NULL OR state = ?4)
         RETURNING password_version",
    )?;
    let version: Option<u32> = statement
        .query_row(
            params![
                user.as_i64(),
                hash,
                version.map(|version| version.0),
                state.map(state_code),
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(version) = version else {
        return Ok(None);
    };
    code::void_what_ends_with_password(connection, user)?;
    let ended = session::revoke_all(connection, user, None, revoke, now)?;
    Ok(Some((PasswordVersion(version), ended)))
}

/// Sets a password whose right was shown already.
pub(in super::super) fn replace(
    connection: &Connection,
    user: UserId,
    hash: &str,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    let set = set(connection, user, hash, None, None, revoke, now)?;
    Ok(set.map_or_else(Vec::new, |(_, ended)| ended))
}

pub(super) fn change(
    connection: &Connection,
    new: &NewPassword,
    successor: Option<NewSession>,
    revoke: Revoke,
    window: Duration,
    now: Timestamp,
) -> Result<PasswordChange, Failure> {
    // A session is opened for active users only: one opened after the user was switched off would
    // live once they are switched on again.
    let state = successor.as_ref().map(|_| UserState::Active);
    let set = set(
        connection,
        new.user,
        &new.hash,
        new.version,
        state,
        revoke,
        now,
    )?;
    let Some((password_version, ended)) = set else {
        return Ok(PasswordChange::Superseded);
    };
    let successor = match successor {
        Some(successor) => Some(session::open(
            connection,
            &NewSession {
                user: new.user,
                password_version,
                ..successor
            },
            window,
            now,
        )?),
        None => None,
    };
    outbox::queue(connection, &new.mails, now)?;
    Ok(PasswordChange::Changed { ended, successor })
}
