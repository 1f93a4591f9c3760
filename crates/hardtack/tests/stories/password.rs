//! Change a password.

use hardtack::core::event::Event;
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::{PASSWORD, World};

const NEW: &str = "staple of another kind";

fn change(old: &str, one: &str, other: &str) -> Value {
    json!({ "old_password": old, "new_password1": one, "new_password2": other })
}

#[tokio::test]
async fn a_password_change_ends_every_other_session_and_renews_its_own() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    let mut elsewhere = world.logged_in().await;
    let answer = browser
        .post("/api/auth/password/change/", &change(PASSWORD, NEW, NEW))
        .await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::OK,
            r#"{"detail":"New password has been saved."}"#
        )
    );
    assert_eq!(answer.set_cookies().len(), 2);
    assert!(browser.is_logged_in().await);
    assert!(!elsewhere.is_logged_in().await);
    assert!(
        !copy.is_logged_in().await,
        "a copied token dies with the old password"
    );
    assert_eq!(elsewhere.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(copy.refresh().await.status, StatusCode::UNAUTHORIZED);
    world.advance(60);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(
        world.browser().log_in("alice", PASSWORD).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world.browser().log_in("alice", NEW).await.status,
        StatusCode::OK
    );
    assert!(world.events().iter().any(|event| matches!(
        event,
        Event::PasswordChanged {
            sessions_ended: 2,
            ..
        }
    )));
}

#[tokio::test]
async fn faults_have_the_contracts_words() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let required = r#"{"old_password":["This field is required."],"new_password1":["This field is required."],"new_password2":["This field is required."]}"#;
    for (body, text) in [
        (json!({}), required),
        (
            change("wrong", NEW, NEW),
            r#"{"old_password":["Your old password was entered incorrectly. Please enter it again."]}"#,
        ),
        (
            change(PASSWORD, NEW, "other"),
            "{\"new_password2\":[\"The two password fields didn\u{2019}t match.\"]}",
        ),
        (
            change(PASSWORD, "1234567", "1234567"),
            r#"{"new_password2":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#,
        ),
        (
            change(PASSWORD, "alice@example", "alice@example"),
            r#"{"new_password2":["The password is too similar to the email address."]}"#,
        ),
    ] {
        let answer = browser.post("/api/auth/password/change/", &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text),
            "{body}"
        );
    }
    assert_eq!(
        world.browser().log_in("alice", PASSWORD).await.status,
        StatusCode::OK,
        "nothing changed"
    );
}

#[tokio::test]
async fn nobody_changes_nothing() {
    let world = World::new().await;
    let answer = world
        .browser()
        .post("/api/auth/password/change/", &change(PASSWORD, NEW, NEW))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"Authentication credentials were not provided."}"#
    );
}

/// docs/threat-model.md AU-8: a stolen access token must not become a way to guess the password.
#[tokio::test]
async fn guesses_of_the_old_password_are_counted() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    for _ in 0..10 {
        let answer = browser
            .post("/api/auth/password/change/", &change("wrong", NEW, NEW))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    let answer = browser
        .post("/api/auth/password/change/", &change(PASSWORD, NEW, NEW))
        .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

/// Of two changes at once one wins, and the password is that one's.
#[tokio::test(flavor = "multi_thread")]
async fn two_changes_at_once_give_one_password() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let passwords: Vec<String> = (0..4)
        .map(|index| format!("another secret {index}"))
        .collect();
    let changes: Vec<_> = passwords
        .iter()
        .map(|new| {
            let (mut tab, new) = (browser.clone(), new.clone());
            tokio::spawn(async move {
                tab.post("/api/auth/password/change/", &change(PASSWORD, &new, &new))
                    .await
                    .status
            })
        })
        .collect();
    // The losers' session ended with the winner's change, and that is what they are told.
    let mut winners = Vec::new();
    for (index, one) in changes.into_iter().enumerate() {
        if one.await.unwrap() == StatusCode::OK {
            winners.push(index);
        }
    }
    assert_eq!(winners.len(), 1);
    let winner = &passwords[winners[0]];
    assert_eq!(
        world.browser().log_in("alice", winner).await.status,
        StatusCode::OK
    );
}
