//! Who is there, and who only left a tab open.

use hardtack::core::{Clock, Timestamp};
use hardtack::store::SessionStore;
use http::{Method, StatusCode};
use insta::assert_snapshot;

use crate::kit::{Browser, World, shapes};

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;
const REFRESH: &str = "/api/auth/token/refresh/";

/// When the store says that the browser's session was last used.
async fn last_seen_at(world: &World, browser: &Browser) -> Timestamp {
    let session = browser.cookie("refresh");
    let session = session.split('.').nth(1).unwrap().parse().unwrap();
    let found = world.hardtack.store().find_family(session).await.unwrap();
    found.unwrap().family.last_seen_at
}

/// OWASP Session Management, idle timeout: a tab that was left open must not keep the session of
/// somebody who walked away.
#[tokio::test]
async fn a_page_that_refreshes_in_the_background_stays_logged_in_until_the_idle_end() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let logged_in_at = world.clock.now();
    for generation in 1..=6 {
        world.advance(DAY);
        let answer = browser.in_background(&Method::POST, REFRESH).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(browser.position(), (generation, 0));
        assert_eq!(last_seen_at(&world, &browser).await, logged_in_at);
    }
    world.advance(DAY - 1);
    let answer = browser.in_background(&Method::POST, REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    world.advance(1);
    let answer = browser.in_background(&Method::POST, REFRESH).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["detail"], "Token is expired");
}

/// The access token ends with the session, so that nobody comes in after the idle end; the refresh
/// cookie does not, for whoever comes before it must find it still there.
#[tokio::test]
async fn near_the_idle_end_a_token_from_the_background_is_short_and_its_cookie_is_not() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(7 * DAY - 100);
    let answer = browser.in_background(&Method::POST, REFRESH).await;
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=100; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 06 Dec 2026 00:47:07 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");

    // Somebody is back, inside the window of that rotation: their use is written at once.
    world.advance(30);
    let answer = browser.refresh().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(last_seen_at(&world, &browser).await, world.clock.now());
    let cookies = answer.set_cookies();
    assert!(cookies[0].contains("Max-Age=900"), "{cookies:?}");
    world.advance(3 * DAY);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
}

/// Only `1` says so. What else the header says, or says twice, is a request like any other.
#[tokio::test]
async fn a_refresh_counts_unless_it_says_exactly_that_it_does_not() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    for value in ["0", "true", "", "1, 1", "background"] {
        world.advance(MINUTE);
        let request = browser
            .request(&Method::POST, REFRESH)
            .header("x-hardtack-background", value);
        let answer = browser.send(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!(answer.await.status, StatusCode::OK);
        let seen_at = last_seen_at(&world, &browser).await;
        assert_eq!(seen_at, world.clock.now(), "{value:?}");
    }
    // And it says nothing about anything else: a login in the background is a login.
    world.advance(MINUTE);
    let login = browser
        .request(&Method::POST, "/api/auth/login/")
        .header("x-hardtack-background", "1")
        .header("content-type", "application/json");
    let body = serde_json::json!({ "username": "alice", "password": crate::kit::PASSWORD });
    let answer = browser.send(login.body(body.to_string().into()).unwrap());
    assert_eq!(answer.await.status, StatusCode::OK);
    let seen_at = last_seen_at(&world, &browser).await;
    assert_eq!(seen_at, world.clock.now());
}
