//! When a session was last used: what defers its idle end, and what does not.

use std::time::Duration;

use hardtack_core::session::RevokeReason;
use hardtack_core::{Activity, SessionId, Timestamp};

use super::{ABSOLUTE, FIRST, IDLE, SECOND, START, WINDOW, World, revoke};
use crate::{Store, Verdict};

const MINUTE: Duration = Duration::from_secs(60);

impl<S: Store> World<S> {
    async fn see(&self, seen: &[(SessionId, Timestamp)]) {
        self.store.note_seen(seen.to_vec()).await.unwrap();
    }

    async fn last_seen_at(&self, session: SessionId) -> Timestamp {
        self.family(session).await.last_seen_at
    }
}

pub async fn a_use_that_is_noted_defers_the_idle_end<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let before = world.family(session).await;
    let used_at = world.pass(IDLE - MINUTE);
    world.pass(MINUTE - SECOND);
    world.see(&[(session, used_at)]).await;
    let after = world.family(session).await;
    assert_eq!(after.last_seen_at, used_at);
    assert_eq!(after.idle_ends_at(), used_at + IDLE);
    // Nothing else of it moved.
    assert_eq!(after.lineage, before.lineage);
    assert_eq!(after.ends_at, START + ABSOLUTE);

    world.clock.set(used_at + IDLE - SECOND);
    assert_eq!(world.alive(&user).await, [session]);
    world.pass(SECOND);
    assert_eq!(world.alive(&user).await, []);
}

pub async fn the_last_use_never_goes_back_nor_past_the_present<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let now = world.pass(MINUTE);
    world.see(&[(session, now)]).await;
    for (noted, expected) in [
        (START, now),
        (now - Duration::from_micros(1), now),
        (Timestamp::from_unix_micros(i64::MIN), now),
        (now, now),
    ] {
        world.see(&[(session, noted)]).await;
        assert_eq!(world.last_seen_at(session).await, expected, "{noted:?}");
    }
    // A node whose clock is ahead must not keep the session alive for longer than the rest.
    let now = world.pass(MINUTE);
    world.see(&[(session, now + MINUTE)]).await;
    assert_eq!(world.last_seen_at(session).await, now);
    world
        .see(&[(session, Timestamp::from_unix_micros(i64::MAX))])
        .await;
    assert_eq!(world.last_seen_at(session).await, now);
    // The later of two in one report counts, in either order, and the clock may step back.
    let later = world.pass(MINUTE);
    world.see(&[(session, later), (session, now)]).await;
    assert_eq!(world.last_seen_at(session).await, later);
    world.clock.set(START);
    world.see(&[(session, later), (session, START)]).await;
    assert_eq!(world.last_seen_at(session).await, later);
}

/// What was over for a moment may have been taken for ended: a logout in that moment changes
/// nothing, and a session that came back to life after it would be one that nobody can end.
pub async fn what_is_over_stays_over_though_it_was_used_before_its_end<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let ended = world.log_in(&user).await.family.session;
    let idle = world.log_in(&user).await.family.session;
    world.log_out(ended).await;
    let used_at = world.pass(IDLE - SECOND);
    let before = [world.family(ended).await, world.family(idle).await];
    world.pass(SECOND);
    assert!(!world.log_out(idle).await);
    world.see(&[(ended, used_at), (idle, used_at)]).await;
    assert_eq!(
        [world.family(ended).await, world.family(idle).await],
        before
    );
    assert_eq!(world.alive(&user).await, []);

    // Nor is one of a user who is switched off touched.
    let session = world.log_in(&user).await.family.session;
    let disabled = revoke(RevokeReason::UserDisabled);
    let state = hardtack_core::user::UserState::Disabled;
    let known = world.store.set_user_state(user.id, state, disabled).await;
    assert_eq!(known.unwrap(), Some(vec![session]));
    let before = world.family(session).await;
    let now = world.pass(SECOND);
    world.see(&[(session, now)]).await;
    assert_eq!(world.family(session).await, before);
}

