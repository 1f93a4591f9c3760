//! Users in SQLite.

use std::time::Duration;

use hardtack_core::one_time_code::CodePurpose;
use hardtack_core::session::NewSession;
use hardtack_core::user::{
    CanonicalName, EmailAddress, LoginName, PasswordVersion, User, UserState,
};
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Failure, Shape, SqliteStore, code, outbox, session};
use crate::{
    Holdings, NameTaken, NewPassword, NewUser, PasswordChange, ProfileChange, Revoke, StoreError,
    UserStore, UserWithPassword,
};

mod password;
mod row;

pub(super) use password::replace as replace_password;
pub(super) use row::{find_by_id, parse_state, state_code};

/// Whether another user has the name, or an address of theirs is kept for them by a way back.
pub(super) fn is_taken(
    connection: &Connection,
    name: &CanonicalName,
    by_other_than: Option<UserId>,
    now: Timestamp,
) -> Result<bool, Failure> {
    holder_of(connection, name, by_other_than, now).map(|holder| holder.is_some())
}

/// The other user who has the name, or for whom an address is kept by a way back.
pub(super) fn holder_of(
    connection: &Connection,
    name: &CanonicalName,
    other_than: Option<UserId>,
    now: Timestamp,
) -> Result<Option<UserId>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id FROM users
         WHERE (username_canonical = ?1 OR email_canonical = ?1) AND id IS NOT ?2
         UNION ALL
         SELECT user_id FROM codes
         WHERE address_canonical = ?1 AND purpose = ?4 AND ?3 < ends_at AND user_id IS NOT ?2",
    )?;
    let holder: Option<i64> = statement
        .query_row(
            params![
                name.as_str(),
                other_than.map(UserId::as_i64),
                now.unix_micros(),
                CodePurpose::RevertEmail.code(),
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(holder.map(UserId::new))
}

/// Adds a user; whether the address is verified is the caller's to say.
pub(super) fn insert(
    connection: &Connection,
    new: NewUser,
    language: Option<String>,
    email_verified_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Result<User, NameTaken>, Failure> {
    let username = new.username.canonical();
    let email = new.email.canonical();
    if is_taken(connection, &username, None, now)? {
        return Ok(Err(NameTaken::Username));
    }
    if let Some(email) = &email
        && is_taken(connection, email, None, now)?
    {
        return Ok(Err(NameTaken::Email));
    }
    let version = PasswordVersion::default();
    connection
        .prepare_cached(
            "INSERT INTO users (username, username_canonical, email, email_canonical, first_name,
                 last_name, password_hash, password_version, state, created_at, language,
                 email_verified_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            new.username.as_str(),
            username.as_str(),
            new.email.as_str(),
            email.as_ref().map(CanonicalName::as_str),
            new.first_name,
            new.last_name,
            new.password_hash,
            version.0,
            state_code(UserState::Active),
            now.unix_micros(),
            language,
            email_verified_at.map(Timestamp::unix_micros),
        ])?;
    Ok(Ok(User {
        id: UserId::new(connection.last_insert_rowid()),
        username: new.username,
        email: new.email,
        email_verified_at,
        language,
        first_name: new.first_name,
        last_name: new.last_name,
        state: UserState::Active,
        password_version: version,
        created_at: now,
        last_login_at: None,
    }))
}

fn change_profile(
    connection: &Connection,
    id: UserId,
    change: ProfileChange,
    now: Timestamp,
) -> Result<Option<Result<User, NameTaken>>, Failure> {
    let Some(found) = find_by_id(connection, id)? else {
        return Ok(None);
    };
    let is_renamed = change.username.is_some();
    let user = User {
        username: change.username.unwrap_or(found.user.username),
        first_name: change.first_name.unwrap_or(found.user.first_name),
        last_name: change.last_name.unwrap_or(found.user.last_name),
        ..found.user
    };
    let canonical = user.username.canonical();
    if is_renamed && is_taken(connection, &canonical, Some(id), now)? {
        return Ok(Some(Err(NameTaken::Username)));
    }
    connection
        .prepare_cached(
            "UPDATE users SET username = ?2, username_canonical = ?3, first_name = ?4,
                 last_name = ?5
             WHERE id = ?1",
        )?
        .execute(params![
            id.as_i64(),
            user.username.as_str(),
            canonical.as_str(),
            user.first_name,
            user.last_name,
        ])?;
    Ok(Some(Ok(user)))
}

/// Gives the user another address, which is verified.
pub(super) fn change_email(
    connection: &Connection,
    id: UserId,
    to: &EmailAddress,
    now: Timestamp,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE users SET email = ?2, email_canonical = ?3, email_verified_at = ?4
             WHERE id = ?1",
        )?
        .execute(params![
            id.as_i64(),
            to.as_str(),
            to.canonical().as_ref().map(CanonicalName::as_str),
            now.unix_micros(),
        ])?;
    Ok(())
}

