//! Users who move in, in SQLite.

use hardtack_core::user::CanonicalName;
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::user::{find_by_id, holder_of, replace_password, state_code};
use super::{Failure, Shape, SqliteStore, code, session};
use crate::{ImportMode, ImportOutcome, ImportStore, ImportedUser, Revoke, StoreError};

/// The user whom the import means, if they are there; or why it cannot be them.
fn find_present(
    connection: &Connection,
    user: &ImportedUser,
    username: &CanonicalName,
) -> Result<Result<Option<UserId>, ImportOutcome>, Failure> {
    let Some(id) = user.id else {
        let mut statement =
            connection.prepare_cached("SELECT id FROM users WHERE username_canonical = ?1")?;
        let id: Option<i64> = statement
            .query_row([username.as_str()], |row| row.get(0))
            .optional()?;
        return Ok(Ok(id.map(UserId::new)));
    };
    match find_by_id(connection, id)? {
        Some(found) if found.user.username.canonical() != *username => {
            Ok(Err(ImportOutcome::NumberTaken {
                by: found.user.username,
            }))
        }
        found => Ok(Ok(found.map(|found| found.user.id))),
    }
}

fn import(
    connection: &Connection,
    user: &ImportedUser,
    mode: ImportMode,
    now: Timestamp,
) -> Result<ImportOutcome, Failure> {
    let username = user.username.canonical();
    let present = match find_present(connection, user, &username)? {
        Ok(present) => present,
        Err(refused) => return Ok(refused),
    };
    if let Some(id) = present
        && !matches!(
            mode,
            ImportMode::Replace(_) | ImportMode::Rehearse { replace: true }
        )
    {
        return Ok(ImportOutcome::Present(id));
    }
    if let Some(by) = holder_of(connection, &username, present, now)? {
        return Ok(ImportOutcome::UsernameTaken { by });
    }
    let email = user.email.canonical();
    if let Some(email) = &email
        && let Some(by) = holder_of(connection, email, present, now)?
    {
        return Ok(ImportOutcome::EmailTaken { by });
    }
    match (mode, present) {
        (ImportMode::Replace(revoke), Some(id)) => {
            let ended = replace(connection, id, user, revoke, now)?;
            Ok(ImportOutcome::Replaced { id, ended })
        }
        (ImportMode::Rehearse { .. }, Some(id)) => Ok(ImportOutcome::Replaced {
            id,
            ended: Vec::new(),
        }),
        (ImportMode::Rehearse { .. }, None) => {
            let next = user.id.map_or_else(|| next_number(connection), Ok)?;
            Ok(ImportOutcome::Added(next))
        }
        _ => add(connection, user, now).map(ImportOutcome::Added),
    }
}

/// The number that would be given next.
fn next_number(connection: &Connection) -> Result<UserId, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'users'")?;
    let last: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(UserId::new(last.unwrap_or(0) + 1))
}

fn add(connection: &Connection, user: &ImportedUser, now: Timestamp) -> Result<UserId, Failure> {
    if let Some(id) = user.id {
        session::forget(connection, id)?;
    }
    // A number of one's own moves AUTOINCREMENT's along.
    connection
        .prepare_cached(
            "INSERT INTO users (id, username, username_canonical, email, email_canonical,
                 email_verified_at, first_name, last_name, password_hash, password_version, state,
                 created_at, last_login_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12)",
        )?
        .execute(params![
            user.id.map(UserId::as_i64),
            user.username.as_str(),
            user.username.canonical().as_str(),
            user.email.as_str(),
            user.email.canonical().as_ref().map(CanonicalName::as_str),
            email_verified_at(user, now),
            user.first_name,
            user.last_name,
            user.password_hash,
            state_code(user.state),
            user.created_at.unwrap_or(now).unix_micros(),
            user.last_login_at.map(Timestamp::unix_micros),
        ])?;
    Ok(UserId::new(connection.last_insert_rowid()))
}

fn replace(
    connection: &Connection,
    id: UserId,
    user: &ImportedUser,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    connection
        .prepare_cached(
            "UPDATE users SET username = ?2, username_canonical = ?3, email = ?4,
                 email_canonical = ?5, email_verified_at = ?6, first_name = ?7, last_name = ?8,
                 state = ?9, created_at = coalesce(?10, created_at),
                 last_login_at = coalesce(?11, last_login_at)
             WHERE id = ?1",
        )?
        .execute(params![
            id.as_i64(),
            user.username.as_str(),
            user.username.canonical().as_str(),
            user.email.as_str(),
            user.email.canonical().as_ref().map(CanonicalName::as_str),
            email_verified_at(user, now),
            user.first_name,
            user.last_name,
            state_code(user.state),
            user.created_at.map(Timestamp::unix_micros),
            user.last_login_at.map(Timestamp::unix_micros),
        ])?;
    // Whatever a mail still carries was meant for who the user was.
    code::void_all_but_ways_back(connection, id)?;
    replace_password(connection, id, &user.password_hash, revoke, now)
}

fn email_verified_at(user: &ImportedUser, now: Timestamp) -> Option<i64> {
    (user.email_is_verified && !user.email.is_none()).then_some(now.unix_micros())
}

impl ImportStore for SqliteStore {
    async fn import_users(
        &self,
        users: Vec<ImportedUser>,
        mode: ImportMode,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                users
                    .iter()
                    .map(|user| import(connection, user, mode, now))
                    .collect()
            })
            .await
    }
}
