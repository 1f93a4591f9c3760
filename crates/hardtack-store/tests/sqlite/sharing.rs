//! Two at work on one file, as a server and its command line are.

use std::sync::Arc;
use std::time::Duration;

use hardtack_core::Activity;
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::rotation::Position;
use hardtack_core::user::{EmailAddress, PasswordVersion, UserState};
use hardtack_store::{
    CodeStore, NameTaken, NewReset, NewUser, OutboxStore, SessionStore, SqliteStore, Store,
    UserStore,
};

use crate::{LOGOUT, WINDOW, clock, log_in, new_session, new_user, open, register, room};

#[tokio::test]
async fn each_sees_what_the_other_has_done() {
    let (_directory, path) = room();
    let server = open(&path);
    let tool = SqliteStore::open_existing(&path, clock()).unwrap();

    let user = register(&tool, "alice").await;
    let found = server.find_user(user.id).await.unwrap();
    assert_eq!(found.unwrap().user, user);
    let taken = server.insert_user(new_user("ALICE")).await.unwrap();
    assert_eq!(taken, Err(NameTaken::Username));

    let session = log_in(&server, new_session(&user, 1)).await;
    let disabled = tool.set_user_state(user.id, UserState::Disabled, LOGOUT);
    assert_eq!(disabled.await.unwrap(), Some(vec![session]));
    let log = server.find_revocations(None, 9).await.unwrap();
    assert_eq!(log.revocations[0].session, session);
    let moved = server.rotate_family(session, Position::default(), WINDOW, Activity::Counts);
    assert_eq!(moved.await.unwrap(), None);

    tool.close();
    server.ping().await.unwrap();
    register(&server, "bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_that_rotate_one_token_one_wins() {
    let (_directory, path) = room();
    let stores = [Arc::new(open(&path)), Arc::new(open(&path))];
    let user = register(&stores[0], "alice").await;
    for number in 0..10 {
        let session = log_in(&stores[0], new_session(&user, number)).await;
        let tasks: Vec<_> = (0..20)
            .map(|index| {
                let store = Arc::clone(&stores[index % 2]);
                tokio::spawn(async move {
                    let moved =
                        store.rotate_family(session, Position::default(), WINDOW, Activity::Counts);
                    moved.await.unwrap().is_some()
                })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            winners += u32::from(task.await.unwrap());
        }
        assert_eq!(winners, 1);
    }
}

#[tokio::test]
async fn a_write_waits_for_another_process_that_is_writing() {
    let (_directory, path) = room();
    let store = Arc::new(open(&path));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = Arc::clone(&store);
    let write = tokio::spawn(async move { register(&writing, "alice").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!write.is_finished());
    // Reading goes on meanwhile.
    assert_eq!(store.list_users(None, 10).await.unwrap(), []);
    other.execute_batch("COMMIT").unwrap();
    let user = write.await.unwrap();
    assert_eq!(store.list_users(None, 10).await.unwrap(), [user]);
}

/// A server and a tool that both send, or two servers: nobody gets a mail twice, and one link
/// serves once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_send_share_the_mails_and_one_code_serves_once() {
    let (_directory, path) = room();
    let stores = [open(&path), open(&path)].map(Arc::new);
    let purpose = CodePurpose::ResetPassword;
    let code = NewCode {
        id: CodeId::from_bytes([1; 16]),
        purpose,
        hash: CodeHash::from_bytes([2; 32]),
        lifetime: purpose.lifetime(),
    };
    let user = NewUser {
        email: EmailAddress::parse("alice@example.com").unwrap(),
        ..new_user("alice")
    };
    let user = stores[0].insert_user(user).await.unwrap().unwrap();
    assert!(stores[1].insert_code(user.id, code, None).await.unwrap());
    let notice = NewMail {
        to: user.email.clone(),
        user: Some(user.id),
        language: None,
        kind: MailKind::PasswordChanged,
    };
    stores[0].queue_mail(vec![notice; 60]).await.unwrap();

    let tasks: Vec<_> = (0..12)
        .map(|index| {
            let store = Arc::clone(&stores[index % 2]);
            tokio::spawn(async move {
                let claimed = store.claim_mail(9, Duration::from_secs(60)).await.unwrap();
                let reset = NewReset {
                    code: PresentedCode {
                        purpose,
                        hash: code.hash,
                        user: Some(user.id),
                        created_at_seconds: None,
                    },
                    hash: "$argon2id$second".to_owned(),
                    mails: Vec::new(),
                };
                let reset = store.reset_password(reset, LOGOUT).await.unwrap();
                (claimed, reset)
            })
        })
        .collect();
    let (mut claimed, mut resets) = (Vec::new(), 0);
    for task in tasks {
        let (mails, reset) = task.await.unwrap();
        claimed.extend(mails.into_iter().map(|mail| mail.id));
        resets += usize::from(reset.is_some());
    }
    let all = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), all, "a mail was handed out twice");
    assert!(all >= 60, "{all}");
    assert_eq!(resets, 1);
}

/// Look-ups share transactions, and none may share one that began before it was asked: whoever was
/// answered reads what they wrote, through either of the two.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_is_read_by_whoever_asks_afterwards() {
    let (_directory, path) = room();
    let stores = [Arc::new(open(&path)), Arc::new(open(&path))];
    let mut tasks = Vec::new();
    for number in 0..24 {
        let user = register(&stores[0], &format!("user{number}")).await.id;
        let stores = stores.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..20 {
                let hash = format!("hash {round}");
                let version = PasswordVersion::default();
                let writer = &stores[(number + round) % 2];
                let written = writer.replace_password_hash(user, version, hash.clone());
                assert!(written.await.unwrap());
                for reader in &stores {
                    let found = reader.find_user(user).await.unwrap().unwrap();
                    assert_eq!(found.password_hash, hash);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}
