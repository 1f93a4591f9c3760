//! What a presented refresh token is worth: the heart of the house (RFC 9700 §4.14.2).
//!
//! In words: *the parent stays good until its successor has proven to be in lasting use; nothing
//! rotates until every message that could still carry the older token has died out; and who comes
//! late with a parent gets a new branch, so that the branch it replaced, should anybody hold it,
//! gives the copy away.*
//!
//! [`rotate`] decides and [`Lineage::after`] says what the decision writes. Neither does any IO:
//! a store commits the write only if the row is still the one that was judged (compare and swap),
//! and whoever loses that race reads and decides again.

use std::time::Duration;

use crate::session::{RememberMe, RevokeReason};
use crate::{SessionId, Timestamp, UserId};

/// In-window retries that restart the window, for each token handed out. Who comes more often is
/// told to wait: a thief who hammers with the parent must not keep the successor from ever growing
/// old, and an answer that did not restart the window could land after the window is over and log
/// an honest browser out.
pub const RETRIES_THAT_MOVE_THE_ANCHOR: u32 = 8;

/// Retries closer to the anchor than this belong to one burst (fifty tabs at once): they are
/// answered, neither move the anchor nor count, and shorten the window by no more than this.
pub const RETRY_BURST: Duration = Duration::from_secs(2);

/// Which refresh token of a family: its place in the chain.
///
/// Ordered by age: a later generation is newer, and within one generation the later branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// How many rotations lie behind it.
    pub generation: u32,
    /// How many successors of the same parent it has superseded.
    pub branch: u32,
}

impl Position {
    /// The token at `generation` and `branch`.
    #[must_use]
    pub const fn new(generation: u32, branch: u32) -> Self {
        Self { generation, branch }
    }
}

/// Which branch of the generation before was traded for the current token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentBranch {
    /// This one.
    Known(u32),
    /// Nobody remembers: the store lost commits and was healed by a token ahead of it. Nor does
    /// anybody remember which branches were superseded, so every older token of this generation
    /// and of the one before is taken for the parent.
    Any,
}

/// How far the current token has proven to be in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Handed out, not yet seen.
    Fresh,
    /// Seen once; an older message may still be under way.
    Seen,
    /// Seen a whole window after it was first seen: it is in lasting use, its parent is dead.
    Settled,
}

/// The part of a family's row that rotation moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// The current token.
    pub current: Position,
    /// What it was traded for.
    pub parent_branch: ParentBranch,
    /// How far it has proven itself.
    pub phase: Phase,
    /// When the phase, or the token, last changed. The window is counted from here.
    pub anchor_at: Timestamp,
    /// In-window retries that moved the anchor since the current token was made.
    pub retries: u32,
}

/// Does the family's owner still stand behind it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Active, and the password is the one the session was opened under.
    Standing,
    /// Switched off.
    Disabled,
    /// Deleted, or the password changed since.
    Gone,
}

/// A family was ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevokeReason,
}

/// A session's chain of refresh tokens: one row, whatever its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Whose chain it is.
    pub session: SessionId,
    /// Whose session it is.
    pub user: UserId,
    /// Where the chain stands.
    pub lineage: Lineage,
    /// When the session was opened: the `auth_time` of its access tokens.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// How long it may go unused.
    pub idle_timeout: Duration,
    /// The absolute end. It never moves.
    pub ends_at: Timestamp,
    /// What the login said; it never changes, and rotation does not ask for it.
    pub remember_me: RememberMe,
    /// Set once, never unset.
    pub ended: Option<Ended>,
    /// Read together with the row.
    pub owner: Owner,
}

impl Family {
    /// When the session ends if nobody uses it again.
    #[must_use]
    pub fn idle_ends_at(&self) -> Timestamp {
        (self.last_seen_at + self.idle_timeout).min(self.ends_at)
    }
}

/// What a presented token is worth. The table is in `docs/rotation.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Rotation {
    /// The current token, old enough: advance one generation.
    Advance,
    /// The current token, inside the window: hand it out again.
    Repeat,
    /// The parent inside the window: hand out the same successor again.
    Retry,
    /// The parent inside the window, more often than [`RETRIES_THAT_MOVE_THE_ANCHOR`]: nothing is
    /// handed out and nothing changes. The window is over after this long; then it is a
    /// [`Branch`](Self::Branch).
    Wait(Duration),
    /// The parent, late: the successor was lost. Supersede it with a new branch.
    Branch,
    /// Newer than the row (a fail-over or a restore lost commits): believe the tag.
    Ahead,
    /// A settled parent, a superseded branch or anything older: two hold a copy. Revoke.
    Reuse,
    /// Past its idle or absolute timeout, since this moment.
    Expired(Timestamp),
    /// Ended by logout, by an earlier reuse, by an operator.
    Revoked(Ended),
    /// The user was switched off.
    UserDisabled,
    /// The user was deleted or has a new password, and the row is a moment behind.
    UserGone,
}