pub async fn many_are_noted_at_once_and_nobody_else<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let mut sessions = Vec::new();
    for _ in 0..40 {
        sessions.push(world.log_in(&user).await.family.session);
    }
    let unknown = world.new_session(&user).id;
    let now = world.pass(MINUTE);
    let mut seen: Vec<_> = sessions[1..].iter().map(|id| (*id, now)).collect();
    seen.insert(7, (unknown, now));
    world.see(&seen).await;
    assert_eq!(world.last_seen_at(sessions[0]).await, START);
    for session in &sessions[1..] {
        assert_eq!(world.last_seen_at(*session).await, now);
    }
    assert_eq!(world.store.find_family(unknown).await.unwrap(), None);
    world.see(&[]).await;
}

pub async fn a_refresh_in_the_background_defers_nothing<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let mut presented = FIRST;
    for _ in 0..3 {
        let now = world.pass(WINDOW);
        let store = &world.store;
        let moved = store
            .rotate_family(session, presented, WINDOW, Activity::Background)
            .await
            .unwrap()
            .unwrap();
        presented.generation += 1;
        assert_eq!(moved.family.lineage.current, presented);
        assert_eq!(moved.family.lineage.anchor_at, now);
        assert_eq!(moved.family.last_seen_at, START);
        assert_eq!(world.family(session).await, moved.family);

        let verdict = Verdict::Continue(moved.family.lineage, Activity::Background);
        let kept = store.commit_verdict(&moved.family, verdict).await.unwrap();
        assert_eq!(kept.unwrap().family, moved.family);
        assert_eq!(world.family(session).await, moved.family);
    }
    world.clock.set(START + IDLE);
    assert_eq!(world.alive(&user).await, []);
    let again = world
        .store
        .rotate_family(session, presented, WINDOW, Activity::Background);
    assert_eq!(again.await.unwrap(), None);
}

/// As `an_entry_outlives_the_last_token_though_the_clock_stepped_back`, where the last use says
/// nothing about when the last token was issued.
pub async fn an_entry_outlives_a_token_that_was_fetched_in_the_background<S: Store>(
    world: World<S>,
) {
    let user = world.register("alice").await;
    let mut sessions = [
        world.log_in(&user).await.family.session,
        world.log_in(&user).await.family.session,
    ];
    let issued_at = world.pass(Duration::from_secs(3_600));
    for session in sessions {
        let rotated = world
            .store
            .rotate_family(session, FIRST, WINDOW, Activity::Background);
        assert!(rotated.await.unwrap().is_some());
    }
    world.clock.set(START);
    let logout = revoke(RevokeReason::Logout);
    assert!(world.log_out(sessions[0]).await);
    let ended = world
        .store
        .revoke_user_sessions(user.id, None, logout)
        .await
        .unwrap();
    assert_eq!(ended, [sessions[1]]);
    world
        .clock
        .set(issued_at + logout.remembered_for - Duration::from_micros(1));
    let mut revoked = world.revoked().await;
    revoked.sort_unstable();
    sessions.sort_unstable();
    assert_eq!(revoked, sessions);
}

pub async fn nothing_that_is_noted_beside_a_logout_brings_the_session_back<S: Store>(
    world: World<S>,
) {
    let user = world.register("alice").await;
    for _ in 0..30 {
        let session = world.log_in(&user).await.family.session;
        let now = world.pass(SECOND);
        let outcomes = world
            .at_once(4, |store, index| async move {
                if index == 0 {
                    let logout = revoke(RevokeReason::Logout);
                    let ended = store.revoke_session(session, logout).await.unwrap();
                    return ended.is_some();
                }
                store.note_seen(vec![(session, now)]).await.unwrap();
                true
            })
            .await;
        assert!(outcomes[0], "nobody else ended it");
        assert!(world.family(session).await.ended.is_some());
        assert_eq!(world.alive(&user).await, []);
    }
}
