//! Sessions in SQLite: the acts. What a row looks like stands in `row`, purging in `purge`.

mod purge;
mod row;

use std::time::Duration;

use hardtack_core::rotation::{Family, Lineage, Owner, ParentBranch, Phase, Position};
use hardtack_core::session::{Device, NewSession, Session};
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::{Failure, Shape, SqliteStore, micros};
use crate::{FamilyAt, Insertion, Opened, Revocation, Revoke, SessionStore, StoreError, Verdict};

/// The session has not ended. In every statement of this file `?1` is the present time and `?2`,
/// where there is one, the session.
macro_rules! alive {
    () => {
        "revoked_at IS NULL AND ?1 < ends_at AND ?1 < last_seen_at + idle_timeout"
    };
}

/// The user stands behind the session.
macro_rules! standing {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.state = 0
                 AND users.password_version = sessions.password_version)"
    };
}

/// What rotation does not move, for the answer of a statement that moved the rest.
macro_rules! returning {
    () => {
        " RETURNING user_id, created_at, idle_timeout, ends_at"
    };
}

const ROTATE: &str = concat!(
    "UPDATE sessions SET generation = generation + 1, branch = 0, parent_branch = branch,
         phase = 0, anchor_at = ?1, retries = 0, last_seen_at = ?1
     WHERE sid = ?2 AND generation = ?3 AND branch = ?4 AND anchor_at <= ?5
         AND generation < 4294967295 AND ",
    alive!(),
    " AND ",
    standing!(),
    returning!()
);

const CONTINUE: &str = concat!(
    "UPDATE sessions SET generation = ?9, branch = ?10, parent_branch = ?11, phase = ?12,
         anchor_at = ?13, retries = ?14, last_seen_at = ?1
     WHERE sid = ?2 AND generation = ?3 AND branch = ?4 AND parent_branch IS ?5 AND phase = ?6
         AND anchor_at = ?7 AND retries = ?8 AND ",
    alive!(),
    " AND ",
    standing!(),
    returning!()
);

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
                 address, user_agent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?1, ?11, ?12, ?13, ?14)
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
            new.device.address,
            new.device.user_agent,
        ])?;
    if inserted == 0 {
        // The source of randomness is broken; the first session must not become the second's.
        return Err(Failure::Refused("a session of that id exists already"));
    }
    let family = Family {
        session: new.id,
        user: new.user,
        lineage,
        created_at: now,
        last_seen_at: now,
        idle_timeout: row::parse_duration(idle_timeout)?,
        ends_at,
        ended: None,
        owner: Owner::Standing,
    };
    Ok(Opened { family, now })
}

fn revoke(
    connection: &Connection,
    session: SessionId,
    revoke: Revoke,
    now: Timestamp,
) -> Result<bool, Failure> {
    let ended = connection
        .prepare_cached(concat!(
            "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?3 WHERE sid = ?2 AND ",
            alive!()
        ))?
        .execute(params![
            now.unix_micros(),
            session.as_bytes(),
            revoke.reason.code()
        ])?;
    if ended == 0 {
        return Ok(false);
    }
    remember(connection, session, revoke, now)?;
    Ok(true)
}

/// Writes the log that other processes poll.
fn remember(
    connection: &Connection,
    session: SessionId,
    revoke: Revoke,
    now: Timestamp,
) -> Result<(), Failure> {
    let expires_at = now + revoke.remembered_for;
    connection
        .prepare_cached("INSERT INTO revocations (sid, expires_at) VALUES (?1, ?2)")?
        .execute(params![session.as_bytes(), expires_at.unix_micros()])?;
    Ok(())
}

/// Ends every session of a user but `except`.
pub(super) fn revoke_all(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Vec<SessionId>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "UPDATE sessions SET revoked_at = ?1, revoke_reason = ?3
         WHERE user_id = ?4 AND sid IS NOT ?2 AND ",
        alive!(),
        " RETURNING sid"
    ))?;
    let except = except.as_ref().map(SessionId::as_bytes);
    let ended = statement
        .query_map(
            params![
                now.unix_micros(),
                except,
                revoke.reason.code(),
                user.as_i64()
            ],
            |row| row.get(0).map(SessionId::from_bytes),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    for session in &ended {
        remember(connection, *session, revoke, now)?;
    }
    Ok(ended)
}

/// Forgets where a deleted user's sessions were opened.
pub(super) fn forget_devices(connection: &Connection, user: UserId) -> Result<(), Failure> {
    let Device {
        address,
        user_agent,
    } = Device::default();
    connection
        .prepare_cached("UPDATE sessions SET address = ?2, user_agent = ?3 WHERE user_id = ?1")?
        .execute(params![user.as_i64(), address, user_agent])?;
    Ok(())
}

