//! Mails that wait, in SQLite.

use std::time::Duration;

use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::CodeId;
use hardtack_core::user::EmailAddress;
use hardtack_core::{Timestamp, UserId};
use rusqlite::{Connection, Row, params};

use super::{Failure, Shape, SqliteStore, code, micros};
use crate::outbox::{DEAD_CODE, GIVE_UP_AT_MOST};
use crate::{MailId, OutboxStore, QueuedMail, Retry, StoreError};

/// Rows deleted in one act, so that nobody waits long behind it.
const DELETE_AT_MOST: u32 = 1_000;

/// Mails, in the order in which [`read`] takes their columns.
macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT m.id, m.recipient, m.user_id, m.language, m.kind, m.code, m.device, m.address,
                 m.at, m.created_at, m.next_try_at, m.tries, m.last_error, m.given_up_at, u.username
             FROM outbox m LEFT JOIN users u ON u.id = m.user_id ",
            $condition
        )
    };
}

/// What a kind holds beside its code, as columns.
#[derive(Default)]
struct Values<'k> {
    device: Option<&'k str>,
    address: Option<&'k str>,
    at: Option<Timestamp>,
}

fn values(kind: &MailKind) -> Values<'_> {
    match kind {
        MailKind::EmailChanged { new_address, .. } => Values {
            address: Some(new_address),
            ..Values::default()
        },
        MailKind::NewDevice {
            device,
            address,
            at,
        } => Values {
            device: Some(device),
            address: Some(address),
            at: Some(*at),
        },
        MailKind::SessionEndedCopied { device, at } => Values {
            device: device.as_deref(),
            at: Some(*at),
            ..Values::default()
        },
        MailKind::VerifyEmail { .. }
        | MailKind::ResetPassword { .. }
        | MailKind::ConfirmNewEmail { .. }
        | MailKind::PasswordChanged
        | MailKind::AlreadyRegistered
        | MailKind::Invitation { .. } => Values::default(),
    }
}

fn parse_kind(row: &Row<'_>) -> Result<MailKind, Failure> {
    let kind: String = row.get(4)?;
    // What a kind needs and the row does not have is an error of the type of the column.
    let code = || row.get(5).map(CodeId::from_bytes);
    let at = || row.get(8).map(Timestamp::from_unix_micros);
    Ok(match kind.as_str() {
        "verify_email" => MailKind::VerifyEmail { code: code()? },
        "reset_password" => MailKind::ResetPassword { code: code()? },
        "confirm_new_email" => MailKind::ConfirmNewEmail { code: code()? },
        "email_changed" => MailKind::EmailChanged {
            code: code()?,
            new_address: row.get(7)?,
        },
        "password_changed" => MailKind::PasswordChanged,
        "new_device" => MailKind::NewDevice {
            device: row.get(6)?,
            address: row.get(7)?,
            at: at()?,
        },
        "session_ended_copied" => MailKind::SessionEndedCopied {
            device: row.get(6)?,
            at: at()?,
        },
        "already_registered" => MailKind::AlreadyRegistered,
        "invitation" => MailKind::Invitation { code: code()? },
        _ => return Err(Failure::Corrupt(format!("a mail's kind is {kind:?}"))),
    })
}

fn read(row: &Row<'_>) -> Result<QueuedMail, Failure> {
    Ok(QueuedMail {
        id: MailId(row.get(0)?),
        mail: NewMail {
            to: EmailAddress::from_stored(row.get(1)?),
            user: row.get::<_, Option<i64>>(2)?.map(UserId::new),
            language: row.get(3)?,
            kind: parse_kind(row)?,
        },
        username: row.get(14)?,
        created_at: Timestamp::from_unix_micros(row.get(9)?),
        next_try_at: Timestamp::from_unix_micros(row.get(10)?),
        tries: row.get(11)?,
        last_error: row.get(12)?,
        given_up_at: row
            .get::<_, Option<i64>>(13)?
            .map(Timestamp::from_unix_micros),
    })
}

/// Queues mails, due at once. One to somebody who is gone goes with them.
pub(super) fn queue(
    connection: &Connection,
    mails: &[NewMail],
    now: Timestamp,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO outbox (recipient, user_id, language, kind, code, device, address, at,
             created_at, next_try_at, tries)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 0
         WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = ?2)",
    )?;
    for mail in mails {
        let values = values(&mail.kind);
        let code = mail.kind.code().map(|(_, code)| *code.as_bytes());
        statement.execute(params![
            mail.to.as_str(),
            mail.user.map(UserId::as_i64),
            mail.language,
            mail.kind.name(),
            code,
            values.device,
            values.address,
            values.at.map(Timestamp::unix_micros),
            now.unix_micros(),
        ])?;
    }
    Ok(())
}

/// Drops the mails that carry a code.
pub(super) fn forget_code(connection: &Connection, code: CodeId) -> Result<(), Failure> {
    connection
        .prepare_cached("DELETE FROM outbox WHERE code = ?1")?
        .execute([code.as_bytes()])?;
    Ok(())
}

