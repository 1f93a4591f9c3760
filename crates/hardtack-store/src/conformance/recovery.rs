//! Passwords that were forgotten.

use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodePurpose, NewCode};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{User, UserState};

use super::code::shown;
use super::{SECOND, WINDOW, World, new_password, revoke};
use crate::{NewReset, PasswordChange, PasswordReset, Store};

fn told(user: &User) -> Vec<NewMail> {
    vec![NewMail {
        to: user.email.clone(),
        user: Some(user.id),
        language: None,
        kind: MailKind::PasswordChanged,
    }]
}

/// The reset that `code` pays for, told to `user`.
#[must_use]
pub fn reset(code: &NewCode, user: &User) -> NewReset {
    NewReset {
        code: shown(code),
        hash: "$argon2id$reset".to_owned(),
        mails: told(user),
    }
}

impl<S: Store> World<S> {
    pub async fn reset(&self, code: &NewCode, user: &User) -> Option<PasswordReset> {
        let revoke = revoke(RevokeReason::PasswordChanged);
        let done = self.store.reset_password(reset(code, user), revoke);
        done.await.unwrap()
    }

    pub async fn switch(&self, user: &User, state: UserState) {
        let revoke = revoke(RevokeReason::UserDisabled);
        let set = self.store.set_user_state(user.id, state, revoke);
        set.await.unwrap().unwrap();
    }
}

pub async fn a_reset_sets_the_password_ends_every_session_and_tells<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let second = world.log_in(&user).await.family.session;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    assert_eq!(world.mail_kinds().await, ["reset_password"]);
    let done = world.reset(&code, &user).await.unwrap();
    assert_eq!(super::sorted(done.ended), [session, second]);
    assert_eq!(world.alive(&user).await, []);
    assert_eq!(world.revoked().await.len(), 2);
    assert_ne!(done.user.password_version, user.password_version);
    assert_eq!(world.reread(&user).await, done.user);
    assert_eq!(world.hash_of(&user).await, "$argon2id$reset");
    assert_eq!(world.mail_kinds().await, ["password_changed"]);
    assert_eq!(world.reset(&code, &user).await, None, "it is spent");
}

/// Sudhodanan and Paverd, 2022: somebody opens an account with another's address and waits.
pub async fn a_reset_takes_an_account_from_whoever_opened_it_with_ones_address<S: Store>(
    world: World<S>,
) {
    let (user, verify) = world.registered("alice").await;
    let session = world.log_in(&user).await.family.session;
    let change = world.asked_to_change(&user, "thief@example.com").await;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    let now = world.pass(SECOND);
    let done = world.reset(&code, &user).await.unwrap();
    assert_eq!(done.user.email_verified_at, Some(now));
    assert_eq!(done.ended, [session]);
    assert!(!world.is_good(&change).await && !world.is_good(&verify).await);
}

pub async fn of_many_resets_with_one_code_at_once_one_is_done<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    let outcomes = world
        .at_once(8, |store, index| {
            let reset = NewReset {
                hash: format!("$argon2id${index}"),
                ..reset(&code, &user)
            };
            let revoke = revoke(RevokeReason::PasswordChanged);
            async move { store.reset_password(reset, revoke).await.unwrap() }
        })
        .await;
    let won = outcomes.iter().position(Option::is_some).unwrap();
    assert_eq!(outcomes.iter().flatten().count(), 1);
    assert_eq!(world.hash_of(&user).await, format!("$argon2id${won}"));
    assert_eq!(world.mail_kinds().await, ["password_changed"]);
}

/// Of a reset and a change of password at once, the later one finds its ground gone.
pub async fn a_reset_and_a_password_change_at_once_are_not_both_done<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for round in 0..8 {
        let user = world.reread(&user).await;
        let code = world.asked(&user, CodePurpose::ResetPassword).await;
        let reset = reset(&code, &user);
        let version = Some(user.password_version);
        let new = new_password(&user, version, "$argon2id$changed");
        let revoke = revoke(RevokeReason::PasswordChanged);
        let done = world
            .at_once(2, |store, index| {
                let (reset, new) = (reset.clone(), new.clone());
                async move {
                    if index == 0 {
                        let done = store.reset_password(reset, revoke).await;
                        done.unwrap().is_some()
                    } else {
                        let done = store.change_password(new, None, revoke, WINDOW).await;
                        done.unwrap() != PasswordChange::Superseded
                    }
                }
            })
            .await;
        assert_ne!(done[0], done[1], "round {round}");
    }
}

pub async fn a_refused_reset_changes_nothing<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    world.pass(code.lifetime);
    let before = (world.reread(&user).await, world.mails().await);
    assert_eq!(world.reset(&code, &user).await, None);
    let unknown = world.new_code(CodePurpose::ResetPassword);
    assert_eq!(world.reset(&unknown, &user).await, None);
    assert_eq!((world.reread(&user).await, world.mails().await), before);
    assert_eq!(world.hash_of(&user).await, "$argon2id$first");
    assert_eq!(world.alive(&user).await, [session]);
}

pub async fn a_code_buys_nothing_for_who_was_switched_off<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    world.switch(&user, UserState::Disabled).await;
    assert_eq!(world.reset(&code, &user).await, None);
    world.switch(&user, UserState::Active).await;
    assert_eq!(world.reset(&code, &user).await, None, "nor afterwards");
}

/// A login that makes the hash stronger is no new password.
pub async fn a_stronger_hash_leaves_the_code_good<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let code = world.asked(&user, CodePurpose::ResetPassword).await;
    let hash = "$argon2id$stronger".to_owned();
    let replaced = world
        .store
        .replace_password_hash(user.id, user.password_version, hash);
    assert!(replaced.await.unwrap());
    assert!(world.reset(&code, &user).await.is_some());
}

pub async fn a_password_change_is_told_in_the_same_act_or_not_at_all<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let mut new = new_password(&user, Some(user.password_version), "$argon2id$second");
    new.mails = told(&user);
    for expected in [["password_changed"], ["password_changed"]] {
        let revoke = revoke(RevokeReason::PasswordChanged);
        let change = world
            .store
            .change_password(new.clone(), None, revoke, WINDOW);
        change.await.unwrap();
        // The second time the password is no longer the one that it was.
        assert_eq!(world.mail_kinds().await, expected);
    }
}
