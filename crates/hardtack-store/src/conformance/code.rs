//! When a code is good, and for what.

use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, User, UserState};
use hardtack_core::{Timestamp, UserId};

use super::{START, World, new_password, new_user, revoke};
use crate::{NewUser, QueuedMail, Registration, Store};

impl<S: Store> World<S> {
    /// A code for `purpose` that was not made before.
    pub fn new_code(&self, purpose: CodePurpose) -> NewCode {
        let mut id = [0xC0; 16];
        id[..8].copy_from_slice(&self.number().to_be_bytes());
        let mut hash = [0x5A; 32];
        hash[..16].copy_from_slice(&id);
        NewCode {
            id: CodeId::from_bytes(id),
            purpose,
            hash: CodeHash::from_bytes(hash),
            lifetime: purpose.lifetime(),
        }
    }

    /// A user who registered themselves, with the code that verifies their address.
    pub async fn registered(&self, username: &str) -> (User, NewCode) {
        let code = self.new_code(CodePurpose::VerifyEmail);
        let registered = self.store.register_user(registration(username, Some(code)));
        (registered.await.unwrap().unwrap(), code)
    }

    /// Asks for a code that goes to the user's own address.
    pub async fn asked(&self, user: &User, purpose: CodePurpose) -> NewCode {
        let code = self.new_code(purpose);
        let made = self.store.insert_code(user.id, code, None).await;
        assert!(made.unwrap());
        code
    }

    pub async fn is_good(&self, code: &NewCode) -> bool {
        let found = self.store.find_code(shown(code)).await.unwrap();
        found.is_some_and(|found| found.id == code.id)
    }

    /// Every mail that waits, oldest first.
    pub async fn mails(&self) -> Vec<QueuedMail> {
        self.store.list_mail(None, u32::MAX).await.unwrap()
    }

    /// The kinds of those, without what they hold.
    pub async fn mail_kinds(&self) -> Vec<&'static str> {
        let mails = self.mails().await;
        mails.iter().map(|mail| mail.mail.kind.name()).collect()
    }
}

/// What somebody shows who has the link of `code` and claims nothing else.
#[must_use]
pub const fn shown(code: &NewCode) -> PresentedCode {
    PresentedCode {
        purpose: code.purpose,
        hash: code.hash,
        user: None,
        created_at_seconds: None,
    }
}

#[must_use]
pub fn registration(username: &str, verification: Option<NewCode>) -> Registration {
    Registration {
        user: new_user(username),
        language: None,
        invitation: None,
        verification,
    }
}

/// Every claim that comes with a code is held against its row.
pub async fn a_code_is_good_for_what_it_was_made_for_only<S: Store>(world: World<S>) {
    let (alice, verify) = world.registered("alice").await;
    let (bob, _) = world.registered("bob").await;
    let seconds = START.unix_seconds();
    let claims = PresentedCode {
        user: Some(alice.id),
        created_at_seconds: Some(seconds),
        ..shown(&verify)
    };
    let found = world.store.find_code(claims).await.unwrap().unwrap();
    assert_eq!((found.id, found.address), (verify.id, alice.email.clone()));
    assert_eq!(found.user.as_ref(), Some(&alice));
    assert_eq!(found.created_at, START);
    assert_eq!(found.ends_at, START + verify.lifetime);
    for lie in [
        PresentedCode {
            user: Some(bob.id),
            ..claims
        },
        PresentedCode {
            user: Some(UserId::new(99)),
            ..claims
        },
        PresentedCode {
            created_at_seconds: Some(seconds + 1),
            ..claims
        },
        PresentedCode {
            purpose: CodePurpose::ResetPassword,
            ..claims
        },
        PresentedCode {
            hash: CodeHash::from_bytes([0; 32]),
            ..claims
        },
    ] {
        assert_eq!(world.store.find_code(lie).await.unwrap(), None, "{lie:?}");
        assert_eq!(
            world.store.verify_email(lie).await.unwrap(),
            None,
            "{lie:?}"
        );
    }
    assert!(world.store.verify_email(claims).await.unwrap().is_some());
}

pub async fn a_code_ends_when_its_time_is_over<S: Store>(world: World<S>) {
    let (_, code) = world.registered("alice").await;
    let end = START + code.lifetime;
    world.clock.set(end - std::time::Duration::from_micros(1));
    assert!(world.is_good(&code).await);
    world.clock.set(end);
    assert!(!world.is_good(&code).await);
    assert_eq!(world.store.verify_email(shown(&code)).await.unwrap(), None);
}

