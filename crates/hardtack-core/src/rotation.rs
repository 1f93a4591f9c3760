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
    match family.owner {
        Owner::Standing => {}
        Owner::Disabled => return Rotation::UserDisabled,
        Owner::Gone => return Rotation::UserGone,
    }
    if now >= family.idle_ends_at() {
        return Rotation::Expired(family.idle_ends_at());
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const G: Duration = Duration::from_secs(60);
    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn family(current: (u32, u32), parent: ParentBranch, phase: Phase, age_seconds: u64) -> Family {
        Family {
            session: SessionId::from_bytes([1; 16]),
            user: UserId::new(1),
            lineage: Lineage {
                current: Position::new(current.0, current.1),
                parent_branch: parent,
                phase,
                anchor_at: NOW - Duration::from_secs(age_seconds),
                retries: 0,
            },
            created_at: NOW - Duration::from_secs(86_400),
            last_seen_at: NOW - Duration::from_secs(age_seconds),
            idle_timeout: Duration::from_secs(7 * 86_400),
            ends_at: NOW + Duration::from_secs(30 * 86_400),
            remember_me: RememberMe::Unsaid,
            ended: None,
            owner: Owner::Standing,
        }
    }

    /// The table of `docs/rotation.md`, row by row.
    #[test]
    fn the_table_of_the_protocol() {
        use ParentBranch::{Any, Known};
        use Phase::{Fresh, Seen, Settled};
        let rows = [
            // current, parent, phase, age, presented, decision
            ((5, 1), Known(0), Fresh, 60, (5, 1), Rotation::Advance),
            ((5, 1), Known(0), Settled, 900, (5, 1), Rotation::Advance),
            ((5, 1), Known(0), Fresh, 59, (5, 1), Rotation::Repeat),
            ((5, 1), Known(0), Seen, 59, (5, 1), Rotation::Repeat),
            ((5, 1), Known(0), Fresh, 59, (4, 0), Rotation::Retry),
            ((5, 1), Known(0), Seen, 59, (4, 0), Rotation::Retry),
            ((5, 1), Known(0), Fresh, 60, (4, 0), Rotation::Branch),
            ((5, 1), Known(0), Seen, 86_400, (4, 0), Rotation::Branch),
            ((5, 1), Known(0), Settled, 0, (4, 0), Rotation::Reuse),
            ((5, 1), Known(0), Settled, 60, (4, 0), Rotation::Reuse),
            ((5, 1), Known(0), Fresh, 0, (5, 0), Rotation::Reuse),
            ((5, 1), Known(0), Fresh, 0, (4, 1), Rotation::Reuse),
            ((5, 1), Known(0), Fresh, 0, (3, 0), Rotation::Reuse),
            ((5, 1), Any, Seen, 0, (4, 7), Rotation::Retry),
            ((5, 1), Any, Seen, 60, (4, 7), Rotation::Branch),
            ((5, 1), Any, Seen, 0, (5, 0), Rotation::Retry),
            ((5, 1), Any, Seen, 60, (5, 0), Rotation::Branch),
            ((5, 1), Any, Settled, 60, (5, 0), Rotation::Reuse),
            ((5, 1), Any, Seen, 0, (3, 7), Rotation::Reuse),
            ((5, 1), Known(0), Fresh, 0, (5, 2), Rotation::Ahead),
            ((5, 1), Known(0), Settled, 60, (6, 0), Rotation::Ahead),
        ];
        for (current, parent, phase, age, presented, decision) in rows {
            assert_eq!(
                rotate(
                    &family(current, parent, phase, age),
                    Position::new(presented.0, presented.1),
                    G,
                    NOW
                ),
                decision,
                "{current:?} {parent:?} {phase:?} aged {age} s, presented {presented:?}"
            );
        }
    }

    #[test]
    fn a_dead_family_answers_nothing_whatever_is_presented() {
        let ended = Ended {
            at: NOW,
            reason: RevokeReason::Logout,
        };
        let alive = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
        for presented in [(5, 0), (4, 0), (6, 0), (0, 0)].map(|(g, b)| Position::new(g, b)) {
            let revoked = Family {
                ended: Some(ended),
                ..alive
            };
            assert_eq!(
                rotate(&revoked, presented, G, NOW),
                Rotation::Revoked(ended)
            );
            let disabled = Family {
                owner: Owner::Disabled,
                ..alive
            };
            assert_eq!(rotate(&disabled, presented, G, NOW), Rotation::UserDisabled);
            let gone = Family {
                owner: Owner::Gone,
                ..alive
            };
            assert_eq!(rotate(&gone, presented, G, NOW), Rotation::UserGone);
            let idle = Family {
                last_seen_at: NOW - alive.idle_timeout,
                ..alive
            };
            assert_eq!(rotate(&idle, presented, G, NOW), Rotation::Expired(NOW));
            let over = Family {
                ends_at: NOW - Duration::from_secs(1),
                ..alive
            };
            assert_eq!(
                rotate(&over, presented, G, NOW),
                Rotation::Expired(over.ends_at)
            );
        }
    }

    #[test]
    fn a_login_may_rotate_at_once_and_has_no_parent() {
        let mut fresh = family((0, 0), ParentBranch::Known(0), Phase::Settled, 0);
        fresh.lineage = Lineage::at_login(G, NOW);
        assert_eq!(
            rotate(&fresh, Position::new(0, 0), G, NOW),
            Rotation::Advance
        );
    }

    /// A thief who presents the parent once a minute would otherwise keep the successor young for
    /// ever: nobody rotates, and nobody is found.
    #[test]
    fn retries_restart_the_window_eight_times_and_then_wait_for_its_end() {
        let parent = Position::new(4, 0);
        let mut held = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 59);
        let mut now = NOW;
        for retry in 1..=RETRIES_THAT_MOVE_THE_ANCHOR {
            let rotation = rotate(&held, parent, G, now);
            assert_eq!(rotation, Rotation::Retry, "{retry}");
            held.lineage = held.lineage.after(rotation, parent, now);
            assert_eq!(held.lineage.anchor_at, now);
            now = now + Duration::from_secs(59);
        }
        let rotation = rotate(&held, parent, G, now);
        assert_eq!(rotation, Rotation::Wait(Duration::from_secs(1)));
        assert_eq!(held.lineage.after(rotation, parent, now), held.lineage);
        assert_eq!(
            rotate(&held, held.lineage.current, G, now),
            Rotation::Repeat
        );

        now = now + Duration::from_secs(1);
        assert_eq!(
            rotate(&held, held.lineage.current, G, now),
            Rotation::Advance
        );
        let rotation = rotate(&held, parent, G, now);
        assert_eq!(rotation, Rotation::Branch);
        held.lineage = held.lineage.after(rotation, parent, now);
        assert_eq!(held.lineage.retries, 0);
        now = now + Duration::from_secs(59);
        assert_eq!(rotate(&held, parent, G, now), Rotation::Retry);
    }

    /// An answer without a restart could be under way when the window ends: the parent, late, would
    /// get a new branch, and the old answer would land on top of it and be refused.
    #[test]
    fn no_successor_is_handed_to_the_parent_without_a_restart_or_a_recent_one() {
        let parent = Position::new(4, 0);
        for age in 0..60 {
            for retries in 0..12 {
                let mut family = family((5, 0), ParentBranch::Known(0), Phase::Fresh, age);
                family.lineage.retries = retries;
                let rotation = rotate(&family, parent, G, NOW);
                let after = family.lineage.after(rotation, parent, NOW);
                let handed_out = !matches!(rotation, Rotation::Wait(_));
                assert!(!handed_out || NOW.since(after.anchor_at) < RETRY_BURST);
            }
        }
    }

    #[test]
    fn fifty_tabs_at_once_move_nothing() {
        let parent = Position::new(4, 0);
        let mut row = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
        row.lineage.retries = RETRIES_THAT_MOVE_THE_ANCHOR;
        for tab in 0..50 {
            let now = NOW + Duration::from_millis(tab * 39);
            assert_eq!(rotate(&row, parent, G, now), Rotation::Retry, "{tab}");
            assert_eq!(row.lineage.after(Rotation::Retry, parent, now), row.lineage);
        }
    }

    #[test]
    fn a_successor_settles_at_its_second_use_a_window_after_the_first() {
        let fresh = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 10).lineage;
        let seen = fresh.after_use(fresh.current, G, NOW);
        assert_eq!((seen.phase, seen.anchor_at), (Phase::Seen, NOW));
        assert_eq!(
            seen.after_use(seen.current, G, NOW + G - Duration::from_micros(1)),
            seen
        );
        let settled = seen.after_use(seen.current, G, NOW + G);
        assert_eq!((settled.phase, settled.anchor_at), (Phase::Settled, NOW));
        for other in [
            Position::new(4, 0),
            Position::new(5, 1),
            Position::new(6, 0),
        ] {
            assert_eq!(fresh.after_use(other, G, NOW), fresh);
        }
    }

    #[test]
    fn a_clock_that_stepped_back_keeps_the_window_open() {
        let mut ahead = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
        ahead.lineage.anchor_at = NOW + Duration::from_secs(3600);
        assert_eq!(
            rotate(&ahead, Position::new(5, 0), G, NOW),
            Rotation::Repeat
        );
        assert_eq!(rotate(&ahead, Position::new(4, 0), G, NOW), Rotation::Retry);
    }

    #[test]
    fn the_ends_of_the_counters_neither_wrap_nor_rotate() {
        let last = family(
            (u32::MAX, u32::MAX),
            ParentBranch::Known(0),
            Phase::Fresh,
            900,
        );
        assert_eq!(
            rotate(&last, last.lineage.current, G, NOW),
            Rotation::Repeat
        );
        assert_eq!(
            rotate(&last, Position::new(u32::MAX - 1, 0), G, NOW),
            Rotation::Reuse
        );
    }

    fn any_family() -> impl Strategy<Value = Family> {
        let parent = prop_oneof![
            (0..4u32).prop_map(ParentBranch::Known),
            Just(ParentBranch::Any)
        ];
        let phase = prop_oneof![Just(Phase::Fresh), Just(Phase::Seen), Just(Phase::Settled)];
        ((0..6u32, 0..4u32), parent, phase, 0..200u64, 0..12u32).prop_map(
            |(at, parent, phase, age, retries)| {
                let mut family = family(at, parent, phase, age);
                family.lineage.retries = retries;
                family
            },
        )
    }

    fn any_position() -> impl Strategy<Value = Position> {
        (0..8u32, 0..5u32).prop_map(|(generation, branch)| Position::new(generation, branch))
    }

    proptest! {
        /// I4 of `docs/rotation.md`.
        #[test]
        fn the_position_never_decreases(family in any_family(), presented in any_position()) {
            let rotation = rotate(&family, presented, G, NOW);
            let after = family.lineage.after(rotation, presented, NOW);
            prop_assert!(after.current >= family.lineage.current);
            prop_assert!(family.lineage.after_use(presented, G, NOW).current == family.lineage.current);
        }

        /// I2: besides what is ahead of the row, at most the current token and its parent are good.
        #[test]
        fn at_most_two_tokens_are_acceptable(family in any_family()) {
            let mut family = family;
            if family.lineage.parent_branch == ParentBranch::Any {
                family.lineage.parent_branch = ParentBranch::Known(0);
            }
            let good = (0..8u32).flat_map(|g| (0..5u32).map(move |b| Position::new(g, b)))
                .filter(|position| *position <= family.lineage.current)
                .filter(|position| rotate(&family, *position, G, NOW) != Rotation::Reuse)
                .count();
            prop_assert!(good <= 2, "{good}");
        }

        /// A token is never traded for two generations: who presents it again inside the window
        /// gets the successor that the first got.
        #[test]
        fn presenting_twice_hands_out_one_successor(family in any_family(), presented in any_position()) {
            let rotation = rotate(&family, presented, G, NOW);
            prop_assume!(!matches!(rotation, Rotation::Reuse));
            let after = Family { lineage: family.lineage.after(rotation, presented, NOW), ..family };
            let again = rotate(&after, presented, G, NOW);
            prop_assume!(!matches!(again, Rotation::Reuse));
            let twice = after.lineage.after(again, presented, NOW);
            prop_assert_eq!(twice.current, after.lineage.current);
        }

        /// An old token is never forgiven, however long one waits.
        #[test]
        fn reuse_stays_reuse(family in any_family(), presented in any_position(), wait in 0..10_000u64) {
            prop_assume!(rotate(&family, presented, G, NOW) == Rotation::Reuse);
            let later = NOW + Duration::from_secs(wait);
            prop_assert_eq!(rotate(&family, presented, G, later), Rotation::Reuse);
        }
    }
}
