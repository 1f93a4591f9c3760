//! Sessions: opened, replaced, listed, ended.

use hardtack_core::SessionId;
use hardtack_core::rotation::{Ended, Family, Lineage, Owner, Phase};
use hardtack_core::session::{Device, RememberMe, RevokeReason, Session};

use super::{ABSOLUTE, FIRST, IDLE, SECOND, START, WINDOW, World, revoke, sorted};
use crate::{Insertion, Store, StoreError};

pub async fn a_session_opens_settled_and_may_rotate_at_once<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let now = world.pass(SECOND);
    let new = world.new_session(&user);
    let session = new.id;
    let Insertion::Opened {
        opened,
        replaced,
        crowded_out,
        is_new_device,
    } = world.try_log_in(new, Vec::new()).await
    else {
        panic!("the user has not changed")
    };
    assert_eq!((replaced, crowded_out), (Vec::new(), Vec::new()));
    assert!(!is_new_device, "there is none to tell it from");
    assert_eq!(opened.now, now);
    assert_eq!(
        opened.family,
        Family {
            session,
            user: user.id,
            lineage: Lineage::at_login(WINDOW, now),
            created_at: now,
            last_seen_at: now,
            idle_timeout: IDLE,
            ends_at: now + ABSOLUTE,
            remember_me: RememberMe::Unsaid,
            ended: None,
            owner: Owner::Standing,
        }
    );
    assert_eq!(opened.family.lineage.phase, Phase::Settled);
    assert_eq!(world.family(session).await, opened.family);
    assert!(world.rotate(session, FIRST).await.is_some());
}

pub async fn a_login_moves_the_last_login<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let now = world.pass(SECOND);
    let session = world.log_in(&user).await.family.session;
    world.pass(SECOND);
    world.rotate(session, FIRST).await.unwrap();
    let found = world.store.find_user(user.id).await.unwrap().unwrap();
    assert_eq!(found.user.last_login_at, Some(now));
}

pub async fn a_login_ends_the_live_sessions_that_it_replaces<S: Store>(world: World<S>) {
    let (user, alive) = world.logged_in().await;
    let ended = world.log_in(&user).await.family.session;
    world.log_out(ended).await;
    let bob = world.register("bob").await;
    let bobs = world.log_in(&bob).await.family.session;
    let kept = world.log_in(&user).await.family.session;
    let unknown = world.new_session(&user).id;
    let now = world.pass(SECOND);

    let new = world.new_session(&user);
    let session = new.id;
    // One browser may have carried another's session; it is replaced like the user's own.
    let brought = vec![alive, ended, unknown, alive, bobs];
    let Insertion::Opened { mut replaced, .. } = world.try_log_in(new, brought).await else {
        panic!("the user has not changed")
    };
    replaced.sort_unstable();
    let mut wanted = [(alive, user.id), (bobs, bob.id)];
    wanted.sort_unstable();
    assert_eq!(replaced, wanted);
    let reason = RevokeReason::Replaced;
    assert_eq!(
        world.family(alive).await.ended,
        Some(Ended { at: now, reason })
    );
    let reason = world.family(ended).await.ended.unwrap().reason;
    assert_eq!(reason, RevokeReason::Logout);
    assert_eq!(
        sorted(world.revoked().await),
        sorted(vec![alive, ended, bobs])
    );
    assert_eq!(
        sorted(world.alive(&user).await),
        sorted(vec![session, kept])
    );
}

/// Session fixation: a name that exists is never opened again, whoever asks.
pub async fn a_session_is_never_taken_over<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let before = world.family(session).await;
    let bob = world.register("bob").await;
    world.pass(SECOND);

    let mut new = world.new_session(&bob);
    new.id = session;
    let replaced = revoke(RevokeReason::Replaced);
    let taken = world
        .store
        .insert_session(new, vec![session], None, replaced, WINDOW);
    assert!(matches!(taken.await, Err(StoreError::Unavailable(_))));
    assert_eq!(world.family(session).await, before);
    assert_eq!(world.alive(&user).await, [session]);
    let found = world.store.find_user(bob.id).await.unwrap().unwrap();
    assert_eq!(found.user.last_login_at, None);
}

pub async fn the_live_sessions_are_listed_newest_first<S: Store>(world: World<S>) {
    let (user, oldest) = world.logged_in().await;
    world.pass(SECOND);
    let ended = world.log_in(&user).await.family.session;
    let mut new = world.new_session(&user);
    new.device = Device::new("2001:db8::1".to_owned(), "Übersicht/2 \"quoted\"");
    let device = new.device.clone();
    let newest = new.id;
    let now = world.pass(SECOND);
    world.try_log_in(new, Vec::new()).await;
    world.log_out(ended).await;
    let bob = world.register("bob").await;
    world.log_in(&bob).await;

    let listed = world.store.list_sessions(user.id).await.unwrap();
    let expected = Session {
        id: newest,
        user: user.id,
        created_at: now,
        last_seen_at: now,
        idle_timeout: IDLE,
        ends_at: now + ABSOLUTE,
        remember_me: RememberMe::Unsaid,
        device,
    };
    assert_eq!(listed[0], expected);
    assert_eq!(world.alive(&user).await, [newest, oldest]);
}

