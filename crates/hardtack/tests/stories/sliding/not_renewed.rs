//! What sliding renewal leaves alone.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use hardtack::guard::Authenticated;
use http::header::COOKIE;
use http::{Method, StatusCode};
use tokio::sync::Barrier;

use super::{LIFE, app, embedded, refusals, rotations, sliding};
use crate::kit::{Browser, World};

#[tokio::test]
async fn without_the_setting_nothing_is_renewed() {
    let world = World::with(|settings| {
        settings.cookies.refresh_path = Some("/".to_owned());
    })
    .await;
    let mut browser = world.logged_in().await;
    world.advance(LIFE + 10);
    assert_eq!(
        browser.get("/api/auth/user/").await.status,
        StatusCode::UNAUTHORIZED
    );
    browser.reaches(app(&world.hardtack));
    assert_eq!(browser.get("/who").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(rotations(&world), 0);
}

#[tokio::test]
async fn methods_that_ask_for_nothing_of_anybodys_renew_nothing() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    for method in [Method::OPTIONS, Method::TRACE] {
        let request = browser.request(&method, "/public").body(Body::empty());
        let answer = browser.send(request.unwrap()).await;
        assert!(answer.set_cookies().is_empty(), "{method}");
    }
    let request = browser.request(&Method::HEAD, "/who").body(Body::empty());
    let answer = browser.send(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.set_cookies().len(), 2);
}

#[tokio::test]
async fn a_request_that_may_change_nothing_is_not_renewed() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    let cookies = |browser: &Browser| {
        let request = browser.request(&Method::GET, "/who").body(()).unwrap();
        request.headers()[COOKIE].clone()
    };
    let forged = |method: &Method, browser: &Browser| {
        http::Request::builder()
            .method(method)
            .uri("/who")
            .header("origin", "https://evil.example.com")
            .header("sec-fetch-site", "same-site")
            .header(COOKIE, cookies(browser))
    };
    for method in [Method::POST, Method::DELETE] {
        let request = forged(&method, &browser).body(Body::empty()).unwrap();
        let answer = browser.send(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.set_cookies().is_empty());
    }
    // The handshake of a WebSocket is a GET that opens a door for changes.
    let handshake = forged(&Method::GET, &browser).header("upgrade", "websocket");
    let answer = browser.send(handshake.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(rotations(&world), 0);
    // The page's own is renewed and served.
    let answer = browser.post_nothing("/who").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.set_cookies().len(), 2);
}

#[tokio::test]
async fn where_the_double_submit_token_is_demanded_a_change_without_it_is_not_renewed() {
    let world = World::with(|settings| {
        sliding(settings);
        settings.csrf.double_submit = true;
    })
    .await;
    let mut browser = world.logged_in().await;
    browser.reaches(app(&world.hardtack));
    world.advance(LIFE + 10);
    let answer = browser.post_nothing("/who").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(rotations(&world), 0);
    let token = browser.cookie("csrftoken");
    let request = browser
        .request(&Method::POST, "/who")
        .header("x-csrftoken", token);
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.set_cookies().len(), 2);
}

#[tokio::test]
async fn a_request_with_a_bearer_token_is_not_renewed() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    for value in ["Bearer x", "bearer", "Bearer a b"] {
        let request = browser
            .request(&Method::GET, "/who")
            .header("authorization", value);
        let answer = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(rotations(&world), 0);
}

#[tokio::test]
async fn an_answer_that_is_late_for_the_logout_hands_out_nothing() {
    let world = World::with(sliding).await;
    let mut browser = world.logged_in().await;
    let (entered, leave) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let gates = (Arc::clone(&entered), Arc::clone(&leave));
    let slow = move |who: Authenticated| async move {
        gates.0.wait().await;
        gates.1.wait().await;
        format!("user {}", who.user)
    };
    let app = Router::new()
        .route("/slow", get(slow))
        .layer(world.hardtack.guard().layer())
        .layer(world.hardtack.sliding_layer());
    world.advance(LIFE + 10);
    let mut tab = browser.clone();
    tab.reaches(app);
    let answering = tokio::spawn(async move { tab.get("/slow").await });
    entered.wait().await;
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    leave.wait().await;
    let answer = answering.await.unwrap();
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, "user 1")
    );
    assert!(
        answer.set_cookies().is_empty(),
        "{:?}",
        answer.set_cookies()
    );
}

#[tokio::test]
async fn an_answer_that_writes_a_token_cookie_itself_has_the_last_word() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    let answer = browser.get("/leave").await;
    assert_eq!(answer.set_cookies(), ["refresh=; Max-Age=0; Path=/"]);
    // Nor does the layer of the application get in the way of our own routes inside of it.
    let answer = browser.log_in("alice", crate::kit::PASSWORD).await;
    assert_eq!(answer.set_cookies().len(), 2);
    world.advance(LIFE + 10);
    let answer = browser.log_out().await;
    assert!(answer.set_cookies().iter().all(|line| line.contains("=; ")));
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_refused_renewal_leaves_the_request_to_its_handler_and_is_counted() {
    let (world, mut browser) = embedded().await;
    let kept = browser.clone();
    browser.log_out().await;
    let mut dead = kept;
    world.advance(LIFE + 10);
    for round in 1..=12 {
        let answer = dead.clone().get("/who").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(dead.clone().get("/public").await.status, StatusCode::OK);
        assert_eq!(refusals(&world), 2 * round);
        // It ended long ago: the dead cookies go, so that they are not presented for ever.
        let cookies = answer.set_cookies();
        let cleared = cookies.iter().any(|line| line.starts_with("refresh=; "));
        assert_eq!(cleared, 2 * round - 1 <= 10, "{round}: {cookies:?}");
    }
    // The limit is that of refused refreshes: the interceptor's loop is told to wait.
    assert_eq!(dead.refresh().await.status, StatusCode::TOO_MANY_REQUESTS);
    // A good token behind the same address is never in the way of it.
    let mut other = world.logged_in().await;
    other.reaches(app(&world.hardtack));
    world.advance(LIFE + 10);
    assert_eq!(other.get("/who").await.set_cookies().len(), 2);
}

#[tokio::test]
async fn rubbish_in_the_refresh_cookie_is_passed_over() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    browser.set_cookie("refresh", "v1.rubbish.0.0.rubbish");
    assert_eq!(browser.get("/public").await.status, StatusCode::OK);
    assert_eq!(browser.get("/who").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refusals(&world), 0);
}

#[tokio::test]
async fn a_planted_refresh_cookie_does_not_change_who_is_there() {
    let (world, mut victim) = embedded().await;
    world.add_user("mallory", "mallory@example.com").await;
    let mut attacker = world.browser();
    attacker.log_in("mallory", crate::kit::PASSWORD).await;
    world.advance(LIFE - 10);
    victim.drop_cookie("refresh");
    victim.plant("refresh", &attacker.cookie("refresh"));
    let answer = victim.get("/who").await;
    assert_eq!(answer.text, "user 1");
    assert!(answer.set_cookies().is_empty());
    assert_eq!(rotations(&world), 0);
}
