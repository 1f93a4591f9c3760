//! Users who are switched off or deleted, and what stays of their sessions.

use std::num::NonZeroU32;

use hardtack_core::rotation::{Ended, Lineage, Owner, Phase, Position};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{User, UserState};
use hardtack_core::{Activity, SessionId, UserId};

use super::import::imported;
use super::{FIRST, IDLE, SECOND, START, WINDOW, World, new_password, revoke, sorted};
use crate::{ImportMode, ImportOutcome, Insertion, Store, Verdict};

impl<S: Store> World<S> {
    async fn set_state(&self, user: UserId, state: UserState) -> Option<Vec<SessionId>> {
        let revoke = revoke(RevokeReason::UserDisabled);
        self.store
            .set_user_state(user, state, revoke)
            .await
            .unwrap()
    }

    async fn delete(&self, user: UserId) -> Option<Vec<SessionId>> {
        let revoke = revoke(RevokeReason::UserDeleted);
        self.store.delete_user(user, revoke).await.unwrap()
    }
}

pub async fn switching_a_user_off_ends_every_session_of_theirs<S: Store>(world: World<S>) {
    let (user, one) = world.logged_in().await;
    let other = world.log_in(&user).await.family.session;
    let bob = world.register("bob").await;
    let bobs = world.log_in(&bob).await.family.session;
    let now = world.pass(SECOND);

    let ended = world.set_state(user.id, UserState::Disabled).await.unwrap();
    assert_eq!(sorted(ended), [one, other]);
    assert_eq!(sorted(world.revoked().await), [one, other]);
    assert_eq!(world.alive(&user).await, []);
    assert_eq!(world.alive(&bob).await, [bobs]);
    let family = world.family(one).await;
    assert_eq!(family.owner, Owner::Disabled);
    let reason = RevokeReason::UserDisabled;
    assert_eq!(family.ended, Some(Ended { at: now, reason }));
    let found = world.store.find_user(user.id).await.unwrap().unwrap();
    assert_eq!(found.user.state, UserState::Disabled);
}

pub async fn switching_a_user_on_again_brings_no_session_back<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    world.set_state(user.id, UserState::Disabled).await.unwrap();
    let ended = world.set_state(user.id, UserState::Active).await;
    assert_eq!(ended, Some(Vec::new()));
    assert_eq!(world.alive(&user).await, []);
    assert_eq!(world.rotate(session, FIRST).await, None);
    assert_eq!(world.family(session).await.owner, Owner::Standing);
    world.log_in(&user).await;
}

pub async fn switching_twice_ends_nothing_twice<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    world.set_state(user.id, UserState::Active).await.unwrap();
    assert_eq!(world.alive(&user).await, [session]);
    world.set_state(user.id, UserState::Disabled).await.unwrap();
    let again = world.set_state(user.id, UserState::Disabled).await;
    assert_eq!(again, Some(Vec::new()));
    assert_eq!(world.revoked().await, [session]);
}

pub async fn a_disabled_user_does_not_log_in<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    world.set_state(user.id, UserState::Disabled).await.unwrap();
    let new = world.new_session(&user);
    assert_eq!(
        world.try_log_in(new, Vec::new()).await,
        Insertion::UserChanged
    );
    let found = world.store.find_user(user.id).await.unwrap().unwrap();
    assert_eq!(found.user.last_login_at, None);
}

pub async fn deleting_a_user_ends_every_session_and_frees_the_name<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let bob = world.register("bob").await;
    let bobs = world.log_in(&bob).await.family.session;
    let now = world.pass(SECOND);

    assert_eq!(world.delete(user.id).await, Some(vec![session]));
    assert_eq!(world.revoked().await, [session]);
    let family = world.family(session).await;
    assert_eq!(family.owner, Owner::Gone);
    assert_eq!(family.user, user.id);
    let reason = RevokeReason::UserDeleted;
    assert_eq!(family.ended, Some(Ended { at: now, reason }));
    assert!(world.store.find_user(user.id).await.unwrap().is_none());
    assert_eq!(world.alive(&user).await, []);
    assert_eq!(world.alive(&bob).await, [bobs]);
    assert_eq!(world.rotate(session, FIRST).await, None);
    world.register("alice").await;
}

pub async fn a_deleted_user_does_not_log_in<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    world.delete(user.id).await.unwrap();
    let new = world.new_session(&user);
    assert_eq!(
        world.try_log_in(new, Vec::new()).await,
        Insertion::UserChanged
    );
}

