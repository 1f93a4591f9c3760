//! The statements that rotation consists of.

use std::time::Duration;

use hardtack_core::rotation::{Family, Lineage, Owner, ParentBranch, Phase, Position};
use hardtack_core::{SessionId, Timestamp};
use rusqlite::{Connection, params};

use super::super::Failure;
use super::row;
use crate::{FamilyAt, Revoke};

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
         AND generation < 4294967295 AND phase BETWEEN 0 AND 2 AND ",
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

/// The first row of the table of PROTOCOL.md §3, all of it in the guard.
pub(super) fn advance(
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

/// Writes what was decided if the row is still the one that was judged.
pub(super) fn go_on(
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
pub(super) fn end(
    connection: &Connection,
    judged: &Family,
    because: Revoke,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    let unchanged = row::find(connection, judged.session)?
        .is_some_and(|family| family.owner == Owner::Standing && family.lineage == judged.lineage);
    if !unchanged || !super::revoke(connection, judged.session, because, now)? {
        return Ok(None);
    }
    Ok(row::find(connection, judged.session)?.map(|family| FamilyAt { family, now }))
}
