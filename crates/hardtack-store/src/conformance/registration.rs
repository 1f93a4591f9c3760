//! Who registers themselves, and who was invited to.

use hardtack_core::mail::MailKind;
use hardtack_core::one_time_code::{CodePurpose, NewCode};
use hardtack_core::user::{EmailAddress, User, UserState};

use super::code::{registration, shown};
use super::{SECOND, START, World, new_user};
use crate::{NameTaken, NewInvitation, NewUser, Registration, RegistrationRefusal, Store};

impl<S: Store> World<S> {
    /// An invitation for `to`, which may be nobody.
    pub async fn invite(&self, to: &str) -> NewCode {
        let code = self.new_code(CodePurpose::Invitation);
        let invitation = NewInvitation {
            code,
            to: EmailAddress::parse(to).unwrap(),
            language: Some("es".to_owned()),
        };
        let ends_at = self.store.insert_invitation(invitation).await.unwrap();
        assert_eq!(ends_at, self.now() + code.lifetime);
        code
    }

    async fn register_with(
        &self,
        username: &str,
        invitation: &NewCode,
    ) -> Result<User, RegistrationRefusal> {
        let registration = Registration {
            invitation: Some(shown(invitation)),
            ..registration(username, Some(self.new_code(CodePurpose::VerifyEmail)))
        };
        self.store.register_user(registration).await.unwrap()
    }
}

pub async fn who_registers_is_asked_to_verify_the_address<S: Store>(world: World<S>) {
    let code = world.new_code(CodePurpose::VerifyEmail);
    let registration = Registration {
        language: Some("fa".to_owned()),
        ..registration("alice", Some(code))
    };
    let registered = world.store.register_user(registration).await;
    let user = registered.unwrap().unwrap();
    assert_eq!((user.state, user.created_at), (UserState::Active, START));
    assert_eq!(user.email_verified_at, None);
    assert_eq!(user.language.as_deref(), Some("fa"));
    assert_eq!(world.reread(&user).await, user);

    let mails = world.mails().await;
    let [mail] = mails.as_slice() else {
        panic!("one mail: {mails:?}")
    };
    assert_eq!(mail.mail.to, user.email);
    assert_eq!(mail.mail.user, Some(user.id));
    assert_eq!(mail.mail.language.as_deref(), Some("fa"));
    assert_eq!(mail.mail.kind, MailKind::VerifyEmail { code: code.id });
    assert_eq!(mail.username.as_deref(), Some("alice"));
    assert_eq!((mail.created_at, mail.next_try_at), (START, START));

    let now = world.pass(SECOND);
    let verified = world.store.verify_email(shown(&code)).await.unwrap();
    let verified = verified.unwrap();
    assert_eq!(verified.email_verified_at, Some(now));
    assert_eq!(world.reread(&user).await, verified);
    assert_eq!(world.store.verify_email(shown(&code)).await.unwrap(), None);
    assert!(world.mails().await.is_empty(), "its link leads nowhere now");
}

pub async fn who_registers_without_a_code_or_an_address_gets_no_mail<S: Store>(world: World<S>) {
    let registered = world.store.register_user(registration("alice", None));
    let user = registered.await.unwrap().unwrap();
    assert_eq!(user.email_verified_at, None);
    let nowhere = Registration {
        user: NewUser {
            email: EmailAddress::none(),
            ..new_user("bob")
        },
        ..registration("bob", Some(world.new_code(CodePurpose::VerifyEmail)))
    };
    world.store.register_user(nowhere).await.unwrap().unwrap();
    assert!(world.mails().await.is_empty());
}

pub async fn an_operator_vouches_for_the_address_of_whom_they_add<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    assert_eq!(user.email_verified_at, Some(START));
    let nowhere = NewUser {
        email: EmailAddress::none(),
        ..new_user("bob")
    };
    let user = world.try_register(nowhere).await.unwrap();
    assert_eq!(user.email_verified_at, None);
}

