//! The guarded advance: each condition of the first row of docs/rotation.md by itself, and the race.

use std::time::Duration;

use hardtack_core::Activity;
use hardtack_core::rotation::{Lineage, ParentBranch, Phase, Position, Rotation, rotate};
use hardtack_core::session::RevokeReason;

use super::{ABSOLUTE, FIRST, IDLE, SECOND, START, WINDOW, World, revoke};
use crate::{FamilyAt, Store, Verdict};

const SECOND_GENERATION: Position = Position::new(1, 0);

impl<S: Store> World<S> {
    /// Puts the family where the test wants it, as a decision would.
    pub(super) async fn place(&self, session: hardtack_core::SessionId, lineage: Lineage) {
        let family = self.family(session).await;
        let placed = self
            .store
            .commit_verdict(&family, Verdict::Continue(lineage, Activity::Counts));
        assert_eq!(placed.await.unwrap().unwrap().family.lineage, lineage);
    }
}

pub async fn a_rotation_is_the_one_that_the_rule_says<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let before = world.family(session).await;
    let now = world.pass(Duration::from_secs(3_600));
    let moved = world.rotate(session, FIRST).await.unwrap();

    assert_eq!(moved.now, now);
    let mut expected = before;
    expected.lineage = before.lineage.after(Rotation::Advance, FIRST, now);
    expected.last_seen_at = now;
    assert_eq!(moved.family, expected);
    assert_eq!(world.family(session).await, expected);
    assert_eq!(expected.lineage.current, SECOND_GENERATION);
}

pub async fn a_rotation_remembers_which_branch_it_came_from<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let lineage = Lineage {
        current: Position::new(7, 3),
        parent_branch: ParentBranch::Any,
        phase: Phase::Seen,
        anchor_at: START - WINDOW,
        retries: 5,
    };
    world.place(session, lineage).await;
    let moved = world.rotate(session, Position::new(7, 3)).await.unwrap();
    let expected = Lineage {
        current: Position::new(8, 0),
        parent_branch: ParentBranch::Known(3),
        phase: Phase::Fresh,
        anchor_at: START,
        retries: 0,
    };
    assert_eq!(moved.family.lineage, expected);
    assert_eq!(world.family(session).await.lineage, expected);
}

pub async fn only_the_current_token_rotates<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let lineage = Lineage {
        current: Position::new(5, 2),
        parent_branch: ParentBranch::Known(1),
        phase: Phase::Settled,
        anchor_at: START - WINDOW,
        retries: 0,
    };
    world.place(session, lineage).await;
    let before = world.family(session).await;
    for (generation, branch) in [
        (4, 1),
        (5, 1),
        (5, 3),
        (6, 0),
        (6, 2),
        (0, 0),
        (u32::MAX, 2),
    ] {
        let presented = Position::new(generation, branch);
        assert_eq!(
            world.rotate(session, presented).await,
            None,
            "{presented:?}"
        );
    }
    let unknown = world.new_session(&user).id;
    assert_eq!(world.rotate(unknown, Position::new(5, 2)).await, None);
    assert_eq!(world.family(session).await, before);
    assert!(world.rotate(session, Position::new(5, 2)).await.is_some());
}

pub async fn nothing_rotates_before_the_window_is_over<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    let before = world.family(session).await;
    world.pass(WINDOW - Duration::from_micros(1));
    assert_eq!(world.rotate(session, SECOND_GENERATION).await, None);
    assert_eq!(world.family(session).await, before);
    world.pass(Duration::from_micros(1));
    assert!(world.rotate(session, SECOND_GENERATION).await.is_some());
}

pub async fn a_revoked_session_does_not_rotate<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    let before = world.family(session).await;
    assert_eq!(world.rotate(session, FIRST).await, None);
    assert_eq!(world.family(session).await, before);
}

pub async fn a_session_that_ran_out_does_not_rotate<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let before = world.family(session).await;
    for end in [START + IDLE, START + ABSOLUTE] {
        world.clock.set(end);
        assert_eq!(world.rotate(session, FIRST).await, None);
    }
    assert_eq!(world.family(session).await, before);
    world.clock.set(START + IDLE - SECOND);
    assert!(world.rotate(session, FIRST).await.is_some());
}

/// The successor of the last generation would wrap around to the first.
pub async fn the_last_generation_has_no_successor<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let last = Position::new(u32::MAX, u32::MAX);
    let lineage = Lineage {
        current: last,
        parent_branch: ParentBranch::Known(u32::MAX),
        phase: Phase::Settled,
        anchor_at: START - WINDOW,
        retries: u32::MAX,
    };
    world.place(session, lineage).await;
    assert_eq!(world.rotate(session, last).await, None);
    assert_eq!(world.family(session).await.lineage, lineage);
}

pub async fn a_clock_that_steps_back_makes_the_window_longer<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    world.clock.set(START - Duration::from_secs(3_600));
    assert_eq!(world.rotate(session, SECOND_GENERATION).await, None);
    world.clock.set(START + WINDOW);
    assert!(world.rotate(session, SECOND_GENERATION).await.is_some());
}

pub async fn without_a_window_every_use_rotates<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    for generation in 0..3 {
        // Age zero is enough, even where the anchor lies ahead.
        world.clock.set(world.now() - SECOND);
        let presented = Position::new(generation, 0);
        let moved = world
            .store
            .rotate_family(session, presented, Duration::ZERO, Activity::Counts);
        assert!(moved.await.unwrap().is_some(), "{generation}");
    }
}

pub async fn rotation_moves_one_family_only<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let other = world.log_in(&user).await.family;
    world.rotate(session, FIRST).await.unwrap();
    assert_eq!(world.family(other.session).await, other);
}

/// docs/rotation.md, fifty tabs at once: one rotates, the others find its successor.
pub async fn of_fifty_rotations_of_one_token_at_once_one_wins<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let outcomes = world
        .at_once(50, |store, _| async move {
            let moved = store
                .rotate_family(session, FIRST, WINDOW, Activity::Counts)
                .await
                .unwrap();
            if let Some(FamilyAt { family, .. }) = moved {
                return (true, family);
            }
            let found = store.find_family(session).await.unwrap().unwrap();
            let decision = rotate(&found.family, FIRST, WINDOW, found.now);
            assert_eq!(decision, Rotation::Retry);
            (false, found.family)
        })
        .await;
    assert_eq!(outcomes.iter().filter(|(won, _)| *won).count(), 1);
    for (_, family) in outcomes {
        assert_eq!(family.lineage.current, SECOND_GENERATION);
    }
}

/// docs/rotation.md, logout against refresh: whichever commits first, revoked is final (§7, I3).
pub async fn nothing_rotates_after_a_racing_logout<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for _ in 0..30 {
        let session = world.log_in(&user).await.family.session;
        let outcomes = world
            .at_once(2, |store, index| async move {
                if index == 0 {
                    let revoke = revoke(RevokeReason::Logout);
                    store
                        .revoke_session(session, revoke)
                        .await
                        .unwrap()
                        .is_some()
                } else {
                    let moved = store
                        .rotate_family(session, FIRST, WINDOW, Activity::Counts)
                        .await
                        .unwrap();
                    moved.is_some_and(|moved| moved.family.ended.is_none())
                }
            })
            .await;
        assert!(outcomes[0], "nobody else ended it");
        let family = world.family(session).await;
        assert!(family.ended.is_some());
        assert_eq!(family.lineage.current.generation, u32::from(outcomes[1]));
        world.pass(WINDOW);
        let current = family.lineage.current;
        assert_eq!(world.rotate(session, current).await, None);
    }
}
