//! Go, and take what is one's own.

use axum::body::Body;
use hardtack::core::UserId;
use hardtack::core::event::Event;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World};

const USER: &str = "/api/auth/user/";

async fn delete(browser: &mut Browser, body: &Value) -> Answer {
    browser.send_json(Method::DELETE, USER, body).await
}

#[tokio::test]
async fn a_user_deletes_themselves_with_the_password() {
    let world = World::new().await;
    let mut elsewhere = world.logged_in().await;
    let mut browser = world.logged_in().await;
    for (body, text) in [
        (json!({}), r#"{"password":["This field is required."]}"#),
        (
            json!({ "password": "wrong" }),
            r#"{"password":["Your password was entered incorrectly. Please enter it again."]}"#,
        ),
    ] {
        let answer = delete(&mut browser, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text)
        );
    }
    assert!(elsewhere.is_logged_in().await);
    let answer = delete(&mut browser, &json!({ "password": PASSWORD })).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, r#"{"detail":"Account deleted."}"#)
    );
    assert!(browser.jar.is_empty(), "{:?}", browser.jar);
    assert!(!elsewhere.is_logged_in().await);
    let gone = world.browser().log_in("alice", PASSWORD).await;
    assert_eq!(gone.status, StatusCode::BAD_REQUEST);
    assert!(world.events().contains(&Event::UserDeleted {
        user: UserId::new(1),
        sessions_ended: 2
    }));
    let free = json!({ "username": "alice", "email": "alice@example.com", "password1": PASSWORD, "password2": PASSWORD });
    let answer = world.browser().post("/api/auth/registration/", &free).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(
        answer.json()["user"]["pk"],
        2,
        "a number is never given again"
    );
}

#[tokio::test]
async fn nobody_is_deleted_by_another_site_or_without_a_credential() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let body = json!({ "password": PASSWORD });
    let nobody = delete(&mut world.browser(), &body).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let mut request = browser
        .request(&Method::DELETE, USER)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let evil = "https://evil.example".parse().unwrap();
    request.headers_mut().insert("origin", evil);
    assert_eq!(browser.send(request).await.status, StatusCode::FORBIDDEN);
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn an_export_has_all_that_is_held_and_no_secret() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    browser.user_agent =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned();
    world.advance(1);
    browser.log_in("alice", PASSWORD).await;
    let reset = json!({ "email": "alice@example.com" });
    world
        .browser()
        .post("/api/auth/password/reset/", &reset)
        .await;
    let letter = world.letter("reset_password").await;
    // What happened is written by the housekeeping.
    let settled = world
        .hardtack
        .clone()
        .run_housekeeping(std::future::ready(()));
    settled.await;
    let answer = browser.get("/api/auth/user/export/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"account.json\""
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    let export = answer.json();
    assert_eq!(export["user"]["username"], "alice");
    assert_eq!(export["user"]["email"], "alice@example.com");
    assert!(export["user"]["email_verified"].is_string());
    assert_eq!(export["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(export["sessions"][0]["address"], "203.0.113.9");
    assert_eq!(export["sessions"][1]["ended"]["reason"], "replaced");
    assert_eq!(export["codes"][0]["purpose"], "reset_password");
    assert_eq!(export["mails"][0]["kind"], "new_device");
    assert_eq!(export["mails"][1]["kind"], "reset_password");
    let events: Vec<_> = export["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert!(events.contains(&"logged_in"), "{events:?}");
    for secret in [
        letter.code.as_str(),
        "$argon2",
        &browser.cookie("refresh"),
        &browser.cookie("access"),
        letter.code.split_once('-').unwrap().1,
    ] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    let user = UserId::new(1);
    assert!(world.events().contains(&Event::UserExported { user }));
    let nobody = world.browser().get("/api/auth/user/export/").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}
