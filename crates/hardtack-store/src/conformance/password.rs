//! Passwords, and the sessions that end with them.

use hardtack_core::UserId;
use hardtack_core::rotation::{Ended, Owner};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{PasswordVersion, User, UserState};

use super::{FIRST, SECOND, START, WINDOW, World, new_password, revoke, sorted};
use crate::{Insertion, Opened, PasswordChange, Store};

const CHANGED: crate::Revoke = revoke(RevokeReason::PasswordChanged);

impl<S: Store> World<S> {
    async fn change_password(
        &self,
        user: &User,
        version: Option<PasswordVersion>,
        successor: Option<hardtack_core::session::NewSession>,
    ) -> PasswordChange {
        let new = new_password(user, version, "$argon2id$second");
        self.store
            .change_password(new, successor, CHANGED, WINDOW)
            .await
            .unwrap()
    }

    pub async fn hash_of(&self, user: &User) -> String {
        let found = self.store.find_user(user.id).await.unwrap();
        found.unwrap().password_hash
    }

    pub async fn reread(&self, user: &User) -> User {
        self.store.find_user(user.id).await.unwrap().unwrap().user
    }
}

pub async fn a_new_password_ends_every_session_and_opens_the_successor<S: Store>(world: World<S>) {
    let (user, one) = world.logged_in().await;
    let other = world.log_in(&user).await.family.session;
    let bob = world.register("bob").await;
    let bobs = world.log_in(&bob).await.family.session;
    let now = world.pass(SECOND);

    let successor = world.new_session(&user);
    let name = successor.id;
    let version = Some(user.password_version);
    let change = world.change_password(&user, version, Some(successor)).await;
    let PasswordChange::Changed {
        ended,
        successor: Some(Opened { family, now: at }),
    } = change
    else {
        panic!("{change:?}")
    };
    assert_eq!(sorted(ended), [one, other]);
    assert_eq!(at, now);
    assert_eq!(family, world.family(name).await);
    assert_eq!(family.owner, Owner::Standing);
    for session in [one, other] {
        let reason = RevokeReason::PasswordChanged;
        assert_eq!(
            world.family(session).await.ended,
            Some(Ended { at: now, reason })
        );
    }
    assert_eq!(sorted(world.revoked().await), [one, other]);
    assert_eq!(world.alive(&user).await, [name]);
    assert_eq!(world.alive(&bob).await, [bobs]);
    assert_eq!(world.hash_of(&user).await, "$argon2id$second");
    assert_ne!(
        world.reread(&user).await.password_version,
        user.password_version
    );
    assert!(world.rotate(name, FIRST).await.is_some());
}

pub async fn a_new_password_without_successor_leaves_no_session<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let change = world.change_password(&user, None, None).await;
    assert_eq!(
        change,
        PasswordChange::Changed {
            ended: vec![session],
            successor: None
        }
    );
    assert_eq!(world.alive(&user).await, []);
}

pub async fn a_successor_is_no_login<S: Store>(world: World<S>) {
    let (user, _) = world.logged_in().await;
    world.pass(SECOND);
    let successor = Some(world.new_session(&user));
    world.change_password(&user, None, successor).await;
    assert_eq!(world.reread(&user).await.last_login_at, Some(START));
}

pub async fn a_change_from_an_older_password_changes_nothing<S: Store>(world: World<S>) {
    let (before, _) = world.logged_in().await;
    world.change_password(&before, None, None).await;
    let user = world.reread(&before).await;
    let session = world.log_in(&user).await.family.session;
    let revoked = world.revoked().await;

    let late = world.store.change_password(
        new_password(&user, Some(before.password_version), "$argon2id$late"),
        Some(world.new_session(&before)),
        CHANGED,
        WINDOW,
    );
    assert_eq!(late.await.unwrap(), PasswordChange::Superseded);
    assert_eq!(world.hash_of(&user).await, "$argon2id$second");
    assert_eq!(world.alive(&user).await, [session]);
    assert_eq!(world.revoked().await, revoked);
}

