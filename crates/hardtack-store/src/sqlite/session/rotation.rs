//! The writes that rotation consists of.
//!
//! Each is one guarded `UPDATE`. What it does not move the [`Witness`] tells.

use std::time::Duration;

use hardtack_core::rotation::{Family, Lineage, Owner, ParentBranch, Phase, Position};
use hardtack_core::session::RememberMe;
use hardtack_core::{Activity, SessionId, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::super::Failure;
use super::super::desk::Desk;
use super::super::witness::Witness;
use super::row;
use crate::{FamilyAt, Revoke};

/// The columns of [`Fixed`], which must make sense before anything is written.
macro_rules! seen {
    () => {
        "idle_timeout >= 0 AND remember_me BETWEEN 0 AND 2
         AND witness(user_id, created_at, last_seen_at, idle_timeout, ends_at, remember_me)"
    };
}

static ROTATE: &str = concat!(
    "UPDATE sessions SET generation = ?6, branch = 0, parent_branch = ?4, phase = 0,
         anchor_at = ?1, retries = 0, last_seen_at = max(last_seen_at, ?7)
     WHERE sid = ?2 AND generation = ?3 AND branch = ?4 AND anchor_at <= ?5
         AND phase BETWEEN 0 AND 2 AND ",
    alive!(),
    " AND ",
    standing!(),
    " AND ",
    seen!()
);

static CONTINUE: &str = concat!(
    "UPDATE sessions SET generation = ?9, branch = ?10, parent_branch = ?11, phase = ?12,
         anchor_at = ?13, retries = ?14, last_seen_at = max(last_seen_at, ?15)
     WHERE sid = ?2 AND generation = ?3 AND branch = ?4 AND parent_branch IS ?5 AND phase = ?6
         AND anchor_at = ?7 AND retries = ?8 AND ",
    alive!(),
    " AND ",
    standing!(),
    " AND ",
    seen!()
);

/// What a rotation does not change, but for the last use, which only ever moves forward.
struct Fixed {
    user: UserId,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    idle_timeout: Duration,
    ends_at: Timestamp,
    remember_me: RememberMe,
}

impl Fixed {
    /// Of the row that was just changed.
    fn seen_by(witness: &Witness) -> Result<Self, Failure> {
        let [
            user,
            created_at,
            last_seen_at,
            idle_timeout,
            ends_at,
            remember_me,
        ] = witness.saw();
        Ok(Self {
            user: UserId::new(user),
            created_at: Timestamp::from_unix_micros(created_at),
            last_seen_at: Timestamp::from_unix_micros(last_seen_at),
            idle_timeout: row::parse_duration(idle_timeout)?,
            ends_at: Timestamp::from_unix_micros(ends_at),
            remember_me: row::parse_remember_me(remember_me)?,
        })
    }

    /// The family after a write whose guard says that it is alive and its owner stands behind it,
    /// and that moved it to `lineage` now. It was last used at `seen_at`, or later.
    fn at(
        self,
        session: SessionId,
        lineage: Lineage,
        seen_at: Timestamp,
        now: Timestamp,
    ) -> FamilyAt {
        let family = Family {
            session,
            user: self.user,
            lineage,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at.max(seen_at),
            idle_timeout: self.idle_timeout,
            ends_at: self.ends_at,
            remember_me: self.remember_me,
            ended: None,
            owner: Owner::Standing,
        };
        FamilyAt { family, now }
    }
}

/// What `last_seen_at` is at least after a use at `now`. One in the background leaves it alone.
fn seen_at(activity: Activity, now: Timestamp) -> Timestamp {
    match activity {
        Activity::Counts => now,
        Activity::Background => Timestamp::from_unix_micros(i64::MIN),
    }
}

/// The first row of the table of docs/rotation.md, all of it in the guard.
pub(super) fn advance(
    desk: &Desk<'_>,
    session: SessionId,
    presented: Position,
    window: Duration,
    activity: Activity,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    // The last generation has no successor.
    let Some(generation) = presented.generation.checked_add(1) else {
        return Ok(None);
    };
    // An anchor that lies ahead has age zero (docs/rotation.md), which only an empty window is over
    // for.
    let anchored_by = if window.is_zero() {
        i64::MAX
    } else {
        (now - window).unix_micros()
    };
    let seen_at = seen_at(activity, now);
    let advanced = desk.with_kept(ROTATE, |statement| {
        statement.execute(params![
            now.unix_micros(),
            session.as_bytes(),
            presented.generation,
            presented.branch,
            anchored_by,
            generation,
            seen_at.unix_micros(),
        ])
    })?;
    let lineage = Lineage {
        current: Position::new(generation, 0),
        parent_branch: ParentBranch::Known(presented.branch),
        phase: Phase::Fresh,
        anchor_at: now,
        retries: 0,
    };
    if advanced == 0 {
        return Ok(None);
    }
    let fixed = Fixed::seen_by(&desk.witness)?;
    Ok(Some(fixed.at(session, lineage, seen_at, now)))
}

/// Writes what was decided if the row is still the one that was judged.
pub(super) fn go_on(
    desk: &Desk<'_>,
    judged: &Family,
    next: Lineage,
    activity: Activity,
    now: Timestamp,
) -> Result<Option<FamilyAt>, Failure> {
    let was = judged.lineage;
    let seen_at = seen_at(activity, now);
    let written = desk.with_kept(CONTINUE, |statement| {
        statement.execute(params![
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
            seen_at.unix_micros(),
        ])
    })?;
    if written == 0 {
        return Ok(None);
    }
    let fixed = Fixed::seen_by(&desk.witness)?;
    Ok(Some(fixed.at(judged.session, next, seen_at, now)))
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
    if !unchanged || super::revoke(connection, judged.session, because, now)?.is_none() {
        return Ok(None);
    }
    Ok(row::find(connection, judged.session)?.map(|family| FamilyAt { family, now }))
}
