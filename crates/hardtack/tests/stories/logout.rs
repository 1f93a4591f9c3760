//! Log out.

use std::time::Duration;

use axum::body::Body;
use hardtack::Settings;
use hardtack::store::SessionStore;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use insta::assert_snapshot;

use crate::kit::{World, shapes};

#[tokio::test]
async fn a_logout_ends_the_session_and_its_access_token_at_once() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    let answer = browser.log_out().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"detail":"Successfully logged out."}"#);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert!(browser.jar.is_empty());
    assert!(
        !copy.is_logged_in().await,
        "the copied access token is dead"
    );
    let refused = copy.refresh().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.text,
        r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
    );
}

/// docs/contract.md §10.16: logging out twice, with nothing, or with rubbish, is logging out.
#[tokio::test]
async fn a_logout_is_200_whatever_it_brings() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    assert_eq!(copy.log_out().await.status, StatusCode::OK);
    let mut rubbish = world.logged_in().await;
    rubbish.set_cookie("access", "rubbish");
    rubbish.set_cookie("refresh", "rubbish");
    let answer = rubbish.log_out().await;
    assert_eq!(
        (answer.status, answer.set_cookies().len()),
        (StatusCode::OK, 2)
    );
    let mut broken = world.browser();
    let request = broken
        .request(&Method::POST, "/api/auth/logout/")
        .header(CONTENT_TYPE, "application/json");
    assert_eq!(
        broken
            .send(request.body(Body::from("{")).unwrap())
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn other_sessions_of_the_user_go_on() {
    let world = World::new().await;
    let mut one = world.logged_in().await;
    let mut other = world.logged_in().await;
    one.log_out().await;
    assert!(other.is_logged_in().await);
    world.advance(60);
    assert_eq!(other.refresh().await.status, StatusCode::OK);
}

#[tokio::test]
async fn either_cookie_alone_and_a_bearer_token_are_enough_to_log_out() {
    let world = World::new().await;
    for dropped in ["access", "refresh"] {
        let mut browser = world.logged_in().await;
        let mut copy = browser.clone();
        browser.drop_cookie(dropped);
        browser.log_out().await;
        assert!(!copy.is_logged_in().await, "without {dropped}");
        assert_eq!(copy.refresh().await.status, StatusCode::UNAUTHORIZED);
    }
    let mut browser = world.logged_in().await;
    let mut native = world.browser();
    let bearer = format!("Bearer {}", browser.cookie("access"));
    let request = native
        .request(&Method::POST, "/api/auth/logout/")
        .header(AUTHORIZATION, bearer);
    native.send(request.body(Body::empty()).unwrap()).await;
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn an_expired_access_token_is_no_obstacle() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(3600);
    let mut copy = browser.clone();
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    assert_eq!(copy.refresh().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn get_does_not_log_out() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    assert_eq!(
        browser.get("/api/auth/logout/").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(browser.is_logged_in().await);
}

/// Somebody lowers the lifetime of access tokens. Whoever stole one from before waits until its end is
/// forgotten, or until the server has been started again.
#[tokio::test]
async fn a_lowered_lifetime_brings_no_ended_session_back() {
    let before = World::new().await;
    let mut browser = before.logged_in().await;
    let mut thief = browser.clone();
    let lower = |settings: &mut Settings| {
        settings.tokens.access_lifetime = Duration::from_secs(120);
    };
    let after = before.restarted(lower).await;
    browser.meets(&after);
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    for _ in 0..4 {
        after.advance(190);
        let restarted = after.restarted(lower).await;
        thief.meets(&restarted);
        assert!(!thief.is_logged_in().await);
    }
    after.advance(190);
    assert!(!thief.is_logged_in().await, "its token has expired");
}

/// A browser comes back after a month: nobody remembers its session, and its cookies go.
#[tokio::test]
async fn a_session_that_was_purged_is_refused_and_its_cookies_go() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    browser.log_out().await;
    world.advance(8 * 86_400);
    let week = Duration::from_secs(7 * 86_400);
    while world.hardtack.store().purge_ended(week).await.unwrap() > 0 {}
    let refused = copy.refresh().await;
    assert_eq!(
        (refused.status, refused.text.as_str()),
        (
            StatusCode::UNAUTHORIZED,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        )
    );
    assert!(copy.jar.is_empty());
}
