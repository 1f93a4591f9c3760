//! Addresses that change, and the way back.

use hardtack_core::UserId;
use hardtack_core::mail::MailKind;
use hardtack_core::one_time_code::{CodePurpose, NewCode};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, PasswordVersion, User, UserState};

use super::code::{registration, shown};
use super::{SECOND, World, new_user, revoke};
use crate::{
    EmailChangeAsked, EmailChanged, EmailRefusal, EmailReverted, NameTaken, NewEmailChange,
    NewUser, ProfileChange, Store, WayBack,
};

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

impl<S: Store> World<S> {
    async fn ask_to_change(&self, user: &User, to: &str) -> (EmailChangeAsked, NewCode) {
        let code = self.new_code(CodePurpose::ChangeEmail);
        let change = NewEmailChange {
            user: user.id,
            version: user.password_version,
            to: address(to),
            code,
            language: None,
        };
        let asked = self.store.insert_email_change(change).await.unwrap();
        (asked, code)
    }

    /// The code that went to the new address.
    pub async fn asked_to_change(&self, user: &User, to: &str) -> NewCode {
        let (asked, code) = self.ask_to_change(user, to).await;
        assert_eq!(asked, EmailChangeAsked::Queued);
        code
    }

    async fn confirm(&self, code: &NewCode) -> (Result<EmailChanged, EmailRefusal>, NewCode) {
        let way_back = self.new_code(CodePurpose::RevertEmail);
        let done = self.store.change_email(shown(code), way_back, None).await;
        (done.unwrap(), way_back)
    }

    /// Changes the address, and returns the way back.
    pub async fn changed(&self, user: &User, to: &str) -> NewCode {
        let user = self.reread(user).await;
        let code = self.asked_to_change(&user, to).await;
        let (done, way_back) = self.confirm(&code).await;
        assert_eq!(done.unwrap().before, user.email);
        way_back
    }

    async fn revert(&self, code: &NewCode) -> (Result<EmailReverted, EmailRefusal>, NewCode) {
        let reset = self.new_code(CodePurpose::ResetPassword);
        let way_back = WayBack {
            code: shown(code),
            reset,
            language: None,
        };
        let revoke = revoke(RevokeReason::PasswordChanged);
        let done = self.store.revert_email(way_back, revoke).await;
        (done.unwrap(), reset)
    }

    async fn address_of(&self, user: &User) -> String {
        self.reread(user).await.email.as_str().to_owned()
    }
}

pub async fn an_address_is_changed_when_the_new_one_has_answered<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let user = world.reread(&user).await;
    let verify = world.registered("bob").await.1;
    let reset = world.asked(&user, CodePurpose::ResetPassword).await;
    let code = world.asked_to_change(&user, "new@example.com").await;
    let mail = world.mails().await.pop().unwrap().mail;
    assert_eq!(mail.kind, MailKind::ConfirmNewEmail { code: code.id });
    assert_eq!(
        (mail.to, mail.user),
        (address("new@example.com"), Some(user.id))
    );
    assert_eq!(world.reread(&user).await, user, "nothing before the answer");

    let now = world.pass(SECOND);
    let (done, way_back) = world.confirm(&code).await;
    let done = done.unwrap();
    assert_eq!(done.before, user.email);
    assert_eq!(done.user.email, address("new@example.com"));
    assert_eq!(done.user.email_verified_at, Some(now));
    assert_eq!(world.reread(&user).await, done.user);
    let found = super::email("NEW@example.com");
    let found = world.store.find_user_by_login(&found).await.unwrap();
    assert_eq!(found.unwrap().user.id, user.id);
    let old = super::email("alice@example.com");
    assert!(
        world
            .store
            .find_user_by_login(&old)
            .await
            .unwrap()
            .is_none()
    );

    assert_eq!(world.mail_kinds().await, ["verify_email", "email_changed"]);
    let notice = world.mails().await.pop().unwrap().mail;
    assert_eq!(notice.to, user.email, "to the old address");
    let kind = MailKind::EmailChanged {
        code: way_back.id,
        new_address: "n***@example.com".to_owned(),
    };
    assert_eq!(notice.kind, kind);
    assert!(!world.is_good(&reset).await, "it went to the old address");
    assert!(world.is_good(&verify).await, "another's");
    assert_eq!(world.alive(&user).await, [session]);
    let (again, _) = world.confirm(&code).await;
    assert_eq!(again, Err(EmailRefusal::CodeRefused));
}

pub async fn who_had_no_address_gets_no_notice<S: Store>(world: World<S>) {
    let nowhere = NewUser {
        email: EmailAddress::none(),
        ..new_user("alice")
    };
    let user = world.try_register(nowhere).await.unwrap();
    let code = world.asked_to_change(&user, "new@example.com").await;
    let (done, way_back) = world.confirm(&code).await;
    assert_eq!(done.unwrap().before, EmailAddress::none());
    assert!(world.mails().await.is_empty());
    assert!(!world.is_good(&way_back).await);
}

