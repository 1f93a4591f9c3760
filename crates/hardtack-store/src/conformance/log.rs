//! The log of revocations, from which every verifier learns.

use std::time::Duration;

use hardtack_core::Activity;
use hardtack_core::session::RevokeReason;

use super::{IDLE, SECOND, START, World, revoke};
use crate::{LogId, LogPosition, Revoke, Store};

pub async fn the_log_has_what_ended_oldest_first<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let mut ended = Vec::new();
    for minutes in 1..=3 {
        let session = world.log_in(&user).await.family.session;
        let now = world.pass(SECOND);
        let remembered_for = Duration::from_secs(minutes * 60);
        let revoke = Revoke {
            reason: RevokeReason::Logout,
            remembered_for,
        };
        world.store.revoke_session(session, revoke).await.unwrap();
        ended.push((session, now + remembered_for));
    }
    let log = world.log_after(None).await;
    let entries: Vec<_> = log
        .iter()
        .map(|entry| (entry.session, entry.expires_at))
        .collect();
    assert_eq!(entries, ended);
    assert!(log[0].sequence > 0);
    assert!(log.is_sorted_by(|one, next| one.sequence < next.sequence));
}

/// A process that was away, or a verifier that starts, reads piece by piece.
pub async fn pages_of_the_log_join_without_gap_or_repetition<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for _ in 0..5 {
        let session = world.log_in(&user).await.family.session;
        world.log_out(session).await;
    }
    let whole = world.log_after(None).await;
    for limit in [1, 2, 4, 5, 6] {
        let (mut read, mut position) = (Vec::new(), None);
        loop {
            let page = world.store.find_revocations(position, limit).await.unwrap();
            assert!(page.revocations.len() <= limit as usize);
            assert_eq!(page.now, world.now());
            read.extend(page.revocations);
            position = Some(page.position);
            if page.is_last {
                break;
            }
        }
        assert_eq!(read, whole, "{limit} at a time");
        assert_eq!(world.log_after(position).await, []);
    }
}

pub async fn what_is_ended_later_stands_after_every_position_that_was_given<S: Store>(
    world: World<S>,
) {
    let user = world.register("alice").await;
    let mut position = world.position().await;
    for _ in 0..3 {
        let session = world.log_in(&user).await.family.session;
        world.log_out(session).await;
        let news = world.log_after(Some(position)).await;
        assert_eq!((news.len(), news[0].session), (1, session));
        position = world.position().await;
    }
}

/// A backup was brought back: the log goes on from an earlier place, and whoever asked for what
/// comes after the place that they knew would miss what is ended until the log is there again.
pub async fn who_knows_another_past_is_told_everything<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    let whole = world.log_after(None).await;
    let here = world.position().await;
    let elsewhere = LogPosition {
        log: LogId::draw(),
        ..here
    };
    let ahead = LogPosition {
        sequence: here.sequence + 1,
        ..here
    };
    for position in [elsewhere, ahead] {
        assert_eq!(world.log_after(Some(position)).await, whole);
    }
}

pub async fn an_entry_is_gone_from_the_log_when_it_expires<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.log_out(session).await;
    let remembered_for = revoke(RevokeReason::Logout).remembered_for;
    world
        .clock
        .set(START + remembered_for - Duration::from_micros(1));
    assert_eq!(world.revoked().await, [session]);
    world.clock.set(START + remembered_for);
    assert_eq!(world.revoked().await, []);
}

/// A clock that was set back for a while: an entry counted from the wrong time would expire before
/// the access token that it stops, and the ended session would live again.
pub async fn an_entry_outlives_the_last_token_though_the_clock_stepped_back<S: Store>(
    world: World<S>,
) {
    use std::slice;
    let user = world.register("alice").await;
    let (one, other) = (world.log_in(&user).await, world.log_in(&user).await);
    let issued_at = world.pass(SECOND);
    let mut sessions = [one.family.session, other.family.session];
    for session in sessions {
        let first = hardtack_core::rotation::Position::default();
        let rotated = world
            .store
            .rotate_family(session, first, SECOND, Activity::Counts)
            .await;
        assert!(rotated.unwrap().is_some());
    }
    world.clock.set(START - Duration::from_secs(3_600));
    // What is used meanwhile is still as young as its youngest token.
    let found = world.store.find_family(sessions[1]).await.unwrap().unwrap();
    let verdict = crate::Verdict::Continue(found.family.lineage, Activity::Counts);
    let after = world.store.commit_verdict(&found.family, verdict).await;
    assert_eq!(after.unwrap().unwrap().family.last_seen_at, issued_at);
    let logout = revoke(RevokeReason::Logout);
    world
        .store
        .revoke_session(sessions[0], logout)
        .await
        .unwrap();
    let ended = world
        .store
        .revoke_user_sessions(user.id, None, logout)
        .await;
    assert_eq!(ended.unwrap(), slice::from_ref(&sessions[1]));
    world
        .clock
        .set(issued_at + logout.remembered_for - Duration::from_micros(1));
    let mut revoked = world.revoked().await;
    revoked.sort_unstable();
    sessions.sort_unstable();
    assert_eq!(revoked, sessions);
}