pub async fn a_newer_code_voids_the_older_and_its_mail<S: Store>(world: World<S>) {
    let (alice, first) = world.registered("alice").await;
    let reset = world.asked(&alice, CodePurpose::ResetPassword).await;
    let (bob, of_bob) = world.registered("bob").await;
    let second = world.asked(&alice, CodePurpose::VerifyEmail).await;
    assert!(!world.is_good(&first).await);
    assert!(world.is_good(&second).await, "of the same purpose only");
    assert!(world.is_good(&reset).await && world.is_good(&of_bob).await);
    let mails = world.mails().await;
    let to: Vec<_> = mails
        .iter()
        .map(|mail| (mail.mail.kind.name(), mail.mail.user))
        .collect();
    assert_eq!(
        to,
        [
            ("reset_password", Some(alice.id)),
            ("verify_email", Some(bob.id)),
            ("verify_email", Some(alice.id)),
        ]
    );
}

pub async fn nothing_is_sent_where_it_is_of_no_use<S: Store>(world: World<S>) {
    let (alice, _) = world.registered("alice").await;
    let verified = world.register("bob").await;
    let nowhere = NewUser {
        email: EmailAddress::none(),
        ..new_user("carol")
    };
    let nowhere = world.try_register(nowhere).await.unwrap();
    let (off, _) = world.registered("dave").await;
    let disabled = revoke(RevokeReason::UserDisabled);
    let disabled = world
        .store
        .set_user_state(off.id, UserState::Disabled, disabled);
    disabled.await.unwrap().unwrap();
    let before = world.mails().await;
    for (user, purpose) in [
        (UserId::new(99), CodePurpose::ResetPassword),
        (off.id, CodePurpose::ResetPassword),
        (off.id, CodePurpose::VerifyEmail),
        (nowhere.id, CodePurpose::ResetPassword),
        (nowhere.id, CodePurpose::VerifyEmail),
        (verified.id, CodePurpose::VerifyEmail),
        (alice.id, CodePurpose::ChangeEmail),
        (alice.id, CodePurpose::RevertEmail),
        (alice.id, CodePurpose::Invitation),
    ] {
        let code = world.new_code(purpose);
        let made = world.store.insert_code(user, code, None).await;
        assert!(!made.unwrap(), "{user} {purpose:?}");
        assert!(!world.is_good(&code).await);
    }
    assert_eq!(world.mails().await, before);
}

/// A link that is followed twice at once, or by a mail scanner beside its owner.
pub async fn of_many_that_show_one_code_at_once_one_is_served<S: Store>(world: World<S>) {
    let (_, code) = world.registered("alice").await;
    let outcomes = world
        .at_once(8, |store, _| async move {
            store.verify_email(shown(&code)).await.unwrap()
        })
        .await;
    assert_eq!(outcomes.iter().flatten().count(), 1);
}

pub async fn a_mail_is_in_the_users_language_or_else_in_the_readers<S: Store>(world: World<S>) {
    let (user, _) = world.registered("alice").await;
    for (chosen, asked, expected) in [
        (None, Some("es"), Some("es")),
        (Some("zh"), Some("es"), Some("zh")),
        (None, None, None),
    ] {
        let chosen = chosen.map(ToOwned::to_owned);
        assert!(
            world
                .store
                .set_language(user.id, chosen.clone())
                .await
                .unwrap()
        );
        assert_eq!(world.reread(&user).await.language, chosen);
        let code = world.new_code(CodePurpose::ResetPassword);
        let made = world
            .store
            .insert_code(user.id, code, asked.map(ToOwned::to_owned));
        assert!(made.await.unwrap());
        let mail = world.mails().await.pop().unwrap().mail;
        assert_eq!(mail.language.as_deref(), expected);
    }
    let nobody = world.store.set_language(UserId::new(99), None).await;
    assert!(!nobody.unwrap());
}

pub async fn codes_that_have_ended_are_purged_and_no_others<S: Store>(world: World<S>) {
    let (alice, _) = world.registered("alice").await;
    let invitation = world.invite("").await;
    world.clock.set(START + CodePurpose::VerifyEmail.lifetime());
    let reset = world.asked(&alice, CodePurpose::ResetPassword).await;
    assert_eq!(world.store.purge_codes().await.unwrap(), 1);
    assert_eq!(world.store.purge_codes().await.unwrap(), 0);
    assert!(world.is_good(&invitation).await && world.is_good(&reset).await);
    world.clock.set(Timestamp::from_unix_micros(i64::MAX));
    assert_eq!(world.store.purge_codes().await.unwrap(), 2);
}

/// The way from a stolen session to a lasting hold: ask first, and let the owner change the
/// password afterwards.
pub async fn what_was_asked_for_under_the_old_password_dies_with_it<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let reset = world.asked(&user, CodePurpose::ResetPassword).await;
    let change = world.asked_to_change(&user, "other@example.com").await;
    let new = new_password(&user, None, "$argon2id$second");
    let revoke = revoke(RevokeReason::PasswordChanged);
    let changed = world
        .store
        .change_password(new, None, revoke, super::WINDOW);
    changed.await.unwrap();
    assert!(!world.is_good(&reset).await && !world.is_good(&change).await);
    assert!(world.mails().await.is_empty(), "their links lead nowhere");
}
