//! What a code's row says, and how rows come and go.

use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::user::{CanonicalName, EmailAddress, PasswordVersion, User};
use hardtack_core::{Timestamp, UserId};
use rusqlite::{Connection, Params, Row, params};

use super::super::{Failure, outbox, user};
use crate::code::CodeRow;

/// The columns of a code, in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, code, purpose, hash, user_id, password_version, address, created_at, ends_at"
    };
}

/// A code with its number, which tells which of two is older.
pub(super) struct Numbered {
    pub(super) number: i64,
    pub(super) row: CodeRow,
}

/// A code that is good, with its user as they are now; an invitation has none.
pub(super) struct Good {
    pub(super) number: i64,
    pub(super) row: CodeRow,
    pub(super) user: Option<User>,
}

fn read(row: &Row<'_>) -> Result<Numbered, Failure> {
    let purpose: String = row.get(2)?;
    let purpose = CodePurpose::from_code(&purpose)
        .ok_or_else(|| Failure::Corrupt(format!("a code's purpose is {purpose:?}")))?;
    Ok(Numbered {
        number: row.get(0)?,
        row: CodeRow {
            id: CodeId::from_bytes(row.get(1)?),
            purpose,
            hash: CodeHash::from_bytes(row.get(3)?),
            user: row.get::<_, Option<i64>>(4)?.map(UserId::new),
            password_version: PasswordVersion(row.get(5)?),
            address: EmailAddress::from_stored(row.get(6)?),
            created_at: Timestamp::from_unix_micros(row.get(7)?),
            ends_at: Timestamp::from_unix_micros(row.get(8)?),
        },
    })
}

fn find(
    connection: &Connection,
    sql: &str,
    key: impl Params,
    now: Timestamp,
) -> Result<Option<Good>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(key)?;
    let Some(Numbered { number, row }) = rows.next()?.map(read).transpose()? else {
        return Ok(None);
    };
    let user = match row.user {
        Some(id) => user::find_by_id(connection, id)?.map(|found| found.user),
        None => None,
    };
    let is_good = row.is_good(user.as_ref(), now);
    Ok(is_good.then_some(Good { number, row, user }))
}

/// The code that is presented, if it is good.
pub(super) fn good(
    connection: &Connection,
    code: &PresentedCode,
    now: Timestamp,
) -> Result<Option<Good>, Failure> {
    const BY_HASH: &str = concat!("SELECT ", columns!(), " FROM codes WHERE hash = ?1");
    let found = find(connection, BY_HASH, [code.hash.as_bytes()], now)?;
    Ok(found.filter(|found| found.row.is_shown_by(code)))
}

/// Is the code of that name good?
pub(in super::super) fn is_good(
    connection: &Connection,
    id: CodeId,
    now: Timestamp,
) -> Result<bool, Failure> {
    const BY_NAME: &str = concat!("SELECT ", columns!(), " FROM codes WHERE code = ?1");
    Ok(find(connection, BY_NAME, [id.as_bytes()], now)?.is_some())
}

/// The codes of a user, oldest first.
pub(super) fn of_user(connection: &Connection, user: UserId) -> Result<Vec<Numbered>, Failure> {
    const OF_USER: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM codes WHERE user_id = ?1 ORDER BY id"
    );
    let mut statement = connection.prepare_cached(OF_USER)?;
    statement.query_and_then([user.as_i64()], read)?.collect()
}

pub(super) fn insert(
    connection: &Connection,
    code: &NewCode,
    user: Option<&User>,
    to: &EmailAddress,
    now: Timestamp,
) -> Result<(), Failure> {
    let row = CodeRow::new(code, user, to.clone(), now);
    connection
        .prepare_cached(
            "INSERT INTO codes (code, hash, purpose, user_id, password_version, address,
                 address_canonical, created_at, ends_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            row.id.as_bytes(),
            row.hash.as_bytes(),
            row.purpose.code(),
            row.user.map(UserId::as_i64),
            row.password_version.0,
            row.address.as_str(),
            row.address.canonical().as_ref().map(CanonicalName::as_str),
            row.created_at.unix_micros(),
            row.ends_at.unix_micros(),
        ])?;
    Ok(())
}

/// Deletes a code, and mails that carry it.
pub(super) fn delete(connection: &Connection, code: &Numbered) -> Result<(), Failure> {
    delete_row(connection, code.number, code.row.id)
}

/// Likewise, one that was good.
pub(super) fn spend(connection: &Connection, code: &Good) -> Result<(), Failure> {
    delete_row(connection, code.number, code.row.id)
}

fn delete_row(connection: &Connection, number: i64, id: CodeId) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM codes WHERE id = ?1")?
        .execute([number])?;
    outbox::forget_code(connection, id)
}

/// Voids those of a user's codes that `is_void` says.
pub(super) fn void(
    connection: &Connection,
    user: UserId,
    is_void: impl Fn(&Numbered) -> bool,
) -> Result<(), Failure> {
    for code in of_user(connection, user)? {
        if is_void(&code) {
            delete(connection, &code)?;
        }
    }
    Ok(())
}

/// Voids older invitations for that address.
pub(super) fn void_invitations(connection: &Connection, to: &EmailAddress) -> Result<(), Failure> {
    const OF_ADDRESS: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM codes WHERE address_canonical = ?1 AND user_id IS NULL"
    );
    let Some(canonical) = to.canonical() else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(OF_ADDRESS)?;
    let older: Vec<_> = statement
        .query_and_then([canonical.as_str()], read)?
        .collect::<Result<_, _>>()?;
    older.iter().try_for_each(|code| delete(connection, code))
}
