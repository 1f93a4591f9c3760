//! Rows that somebody else wrote: an error, never a default.

use hardtack_core::Activity;
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode};
use hardtack_core::rotation::Position;
use hardtack_core::user::EmailAddress;
use hardtack_store::{
    CodeStore, MailId, NewUser, OutboxStore, SessionStore, StoreError, UserStore,
};

use crate::{LOGOUT, WINDOW, log_in, new_session, new_user, open, register, room, tamper};

fn reset_code() -> NewCode {
    NewCode {
        id: CodeId::from_bytes([1; 16]),
        purpose: CodePurpose::ResetPassword,
        hash: CodeHash::from_bytes([2; 32]),
        lifetime: WINDOW,
    }
}

fn is_corrupt<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Corrupt(_)))
}

#[tokio::test]
async fn a_session_row_that_fits_no_state_is_corrupt() {
    for nonsense in [
        "phase = 3",
        "phase = -1",
        "generation = -1",
        "generation = 4294967296",
        "branch = -1",
        "parent_branch = 4294967296",
        "retries = -1",
        "idle_timeout = -1",
        "remember_me = 3",
        "remember_me = -1",
        "revoked_at = 1",
        "revoke_reason = 'logout'",
        "revoked_at = 1, revoke_reason = 'boredom'",
        "orphaned = 1",
        "orphaned = 2",
    ] {
        let (_directory, path) = room();
        let store = open(&path);
        let user = register(&store, "alice").await;
        let session = log_in(&store, new_session(&user, 1)).await;
        tamper(&path, &format!("UPDATE sessions SET {nonsense}"));
        let found = store.find_family(session).await;
        assert!(is_corrupt(&found), "{nonsense}: {found:?}");
        let uses = vec![(session, Position::default())];
        let noted = store.note_uses(uses, WINDOW).await;
        assert!(is_corrupt(&noted), "{nonsense}: {noted:?}");
    }
}

#[tokio::test]
async fn a_row_without_a_phase_does_not_rotate() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let session = log_in(&store, new_session(&user, 1)).await;
    tamper(&path, "UPDATE sessions SET phase = 3");
    let moved = store.rotate_family(session, Position::default(), WINDOW, Activity::Counts);
    assert_eq!(moved.await.unwrap(), None);
}

#[tokio::test]
async fn a_user_row_that_fits_no_state_is_corrupt() {
    for nonsense in ["state = 2", "state = -1", "password_version = -1"] {
        let (_directory, path) = room();
        let store = open(&path);
        let user = register(&store, "alice").await;
        let session = log_in(&store, new_session(&user, 1)).await;
        tamper(&path, &format!("UPDATE users SET {nonsense}"));
        assert!(is_corrupt(&store.find_user(user.id).await), "{nonsense}");
        assert!(is_corrupt(&store.list_users(None, 9).await), "{nonsense}");
        let moved = store.rotate_family(session, Position::default(), WINDOW, Activity::Counts);
        assert_eq!(moved.await.unwrap(), None, "{nonsense}");
    }
}

#[tokio::test]
async fn a_code_row_that_fits_no_state_is_corrupt() {
    for nonsense in [
        "purpose = 'free_beer'",
        "code = x'00'",
        "hash = x'00'",
        "password_version = -1",
    ] {
        let (_directory, path) = room();
        let store = open(&path);
        let user = NewUser {
            email: EmailAddress::parse("alice@example.com").unwrap(),
            ..new_user("alice")
        };
        let user = store.insert_user(user).await.unwrap().unwrap();
        let asked = store.insert_code(user.id, reset_code(), None).await;
        assert!(asked.unwrap());
        tamper(&path, &format!("UPDATE codes SET {nonsense}"));
        let held = store.find_holdings(user.id).await;
        assert!(is_corrupt(&held), "{nonsense}: {held:?}");
        let again = store.insert_code(user.id, reset_code(), None).await;
        assert!(is_corrupt(&again), "{nonsense}: {again:?}");
    }
}

/// A kind of a later release, or a damaged row, must not keep the others from being sent.
#[tokio::test]
async fn a_mail_that_makes_no_sense_is_put_off_and_the_others_are_sent() {
    let notice = NewMail {
        to: EmailAddress::parse("alice@example.com").unwrap(),
        user: None,
        language: None,
        kind: MailKind::AlreadyRegistered,
    };
    for nonsense in [
        "kind = 'free_beer'",
        "kind = 'verify_email'",
        "kind = 'new_device'",
        "tries = -1",
    ] {
        let (_directory, path) = room();
        let store = open(&path);
        let mails = vec![notice.clone(), notice.clone()];
        store.queue_mail(mails).await.unwrap();
        tamper(&path, &format!("UPDATE outbox SET {nonsense} WHERE id = 1"));
        let listed = store.list_mail(None, 9).await;
        assert!(is_corrupt(&listed), "{nonsense}: {listed:?}");
        let claimed = store.claim_mail(1, WINDOW).await.unwrap();
        assert_eq!(claimed.len(), 1, "{nonsense}");
        assert_eq!(claimed[0].id, MailId(2), "{nonsense}");
        assert!(store.mail_sent(claimed[0].id).await.unwrap());
        assert!(store.claim_mail(1, WINDOW).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_session_id_of_the_wrong_length_is_corrupt() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let session = log_in(&store, new_session(&user, 1)).await;
    store.revoke_session(session, LOGOUT).await.unwrap();
    log_in(&store, new_session(&user, 2)).await;
    tamper(
        &path,
        "UPDATE revocations SET sid = x'00'; UPDATE sessions SET sid = x'00' WHERE id = 2",
    );
    assert!(is_corrupt(&store.find_revocations(None, 9).await));
    assert!(is_corrupt(&store.list_sessions(user.id).await));
}

#[tokio::test]
async fn what_is_wrong_with_one_row_does_not_stop_the_others() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let bad = log_in(&store, new_session(&user, 1)).await;
    let good = log_in(&store, new_session(&user, 2)).await;
    tamper(&path, "UPDATE sessions SET phase = 3 WHERE id = 1");
    let uses = vec![(bad, Position::default())];
    let (noted, moved) = tokio::join!(
        store.note_uses(uses, WINDOW),
        store.rotate_family(good, Position::default(), WINDOW, Activity::Counts)
    );
    assert!(is_corrupt(&noted));
    assert!(moved.unwrap().is_some());
}