pub async fn nobody_is_neither_switched_nor_deleted<S: Store>(world: World<S>) {
    let nobody = UserId::new(99);
    assert_eq!(world.set_state(nobody, UserState::Disabled).await, None);
    assert_eq!(world.set_state(nobody, UserState::Active).await, None);
    assert_eq!(world.delete(nobody).await, None);
}

/// A session that had run out when its user lost the password, the switch or the account comes
/// back to life when the clock steps back; the owner's standing must hold it down.
pub async fn a_clock_that_steps_back_does_not_undo_what_befell_the_owner<S: Store>(
    world: World<S>,
) {
    let mut sleepers = Vec::new();
    for username in ["alice", "bob", "carol"] {
        let user = world.register(username).await;
        let session = world.log_in(&user).await.family.session;
        sleepers.push((user, session));
    }
    world.pass(IDLE);
    let [alice, bob, carol]: [(User, SessionId); 3] = sleepers.try_into().unwrap();
    let changed = revoke(RevokeReason::PasswordChanged);
    let new = new_password(&alice.0, None, "$argon2id$second");
    let change = world.store.change_password(new, None, changed, WINDOW);
    change.await.unwrap();
    world
        .set_state(bob.0.id, UserState::Disabled)
        .await
        .unwrap();
    world.delete(carol.0.id).await.unwrap();
    world.clock.set(START);

    for (session, owner) in [
        (alice.1, Owner::Gone),
        (bob.1, Owner::Disabled),
        (carol.1, Owner::Gone),
    ] {
        let family = world.family(session).await;
        assert_eq!((family.owner, family.ended), (owner, None));
        assert_eq!(world.rotate(session, FIRST).await, None);
        let next = Lineage {
            current: Position::new(1, 0),
            phase: Phase::Fresh,
            ..family.lineage
        };
        let reuse = revoke(RevokeReason::Reuse);
        for verdict in [
            Verdict::Continue(next, Activity::Counts),
            Verdict::Revoke(reuse),
        ] {
            let committed = world.store.commit_verdict(&family, verdict).await;
            assert_eq!(committed.unwrap(), None);
        }
        world
            .store
            .note_uses(vec![(session, FIRST)], WINDOW)
            .await
            .unwrap();
        assert_eq!(world.family(session).await, family);
    }
}

/// Numbers are never given twice, but an import brings its own: what ran out under a user who was
/// deleted is not the session of somebody else who has the number now, whatever the clock does.
pub async fn who_moves_in_under_a_deleted_users_number_inherits_no_session<S: Store>(
    world: World<S>,
) {
    let (alice, session) = world.logged_in().await;
    world.pass(IDLE);
    world.delete(alice.id).await.unwrap();
    let bob = imported(Some(alice.id.as_i64()), "bob");
    let outcomes = world.store.import_users(vec![bob], ImportMode::Add).await;
    assert_eq!(outcomes.unwrap(), [ImportOutcome::Added(alice.id)]);
    let found = world.store.find_family(session).await.unwrap();
    assert!(found.is_none_or(|found| found.family.ended.is_some()));
    world.clock.set(START);
    assert_eq!(world.rotate(session, FIRST).await, None);
    assert_eq!(world.alive(&alice).await, []);
    let holdings = world.store.find_holdings(alice.id).await.unwrap().unwrap();
    assert_eq!(holdings.sessions, []);
}

/// What ran out under an old password, and was there again when the clock stepped back, is nobody's
/// session: it stands in no list of them, and no other has to go for it.
pub async fn a_session_of_an_old_password_is_not_listed_and_takes_no_place<S: Store>(
    world: World<S>,
) {
    let (alice, orphan) = world.logged_in().await;
    world.pass(IDLE);
    let changed = revoke(RevokeReason::PasswordChanged);
    let new = new_password(&alice, None, "$argon2id$second");
    let change = world.store.change_password(new, None, changed, WINDOW);
    change.await.unwrap();
    let alice = world.store.find_user(alice.id).await.unwrap().unwrap().user;
    world.clock.set(START - SECOND);
    let first = world.log_in(&alice).await.family.session;
    let new = world.new_session(&alice);
    let second = new.id;
    let (two, replaced) = (NonZeroU32::new(2), revoke(RevokeReason::Replaced));
    let insertion = world
        .store
        .insert_session(new, Vec::new(), two, replaced, WINDOW);
    match insertion.await.unwrap() {
        Insertion::Opened { crowded_out, .. } => assert_eq!(crowded_out, []),
        Insertion::UserChanged => panic!("the user has not changed"),
    }
    assert_eq!(sorted(world.alive(&alice).await), [first, second]);
    assert_eq!(world.family(orphan).await.owner, Owner::Gone);
}
