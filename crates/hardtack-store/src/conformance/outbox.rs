//! Mails that wait, who holds one, and what becomes of it.

use std::time::Duration;

use hardtack_core::UserId;
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodeId, CodePurpose};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::EmailAddress;

use super::{SECOND, START, World, revoke};
use crate::{MailId, QueuedMail, Retry, Store};

const LEASE: Duration = Duration::from_secs(120);

fn mail(to: &str) -> NewMail {
    NewMail {
        to: EmailAddress::parse(to).unwrap(),
        user: None,
        language: None,
        kind: MailKind::AlreadyRegistered,
    }
}

impl<S: Store> World<S> {
    async fn queue(&self, mails: Vec<NewMail>) {
        self.store.queue_mail(mails).await.unwrap();
    }

    async fn claim(&self, limit: u32) -> Vec<QueuedMail> {
        self.store.claim_mail(limit, LEASE).await.unwrap()
    }

    async fn failed(&self, claimed: &QueuedMail, retry: Retry) -> bool {
        let error = "connection refused".to_owned();
        self.store
            .mail_failed(claimed.id, claimed.tries, error, retry)
            .await
            .unwrap()
    }
}

pub async fn mails_wait_as_they_were_queued<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let code = CodeId::from_bytes([9; 16]);
    let kinds = [
        MailKind::VerifyEmail { code },
        MailKind::ResetPassword { code },
        MailKind::ConfirmNewEmail { code },
        MailKind::EmailChanged {
            code,
            new_address: "n***@example.com".to_owned(),
        },
        MailKind::PasswordChanged,
        MailKind::NewDevice {
            device: "Firefox on Linux".to_owned(),
            address: "192.0.2.7".to_owned(),
            at: START,
        },
        MailKind::SessionEndedCopied {
            device: None,
            at: START,
        },
        MailKind::SessionEndedCopied {
            device: Some("Safari on iPhone".to_owned()),
            at: START,
        },
        MailKind::AlreadyRegistered,
        MailKind::Invitation { code },
    ];
    let mails: Vec<_> = kinds
        .into_iter()
        .zip([Some(alice.id), None].into_iter().cycle())
        .map(|(kind, user)| NewMail {
            to: EmailAddress::parse("alice@example.com").unwrap(),
            user,
            language: user.map(|_| "fa".to_owned()),
            kind,
        })
        .collect();
    world.queue(mails.clone()).await;
    let waiting = world.mails().await;
    assert!(waiting.is_sorted_by_key(|mail| mail.id));
    for (queued, mail) in waiting.into_iter().zip(mails) {
        let expected = QueuedMail {
            id: queued.id,
            username: mail.user.map(|_| "alice".to_owned()),
            mail,
            created_at: START,
            next_try_at: START,
            tries: 0,
            last_error: None,
            given_up_at: None,
        };
        assert_eq!(queued, expected);
    }
}

pub async fn a_mail_to_nobody_goes_with_them<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let to = |user| NewMail {
        user,
        ..mail("alice@example.com")
    };
    world
        .queue(vec![
            to(Some(UserId::new(99))),
            to(Some(alice.id)),
            to(None),
        ])
        .await;
    assert_eq!(world.mails().await.len(), 2);
    let claimed = world.claim(9).await;
    let gone = revoke(RevokeReason::UserDeleted);
    world.store.delete_user(alice.id, gone).await.unwrap();
    let left = world.mails().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].mail.user, None);
    assert!(!world.store.mail_sent(claimed[0].id).await.unwrap());
    assert!(!world.failed(&claimed[0], Retry::After(SECOND)).await);
}

pub async fn a_claim_holds_until_its_lease_is_over<S: Store>(world: World<S>) {
    world.queue(vec![mail("a@example.com")]).await;
    let now = world.pass(SECOND);
    let claimed = world.claim(9).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].tries, claimed[0].next_try_at), (1, now + LEASE));
    assert_eq!(world.mails().await, claimed);
    world.pass(LEASE - Duration::from_micros(1));
    assert!(world.claim(9).await.is_empty());
    world.pass(Duration::from_micros(1));
    let again = world.claim(9).await;
    assert_eq!((again[0].id, again[0].tries), (claimed[0].id, 2));
}

pub async fn what_has_been_due_longest_is_claimed_first<S: Store>(world: World<S>) {
    for address in ["a@example.com", "b@example.com", "c@example.com"] {
        world.queue(vec![mail(address)]).await;
        world.pass(SECOND);
    }
    let first = world.claim(1).await;
    assert!(world.failed(&first[0], Retry::After(SECOND)).await);
    world.pass(SECOND);
    let order: Vec<_> = world
        .claim(9)
        .await
        .into_iter()
        .map(|claimed| claimed.mail.to.as_str().to_owned())
        .collect();
    assert_eq!(order, ["b@example.com", "c@example.com", "a@example.com"]);
    assert!(world.claim(0).await.is_empty());
}