fn insert(
    connection: &Connection,
    new: &NewSession,
    replaced: &[SessionId],
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
        if revoke(connection, *session, replaced_as, now)? {
            ended.push(*session);
        }
    }
    Ok(Insertion::Opened {
        opened: open(connection, new, window, now)?,
        replaced: ended,
    })
}

fn rotate(
    connection: &Connection,
    session: SessionId,
    presented: Position,
    window: Duration,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    // An anchor that lies ahead has age zero (PROTOCOL.md §3), which only an empty window is over for.
    let anchored_by = if window.is_zero() {
        i64::MAX
    } else {
        (now - window).unix_micros()
    };
    let lineage = Lineage {
        current: Position::new(presented.generation.saturating_add(1), 0),
        parent_branch: ParentBranch::Known(presented.branch),
        phase: Phase::Fresh,
        anchor_at: now,
        retries: 0,
    };
    let mut statement = connection.prepare_cached(ROTATE)?;
    let mut rows = statement.query(params![
        now.unix_micros(),
        session.as_bytes(),
        presented.generation,
        presented.branch,
        anchored_by,
    ])?;
    rows.next()?
        .map(|row| row::moved(row, session, lineage, now))
        .transpose()
}

fn go_on(
    connection: &Connection,
    judged: &Family,
    next: Lineage,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    let was = judged.lineage;
    let mut statement = connection.prepare_cached(CONTINUE)?;
    let mut rows = statement.query(params![
        now.unix_micros(),
        judged.session.as_bytes(),
        was.current.generation,
        was.current.branch,
        row::parent_branch_column(was.parent_branch),
        row::phase_code(was.phase),
        was.anchor_at.unix_micros(),
        was.retries,
        next.current.generation,
        next.current.branch,
        row::parent_branch_column(next.parent_branch),
        row::phase_code(next.phase),
        next.anchor_at.unix_micros(),
        next.retries,
    ])?;
    rows.next()?
        .map(|row| row::moved(row, judged.session, next, now))
        .transpose()
}

/// Ends the family if the row is still the one that was judged. The row is read, compared and
/// written under the write lock, so nobody comes in between.
fn end(
    connection: &Connection,
    judged: &Family,
    as_: Revoke,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    let unchanged = row::find(connection, judged.session)?
        .is_some_and(|family| family.owner == Owner::Standing && family.lineage == judged.lineage);
    if !unchanged || !revoke(connection, judged.session, as_, now)? {
        return Ok(None);
    }
    Ok(row::find(connection, judged.session)?.map(|family| FamilyAt { family, now }))
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

impl SessionStore for SqliteStore {
    async fn insert_session(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<Insertion, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                insert(connection, &new, &replaced, revoke, window, now)
            })
            .await
    }

    async fn rotate_family(
        &self,
        session: SessionId,
        presented: Position,
        window: Duration,
    ) -> Result<Option<FamilyAt>, StoreError> {
        self.writer
            .act(Shape::OneStatement, move |connection, now| {
                rotate(connection, session, presented, window, now)
            })
            .await
    }

    async fn find_family(&self, session: SessionId) -> Result<Option<FamilyAt>, StoreError> {
        self.readers
            .read(move |connection, now| {
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
            Verdict::Continue(next) => {
                self.writer
                    .act(Shape::OneStatement, move |connection, now| {
                        go_on(connection, &judged, next, now)
                    })
                    .await
            }
            Verdict::Revoke(revoke) => {
                self.writer
                    .act(Shape::Several, move |connection, now| {
                        end(connection, &judged, revoke, now)
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

    async fn revoke_session(&self, session: SessionId, reason: Revoke) -> Result<bool, StoreError> {
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
            .read(move |connection, now| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT sid, user_id, created_at, last_seen_at, idle_timeout, ends_at, address,
                         user_agent
                     FROM sessions WHERE user_id = ?2 AND ",
                    alive!(),
                    " ORDER BY created_at DESC, sid"
                ))?;
                statement
                    .query_and_then(params![now.unix_micros(), user.as_i64()], row::session)?
                    .collect()
            })
            .await
    }

    async fn find_revocations(&self, sequence: i64) -> Result<Vec<Revocation>, StoreError> {
        self.readers
            .read(move |connection, now| {
                let mut statement = connection.prepare_cached(
                    "SELECT seq, sid, expires_at FROM revocations
                     WHERE seq > ?2 AND ?1 < expires_at ORDER BY seq",
                )?;
                statement
                    .query_and_then(params![now.unix_micros(), sequence], |row| {
                        Ok(Revocation {
                            sequence: row.get(0)?,
                            session: SessionId::from_bytes(row.get(1)?),
                            expires_at: Timestamp::from_unix_micros(row.get(2)?),
                        })
                    })?
                    .collect()
            })
            .await
    }

    async fn purge_ended(&self, kept_for: Duration) -> Result<u64, StoreError> {
        purge::purge(self, kept_for).await
    }
}
