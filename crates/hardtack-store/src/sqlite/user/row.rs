//! What a user's row says. A row that fits no state is [`Failure::Corrupt`], never a default.

use hardtack_core::user::{EmailAddress, PasswordVersion, User, UserState, Username};
use hardtack_core::{Timestamp, UserId};
use rusqlite::{Connection, Row};

use super::super::Failure;
use crate::UserWithPassword;

/// The columns of a user, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, username, email, first_name, last_name, state, password_version, created_at, \
         last_login_at, password_hash, email_verified_at, language"
    };
}

pub(super) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = ?1");

/// Names and addresses share one space, so one row at most has the name in either place.
pub(super) const BY_NAME_OR_EMAIL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE username_canonical = ?1 OR email_canonical = ?1"
);

pub(super) const BY_EMAIL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE email_canonical = ?1"
);

/// Those with a greater number, in order.
pub(super) const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users WHERE id > ?1 ORDER BY id LIMIT ?2"
);

pub(in super::super) const fn state_code(state: UserState) -> i64 {
    match state {
        UserState::Active => 0,
        UserState::Disabled => 1,
    }
}

/// What a user's state is, given its column.
pub(in super::super) fn parse_state(code: i64) -> Result<UserState, Failure> {
    match code {
        0 => Ok(UserState::Active),
        1 => Ok(UserState::Disabled),
        _ => Err(Failure::Corrupt(format!("a user's state is {code}"))),
    }
}

pub(super) fn read(row: &Row<'_>) -> Result<UserWithPassword, Failure> {
    Ok(UserWithPassword {
        user: User {
            id: UserId::new(row.get(0)?),
            username: Username::from_stored(row.get(1)?),
            email: EmailAddress::from_stored(row.get(2)?),
            email_verified_at: row
                .get::<_, Option<i64>>(10)?
                .map(Timestamp::from_unix_micros),
            language: row.get(11)?,
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
pub(super) fn find(
    connection: &Connection,
    sql: &str,
    key: impl rusqlite::ToSql,
) -> Result<Option<UserWithPassword>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(read).transpose()
}

/// The user numbered `id`.
pub(in super::super) fn find_by_id(
    connection: &Connection,
    id: UserId,
) -> Result<Option<UserWithPassword>, Failure> {
    find(connection, BY_ID, id.as_i64())
}
