//! Users in SQLite.

use std::time::Duration;

use hardtack_core::session::NewSession;
use hardtack_core::user::{
    CanonicalName, EmailAddress, LoginName, PasswordVersion, User, UserState, Username,
};
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Failure, Shape, SqliteStore, session};
use crate::{
    NameTaken, NewUser, PasswordChange, ProfileChange, Revoke, StoreError, UserStore,
    UserWithPassword,
};

/// The columns of a user, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, username, email, first_name, last_name, state, password_version, created_at, \
         last_login_at, password_hash"
    };
}

const BY_ID: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = ?1");

/// Names and addresses share one space, so one row at most has the name in either place.
const BY_NAME_OR_EMAIL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE username_canonical = ?1 OR email_canonical = ?1"
);

const BY_EMAIL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE email_canonical = ?1"
);

const fn state_code(state: UserState) -> i64 {
    match state {
        UserState::Active => 0,
        UserState::Disabled => 1,
    }
}

/// What a user's state is, given its column.
pub(super) fn parse_state(code: i64) -> Result<UserState, Failure> {
    match code {
        0 => Ok(UserState::Active),
        1 => Ok(UserState::Disabled),
        _ => Err(Failure::Corrupt(format!("a user's state is {code}"))),
    }
}

fn read(row: &Row<'_>) -> Result<UserWithPassword, Failure> {
    Ok(UserWithPassword {
        user: User {
            id: UserId::new(row.get(0)?),
            username: Username::from_stored(row.get(1)?),
            email: EmailAddress::from_stored(row.get(2)?),
            first_name: row.get(3)?,
            last_name: row.get(4)?,
            state: parse_state(row.get(5)?)?,
            password_version: PasswordVersion(row.get(6)?),
            created_at: Timestamp::from_unix_micros(row.get(7)?),
            last_login_at: row
                .get::<_, Option<i64>>(8)?
                .map(Timestamp::from_unix_micros),
        },
        password_hash: row.get(9)?,
    })
}

/// The one user that `sql` finds by its one parameter.
fn find(
    connection: &Connection,
    sql: &str,
    key: impl rusqlite::ToSql,
) -> Result<Option<UserWithPassword>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(read).transpose()
}

fn is_taken(
    connection: &Connection,
    name: &CanonicalName,
    by_other_than: Option<UserId>,
) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM users
         WHERE (username_canonical = ?1 OR email_canonical = ?1) AND id IS NOT ?2",
    )?;
    Ok(statement.exists(params![name.as_str(), by_other_than.map(UserId::as_i64)])?)
}

fn insert(
    connection: &Connection,
    new: NewUser,
    now: Timestamp,
) -> Result<Result<User, NameTaken>, Failure> {
    let username = new.username.canonical();
    let email = new.email.canonical();
    if is_taken(connection, &username, None)? {
        return Ok(Err(NameTaken::Username));
    }
    if let Some(email) = &email
        && is_taken(connection, email, None)?
    {
        return Ok(Err(NameTaken::Email));
    }
    let version = PasswordVersion::default();
    connection
        .prepare_cached(
            "INSERT INTO users (username, username_canonical, email, email_canonical, first_name,
                 last_name, password_hash, password_version, state, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
        ])?;
    Ok(Ok(User {
        id: UserId::new(connection.last_insert_rowid()),
        username: new.username,
        email: new.email,
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
) -> Result<Option<Result<User, NameTaken>>, Failure> {
    let Some(found) = find(connection, BY_ID, id.as_i64())? else {
        return Ok(None);
    };
    let user = User {
        username: change.username.unwrap_or(found.user.username),
        first_name: change.first_name.unwrap_or(found.user.first_name),
        last_name: change.last_name.unwrap_or(found.user.last_name),
        ..found.user
    };
    let canonical = user.username.canonical();
    if is_taken(connection, &canonical, Some(id))? {
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

/// A password change as it was asked for.
struct Change {
    id: UserId,
    version: Option<PasswordVersion>,
    hash: String,
    successor: Option<NewSession>,
    revoke: Revoke,
    window: Duration,
}

fn change_password(
    connection: &Connection,
    change: Change,
    now: Timestamp,
) -> Result<PasswordChange, Failure> {
    // Counting goes round instead of over the edge: no session lives through four billion changes.
    let mut statement = connection.prepare_cached(
        "UPDATE users SET password_hash = ?2, password_version = (password_version + 1) & 4294967295
         WHERE id = ?1 AND (?3 IS NULL OR password_version = ?3) AND (?4 IS NULL OR state = ?4)
         RETURNING password_version",
    )?;
    // A session is opened for active users only: one opened after the user was switched off would
    // live once they are switched on again.
    let state = change
        .successor
        .as_ref()
        .map(|_| state_code(UserState::Active));
    let version: Option<u32> = statement
        .query_row(
            params![
                change.id.as_i64(),
                change.hash,
                change.version.map(|version| version.0),
                state,
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(version) = version else {
        return Ok(PasswordChange::Superseded);
    };
    let ended = session::revoke_all(connection, change.id, None, change.revoke, now)?;
    let successor = match change.successor {
        Some(successor) => Some(session::open(
            connection,
            &NewSession {
                user: change.id,
                password_version: PasswordVersion(version),
                ..successor
            },
            change.window,
            now,
        )?),
        None => None,
    };
    Ok(PasswordChange::Changed { ended, successor })
}

impl UserStore for SqliteStore {
    async fn find_user(&self, id: UserId) -> Result<Option<UserWithPassword>, StoreError> {
        self.readers
            .read(move |connection, _| find(connection, BY_ID, id.as_i64()))
            .await
    }

    async fn find_user_by_login(
        &self,
        name: &LoginName,
    ) -> Result<Option<UserWithPassword>, StoreError> {
        let (sql, name) = match name {
            LoginName::NameOrEmail(name) => (BY_NAME_OR_EMAIL, name.clone()),
            LoginName::Email(name) => (BY_EMAIL, name.clone()),
        };
        self.readers
            .read(move |connection, _| find(connection, sql, name.as_str()))
            .await
    }

    async fn list_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(i64::MIN, UserId::as_i64);
        self.readers
            .read(move |connection, _| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT ",
                    columns!(),
                    " FROM users WHERE id > ?1 ORDER BY id LIMIT ?2"
                ))?;
                statement
                    .query_and_then(params![after, limit], |row| Ok(read(row)?.user))?
                    .collect()
            })
            .await
    }

    async fn insert_user(&self, user: NewUser) -> Result<Result<User, NameTaken>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                insert(connection, user, now)
            })
            .await
    }

    async fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> Result<Option<Result<User, NameTaken>>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, _| {
                change_profile(connection, id, change)
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
        id: UserId,
        version: Option<PasswordVersion>,
        hash: String,
        successor: Option<NewSession>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<PasswordChange, StoreError> {
        let change = Change {
            id,
            version,
            hash,
            successor,
            revoke,
            window,
        };
        self.writer
            .act(Shape::Several, move |connection, now| {
                change_password(connection, change, now)
            })
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
                let ended = session::revoke_all(connection, id, None, revoke, now)?;
                session::forget_devices(connection, id)?;
                Ok(Some(ended))
            })
            .await
    }
}
