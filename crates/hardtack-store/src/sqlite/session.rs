//! Sessions in SQLite. Rotation stands in `rotation`, what ends a session in `ending`, what a row
//! looks like in `row`.

use std::num::NonZeroU32;
use std::time::Duration;

use hardtack_core::rotation::{Family, Lineage, Owner, Position};
use hardtack_core::session::{NewSession, Session};
use hardtack_core::{Activity, SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::{Failure, Shape, SqliteStore, micros};
use crate::{
    FamilyAt, Insertion, LogPosition, Opened, RevocationPage, Revoke, SessionStore, StoreError,
    Verdict,
};

/// The session is alive. Wherever this stands, `?1` is the present time.
macro_rules! alive {
    () => {
        "revoked_at IS NULL AND ?1 < ends_at AND ?1 < last_seen_at + idle_timeout"
    };
}

/// The user stands behind the session.
macro_rules! standing {
    () => {
        "orphaned = 0"
    };
}

mod device;
mod ending;
mod log;
mod purge;
mod remembrance;
mod rotation;
mod row;
mod seen;

pub(super) use device::{forget as forget_devices, held, known as known_devices};
pub(super) use ending::{forget, revoke_all};
use ending::{make_room, revoke};

/// Opens a session at generation 0.
pub(super) fn open(
    connection: &Connection,
    new: &NewSession,
    window: Duration,
    now: Timestamp,
) -> Result<Opened, Failure> {
    let lineage = Lineage::at_login(window, now);
    let ends_at = now + new.lifetime.absolute_timeout;
    let idle_timeout = micros(new.lifetime.idle_timeout);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO sessions (created_at, sid, user_id, password_version, generation, branch,
                 parent_branch, phase, anchor_at, retries, last_seen_at, idle_timeout, ends_at,
                 remember_me)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?1, ?11, ?12, ?13)
             ON CONFLICT (sid) DO NOTHING",
        )?
        .execute(params![
            now.unix_micros(),
            new.id.as_bytes(),
            new.user.as_i64(),
            new.password_version.0,
            lineage.current.generation,
            lineage.current.branch,
            row::parent_branch_column(lineage.parent_branch),
            row::phase_code(lineage.phase),
            lineage.anchor_at.unix_micros(),
            lineage.retries,
            idle_timeout,
            ends_at.unix_micros(),
            row::remember_me_code(new.remember_me),
        ])?;
    if inserted == 0 {
        // The source of randomness is broken; the first session must not become the second's.
        return Err(Failure::Refused("a session of that id exists already"));
    }
    connection
        .prepare_cached("INSERT INTO devices (session, address, user_agent) VALUES (?1, ?2, ?3)")?
        .execute(params![
            connection.last_insert_rowid(),
            new.device.address,
            new.device.user_agent,
        ])?;
    let family = Family {
        session: new.id,
        user: new.user,
        lineage,
        created_at: now,
        last_seen_at: now,
        idle_timeout: row::parse_duration(idle_timeout)?,
        ends_at,
        remember_me: new.remember_me,
        ended: None,
        owner: Owner::Standing,
    };
    Ok(Opened { family, now })
}

fn insert(
    connection: &Connection,
    new: &NewSession,
    replaced: &[SessionId],
    limit: Option<NonZeroU32>,
    replaced_as: Revoke,
    window: Duration,
    now: Timestamp,
) -> Result<Insertion, Failure> {
    let unchanged = connection
        .prepare_cached(
            "UPDATE users SET last_login_at = ?1
             WHERE id = ?2 AND state = 0 AND password_version = ?3",
        )?
        .execute(params![
            now.unix_micros(),
            new.user.as_i64(),
            new.password_version.0
        ])?;
    if unchanged == 0 {
        return Ok(Insertion::UserChanged);
    }
    let mut ended = Vec::new();
    for session in replaced {
        let owner = revoke(connection, *session, replaced_as, now)?;
        ended.extend(owner.map(|owner| (*session, owner)));
    }
    let crowded_out = match limit {
        Some(limit) => make_room(connection, new.user, limit, replaced_as, now)?,
        None => Vec::new(),
    };
    Ok(Insertion::Opened {
        is_new_device: device::remember(connection, new)?,
        opened: open(connection, new, window, now)?,
        replaced: ended,
        crowded_out,
    })
}

