//! The activity tutorial's front-end (docs/contract.md §9): its refresh view, and the middleware as
//! it was meant.

use axum::Router;
use axum::routing::any;
use hardtack::guard::Authenticated;
use hardtack::settings::Preset;
use hardtack::store::SessionStore;
use http::header::{ALLOW, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

use super::{post_with_cookies, told, world_of};
use crate::kit::{Browser, PASSWORD, PUBLIC_URL, World, shapes};

const REFRESH: &str = "/refresh-token/";
const INVALID: &str = r#"{"error":"Invalid refresh token"}"#;
const MISSING: &str = r#"{"error":"Refresh token missing"}"#;
const DAY: u64 = 86_400;

async fn world() -> World {
    world_of(Preset::SimplejwtActivity).await
}

/// Django's own views stand behind the tutorial's middleware; here an axum application does.
async fn embedded() -> (World, Browser) {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let app = Router::new()
        .route(
            "/notes",
            any(|who: Authenticated| async move { format!("notes of {}", who.user) }),
        )
        .layer(world.hardtack.guard().layer())
        .nest("/api/auth", world.hardtack.router())
        .merge(world.hardtack.root_router())
        .layer(world.hardtack.sliding_layer());
    browser.reaches(app);
    (world, browser)
}

#[tokio::test]
async fn both_cookies_have_the_tutorials_names_and_attributes() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.log_in("alice", PASSWORD).await;
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Strict; Secure
    refresh_token=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict; Secure
    ");
}

/// docs/contract.md §10: with a new refresh cookie too, for rotation is always on.
#[tokio::test]
async fn a_refresh_answers_the_access_token_and_renews_both_cookies() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let before = browser.cookie("refresh_token");
    world.advance(120);
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    let token = browser.cookie("access_token");
    assert_eq!(answer.json(), json!({ "access_token": token }));
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=[token]; Expires=Sun, 22 Nov 2026 01:05:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Strict; Secure
    refresh_token=[token]; Expires=Sun, 29 Nov 2026 00:50:47 GMT; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict; Secure
    ");
    assert_ne!(browser.cookie("refresh_token"), before);
    assert_eq!(
        browser.post_nothing("/refresh-token").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_refresh_without_a_cookie_is_400() {
    let world = world().await;
    let mut browser = world.browser();
    assert_eq!(told(&browser.post_nothing(REFRESH).await), (400, MISSING));
    let answer = post_with_cookies(&mut browser, REFRESH, "refresh_token=").await;
    assert_eq!(told(&answer), (400, MISSING));
}

#[tokio::test]
async fn whatever_is_wrong_with_a_refresh_token_is_one_401() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let access = browser.cookie("access_token");
    let bad = [
        "refresh_token=rubbish".to_owned(),
        format!("refresh_token={access}"),
    ];
    for cookies in bad {
        let answer = post_with_cookies(&mut browser, REFRESH, &cookies).await;
        assert_eq!(told(&answer), (401, INVALID), "{cookies}");
        assert!(answer.headers.contains_key(WWW_AUTHENTICATE));
        assert!(answer.set_cookies().is_empty());
    }
    // Logged out.
    let mut kept = browser.clone();
    browser.log_out().await;
    assert_eq!(told(&kept.post_nothing(REFRESH).await), (401, INVALID));
    // Expired.
    let mut browser = world.logged_in().await;
    world.advance(8 * DAY);
    assert_eq!(told(&browser.post_nothing(REFRESH).await), (401, INVALID));
}

/// docs/contract.md §10.18: dead cookies would be presented with every request.
#[tokio::test]
async fn a_refused_refresh_clears_what_is_dead() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    world.advance(8 * DAY);
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(told(&answer), (401, INVALID));
    assert!(browser.places().is_empty(), "{:?}", browser.places());
}

#[tokio::test]
async fn a_user_who_was_switched_off_is_not_told_apart() {
    let world = world().await;
    let bob = world.add_user("bob", "bob@example.com").await;
    let mut browser = world.browser();
    browser.log_in("bob", PASSWORD).await;
    world.switch_off(bob.id).await;
    assert_eq!(told(&browser.post_nothing(REFRESH).await), (401, INVALID));
}

/// As written every method renews, and a `GET` that changes something is started by any picture.
#[tokio::test]
async fn no_method_but_post_refreshes() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = browser.request(&method, REFRESH);
        let answer = browser
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers[ALLOW], "POST, OPTIONS");
        assert!(answer.set_cookies().is_empty());
    }
}

