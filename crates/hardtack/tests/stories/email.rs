//! Another address, and the way back.

use hardtack::core::UserId;
use hardtack::core::event::Event;
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World};

const CHANGE: &str = "/api/auth/email/change/";
const CONFIRM: &str = "/api/auth/email/change/confirm/";
const REVERT: &str = "/api/auth/email/change/revert/";
const ASKED: &str = r#"{"detail":"Confirmation e-mail sent."}"#;

fn form(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

async fn ask(browser: &mut Browser, email: &str) -> Answer {
    let answer = browser.post(CHANGE, &form(email, PASSWORD)).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, ASKED)
    );
    answer
}

async fn show(browser: &mut Browser, path: &str, key: &str) -> Answer {
    browser.post(path, &json!({ "key": key })).await
}

async fn address(browser: &mut Browser) -> String {
    let user = browser.get("/api/auth/user/").await.json();
    user["email"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_address_counts_when_it_was_confirmed_there_and_the_old_one_is_told() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    ask(&mut browser, "Alice@New.example").await;
    assert_eq!(address(&mut browser).await, "alice@example.com");
    let letter = world.letter("confirm_new_email").await;
    assert_eq!(letter.to, "alice@new.example");
    let answer = show(&mut world.browser(), CONFIRM, &letter.code).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, r#"{"detail":"ok"}"#)
    );
    assert_eq!(address(&mut browser).await, "alice@new.example");
    let told = world.letter("email_changed").await;
    assert_eq!(told.to, "alice@example.com");
    let by_new = world.browser().log_in("alice@new.example", PASSWORD).await;
    assert_eq!(by_new.status, StatusCode::OK);
    let user = UserId::new(1);
    assert!(
        world
            .events()
            .contains(&Event::EmailChangeRequested { user })
    );
    assert!(world.events().contains(&Event::EmailChanged { user }));
    let again = show(&mut browser, CONFIRM, &letter.code).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_way_back_ends_what_the_thief_has_and_leads_to_a_new_password() {
    let world = World::new().await;
    let mut thief = world.logged_in().await;
    ask(&mut thief, "mallory@example.net").await;
    let key = world.letter("confirm_new_email").await.code;
    show(&mut thief, CONFIRM, &key).await;
    let way_back = world.letter("email_changed").await;
    world.advance(6 * 86_400);
    let answer = show(&mut world.browser(), REVERT, &way_back.code).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::OK,
            r#"{"detail":"Password reset e-mail has been sent."}"#
        )
    );
    assert!(!thief.is_logged_in().await);
    let refused = thief.log_in("alice", PASSWORD).await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "the thief knows it"
    );
    let reset = world.letter("reset_password").await;
    assert_eq!(reset.to, "alice@example.com");
    let new = "staple of another kind";
    let body = json!({ "uid": reset.uid, "token": reset.code, "new_password1": new, "new_password2": new });
    let answer = world
        .browser()
        .post("/api/auth/password/reset/confirm/", &body)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let mut owner = world.browser();
    assert_eq!(
        owner.log_in("alice@example.com", new).await.status,
        StatusCode::OK
    );
    assert_eq!(address(&mut owner).await, "alice@example.com");
    assert!(
        world
            .events()
            .iter()
            .any(|event| matches!(event, Event::EmailReverted { .. }))
    );
    let again = show(&mut owner, REVERT, &way_back.code).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_are_told_by_field_and_nobody_changes_nothing() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    for (body, text) in [
        (
            json!({}),
            r#"{"email":["This field is required."],"password":["This field is required."]}"#,
        ),
        (
            form("", PASSWORD),
            r#"{"email":["This field may not be blank."]}"#,
        ),
        (
            form("x", PASSWORD),
            r#"{"email":["Enter a valid email address."]}"#,
        ),
        (
            form("new@example.com", "wrong"),
            r#"{"password":["Your password was entered incorrectly. Please enter it again."]}"#,
        ),
    ] {
        let answer = browser.post(CHANGE, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text)
        );
    }
    let body = form("new@example.com", PASSWORD);
    let nobody = world.browser().post(CHANGE, &body).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.post().await, []);
}

/// Whoever is logged in must not learn who else is a user.
#[tokio::test]
async fn an_address_that_somebody_has_is_answered_like_any_other() {
    let world = World::new().await;
    world.add_user("bob", "bob@example.com").await;
    let mut browser = world.logged_in().await;
    let taken = ask(&mut browser, "BOB@example.com").await;
    let free = ask(&mut browser, "free@example.com").await;
    assert_eq!(taken.headers, free.headers);
    assert_eq!(
        world.post().await,
        [("confirm_new_email", "free@example.com".to_owned())]
    );
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_told_to_its_reader_only() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    ask(&mut browser, "new@example.com").await;
    let key = world.letter("confirm_new_email").await.code;
    world.add_user("bob", "new@example.com").await;
    let answer = show(&mut browser, CONFIRM, &key).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::BAD_REQUEST,
            r#"{"email":["User is already registered with this e-mail address."]}"#
        )
    );
    assert_eq!(address(&mut browser).await, "alice@example.com");
}

/// A stolen session must not become a way to guess the password, nor to write to strangers.
#[tokio::test]
async fn guesses_and_mails_are_limited() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    // Three doors, one count.
    let guess = json!({ "email": "x@example.com", "password": "wrong" });
    let change = json!({ "old_password": "wrong", "new_password1": "a long new one", "new_password2": "a long new one" });
    for index in 0..10 {
        let answer = match index % 3 {
            0 => browser.post(CHANGE, &guess).await,
            1 => browser.post("/api/auth/password/change/", &change).await,
            _ => {
                browser
                    .send_json(http::Method::DELETE, "/api/auth/user/", &guess)
                    .await
            }
        };
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{index}");
    }
    let right = form("new@example.com", PASSWORD);
    let answer = browser.post(CHANGE, &right).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(browser.is_logged_in().await);
    let mut elsewhere = world.logged_in().await;
    for index in 0..10 {
        ask(&mut elsewhere, &format!("victim{index}@example.com")).await;
    }
    let answer = elsewhere.post(CHANGE, &right).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}
