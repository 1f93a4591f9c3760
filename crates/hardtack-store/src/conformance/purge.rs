//! Forgetting what ended long ago.

use std::time::Duration;

use hardtack_core::SessionId;
use hardtack_core::session::RevokeReason;

use super::{FIRST, IDLE, SECOND, START, World, revoke};
use crate::Store;

const KEPT: Duration = Duration::from_secs(3 * 86_400);

impl<S: Store> World<S> {
    /// Purges until nothing is left to purge; says how many rows went.
    async fn purge(&self) -> u64 {
        let mut gone = 0;
        loop {
            match self.store.purge_ended(KEPT).await.unwrap() {
                0 => return gone,
                rows => gone += rows,
            }
        }
    }

    async fn is_kept(&self, session: SessionId) -> bool {
        self.store.find_family(session).await.unwrap().is_some()
    }
}

pub async fn a_revoked_session_goes_after_its_time<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    world.pass(KEPT);
    // It has been ended for just so long.
    assert_eq!(world.purge().await, 0);
    assert!(world.is_kept(session).await);
    world.pass(Duration::from_micros(1));
    assert_eq!(world.purge().await, 1);
    assert!(!world.is_kept(session).await);
    assert_eq!(world.purge().await, 0);
}

pub async fn a_session_that_ran_out_goes_after_its_time<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.clock.set(START + IDLE + KEPT);
    assert_eq!(world.purge().await, 0);
    world.pass(SECOND);
    assert_eq!(world.purge().await, 1);
    assert!(!world.is_kept(session).await);
}

pub async fn a_live_session_is_never_purged<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let mut position = FIRST;
    for _ in 0..3 {
        world.pass(IDLE - SECOND);
        let rows = world.store.purge_ended(Duration::ZERO).await.unwrap();
        assert_eq!(rows, 0);
        let moved = world.rotate(session, position).await.unwrap();
        position = moved.family.lineage.current;
    }
    assert_eq!(world.alive(&user).await, [session]);
}

pub async fn an_entry_of_the_log_goes_its_time_after_it_expired<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    let remembered_for = revoke(RevokeReason::Logout).remembered_for;
    world.clock.set(START + remembered_for + KEPT);
    assert_eq!(world.purge().await, 1, "the session's row");
    world.pass(Duration::from_micros(1));
    assert_eq!(world.purge().await, 1, "the entry");
    world.clock.set(START);
    assert_eq!(world.revoked().await, []);
}

/// A clock that was ahead for a while: what it took for expired, and what was purged by it, would be
/// believed again when it is right, for as long as its access token has left.
pub async fn a_purge_by_a_clock_that_was_ahead_forgets_nobody<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    let entry = world.log_after(None).await;
    let ahead = KEPT - SECOND;
    world.pass(ahead);
    assert_eq!(world.revoked().await, []);
    assert_eq!(world.purge().await, 0);
    world.clock.set(START);
    assert_eq!(world.log_after(None).await, entry);
    assert!(world.is_kept(session).await);
}

pub async fn a_purge_goes_in_bounded_steps_and_reaches_everything<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let sessions: Vec<_> = (0..1_300).map(|_| world.new_session(&user)).collect();
    let outcomes = world
        .at_once(sessions.len(), |store, index| {
            let new = sessions[index].clone();
            async move {
                let replaced = revoke(RevokeReason::Replaced);
                let window = super::WINDOW;
                store
                    .insert_session(new, Vec::new(), None, replaced, window)
                    .await
                    .unwrap();
            }
        })
        .await;
    assert_eq!(outcomes.len(), 1_300);
    let all = revoke(RevokeReason::Operator);
    let ended = world.store.revoke_user_sessions(user.id, None, all);
    assert_eq!(ended.await.unwrap().len(), 1_300);
    let alive = world.log_in(&user).await.family.session;

    world.pass(KEPT + all.remembered_for + SECOND);
    let (mut gone, mut calls) = (0, 0);
    loop {
        match world.store.purge_ended(KEPT).await.unwrap() {
            0 => break,
            rows => {
                assert!(rows <= 1_000, "{rows}");
                gone += rows;
                calls += 1;
            }
        }
    }
    // A row and an entry of the log for each.
    assert_eq!(gone, 2_600);
    assert!(calls >= 3);
    assert!(world.is_kept(alive).await);
    for session in sessions {
        assert!(!world.is_kept(session.id).await);
    }
}

pub async fn two_purges_at_once_count_each_row_once<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for _ in 0..20 {
        let session = world.log_in(&user).await.family.session;
        world.log_out(session).await;
    }
    world.pass(KEPT + revoke(RevokeReason::Logout).remembered_for + SECOND);
    let gone = world
        .at_once(4, |store, _| async move {
            store.purge_ended(KEPT).await.unwrap()
        })
        .await;
    let counted: u64 = gone.iter().sum::<u64>() + world.purge().await;
    assert_eq!(counted, 40);
}
