//! What a session's row says. A row that fits no state is [`Failure::Corrupt`], never a default.

use std::time::Duration;

use hardtack_core::rotation::{Ended, Family, Lineage, Owner, ParentBranch, Phase, Position};
use hardtack_core::session::{Device, RememberMe, RevokeReason, Session};
use hardtack_core::user::UserState;
use hardtack_core::{SessionId, Timestamp, UserId};
use rusqlite::{Connection, Row};

use super::super::{Failure, user};

pub(super) const fn phase_code(phase: Phase) -> i64 {
    match phase {
        Phase::Fresh => 0,
        Phase::Seen => 1,
        Phase::Settled => 2,
    }
}

fn parse_phase(code: i64) -> Result<Phase, Failure> {
    match code {
        0 => Ok(Phase::Fresh),
        1 => Ok(Phase::Seen),
        2 => Ok(Phase::Settled),
        _ => Err(Failure::Corrupt(format!("a session's phase is {code}"))),
    }
}

pub(super) const fn remember_me_code(remember_me: RememberMe) -> i64 {
    match remember_me {
        RememberMe::Unsaid => 0,
        RememberMe::Yes => 1,
        RememberMe::No => 2,
    }
}

pub(super) fn parse_remember_me(code: i64) -> Result<RememberMe, Failure> {
    match code {
        0 => Ok(RememberMe::Unsaid),
        1 => Ok(RememberMe::Yes),
        2 => Ok(RememberMe::No),
        _ => Err(Failure::Corrupt(format!(
            "a session's remember_me is {code}"
        ))),
    }
}

pub(super) const fn parent_branch_column(parent: ParentBranch) -> Option<u32> {
    match parent {
        ParentBranch::Known(branch) => Some(branch),
        ParentBranch::Any => None,
    }
}

pub(super) fn parse_duration(micros: i64) -> Result<Duration, Failure> {
    u64::try_from(micros)
        .map(Duration::from_micros)
        .map_err(|_| Failure::Corrupt(format!("a duration is {micros}")))
}

pub(super) fn parse_ended(at: Option<i64>, reason: Option<&str>) -> Result<Option<Ended>, Failure> {
    match (at, reason) {
        (None, None) => Ok(None),
        (Some(at), Some(reason)) => Ok(Some(Ended {
            at: Timestamp::from_unix_micros(at),
            reason: RevokeReason::from_code(reason)
                .ok_or_else(|| Failure::Corrupt(format!("a session was revoked for {reason:?}")))?,
        })),
        _ => Err(Failure::Corrupt(
            "a session was revoked without a time, or without a reason".to_owned(),
        )),
    }
}

/// The family of a session with its owner's standing, in one statement and so of one moment.
pub(super) fn find(connection: &Connection, session: SessionId) -> Result<Option<Family>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT s.user_id, s.generation, s.branch, s.parent_branch, s.phase, s.anchor_at,
             s.retries, s.created_at, s.last_seen_at, s.idle_timeout, s.ends_at, s.revoked_at,
             s.revoke_reason, u.state, u.password_version = s.password_version, s.remember_me,
             s.orphaned
         FROM sessions s LEFT JOIN users u ON u.id = s.user_id
         WHERE s.sid = ?1",
    )?;
    let mut rows = statement.query([session.as_bytes()])?;
    rows.next()?.map(|row| family(row, session)).transpose()
}

fn family(row: &Row<'_>, session: SessionId) -> Result<Family, Failure> {
    let state: Option<i64> = row.get(13)?;
    let owner = match state.map(user::parse_state).transpose()? {
        Some(UserState::Disabled) => Owner::Disabled,
        Some(UserState::Active) if row.get(14)? => Owner::Standing,
        Some(UserState::Active) | None => Owner::Gone,
    };
    let reason: Option<String> = row.get(12)?;
    let ended = parse_ended(row.get(11)?, reason.as_deref())?;
    let orphaned: i64 = row.get(16)?;
    if ended.is_none() && orphaned != i64::from(owner != Owner::Standing) {
        return Err(Failure::Corrupt(format!(
            "a session's orphaned is {orphaned}, while its owner is {owner:?}"
        )));
    }
    Ok(Family {
        session,
        user: UserId::new(row.get(0)?),
        lineage: Lineage {
            current: Position::new(row.get(1)?, row.get(2)?),
            parent_branch: row
                .get::<_, Option<u32>>(3)?
                .map_or(ParentBranch::Any, ParentBranch::Known),
            phase: parse_phase(row.get(4)?)?,
            anchor_at: Timestamp::from_unix_micros(row.get(5)?),
            retries: row.get(6)?,
        },
        created_at: Timestamp::from_unix_micros(row.get(7)?),
        last_seen_at: Timestamp::from_unix_micros(row.get(8)?),
        idle_timeout: parse_duration(row.get(9)?)?,
        ends_at: Timestamp::from_unix_micros(row.get(10)?),
        remember_me: parse_remember_me(row.get(15)?)?,
        ended,
        owner,
    })
}

/// A session as its owner sees it.
pub(super) fn session(row: &Row<'_>) -> Result<Session, Failure> {
    Ok(Session {
        id: SessionId::from_bytes(row.get(0)?),
        user: UserId::new(row.get(1)?),
        created_at: Timestamp::from_unix_micros(row.get(2)?),
        last_seen_at: Timestamp::from_unix_micros(row.get(3)?),
        idle_timeout: parse_duration(row.get(4)?)?,
        ends_at: Timestamp::from_unix_micros(row.get(5)?),
        device: Device {
            address: row.get(6)?,
            user_agent: row.get(7)?,
        },
        remember_me: parse_remember_me(row.get(8)?)?,
    })
}