/// A user's mails, oldest first.
pub(super) fn of_user(connection: &Connection, user: UserId) -> Result<Vec<QueuedMail>, Failure> {
    let mut statement = connection.prepare_cached(select!("WHERE m.user_id = ?1 ORDER BY m.id"))?;
    statement.query_and_then([user.as_i64()], read)?.collect()
}

fn claim(
    connection: &Connection,
    limit: u32,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<QueuedMail>, Failure> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next_try_at = now + lease;
    let mut claimed = Vec::new();
    let mut dead = Vec::new();
    let mut nonsense = Vec::new();
    let mut due = connection.prepare_cached(select!(
        "WHERE m.given_up_at IS NULL AND m.next_try_at <= ?1 ORDER BY m.next_try_at, m.id"
    ))?;
    let mut rows = due.query([now.unix_micros()])?;
    while claimed.len() < limit
        && dead.len() < GIVE_UP_AT_MOST
        && let Some(row) = rows.next()?
    {
        let Ok(mail) = read(row) else {
            // Of a later release, perhaps; nobody else's mail may wait behind it.
            nonsense.push(row.get::<_, i64>(0)?);
            continue;
        };
        match mail.mail.kind.code() {
            Some((_, id)) if !code::is_good(connection, id, now)? => dead.push(mail.id),
            _ => claimed.push(QueuedMail {
                next_try_at,
                tries: mail.tries + 1,
                ..mail
            }),
        }
    }
    drop(rows);
    for mail in &claimed {
        connection
            .prepare_cached("UPDATE outbox SET next_try_at = ?2, tries = ?3 WHERE id = ?1")?
            .execute(params![mail.id.0, next_try_at.unix_micros(), mail.tries])?;
    }
    for id in nonsense {
        tracing::warn!(id, "a queued mail makes no sense to this release");
        connection
            .prepare_cached("UPDATE outbox SET next_try_at = ?2 WHERE id = ?1")?
            .execute(params![id, next_try_at.unix_micros()])?;
    }
    for id in dead {
        connection
            .prepare_cached("UPDATE outbox SET given_up_at = ?2, last_error = ?3 WHERE id = ?1")?
            .execute(params![id.0, now.unix_micros(), DEAD_CODE])?;
    }
    Ok(claimed)
}

impl OutboxStore for SqliteStore {
    async fn queue_mail(&self, mails: Vec<NewMail>) -> Result<(), StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                queue(connection, &mails, now)
            })
            .await
    }

    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<QueuedMail>, StoreError> {
        // Most of the time nothing is due, and a look does not keep anybody from writing.
        let any_is_due = self
            .readers
            .list(|connection, now| {
                let mut statement = connection.prepare_cached(
                    "SELECT 1 FROM outbox WHERE given_up_at IS NULL AND next_try_at <= ?1",
                )?;
                Ok(statement.exists([now.unix_micros()])?)
            })
            .await?;
        if !any_is_due {
            return Ok(Vec::new());
        }
        self.writer
            .act(Shape::Several, move |connection, now| {
                claim(connection, limit, lease, now)
            })
            .await
    }

    async fn mail_sent(&self, id: MailId) -> Result<bool, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, _| {
                let mut statement =
                    connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
                Ok(statement.execute([id.0])? == 1)
            })
            .await
    }

    async fn mail_failed(
        &self,
        id: MailId,
        tries: u32,
        error: String,
        retry: Retry,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, now| {
                let mut statement = connection.prepare_cached(
                    "UPDATE outbox SET last_error = ?3, given_up_at = ?4,
                         next_try_at = coalesce(?5, next_try_at)
                     WHERE id = ?1 AND tries = ?2 AND given_up_at IS NULL",
                )?;
                let (given_up_at, next_try_at) = match retry {
                    Retry::After(pause) => (None, Some((now + pause).unix_micros())),
                    Retry::GiveUp => (Some(now.unix_micros()), None),
                };
                let failed =
                    statement.execute(params![id.0, tries, error, given_up_at, next_try_at])?;
                Ok(failed == 1)
            })
            .await
    }

    async fn list_mail(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        let after = after.map_or(i64::MIN, |id| id.0);
        self.readers
            .list(move |connection, _| {
                let mut statement =
                    connection.prepare_cached(select!("WHERE m.id > ?1 ORDER BY m.id LIMIT ?2"))?;
                statement
                    .query_and_then(params![after, limit], read)?
                    .collect()
            })
            .await
    }

    async fn purge_mail(&self, kept_for: Duration) -> Result<u64, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, now| {
                let oldest = now.unix_micros().saturating_sub(micros(kept_for));
                let deleted = connection
                    .prepare_cached(
                        "DELETE FROM outbox WHERE id IN
                             (SELECT id FROM outbox WHERE given_up_at < ?1
                              ORDER BY given_up_at LIMIT ?2)",
                    )?
                    .execute(params![oldest, DELETE_AT_MOST])?;
                Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
            })
            .await
    }
}