/// Attack: a page of another site posts the form. Django's own check would be an HTML page here.
#[tokio::test]
async fn a_refresh_from_a_strange_page_is_403() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let mut request = browser
        .request(&Method::POST, REFRESH)
        .body(axum::body::Body::empty())
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", "https://evil.example".parse().unwrap());
    let answer = browser.send(request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("CSRF Failed"), "{}", answer.text);
}

/// A front-end on another origin reads the answer, errors included, at the root of the host too.
#[tokio::test]
async fn an_allowed_origin_may_read_what_stands_at_the_root() {
    let origin = "https://spa.example.com";
    let world = World::with(|settings| {
        *settings = settings.clone().with_preset(Preset::SimplejwtActivity);
        settings.cors_allowed_origins = vec![origin.to_owned()];
    })
    .await;
    let mut browser = world.browser();
    let mut request = browser
        .request(&Method::POST, REFRESH)
        .body(axum::body::Body::empty())
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().unwrap());
    headers.insert("sec-fetch-site", "same-site".parse().unwrap());
    let answer = browser.send(request).await;
    assert_eq!(told(&answer), (400, MISSING));
    assert_eq!(answer.headers["access-control-allow-origin"], origin);
    assert_ne!(origin, PUBLIC_URL);
}

/// What the middleware meant: the answer is the view's own, and the cookies come with it.
#[tokio::test]
async fn an_ordinary_request_near_the_end_is_answered_by_its_own_view_and_renewed() {
    let (world, mut browser) = embedded().await;
    let answer = browser.get("/notes").await;
    assert_eq!(told(&answer), (200, "notes of 1"));
    assert!(answer.set_cookies().is_empty());
    world.advance(700);
    let answer = browser.get("/notes").await;
    assert_eq!(told(&answer), (200, "notes of 1"));
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=[token]; Expires=Sun, 22 Nov 2026 01:15:27 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Strict; Secure
    refresh_token=[token]; Expires=Sun, 29 Nov 2026 01:00:27 GMT; Max-Age=604800; Path=/; HttpOnly; SameSite=Strict; Secure
    ");
}

/// The middleware as written answers the refresh's JSON in the view's place.
#[tokio::test]
async fn a_renewal_that_is_impossible_leaves_the_answer_to_the_view() {
    let (world, mut browser) = embedded().await;
    world.advance(8 * DAY);
    let answer = browser.get("/notes").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text.starts_with(r#"{"detail":"#), "{}", answer.text);
}

/// The refresh view itself is not renewed twice over.
#[tokio::test]
async fn a_refresh_at_the_root_is_one_rotation() {
    let (world, mut browser) = embedded().await;
    world.advance(950);
    browser.drop_cookie("access_token");
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.set_cookies().len(), 2);
    let rotated = world
        .events()
        .into_iter()
        .filter(|event| matches!(event, hardtack::core::event::Event::SessionRotated { .. }));
    assert_eq!(rotated.count(), 1);
}

/// What the tutorial never does: an idle session ends, and an active one does not.
#[tokio::test]
async fn who_works_stays_and_who_is_away_is_logged_out() {
    let (world, mut browser) = embedded().await;
    for _ in 0..10 {
        world.advance(2 * DAY);
        browser.drop_cookie("access_token");
        assert_eq!(browser.get("/notes").await.status, StatusCode::OK);
    }
    world.advance(8 * DAY);
    browser.drop_cookie("access_token");
    assert_eq!(browser.get("/notes").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(told(&browser.post_nothing(REFRESH).await).0, 400);
}

/// Only the refresh speaks of `error`; views behind Django REST framework say `detail`.
#[tokio::test]
async fn other_routes_have_their_detail() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.get("/api/auth/user/").await;
    assert_eq!(
        told(&answer),
        (
            401,
            r#"{"detail":"Authentication credentials were not provided."}"#
        )
    );
    let answer = browser.log_in("alice", "wrong horse").await;
    assert_eq!(
        told(&answer),
        (
            400,
            r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#
        )
    );
}

/// docs/contract.md §9: the middleware writes the user's row with each request, to a field that no model has.
#[tokio::test]
async fn activity_is_written_once_a_minute() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let session = browser.cookie("refresh_token");
    let session = session.split('.').nth(1).unwrap().parse().unwrap();
    let store = world.hardtack.store();
    let mut seen_at = Vec::new();
    for _ in 0..5 * 60 {
        world.advance(1);
        assert!(browser.is_logged_in().await);
        world.hardtack.flush_due_last_seen().await.unwrap();
        let found = store.find_family(session).await.unwrap();
        seen_at.push(found.unwrap().family.last_seen_at);
    }
    seen_at.dedup();
    assert!((4..=6).contains(&seen_at.len()), "{seen_at:?}");
}