fn holdings(
    connection: &Connection,
    id: UserId,
    now: Timestamp,
) -> Result<Option<Holdings>, Failure> {
    // Several statements that must speak of one moment.
    let connection = &connection.unchecked_transaction()?;
    let Some(found) = find_by_id(connection, id)? else {
        return Ok(None);
    };
    Ok(Some(Holdings {
        sessions: session::held(connection, id)?,
        known_devices: session::known_devices(connection, id)?,
        codes: code::held(connection, &found.user, now)?,
        mails: outbox::of_user(connection, id)?,
        user: found.user,
    }))
}

impl UserStore for SqliteStore {
    async fn find_user(&self, id: UserId) -> Result<Option<UserWithPassword>, StoreError> {
        self.readers
            .look_up(move |connection, _| find_by_id(connection, id))
            .await
    }

    async fn find_user_by_login(
        &self,
        name: &LoginName,
    ) -> Result<Option<UserWithPassword>, StoreError> {
        let (sql, name) = match name {
            LoginName::NameOrEmail(name) => (row::BY_NAME_OR_EMAIL, name.clone()),
            LoginName::Email(name) => (row::BY_EMAIL, name.clone()),
        };
        self.readers
            .look_up(move |connection, _| row::find(connection, sql, name.as_str()))
            .await
    }

    async fn list_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::as_i64);
        self.readers
            .list(move |connection, _| {
                let mut statement = connection.prepare_cached(row::PAGE)?;
                statement
                    .query_and_then(params![after, limit], |row| Ok(row::read(row)?.user))?
                    .collect()
            })
            .await
    }

    async fn insert_user(&self, user: NewUser) -> Result<Result<User, NameTaken>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                let verified_at = (!user.email.is_none()).then_some(now);
                insert(connection, user, None, verified_at, now)
            })
            .await
    }

    async fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> Result<Option<Result<User, NameTaken>>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                change_profile(connection, id, change, now)
            })
            .await
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        version: PasswordVersion,
        hash: String,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, _| {
                let mut statement = connection.prepare_cached(
                    "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND password_version = ?2",
                )?;
                Ok(statement.execute(params![id.as_i64(), version.0, hash])? == 1)
            })
            .await
    }

    async fn change_password(
        &self,
        new: NewPassword,
        successor: Option<NewSession>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<PasswordChange, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                password::change(connection, &new, successor, revoke, window, now)
            })
            .await
    }

    async fn set_language(&self, id: UserId, language: Option<String>) -> Result<bool, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, _| {
                let mut statement =
                    connection.prepare_cached("UPDATE users SET language = ?2 WHERE id = ?1")?;
                Ok(statement.execute(params![id.as_i64(), language])? == 1)
            })
            .await
    }

    async fn find_holdings(&self, id: UserId) -> Result<Option<Holdings>, StoreError> {
        self.readers
            .list(move |connection, now| holdings(connection, id, now))
            .await
    }

    async fn set_user_state(
        &self,
        id: UserId,
        state: UserState,
        revoke: Revoke,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                let changed = connection
                    .prepare_cached("UPDATE users SET state = ?2 WHERE id = ?1")?
                    .execute(params![id.as_i64(), state_code(state)])?;
                match state {
                    _ if changed == 0 => Ok(None),
                    UserState::Active => Ok(Some(Vec::new())),
                    UserState::Disabled => {
                        code::void_all_but_ways_back(connection, id)?;
                        session::revoke_all(connection, id, None, revoke, now).map(Some)
                    }
                }
            })
            .await
    }

    async fn delete_user(
        &self,
        id: UserId,
        revoke: Revoke,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                let deleted = connection
                    .prepare_cached("DELETE FROM users WHERE id = ?1")?
                    .execute([id.as_i64()])?;
                if deleted == 0 {
                    return Ok(None);
                }
                // Their codes, mails and known devices went with the row.
                let ended = session::revoke_all(connection, id, None, revoke, now)?;
                session::forget_devices(connection, id)?;
                Ok(Some(ended))
            })
            .await
    }
}