pub async fn of_two_changes_at_once_one_wins<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let outcomes = world
        .at_once(8, |store, index| {
            let (user, successor) = (user.clone(), Some(world.new_session(&user)));
            async move {
                let hash = format!("$argon2id${index}");
                let new = new_password(&user, Some(user.password_version), &hash);
                store
                    .change_password(new, successor, CHANGED, WINDOW)
                    .await
                    .unwrap()
            }
        })
        .await;
    let won: Vec<_> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| **outcome != PasswordChange::Superseded)
        .collect();
    assert_eq!(won.len(), 1);
    assert_eq!(
        world.hash_of(&user).await,
        format!("$argon2id${}", won[0].0)
    );
    assert_eq!(world.alive(&user).await.len(), 1);
}

pub async fn nobody_has_no_password_to_change<S: Store>(world: World<S>) {
    let mut nobody = world.register("alice").await;
    nobody.id = UserId::new(99);
    let change = world.change_password(&nobody, None, None).await;
    assert_eq!(change, PasswordChange::Superseded);
    let successor = Some(world.new_session(&nobody));
    let change = world.change_password(&nobody, None, successor).await;
    assert_eq!(change, PasswordChange::Superseded);
}

/// A session that is opened while the user is off would be alive once they are on again.
pub async fn a_successor_is_not_opened_for_a_disabled_user<S: Store>(world: World<S>) {
    let (user, _) = world.logged_in().await;
    let off = revoke(RevokeReason::UserDisabled);
    let disabled = world
        .store
        .set_user_state(user.id, UserState::Disabled, off);
    disabled.await.unwrap().unwrap();

    let successor = Some(world.new_session(&user));
    let change = world.change_password(&user, None, successor).await;
    assert_eq!(change, PasswordChange::Superseded);
    assert_eq!(world.hash_of(&user).await, "$argon2id$first");

    // An operator may prepare a password for them.
    let change = world.change_password(&user, None, None).await;
    assert_ne!(change, PasswordChange::Superseded);
    assert_eq!(world.hash_of(&user).await, "$argon2id$second");
}

/// A login checked against the old password must not outlive it.
pub async fn a_login_that_raced_a_password_change_opens_nothing<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    world.change_password(&user, None, None).await;
    let changed = world.reread(&user).await;
    let current = world.log_in(&changed).await.family.session;
    world.pass(SECOND);

    let late = world.new_session(&user);
    let name = late.id;
    let outcome = world.try_log_in(late, vec![current, session]).await;
    assert_eq!(outcome, Insertion::UserChanged);
    assert_eq!(world.store.find_family(name).await.unwrap(), None);
    assert_eq!(world.alive(&user).await, [current]);
    assert_eq!(world.reread(&user).await.last_login_at, Some(START));
}

pub async fn a_stronger_hash_of_the_same_password_keeps_the_sessions<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let hash = "$argon2id$stronger".to_owned();
    let replaced = world
        .store
        .replace_password_hash(user.id, user.password_version, hash);
    assert!(replaced.await.unwrap());
    assert_eq!(world.hash_of(&user).await, "$argon2id$stronger");
    assert_eq!(
        world.reread(&user).await.password_version,
        user.password_version
    );
    assert_eq!(world.alive(&user).await, [session]);
    assert!(world.rotate(session, FIRST).await.is_some());
}

/// A rehash that began before a password change must not bring the old password back.
pub async fn a_late_rehash_does_not_bring_the_old_password_back<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    world.change_password(&user, None, None).await;
    let hash = "$argon2id$old".to_owned();
    let version = user.password_version;
    let replaced = world.store.replace_password_hash(user.id, version, hash);
    assert!(!replaced.await.unwrap());
    assert_eq!(world.hash_of(&user).await, "$argon2id$second");

    let hash = "$argon2id$nobody".to_owned();
    let replaced = world
        .store
        .replace_password_hash(UserId::new(99), version, hash);
    assert!(!replaced.await.unwrap());
}