/// Decides what a presented refresh token is worth.
///
/// The token's tag has been verified: only this service can have made it, so a token that is
/// *ahead* of the row proves that the row lost commits. `window` is G, the time in which an
/// older message may still arrive. `now` comes from the store.
pub fn rotate(family: &Family, presented: Position, window: Duration, now: Timestamp) -> Rotation {
    if let Some(ended) = family.ended {
        return Rotation::Revoked(ended);
    }
    if family.owner == Owner::Disabled {
        return Rotation::UserDisabled;
    }
    // Before the owner who is gone: what time had ended by then was ended by time.
    if now >= family.idle_ends_at() {
        return Rotation::Expired(family.idle_ends_at());
    }
    if family.owner == Owner::Gone {
        return Rotation::UserGone;
    }

    let Lineage {
        current,
        parent_branch,
        phase,
        anchor_at,
        retries,
    } = family.lineage;
    let age = now.since(anchor_at);
    let window_is_over = age >= window;
    let is_of_generation_before = presented.generation.checked_add(1) == Some(current.generation);
    let is_parent = match parent_branch {
        ParentBranch::Known(branch) => is_of_generation_before && presented.branch == branch,
        ParentBranch::Any => is_of_generation_before || presented.generation == current.generation,
    };

    if presented > current {
        Rotation::Ahead
    } else if presented == current {
        // The last generation has no successor; at one a minute that is eight thousand years.
        if window_is_over && current.generation < u32::MAX {
            Rotation::Advance
        } else {
            Rotation::Repeat
        }
    } else if is_parent && phase != Phase::Settled {
        if !window_is_over {
            if age < RETRY_BURST || retries < RETRIES_THAT_MOVE_THE_ANCHOR {
                Rotation::Retry
            } else {
                Rotation::Wait(window.saturating_sub(age))
            }
        } else if current.branch < u32::MAX {
            Rotation::Branch
        } else {
            Rotation::Reuse
        }
    } else {
        Rotation::Reuse
    }
}

impl Lineage {
    /// Where a chain stands at login: settled, for there is no older token, and old enough that
    /// the first refresh may rotate.
    #[must_use]
    pub fn at_login(window: Duration, now: Timestamp) -> Self {
        Self {
            current: Position::default(),
            parent_branch: ParentBranch::Known(0),
            phase: Phase::Settled,
            anchor_at: now - window,
            retries: 0,
        }
    }

    /// The row after `rotation`; equal to `self` where the table says that nothing changes.
    ///
    /// A refusal changes no lineage. [`Rotation::Reuse`] revokes, which is the store's act.
    #[must_use]
    pub fn after(self, rotation: Rotation, presented: Position, now: Timestamp) -> Self {
        let Position { generation, branch } = self.current;
        match rotation {
            Rotation::Advance => Self {
                current: Position::new(generation.saturating_add(1), 0),
                parent_branch: ParentBranch::Known(branch),
                phase: Phase::Fresh,
                anchor_at: now,
                retries: 0,
            },
            Rotation::Repeat if self.phase == Phase::Fresh => Self {
                phase: Phase::Seen,
                anchor_at: now,
                ..self
            },
            Rotation::Retry if now.since(self.anchor_at) >= RETRY_BURST => Self {
                phase: Phase::Fresh,
                anchor_at: now,
                retries: self.retries.saturating_add(1),
                ..self
            },
            Rotation::Branch => Self {
                current: Position::new(generation, branch.saturating_add(1)),
                phase: Phase::Fresh,
                anchor_at: now,
                retries: 0,
                ..self
            },
            Rotation::Ahead => Self {
                current: presented,
                parent_branch: ParentBranch::Any,
                phase: Phase::Seen,
                anchor_at: now,
                retries: 0,
            },
            _ => self,
        }
    }

    /// The row after an access token of `position` was used.
    ///
    /// A use only counts for the current token. The second one, a window after the first, settles
    /// it. Losing a report delays detection and never harms an honest browser.
    #[must_use]
    pub fn after_use(self, position: Position, window: Duration, now: Timestamp) -> Self {
        if position != self.current {
            return self;
        }
        match self.phase {
            Phase::Fresh => Self {
                phase: Phase::Seen,
                anchor_at: now,
                ..self
            },
            Phase::Seen if now.since(self.anchor_at) >= window => Self {
                phase: Phase::Settled,
                ..self
            },
            Phase::Seen | Phase::Settled => self,
        }
    }
}

#[cfg(test)]
mod tests;
