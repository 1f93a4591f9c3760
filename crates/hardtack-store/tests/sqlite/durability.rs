//! What was answered is on the disk.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use hardtack_core::Activity;
use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode};
use hardtack_core::rotation::Position;
use hardtack_core::user::EmailAddress;
use hardtack_store::{
    CodeStore, NewUser, Registration, SessionStore, SqliteStore, StoreError, UserStore,
};

use crate::{LOGOUT, WINDOW, log_in, new_session, new_user, open, register, room};

const FIRST: Position = Position::new(0, 0);

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let (_directory, path) = room();
    let store = open(&path);
    let user = register(&store, "alice").await;
    let ended = log_in(&store, new_session(&user, 1)).await;
    let rotated = log_in(&store, new_session(&user, 2)).await;
    let owner = store.revoke_session(ended, LOGOUT).await.unwrap();
    assert!(owner.is_some());
    let moved = store
        .rotate_family(rotated, FIRST, WINDOW, Activity::Counts)
        .await
        .unwrap();
    drop(store);

    let store = open(&path);
    assert_eq!(store.find_family(rotated).await.unwrap(), moved);
    let family = store.find_family(ended).await.unwrap().unwrap().family;
    assert!(family.ended.is_some());
    let log = store.find_revocations(None, 9).await.unwrap();
    assert_eq!(log.revocations.len(), 1);
    assert_eq!(log.revocations[0].session, ended);
}

/// The power fails: what the disk has at the moment of the answer is all there is.
#[tokio::test]
async fn what_was_answered_is_in_the_files_at_that_moment() {
    let (directory, path) = room();
    let store = Arc::new(open(&path));
    let user = register(&store, "alice").await;
    for round in 0..5 {
        let tasks: Vec<_> = (0..20)
            .map(|index| {
                let store = Arc::clone(&store);
                let new = new_session(&user, round * 100 + index);
                tokio::spawn(async move {
                    let session = log_in(&store, new).await;
                    let moved = store
                        .rotate_family(session, FIRST, WINDOW, Activity::Counts)
                        .await;
                    (session, moved.unwrap().unwrap())
                })
            })
            .collect();
        let mut answered = Vec::new();
        for task in tasks {
            answered.push(task.await.unwrap());
        }
        let copy = directory.path().join(format!("{round}.db"));
        fs::copy(&path, &copy).unwrap();
        fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
        let survivor = open(&copy);
        for (session, moved) in answered {
            let found = survivor.find_family(session).await.unwrap().unwrap();
            assert_eq!(found.family, moved.family);
        }
    }
}

/// `kill -9` in the middle of a crowd of registrations (SECURITY.md, test programme: nothing
/// acknowledged is lost).
#[tokio::test]
async fn a_process_that_is_killed_loses_nothing_that_it_answered() {
    let (_directory, path) = room();
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("durability::registers_until_it_is_killed")
            .env("HARDTACK_TEST_DATABASE", &path)
            .env("HARDTACK_TEST_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut answered = Vec::new();
        for line in lines {
            // Whoever is killed may leave half a line.
            if let Some(id) = line.unwrap().strip_prefix("answered ") {
                answered.push(id.trim().parse().unwrap());
            }
            if answered.len() == 200 {
                child.kill().unwrap();
                break;
            }
        }
        child.wait().unwrap();
        assert_eq!(answered.len(), 200);

        let store = open(&path);
        for id in answered {
            let found = store.find_user(id).await.unwrap();
            assert!(found.is_some(), "user {id} was answered and is lost");
        }
        // Whoever was registered, answered or not, was so whole: with a code and its mail.
        for user in store.list_users(None, u32::MAX).await.unwrap() {
            let held = store.find_holdings(user.id).await.unwrap().unwrap();
            assert_eq!((held.codes.len(), held.mails.len()), (1, 1), "{user:?}");
        }
    }
}

/// Somebody who registers themselves and is asked to verify their address.
fn registration(name: &str) -> Registration {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    let hash: [u8; 32] = digest.as_ref().try_into().unwrap();
    let id: [u8; 16] = hash[..16].try_into().unwrap();
    let purpose = CodePurpose::VerifyEmail;
    Registration {
        user: NewUser {
            email: EmailAddress::parse(&format!("{name}@example.com")).unwrap(),
            ..new_user(name)
        },
        language: None,
        invitation: None,
        verification: Some(NewCode {
            id: CodeId::from_bytes(id),
            purpose,
            hash: CodeHash::from_bytes(hash),
            lifetime: purpose.lifetime(),
        }),
    }
}

/// The other half of the test above, which runs it in a process of its own.
#[tokio::test]
#[ignore = "never ends by itself"]
async fn registers_until_it_is_killed() {
    let Some(path) = std::env::var_os("HARDTACK_TEST_DATABASE") else {
        return;
    };
    let round = std::env::var("HARDTACK_TEST_ROUND").unwrap();
    let store = Arc::new(open(path.as_ref()));
    let tasks: Vec<_> = (0..8)
        .map(|task: u8| {
            let (store, round) = (Arc::clone(&store), round.clone());
            tokio::spawn(async move {
                for index in 0.. {
                    let name = format!("user{round}-{task}-{index}");
                    let registered = store.register_user(registration(&name)).await;
                    println!("answered {}", registered.unwrap().unwrap().id);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn closing_commits_what_was_asked_for_and_refuses_the_rest() {
    let (_directory, path) = room();
    let store = Arc::new(open(&path));
    let user = register(&store, "alice").await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let (store, new) = (Arc::clone(&store), new_session(&user, number));
            tokio::spawn(async move {
                store
                    .insert_session(new, Vec::new(), None, LOGOUT, WINDOW)
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let closing = Arc::clone(&store);
    tokio::task::spawn_blocking(move || closing.close())
        .await
        .unwrap();
    let mut opened = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => opened += 1,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_))),
        }
    }
    store.close();
    let late = store.revoke_session(new_session(&user, 1).id, LOGOUT).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))));
    let late = store.find_user(user.id).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))));

    let store: SqliteStore = open(&path);
    assert_eq!(store.list_sessions(user.id).await.unwrap().len(), opened);
}