pub async fn a_change_is_asked_for_by_the_user_as_they_are<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    world.register("bob").await;
    let other_version = User {
        password_version: PasswordVersion(user.password_version.0 + 1),
        ..user.clone()
    };
    let nobody = User {
        id: UserId::new(99),
        ..user.clone()
    };
    for (asker, to, expected) in [
        (&user, "BOB@example.com", EmailChangeAsked::Taken),
        (
            &other_version,
            "new@example.com",
            EmailChangeAsked::Superseded,
        ),
        (&nobody, "new@example.com", EmailChangeAsked::Superseded),
        (&user, "ALICE@example.com", EmailChangeAsked::Queued),
    ] {
        let (asked, code) = world.ask_to_change(asker, to).await;
        assert_eq!(asked, expected, "{to}");
        let is_queued = asked == EmailChangeAsked::Queued;
        assert_eq!(world.is_good(&code).await, is_queued, "{to}");
    }
    assert_eq!(world.mails().await.len(), 1);
    world.switch(&user, UserState::Disabled).await;
    let (asked, _) = world.ask_to_change(&user, "new@example.com").await;
    assert_eq!(asked, EmailChangeAsked::Superseded);
}

/// An address is free when it is asked for and taken when it is confirmed.
pub async fn of_many_who_confirm_one_address_at_once_one_gets_it<S: Store>(world: World<S>) {
    let mut codes = Vec::new();
    for index in 0..6 {
        let user = world.register(&format!("user{index}")).await;
        codes.push(world.asked_to_change(&user, "one@example.com").await);
    }
    let outcomes = world
        .at_once(6, |store, index| {
            let code = shown(&codes[index]);
            let way_back = world.new_code(CodePurpose::RevertEmail);
            async move { store.change_email(code, way_back, None).await.unwrap() }
        })
        .await;
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    let taken = Err(EmailRefusal::Taken);
    assert!(
        refused.iter().all(|refusal| *refusal == taken),
        "{refused:?}"
    );
}

/// The way back after a theft: the address, and nobody inside.
pub async fn the_way_back_returns_the_address_and_shuts_everybody_out<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let way_back = world.changed(&user, "thief@example.com").await;
    let changed = world.reread(&user).await;
    let of_thief = world.asked(&changed, CodePurpose::ResetPassword).await;
    let now = world.pass(SECOND);

    let (done, reset) = world.revert(&way_back).await;
    let done = done.unwrap();
    assert_eq!(done.user.email, user.email);
    assert_eq!(done.user.email_verified_at, Some(now));
    assert_eq!(done.before, address("thief@example.com"));
    assert_eq!(done.ended, [session]);
    assert_eq!(world.reread(&user).await, done.user);
    assert_ne!(done.user.password_version, user.password_version);
    assert_eq!(world.hash_of(&user).await, "!", "no password opens it");
    assert!(!world.is_good(&of_thief).await);

    let mails = world.mails().await;
    let [mail] = mails.as_slice() else {
        panic!("one mail: {mails:?}")
    };
    assert_eq!(mail.mail.to, user.email);
    assert_eq!(mail.mail.kind, MailKind::ResetPassword { code: reset.id });
    assert!(world.reset(&reset, &user).await.is_some());
    let (again, _) = world.revert(&way_back).await;
    assert_eq!(again, Err(EmailRefusal::CodeRefused));
}

/// All that a thief can do to an account leaves its owner the way back.
pub async fn the_way_back_outlives_what_a_thief_does_next<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let way_back = world.changed(&user, "thief@example.com").await;
    let changed = world.reread(&user).await;
    let reset = world.asked(&changed, CodePurpose::ResetPassword).await;
    world.reset(&reset, &changed).await.unwrap();
    let of_thief = world.changed(&user, "other@example.com").await;
    world.switch(&user, UserState::Disabled).await;
    assert!(!world.is_good(&way_back).await, "nobody comes in meanwhile");
    world.switch(&user, UserState::Active).await;
    world.pass(way_back.lifetime - SECOND);

    let (done, _) = world.revert(&way_back).await;
    assert_eq!(done.unwrap().user.email, user.email);
    let (done, _) = world.revert(&of_thief).await;
    assert_eq!(done, Err(EmailRefusal::CodeRefused), "the younger is void");
    assert_eq!(world.address_of(&user).await, "alice@example.com");
}

/// A thief who goes back over their own addresses does not get past the owner's.
pub async fn the_older_way_back_has_the_better_claim<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let of_owner = world.changed(&user, "thief@example.com").await;
    let of_thief = world.changed(&user, "other@example.com").await;
    let (done, _) = world.revert(&of_thief).await;
    assert_eq!(done.unwrap().user.email, address("thief@example.com"));
    let (done, _) = world.revert(&of_owner).await;
    assert_eq!(done.unwrap().user.email, user.email);
}

