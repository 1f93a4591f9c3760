//! Two at work on one file, as a server and its command line are.

use std::sync::Arc;
use std::time::Duration;

use hardtack_core::Activity;
use hardtack_core::rotation::Position;
use hardtack_core::user::UserState;
use hardtack_store::{NameTaken, SessionStore, SqliteStore, Store, UserStore};

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
