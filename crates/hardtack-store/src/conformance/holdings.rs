//! All that is held about a user, for them to take along.

use hardtack_core::UserId;
use hardtack_core::one_time_code::CodePurpose;
use hardtack_core::rotation::Ended;
use hardtack_core::session::{Device, RevokeReason};

use super::{SECOND, START, World, revoke};
use crate::{HeldCode, HeldSession, Store};

pub async fn holdings_have_all_of_a_user_and_nothing_of_another<S: Store>(world: World<S>) {
    let (alice, verify) = world.registered("alice").await;
    let (bob, _) = world.registered("bob").await;
    world.log_in(&bob).await;
    let first = world.log_in(&alice).await.family.session;
    let now = world.pass(SECOND);
    let mut on_phone = world.new_session(&alice);
    on_phone.device = Device::new("192.0.2.8".to_owned(), "Mozilla/5.0 (iPhone) Safari/604.1");
    let phone = on_phone.device.clone();
    let second = on_phone.id;
    world.try_log_in(on_phone, Vec::new()).await;
    let logout = revoke(RevokeReason::Logout);
    world.store.revoke_session(first, logout).await.unwrap();
    world.pass(verify.lifetime);
    let reset = world.asked(&alice, CodePurpose::ResetPassword).await;

    let held = world.store.find_holdings(alice.id).await.unwrap().unwrap();
    assert_eq!(held.user, world.reread(&alice).await);
    let sessions: Vec<_> = held.sessions.iter().map(|held| held.session.id).collect();
    assert_eq!(sessions, [second, first], "the ended one too");
    let [HeldSession { session, ended }, older] = held.sessions.as_slice() else {
        panic!("two sessions")
    };
    assert_eq!((&session.device, *ended), (&phone, None));
    let ended = Some(Ended {
        at: now,
        reason: RevokeReason::Logout,
    });
    assert_eq!((older.session.created_at, older.ended), (START, ended));
    let mut devices = vec![older.session.device.name(), phone.name()];
    devices.sort_unstable();
    devices.dedup();
    assert_eq!(held.known_devices, devices);
    let good = HeldCode {
        purpose: CodePurpose::ResetPassword,
        address: alice.email.clone(),
        created_at: world.now(),
        ends_at: world.now() + reset.lifetime,
    };
    assert_eq!(held.codes, [good], "what has ended is no code any more");
    let mut mails = world.mails().await;
    mails.retain(|mail| mail.mail.user == Some(alice.id));
    assert_eq!(held.mails.len(), 2);
    assert_eq!(held.mails, mails);
}

pub async fn nobody_has_no_holdings<S: Store>(world: World<S>) {
    let held = world.store.find_holdings(UserId::new(99)).await.unwrap();
    assert_eq!(held, None);
}