/// A thief could otherwise open an account with the victim's address, and bar the way back.
pub async fn an_address_is_kept_for_who_may_come_back_to_it<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let bob = world.register("bob").await;
    let way_back = world.changed(&user, "thief@example.com").await;
    let squatter = NewUser {
        email: address("Alice@example.com"),
        ..new_user("squatter")
    };
    let named = new_user("alice@example.com");
    let named = NewUser {
        email: EmailAddress::none(),
        ..named
    };
    assert_eq!(
        world.try_register(squatter.clone()).await,
        Err(NameTaken::Email)
    );
    assert_eq!(
        world.try_register(named.clone()).await,
        Err(NameTaken::Username)
    );
    let mut itself = registration("squatter", None);
    itself.user = squatter.clone();
    let refused = world.store.register_user(itself).await.unwrap();
    assert_eq!(refused, Err(NameTaken::Email.into()));
    let (asked, _) = world.ask_to_change(&bob, "alice@example.com").await;
    assert_eq!(asked, EmailChangeAsked::Taken);
    let renamed = ProfileChange {
        username: Some(named.username.clone()),
        ..ProfileChange::default()
    };
    let refused = world.store.change_profile(bob.id, renamed.clone()).await;
    assert_eq!(refused.unwrap(), Some(Err(NameTaken::Username)));
    let own = world.store.change_profile(user.id, renamed).await.unwrap();
    assert!(own.unwrap().is_ok(), "it is in nobody's way but another's");

    world.pass(way_back.lifetime);
    assert_eq!(world.try_register(squatter).await, Err(NameTaken::Email));
    let back = ProfileChange {
        username: Some(user.username.clone()),
        ..ProfileChange::default()
    };
    let back = world.store.change_profile(user.id, back).await.unwrap();
    back.unwrap().unwrap();
    assert!(world.try_register(named).await.is_ok(), "it is free now");
}

pub async fn a_deleted_user_leaves_neither_codes_nor_mails<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let way_back = world.changed(&user, "other@example.com").await;
    let changed = world.reread(&user).await;
    let reset = world.asked(&changed, CodePurpose::ResetPassword).await;
    let revoke = revoke(RevokeReason::UserDeleted);
    world
        .store
        .delete_user(user.id, revoke)
        .await
        .unwrap()
        .unwrap();
    assert!(world.mails().await.is_empty());
    assert!(!world.is_good(&reset).await && !world.is_good(&way_back).await);
    let (done, _) = world.revert(&way_back).await;
    assert_eq!(done, Err(EmailRefusal::CodeRefused));
    world.register("alice").await;
}

/// Keycloak CVE-2026-18963: a flow was driven past the mail by its steps out of order.
pub async fn no_door_opens_to_a_code_of_another_purpose<S: Store>(world: World<S>) {
    let (user, verify) = world.registered("alice").await;
    let reset = world.asked(&user, CodePurpose::ResetPassword).await;
    let way_back = world.changed(&user, "new@example.com").await;
    let user = world.reread(&user).await;
    let reset = [reset, world.asked(&user, CodePurpose::ResetPassword).await];
    let change = world.asked_to_change(&user, "newer@example.com").await;
    let invitation = world.new_code(CodePurpose::Invitation);
    let before = (world.reread(&user).await, world.mails().await);
    for code in [verify, reset[0], reset[1], way_back, change, invitation] {
        let as_made = code.purpose;
        for door in [
            CodePurpose::VerifyEmail,
            CodePurpose::ResetPassword,
            CodePurpose::ChangeEmail,
            CodePurpose::RevertEmail,
        ] {
            for purpose in [as_made, door] {
                if as_made == door {
                    continue;
                }
                let code = NewCode { purpose, ..code };
                match door {
                    CodePurpose::VerifyEmail => {
                        let done = world.store.verify_email(shown(&code)).await;
                        assert_eq!(done.unwrap(), None, "{as_made:?}");
                    }
                    CodePurpose::ResetPassword => {
                        assert_eq!(world.reset(&code, &user).await, None, "{as_made:?}");
                    }
                    CodePurpose::ChangeEmail => {
                        let (done, _) = world.confirm(&code).await;
                        assert_eq!(done, Err(EmailRefusal::CodeRefused), "{as_made:?}");
                    }
                    _ => {
                        let (done, _) = world.revert(&code).await;
                        assert_eq!(done, Err(EmailRefusal::CodeRefused), "{as_made:?}");
                    }
                }
                let mut registration = registration("mallory", None);
                registration.invitation =
                    (as_made != CodePurpose::Invitation).then(|| shown(&code));
                if registration.invitation.is_some() {
                    let refused = world.store.register_user(registration).await.unwrap();
                    assert!(refused.is_err(), "{as_made:?}");
                }
            }
        }
    }
    assert_eq!((world.reread(&user).await, world.mails().await), before);
}