pub async fn a_refused_registration_leaves_nothing_behind<S: Store>(world: World<S>) {
    world.register("alice").await;
    let invitation = world.invite("").await;
    for (registration, taken) in [
        (new_user("ALICE"), NameTaken::Username),
        (
            NewUser {
                email: EmailAddress::parse("Alice@Example.com").unwrap(),
                ..new_user("bob")
            },
            NameTaken::Email,
        ),
    ] {
        let code = world.new_code(CodePurpose::VerifyEmail);
        let registration = Registration {
            user: registration,
            language: None,
            invitation: Some(shown(&invitation)),
            verification: Some(code),
        };
        let refused = world.store.register_user(registration).await.unwrap();
        assert_eq!(refused, Err(RegistrationRefusal::Taken(taken)));
        assert!(!world.is_good(&code).await);
    }
    assert!(world.mails().await.is_empty());
    assert!(world.is_good(&invitation).await);
    assert_eq!(world.store.list_users(None, 9).await.unwrap().len(), 1);
}

/// docs/threat-model.md AU-7: two at once are not two accounts, by name or by address.
pub async fn of_many_registrations_at_once_one_wins<S: Store>(world: World<S>) {
    let of_one_name = |index: usize| NewUser {
        email: EmailAddress::parse(&format!("{index}@example.com")).unwrap(),
        ..new_user(if index.is_multiple_of(2) {
            "alice"
        } else {
            "ALICE"
        })
    };
    let of_one_address = |index: usize| NewUser {
        email: EmailAddress::parse("bob@example.com").unwrap(),
        ..new_user(&format!("bob{index}"))
    };
    for round in 0..2 {
        let outcomes = world
            .at_once(16, |store, index| {
                let user = if round == 0 {
                    of_one_name(index)
                } else {
                    of_one_address(index)
                };
                let registration = Registration {
                    user,
                    ..registration("-", Some(world.new_code(CodePurpose::VerifyEmail)))
                };
                async move { store.register_user(registration).await.unwrap() }
            })
            .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let users = world.store.list_users(None, 99).await.unwrap().len();
        assert_eq!((users, world.mails().await.len()), (round + 1, round + 1));
    }
}

pub async fn an_invitation_lets_one_in<S: Store>(world: World<S>) {
    let invitation = world.invite("").await;
    let outcomes = world
        .at_once(8, |store, index| {
            let registration = Registration {
                invitation: Some(shown(&invitation)),
                ..registration(&format!("user{index}"), None)
            };
            async move { store.register_user(registration).await.unwrap() }
        })
        .await;
    let refused = Err(RegistrationRefusal::NotInvited);
    let refusals = outcomes.iter().filter(|outcome| **outcome == refused);
    assert_eq!(refusals.count(), 7);
    assert_eq!(world.store.list_users(None, 9).await.unwrap().len(), 1);
}

/// The link went to that address, so a second mail would ask for what is known.
pub async fn who_registers_with_the_invited_address_has_verified_it<S: Store>(world: World<S>) {
    let invitation = world.invite("Alice@example.com").await;
    assert_eq!(world.mail_kinds().await, ["invitation"]);
    let alice = world.register_with("alice", &invitation).await.unwrap();
    assert_eq!(alice.email_verified_at, Some(START));
    assert!(world.mails().await.is_empty());

    let invitation = world.invite("bob@elsewhere.example").await;
    let bob = world.register_with("bob", &invitation).await.unwrap();
    assert_eq!(bob.email_verified_at, None);
    assert_eq!(world.mail_kinds().await, ["verify_email"]);
}

pub async fn a_newer_invitation_voids_the_older_of_its_address<S: Store>(world: World<S>) {
    let (first, for_anybody) = (world.invite("a@example.com").await, world.invite("").await);
    let second = world.invite("A@example.com").await;
    world.invite("").await;
    assert!(!world.is_good(&first).await);
    assert!(world.is_good(&second).await && world.is_good(&for_anybody).await);
    assert_eq!(world.mails().await.len(), 1);
    let refused = world.register_with("alice", &first).await;
    assert_eq!(refused, Err(RegistrationRefusal::NotInvited));
}