fn note_use(
    connection: &Connection,
    session: SessionId,
    position: Position,
    window: Duration,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(family) = row::find(connection, session)? else {
        return Ok(());
    };
    let lineage = family.lineage.after_use(position, window, now);
    let writable = family.ended.is_none()
        && family.owner == Owner::Standing
        && now < family.idle_ends_at()
        && lineage != family.lineage;
    if writable {
        connection
            .prepare_cached("UPDATE sessions SET anchor_at = ?1, phase = ?3 WHERE sid = ?2")?
            .execute(params![
                lineage.anchor_at.unix_micros(),
                session.as_bytes(),
                row::phase_code(lineage.phase),
            ])?;
    }
    Ok(())
}

impl SqliteStore {
    /// Whether anybody is logged in: for a server that finds its pepper gone, and must say what
    /// that means. Reads every session in the worst case.
    ///
    /// # Errors
    /// [`StoreError`], as with every read.
    pub async fn has_live_session(&self) -> Result<bool, StoreError> {
        self.readers
            .list(|connection, now| {
                let sql = concat!(
                    "SELECT EXISTS (SELECT 1 FROM sessions WHERE ",
                    alive!(),
                    ")"
                );
                Ok(connection.query_row(sql, [now.unix_micros()], |row| row.get(0))?)
            })
            .await
    }
}

impl SessionStore for SqliteStore {
    async fn insert_session(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        limit: Option<NonZeroU32>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<Insertion, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                insert(connection, &new, &replaced, limit, revoke, window, now)
            })
            .await
    }

    async fn rotate_family(
        &self,
        session: SessionId,
        presented: Position,
        window: Duration,
        activity: Activity,
    ) -> Result<Option<FamilyAt>, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |desk, now| {
                rotation::advance(desk, session, presented, window, activity, now)
            })
            .await
    }

    async fn find_family(&self, session: SessionId) -> Result<Option<FamilyAt>, StoreError> {
        self.readers
            .look_up(move |connection, now| {
                Ok(row::find(connection, session)?.map(|family| FamilyAt { family, now }))
            })
            .await
    }

    async fn commit_verdict(
        &self,
        judged: &Family,
        verdict: Verdict,
    ) -> Result<Option<FamilyAt>, StoreError> {
        let judged = *judged;
        match verdict {
            Verdict::Continue(next, activity) => {
                self.writer
                    .act(Shape::OneStatement, move |desk, now| {
                        rotation::go_on(desk, &judged, next, activity, now)
                    })
                    .await
            }
            Verdict::Revoke(revoke) => {
                self.writer
                    .act(Shape::Several, move |connection, now| {
                        rotation::end(connection, &judged, revoke, now)
                    })
                    .await
            }
        }
    }

    async fn note_uses(
        &self,
        uses: Vec<(SessionId, Position)>,
        window: Duration,
    ) -> Result<(), StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                for (session, position) in uses {
                    note_use(connection, session, position, window, now)?;
                }
                Ok(())
            })
            .await
    }

    async fn note_seen(&self, seen: Vec<(SessionId, Timestamp)>) -> Result<(), StoreError> {
        self.writer
            .act(Shape::Several, move |desk, now| {
                seen::note(desk, &seen, now)
            })
            .await
    }

    async fn revoke_session(
        &self,
        session: SessionId,
        reason: Revoke,
    ) -> Result<Option<UserId>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                revoke(connection, session, reason, now)
            })
            .await
    }

    async fn revoke_user_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        revoke: Revoke,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                revoke_all(connection, user, except, revoke, now)
            })
            .await
    }

    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.readers
            .list(move |connection, now| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT sid, user_id, created_at, last_seen_at, idle_timeout, ends_at, address,
                         user_agent, remember_me
                     FROM sessions JOIN devices ON session = id WHERE user_id = ?2 AND ",
                    alive!(),
                    " AND ",
                    standing!(),
                    " ORDER BY created_at DESC, sid"
                ))?;
                statement
                    .query_and_then(params![now.unix_micros(), user.as_i64()], row::session)?
                    .collect()
            })
            .await
    }

    async fn remember_ends_for(&self, needed: Duration) -> Result<(), StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, now| {
                remembrance::note(connection, needed, now)
            })
            .await
    }

    async fn find_revocations(
        &self,
        after: Option<LogPosition>,
        limit: u32,
    ) -> Result<RevocationPage, StoreError> {
        let log = self.log;
        self.readers
            .list(move |connection, now| log::page(connection, log, after, limit, now))
            .await
    }

    async fn purge_ended(&self, kept_for: Duration) -> Result<u64, StoreError> {
        purge::purge(self, kept_for).await
    }
}
