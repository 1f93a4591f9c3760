//! Access tokens that were used: how a generation settles.

use std::time::Duration;

use hardtack_core::SessionId;
use hardtack_core::rotation::{Lineage, Phase, Position};

use super::{FIRST, IDLE, SECOND, START, WINDOW, World};
use crate::Store;

const ROTATED: Position = Position::new(1, 0);

impl<S: Store> World<S> {
    async fn note(&self, uses: &[(SessionId, Position)]) {
        self.store.note_uses(uses.to_vec(), WINDOW).await.unwrap();
    }

    async fn lineage(&self, session: SessionId) -> Lineage {
        self.family(session).await.lineage
    }
}

pub async fn a_generation_settles_by_two_uses_a_window_apart<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    let fresh = world.lineage(session).await;
    assert_eq!(fresh.phase, Phase::Fresh);

    let seen_at = world.pass(SECOND);
    world.note(&[(session, ROTATED)]).await;
    let seen = Lineage {
        phase: Phase::Seen,
        anchor_at: seen_at,
        ..fresh
    };
    assert_eq!(world.lineage(session).await, seen);

    world.pass(WINDOW - Duration::from_micros(1));
    world.note(&[(session, ROTATED)]).await;
    assert_eq!(world.lineage(session).await, seen);

    world.pass(Duration::from_micros(1));
    world.note(&[(session, ROTATED)]).await;
    let settled = Lineage {
        phase: Phase::Settled,
        ..seen
    };
    assert_eq!(world.lineage(session).await, settled);

    world.pass(WINDOW);
    world.note(&[(session, ROTATED)]).await;
    assert_eq!(world.lineage(session).await, settled);
}

pub async fn a_use_of_another_token_proves_nothing<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    let before = world.family(session).await;
    world.pass(WINDOW);
    for (generation, branch) in [(0, 0), (1, 1), (2, 0), (u32::MAX, u32::MAX)] {
        world
            .note(&[(session, Position::new(generation, branch))])
            .await;
    }
    assert_eq!(world.family(session).await, before);
}

pub async fn a_use_settles_and_does_not_defer_the_idle_end<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    world.pass(SECOND);
    world.note(&[(session, ROTATED)]).await;
    assert_eq!(world.family(session).await.last_seen_at, START);
}

pub async fn unknown_and_ended_sessions_are_passed_over<S: Store>(world: World<S>) {
    let (user, ended) = world.logged_in().await;
    let alive = world.log_in(&user).await.family.session;
    for session in [ended, alive] {
        world.rotate(session, FIRST).await.unwrap();
    }
    world.log_out(ended).await;
    let before = world.family(ended).await;
    let unknown = world.new_session(&user).id;
    world
        .note(&[(unknown, ROTATED), (ended, ROTATED), (alive, ROTATED)])
        .await;
    assert_eq!(world.family(ended).await, before);
    assert_eq!(world.lineage(alive).await.phase, Phase::Seen);
    assert_eq!(world.store.find_family(unknown).await.unwrap(), None);

    let before = world.family(alive).await;
    world.pass(IDLE);
    world.note(&[(alive, ROTATED)]).await;
    assert_eq!(world.family(alive).await, before);
}

pub async fn the_same_use_twice_in_one_report_counts_once<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    world.pass(WINDOW * 2);
    world.note(&[(session, ROTATED), (session, ROTATED)]).await;
    assert_eq!(world.lineage(session).await.phase, Phase::Seen);
    world.note(&[]).await;
}

pub async fn a_clock_that_steps_back_settles_nothing_early<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.rotate(session, FIRST).await.unwrap();
    world.note(&[(session, ROTATED)]).await;
    let seen = world.lineage(session).await;
    world.clock.set(START - WINDOW * 10);
    world.note(&[(session, ROTATED)]).await;
    assert_eq!(world.lineage(session).await, seen);
}