/// Somebody lowers the lifetime of access tokens, or an operator's command knows another one: a token
/// from before lives on, and a thief who has it waits until its end is forgotten.
pub async fn an_end_is_remembered_as_long_as_any_token_lives<S: Store>(world: World<S>) {
    let hour = Duration::from_secs(3_600);
    let user = world.register("alice").await;
    world.store.remember_ends_for(hour).await.unwrap();
    world.store.remember_ends_for(SECOND).await.unwrap();
    let (one, other) = (world.log_in(&user).await, world.log_in(&user).await);
    world.log_out(one.family.session).await;
    let all = revoke(RevokeReason::LogoutAll);
    let ended = world.store.revoke_user_sessions(user.id, None, all).await;
    assert_eq!(ended.unwrap(), [other.family.session]);
    for entry in world.log_after(None).await {
        assert_eq!(entry.expires_at, START + hour);
    }
    // Whoever says that it is for longer is believed too.
    let third = world.log_in(&user).await.family.session;
    let operator = Revoke {
        reason: RevokeReason::Operator,
        remembered_for: 2 * hour,
    };
    world.store.revoke_session(third, operator).await.unwrap();
    let last = world.log_after(None).await.pop().unwrap();
    assert_eq!((last.session, last.expires_at), (third, START + 2 * hour));
}

pub async fn less_holds_when_the_last_token_is_over_that_needed_more<S: Store>(world: World<S>) {
    let (short, long) = (Duration::from_secs(1_200), Duration::from_secs(3_600));
    let user = world.register("alice").await;
    let lasts = async || {
        let session = world.log_in(&user).await.family.session;
        world.log_out(session).await;
        let last = world.log_after(None).await.pop().unwrap();
        last.expires_at.since(world.now())
    };
    let say = async |needed| world.store.remember_ends_for(needed).await.unwrap();
    say(long).await;
    world.pass(10 * long);
    say(short).await;
    world.pass(long - SECOND);
    say(short).await;
    assert_eq!(
        lasts().await,
        long,
        "a token of the longer kind may be left"
    );
    // A process that still hands out such tokens, as when servers are replaced one by one.
    say(long).await;
    say(short).await;
    world.pass(long - SECOND);
    say(short).await;
    assert_eq!(lasts().await, long);
    world.pass(SECOND);
    say(short).await;
    assert_eq!(lasts().await, short);
}

pub async fn what_ends_by_itself_is_not_in_the_log<S: Store>(world: World<S>) {
    world.logged_in().await;
    world.pass(IDLE);
    assert_eq!(world.revoked().await, []);
}

/// A verifier that asks for what came after the last sequence it saw must not miss an entry that
/// got a purged one's number.
pub async fn a_sequence_never_comes_again<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    world.log_out(session).await;
    let last = world.position().await;
    world.pass(IDLE);
    while world.store.purge_ended(Duration::ZERO).await.unwrap() > 0 {}

    let session = world.log_in(&user).await.family.session;
    world.log_out(session).await;
    let news = world.log_after(Some(last)).await;
    assert_eq!(news.len(), 1);
    assert_eq!(news[0].session, session);
}

pub async fn every_way_to_end_a_session_is_in_the_log<S: Store>(world: World<S>) {
    use crate::{Insertion, Verdict};
    let user = world.register("alice").await;
    let log_in = || world.log_in(&user);
    let mut ended = Vec::new();

    let session = log_in().await.family.session;
    let new = world.new_session(&user);
    let replaced = world.try_log_in(new, vec![session]).await;
    assert!(matches!(replaced, Insertion::Opened { .. }));
    ended.push(session);
    ended.extend(world.alive(&user).await);
    let all = revoke(RevokeReason::Operator);
    let store = &world.store;
    store
        .revoke_user_sessions(user.id, None, all)
        .await
        .unwrap();

    let family = log_in().await.family;
    let reuse = Verdict::Revoke(revoke(RevokeReason::Reuse));
    store.commit_verdict(&family, reuse).await.unwrap().unwrap();
    ended.push(family.session);

    ended.push(log_in().await.family.session);
    let gone = revoke(RevokeReason::UserDeleted);
    store.delete_user(user.id, gone).await.unwrap();
    assert_eq!(world.revoked().await, ended);
}