/// Two processes that send: nobody gets a mail twice.
pub async fn of_many_senders_at_once_each_mail_goes_to_one<S: Store>(world: World<S>) {
    let mails = (0..40).map(|index| mail(&format!("{index}@example.com")));
    world.queue(mails.collect()).await;
    let claims = world
        .at_once(8, |store, _| async move {
            store.claim_mail(7, LEASE).await.unwrap()
        })
        .await;
    let mut ids: Vec<_> = claims.into_iter().flatten().map(|mail| mail.id).collect();
    ids.sort_unstable();
    let claimed = ids.len();
    ids.dedup();
    assert_eq!((claimed, ids.len()), (40, 40));
}

pub async fn a_mail_that_was_sent_is_gone<S: Store>(world: World<S>) {
    world.queue(vec![mail("a@example.com")]).await;
    let claimed = world.claim(9).await;
    assert!(world.store.mail_sent(claimed[0].id).await.unwrap());
    assert!(!world.store.mail_sent(claimed[0].id).await.unwrap());
    assert!(world.mails().await.is_empty());
    world.queue(vec![mail("b@example.com")]).await;
    assert!(world.mails().await[0].id > claimed[0].id, "never again");
}

pub async fn a_failure_puts_a_mail_off_or_gives_it_up<S: Store>(world: World<S>) {
    world.queue(vec![mail("a@example.com")]).await;
    let claimed = world.claim(9).await;
    assert!(world.failed(&claimed[0], Retry::After(SECOND)).await);
    let waiting = world.mails().await.remove(0);
    assert_eq!(waiting.next_try_at, START + SECOND);
    assert_eq!(waiting.last_error.as_deref(), Some("connection refused"));

    let now = world.pass(SECOND);
    let claimed = world.claim(9).await;
    assert!(world.failed(&claimed[0], Retry::GiveUp).await);
    assert_eq!(world.mails().await[0].given_up_at, Some(now));
    assert!(
        !world.failed(&claimed[0], Retry::After(SECOND)).await,
        "final"
    );
    world.pass(LEASE);
    assert!(world.claim(9).await.is_empty());
}

/// A sender that hung past its lease does not make a third one send.
pub async fn a_claim_that_was_lost_changes_nothing<S: Store>(world: World<S>) {
    world.queue(vec![mail("a@example.com")]).await;
    let lost = world.claim(9).await;
    world.pass(LEASE);
    let held = world.claim(9).await;
    assert!(!world.failed(&lost[0], Retry::After(SECOND)).await);
    assert!(!world.failed(&lost[0], Retry::GiveUp).await);
    assert_eq!(world.mails().await, held);
}

/// A mail server that was down for longer than the code was good.
pub async fn a_mail_that_leads_nowhere_is_given_up<S: Store>(world: World<S>) {
    let (alice, verify) = world.registered("alice").await;
    let now = world.pass(verify.lifetime);
    let reset = world.asked(&alice, CodePurpose::ResetPassword).await;
    let claimed = world.claim(1).await;
    let claimed: Vec<_> = claimed.iter().map(|mail| mail.mail.kind.clone()).collect();
    assert_eq!(claimed, [MailKind::ResetPassword { code: reset.id }]);
    let dead = world.mails().await.remove(0);
    assert_eq!(dead.mail.kind, MailKind::VerifyEmail { code: verify.id });
    assert_eq!((dead.given_up_at, dead.tries), (Some(now), 0));
    assert!(dead.last_error.unwrap().contains("code"));
    assert!(world.is_good(&reset).await);
    world.pass(LEASE);
    assert_eq!(world.claim(9).await.len(), 1, "the other one is over");
}

pub async fn mails_are_listed_by_number_and_in_pages<S: Store>(world: World<S>) {
    let mails = (0..5).map(|index| mail(&format!("{index}@example.com")));
    world.queue(mails.collect()).await;
    let mut seen: Vec<MailId> = Vec::new();
    loop {
        let page = world
            .store
            .list_mail(seen.last().copied(), 2)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|mail| mail.id));
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|one, next| one < next));
}

pub async fn what_was_given_up_is_forgotten_after_its_time<S: Store>(world: World<S>) {
    let day = Duration::from_secs(86_400);
    world
        .queue(vec![mail("a@example.com"), mail("b@example.com")])
        .await;
    let claimed = world.claim(1).await;
    assert!(world.failed(&claimed[0], Retry::GiveUp).await);
    world.pass(day);
    assert_eq!(world.store.purge_mail(day).await.unwrap(), 0);
    world.pass(SECOND);
    assert_eq!(world.store.purge_mail(day).await.unwrap(), 1);
    assert_eq!(world.store.purge_mail(day).await.unwrap(), 0);
    let left = world.mails().await;
    assert_eq!(left[0].mail.to.as_str(), "b@example.com", "it still waits");
}
