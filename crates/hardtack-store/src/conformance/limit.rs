//! What a login says and its session keeps, and how many sessions a user may have.

use std::num::NonZeroU32;

use hardtack_core::rotation::{Ended, Position};
use hardtack_core::session::{NewSession, RememberMe, RevokeReason};
use hardtack_core::user::User;
use hardtack_core::{Activity, SessionId, Timestamp};

use super::{FIRST, IDLE, SECOND, START, WINDOW, World, new_password, revoke, sorted};
use crate::{Insertion, PasswordChange, Store, Verdict};

const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();

impl<S: Store> World<S> {
    /// The sessions that left for the limit when `new` was opened.
    async fn crowd(&self, new: NewSession, replaced: Vec<SessionId>) -> Vec<SessionId> {
        self.crowd_at(new, replaced, THREE).await
    }

    async fn crowd_at(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        limit: NonZeroU32,
    ) -> Vec<SessionId> {
        let as_replaced = revoke(RevokeReason::Replaced);
        let insertion = self
            .store
            .insert_session(new, replaced, Some(limit), as_replaced, WINDOW);
        match insertion.await.unwrap() {
            Insertion::Opened { crowded_out, .. } => sorted(crowded_out),
            Insertion::UserChanged => panic!("the user has not changed"),
        }
    }

    /// Three sessions of `user`, a second apart, oldest first.
    async fn three_of(&self, user: &User) -> [SessionId; 3] {
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(self.log_in(user).await.family.session);
            self.pass(SECOND);
        }
        sessions.try_into().unwrap()
    }

    async fn left_for_the_limit(&self, session: SessionId, at: Timestamp) {
        let reason = RevokeReason::Limit;
        assert_eq!(self.family(session).await.ended, Some(Ended { at, reason }));
    }
}

pub async fn a_session_keeps_what_its_login_said<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for said in [RememberMe::Unsaid, RememberMe::Yes, RememberMe::No] {
        let mut new = world.new_session(&user);
        new.remember_me = said;
        let session = new.id;
        world.try_log_in(new, Vec::new()).await;
        assert_eq!(world.family(session).await.remember_me, said);
        let rotated = world.rotate(session, FIRST).await.unwrap();
        assert_eq!(rotated.family.remember_me, said);
        let verdict = Verdict::Continue(rotated.family.lineage, Activity::Counts);
        let written = world.store.commit_verdict(&rotated.family, verdict).await;
        assert_eq!(written.unwrap().unwrap().family.remember_me, said);
        assert_eq!(world.family(session).await.remember_me, said);
        let listed = world.store.list_sessions(user.id).await.unwrap();
        let listed = listed.iter().find(|listed| listed.id == session);
        assert_eq!(listed.unwrap().remember_me, said);
    }
}

pub async fn the_successor_of_a_password_change_keeps_what_it_is_told<S: Store>(world: World<S>) {
    let (user, _) = world.logged_in().await;
    let mut successor = world.new_session(&user);
    successor.remember_me = RememberMe::No;
    let session = successor.id;
    let changed = revoke(RevokeReason::PasswordChanged);
    let new = new_password(&user, None, "$argon2id$second");
    let change = world
        .store
        .change_password(new, Some(successor), changed, WINDOW);
    let PasswordChange::Changed {
        successor: Some(opened),
        ..
    } = change.await.unwrap()
    else {
        panic!("nobody else has changed it")
    };
    assert_eq!(opened.family.remember_me, RememberMe::No);
    assert_eq!(world.family(session).await, opened.family);
}

pub async fn a_login_within_the_limit_ends_nothing<S: Store>(world: World<S>) {
    let (user, first) = world.logged_in().await;
    let second = world.new_session(&user);
    let third = world.new_session(&user);
    let all = sorted(vec![first, second.id, third.id]);
    assert_eq!(world.crowd(second, Vec::new()).await, []);
    assert_eq!(world.crowd(third, Vec::new()).await, []);
    assert_eq!(sorted(world.alive(&user).await), all);
}

pub async fn a_login_too_many_ends_the_session_that_was_idle_longest<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let [oldest, middle, newest] = world.three_of(&user).await;
    // The oldest is in use, and so the middle one has been idle longest.
    world.rotate(oldest, FIRST).await.unwrap();
    let now = world.pass(SECOND);

    let new = world.new_session(&user);
    let opened = new.id;
    assert_eq!(world.crowd(new, Vec::new()).await, [middle]);
    world.left_for_the_limit(middle, now).await;
    assert_eq!(world.revoked().await, [middle]);
    assert_eq!(
        sorted(world.alive(&user).await),
        sorted(vec![oldest, newest, opened])
    );
    assert_eq!(world.rotate(middle, Position::new(1, 0)).await, None);
}