pub async fn ending_a_session_twice_ends_it_once<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let now = world.pass(SECOND);
    assert!(world.log_out(session).await);
    world.pass(SECOND);
    let again = world
        .store
        .revoke_session(session, revoke(RevokeReason::Operator));
    assert_eq!(again.await.unwrap(), None);
    let reason = RevokeReason::Logout;
    assert_eq!(
        world.family(session).await.ended,
        Some(Ended { at: now, reason })
    );
    assert_eq!(world.revoked().await, [session]);
    assert!(!world.log_out(world.new_session(&user).id).await);
}

pub async fn of_many_that_end_a_session_at_once_one_did<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let outcomes = world
        .at_once(20, |store, _| async move {
            store
                .revoke_session(session, revoke(RevokeReason::Logout))
                .await
                .unwrap()
        })
        .await;
    let ended: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(ended, [user.id]);
    assert_eq!(world.revoked().await, [session]);
}

pub async fn every_session_of_a_user_ends_but_the_one_excepted<S: Store>(world: World<S>) {
    let (user, one) = world.logged_in().await;
    let other = world.log_in(&user).await.family.session;
    let kept = world.log_in(&user).await.family.session;
    let bob = world.register("bob").await;
    let bobs = world.log_in(&bob).await.family.session;
    let everywhere = revoke(RevokeReason::Logout);

    let ended = world
        .store
        .revoke_user_sessions(user.id, Some(kept), everywhere);
    assert_eq!(sorted(ended.await.unwrap()), [one, other]);
    assert_eq!(world.alive(&user).await, [kept]);
    // An exception that is somebody else's excepts nothing.
    let ended = world
        .store
        .revoke_user_sessions(user.id, Some(bobs), everywhere);
    assert_eq!(ended.await.unwrap(), [kept]);
    let ended = world.store.revoke_user_sessions(user.id, None, everywhere);
    assert_eq!(ended.await.unwrap(), []);
    assert_eq!(world.alive(&bob).await, [bobs]);
    assert_eq!(sorted(world.revoked().await), [one, other, kept]);
}

async fn is_over<S: Store>(world: &World<S>, user: &hardtack_core::user::User, id: SessionId) {
    assert_eq!(world.alive(user).await, []);
    assert_eq!(world.rotate(id, FIRST).await, None);
    assert!(!world.log_out(id).await);
    let all = revoke(RevokeReason::Logout);
    let ended = world.store.revoke_user_sessions(user.id, None, all).await;
    assert_eq!(ended.unwrap(), []);
    assert_eq!(world.revoked().await, []);
    assert_eq!(world.family(id).await.ended, None);
}

pub async fn a_session_is_over_when_it_was_idle_for_its_timeout<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    world
        .clock
        .set(START + IDLE - std::time::Duration::from_micros(1));
    assert_eq!(world.alive(&user).await, [session]);
    world.clock.set(START + IDLE);
    is_over(&world, &user, session).await;
}

pub async fn a_session_is_over_at_its_absolute_end_however_busy<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let mut position = FIRST;
    for _ in 0..5 {
        world.pass(IDLE - SECOND);
        match world.rotate(session, position).await {
            Some(moved) => {
                position = moved.family.lineage.current;
                assert_eq!(moved.family.ends_at, START + ABSOLUTE);
            }
            None => break,
        }
    }
    assert_eq!(position.generation, 4);
    world.clock.set(START + ABSOLUTE - SECOND);
    assert_eq!(world.alive(&user).await, [session]);
    world.clock.set(START + ABSOLUTE);
    assert_eq!(world.alive(&user).await, []);
    assert_eq!(world.rotate(session, position).await, None);
    assert!(!world.log_out(session).await);
}

pub async fn absurd_lifetimes_neither_wrap_nor_end_at_once<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let mut new = world.new_session(&user);
    new.lifetime.idle_timeout = std::time::Duration::MAX;
    new.lifetime.absolute_timeout = std::time::Duration::MAX;
    let session = new.id;
    let outcome = world.try_log_in(new, Vec::new()).await;
    assert!(matches!(outcome, Insertion::Opened { .. }));
    world.pass(ABSOLUTE * 100);
    assert_eq!(world.alive(&user).await, [session]);
    assert!(world.rotate(session, FIRST).await.is_some());
}

/// A device is what its owner would call one: a newer release of the browser is no other device.
pub async fn a_device_is_new_when_others_are_known_and_it_is_not<S: Store>(world: World<S>) {
    const PHONE: &str = "Mozilla/5.0 (iPhone) Version/26.0 Safari/604.1";
    let alice = world.register("alice").await;
    let bob = world.register("bob").await;
    let mut seen = Vec::new();
    for (user, user_agent) in [
        (&alice, "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"),
        (&alice, "Mozilla/5.0 (Windows NT 10.0) Firefox/141.0"),
        (&bob, PHONE),
        (&alice, PHONE),
        (&alice, PHONE),
    ] {
        let mut new = world.new_session(user);
        new.device = Device::new("192.0.2.7".to_owned(), user_agent);
        let Insertion::Opened {
            opened,
            is_new_device,
            ..
        } = world.try_log_in(new, Vec::new()).await
        else {
            panic!("the user has not changed");
        };
        // It stays known when its session is over.
        world.log_out(opened.family.session).await;
        seen.push(is_new_device);
    }
    assert_eq!(seen, [false, false, false, true, false]);
}