/// The clock stands still, or has stepped back: then the new session looks idle longest.
pub async fn the_session_just_opened_never_makes_way<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let before = sorted(world.three_of(&user).await.to_vec());
    world.clock.set(START);
    let new = world.new_session(&user);
    let opened = new.id;
    let one = NonZeroU32::MIN;
    assert_eq!(world.crowd_at(new, Vec::new(), one).await, before);
    assert_eq!(world.alive(&user).await, [opened]);
}

pub async fn of_two_idle_alike_the_older_session_leaves<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let [oldest, middle, newest] = world.three_of(&user).await;
    world.pass(WINDOW);
    for session in [newest, middle, oldest] {
        world.rotate(session, FIRST).await.unwrap();
    }
    let new = world.new_session(&user);
    assert_eq!(world.crowd(new, Vec::new()).await, [oldest]);
}

pub async fn only_live_sessions_of_the_same_user_count<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    // One that ran out, three that were ended, three of somebody else, and one that is replaced.
    world.log_in(&user).await;
    world.pass(IDLE);
    for session in world.three_of(&user).await {
        world.log_out(session).await;
    }
    let bob = world.register("bob").await;
    let bobs = sorted(world.three_of(&bob).await.to_vec());
    let [one, two, brought] = world.three_of(&user).await;

    let new = world.new_session(&user);
    let opened = new.id;
    assert_eq!(world.crowd(new, vec![brought]).await, []);
    assert_eq!(
        sorted(world.alive(&user).await),
        sorted(vec![one, two, opened])
    );
    assert_eq!(sorted(world.alive(&bob).await), bobs);
}

pub async fn a_lower_limit_ends_as_many_as_are_too_many<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let [oldest, middle, _] = world.three_of(&user).await;
    let [third, fourth, fifth] = world.three_of(&user).await;
    let new = world.new_session(&user);
    let opened = new.id;
    let left = world.crowd(new, Vec::new()).await;
    assert_eq!(left.len(), 4);
    assert!(left.contains(&oldest) && left.contains(&middle) && left.contains(&third));
    assert_eq!(
        sorted(world.alive(&user).await),
        sorted(vec![fourth, fifth, opened])
    );
    assert_eq!(sorted(world.revoked().await), left);
}

pub async fn a_refused_login_makes_nobody_leave<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let before = world.three_of(&user).await;
    let mut outdated = world.new_session(&user);
    outdated.password_version.0 += 1;
    let as_replaced = revoke(RevokeReason::Replaced);
    let one = Some(NonZeroU32::MIN);
    let refused = world
        .store
        .insert_session(outdated, Vec::new(), one, as_replaced, WINDOW);
    assert_eq!(refused.await.unwrap(), Insertion::UserChanged);
    assert_eq!(sorted(world.alive(&user).await), sorted(before.to_vec()));
    assert_eq!(world.revoked().await, []);
}

/// Somebody who logs in many times at the same moment has no more sessions than one after the
/// other, and nobody's login is undone by its own place in the row.
pub async fn of_many_logins_at_once_no_more_stay_than_the_limit<S: Store>(world: World<S>) {
    const TIMES: usize = 40;
    let user = world.register("alice").await;
    let mut before = world.three_of(&user).await.to_vec();
    world.pass(SECOND);
    let new: Vec<_> = (0..TIMES).map(|_| world.new_session(&user)).collect();
    let all: Vec<_> = new.iter().map(|new| new.id).collect();
    let outcomes = world
        .at_once(TIMES, |store, index| {
            let new = new[index].clone();
            async move {
                let as_replaced = revoke(RevokeReason::Replaced);
                let opening =
                    store.insert_session(new, Vec::new(), Some(THREE), as_replaced, WINDOW);
                match opening.await.unwrap() {
                    Insertion::Opened {
                        opened,
                        crowded_out,
                        ..
                    } => (opened.family.session, crowded_out),
                    Insertion::UserChanged => panic!("the user has not changed"),
                }
            }
        })
        .await;

    let mut left = Vec::new();
    for (opened, crowded_out) in outcomes {
        assert!(!crowded_out.contains(&opened));
        left.extend(crowded_out);
    }
    let stayed = world.alive(&user).await;
    assert_eq!(stayed.len(), 3);
    assert!(stayed.iter().all(|session| all.contains(session)));
    // Each that is gone was told to one login, once, and stands in the log.
    before.extend(all);
    before.retain(|session| !stayed.contains(session));
    assert_eq!(sorted(left), sorted(before.clone()));
    assert_eq!(sorted(world.revoked().await), sorted(before));
}
