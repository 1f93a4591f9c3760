//! Who is there, and who only left a tab open.

use hardtack::core::{Clock, Timestamp};
use hardtack::store::SessionStore;
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

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

/// docs/sessions.md: who works in the page is not logged out for being idle, though nothing that they
/// do asks for new tokens.
#[tokio::test]
async fn plain_requests_defer_the_idle_end_and_those_in_the_background_do_not() {
    let world = World::with(|settings| {
        settings.session.lifetime.idle_timeout = std::time::Duration::from_secs(15 * MINUTE);
    })
    .await;
    let (mut active, mut left) = (world.logged_in().await, world.logged_in().await);
    for _ in 0..14 {
        world.advance(MINUTE);
        assert!(active.is_logged_in().await);
        let answer = left.in_background(&Method::GET, "/api/auth/user/").await;
        assert_eq!(answer.status, StatusCode::OK);
        world.hardtack.flush_due_last_seen().await.unwrap();
    }
    world.advance(MINUTE);
    // Both access tokens are over, and the session of one.
    let refused = left.refresh().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["detail"], "Token is expired");
    assert_eq!(active.refresh().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_in_use_is_written_at_most_once_a_minute_and_lags_by_no_more() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut seen_at = last_seen_at(&world, &browser).await;
    let mut writes = 0;
    for second in 0..10 * MINUTE {
        world.advance(1);
        if second % 7 != 0 {
            browser.get("/api/auth/session/").await;
        }
        world.hardtack.flush_due_last_seen().await.unwrap();
        let now_seen_at = last_seen_at(&world, &browser).await;
        assert!(now_seen_at >= seen_at);
        writes += u64::from(now_seen_at != seen_at);
        seen_at = now_seen_at;
        let lag = world.clock.now().since(seen_at).as_secs();
        assert!(lag <= MINUTE + 1, "{second}: {lag}");
    }
    assert!((9..=10).contains(&writes), "{writes}");
}

/// The process is killed: what it had gathered is lost, and that is a minute of activity at most.
#[tokio::test]
async fn a_crash_loses_a_minute_of_activity_and_no_more() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    for _ in 0..200 {
        world.advance(1);
        browser.get("/api/auth/session/").await;
        world.hardtack.flush_due_last_seen().await.unwrap();
    }
    let crashed_at = world.clock.now();
    let world = world.restarted(|_| {}).await;
    browser.meets(&world);
    let seen_at = last_seen_at(&world, &browser).await;
    assert!(crashed_at.since(seen_at).as_secs() <= MINUTE + 1);
    // It is alive for as long as its last use that was written says.
    world
        .clock
        .set(seen_at + std::time::Duration::from_secs(7 * DAY - 1));
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_process_that_is_told_to_end_writes_what_it_has_gathered() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let hardtack = world.hardtack.clone();
    let house = tokio::spawn(hardtack.run_housekeeping(async {
        let _ = stopped.await;
    }));
    world.advance(5);
    browser.get("/api/auth/session/").await;
    stop.send(()).unwrap();
    house.await.unwrap();
    assert_eq!(last_seen_at(&world, &browser).await, world.clock.now());
}

/// A handler of the embedding application, behind the guard's layer, counts like a route of ours.
/// What another site made the browser send is refused, and is nobody's activity.
#[tokio::test]
async fn what_passes_the_guard_of_an_embedding_application_counts() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let app = axum::Router::new()
        .route("/notes", axum::routing::any(|| async { "notes" }))
        .layer(world.hardtack.guard().require());
    browser.reaches(app);

    world.advance(MINUTE);
    let forged = browser
        .request(&Method::POST, "/notes")
        .header("origin", "https://evil.example");
    let answer = browser.send(forged.body(axum::body::Body::empty()).unwrap());
    assert_eq!(answer.await.status, StatusCode::FORBIDDEN);
    let answer = browser.in_background(&Method::POST, "/notes").await;
    assert_eq!(answer.status, StatusCode::OK);
    world.hardtack.flush_last_seen().await.unwrap();
    let seen_at = last_seen_at(&world, &browser).await;
    assert_eq!(world.clock.now().since(seen_at).as_secs(), MINUTE);

    assert_eq!(browser.get("/notes").await.status, StatusCode::OK);
    world.hardtack.flush_last_seen().await.unwrap();
    let seen_at = last_seen_at(&world, &browser).await;
    assert_eq!(seen_at, world.clock.now());
}

/// A logout between the use and its writing: nothing that was gathered brings the session back.
#[tokio::test]
async fn a_use_that_is_written_after_the_logout_revives_nothing() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let kept = browser.clone();
    world.advance(MINUTE);
    browser.get("/api/auth/session/").await;
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
    world.hardtack.flush_last_seen().await.unwrap();
    let mut kept = kept;
    assert_eq!(kept.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert!(!kept.is_logged_in().await);
}

/// The page asks how long the session lasts. Asking counts, unless it says that it does not; and what
/// it is told then is never later than the truth.
#[tokio::test]
async fn the_session_tells_its_ends_and_never_too_late() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let session = "/api/auth/session/";
    let idle = |answer: &crate::kit::Answer| answer.json()["idle_expiration"].clone();
    world.advance(MINUTE);
    // The token is all that is known: it was made at the login.
    let answer = browser.in_background(&Method::GET, session).await;
    assert_eq!(idle(&answer), "2026-11-29T00:48:47.000000Z");
    // Somebody is there.
    let answer = browser.get(session).await;
    assert_eq!(idle(&answer), "2026-11-29T00:49:47.652421Z");
    assert_eq!(
        answer.json()["refresh_expiration"],
        "2026-11-29T00:48:47.000000Z"
    );
    // And then only the page. What was seen here is remembered.
    world.advance(MINUTE);
    let answer = browser.in_background(&Method::GET, session).await;
    assert_eq!(idle(&answer), "2026-11-29T00:49:47.652421Z");
    world.hardtack.flush_last_seen().await.unwrap();
    let truth = last_seen_at(&world, &browser).await + std::time::Duration::from_secs(7 * DAY);
    assert_eq!(truth.unix_micros(), 1_795_913_387_652_421);

    // A token that was fetched in the background knows of no other use.
    let answer = browser.in_background(&Method::POST, REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = browser.in_background(&Method::GET, session).await;
    assert_eq!(idle(&answer), "2026-11-29T00:49:47.000000Z");
    // The absolute end stands whoever is there.
    world.advance(29 * DAY);
    assert_eq!(
        answer.json()["absolute_expiration"],
        "2026-12-22T00:48:47.000000Z"
    );
}

/// The tab renews by itself just after somebody clicked: the page must not warn of an end that was put
/// off already.
#[tokio::test]
async fn a_token_from_the_background_tells_of_a_use_that_is_not_written_yet() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(MINUTE);
    assert!(browser.is_logged_in().await);
    let answer = browser.in_background(&Method::POST, REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = browser
        .in_background(&Method::GET, "/api/auth/session/")
        .await;
    assert_eq!(
        answer.json()["idle_expiration"],
        "2026-11-29T00:49:47.000000Z"
    );
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

/// docs/sessions.md: what is refused is no use. Another tab of a page on a trusted origin, or whoever can
/// make the browser send something, would keep the session alive.
#[tokio::test]
async fn what_the_double_submit_rule_refuses_is_no_use() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.logged_in().await;
    let logged_in_at = world.clock.now();
    world.advance(10 * MINUTE);
    for (method, path) in [
        (Method::PATCH, "user/"),
        (Method::POST, "logout/"),
        (Method::POST, "logout/all/"),
        (Method::POST, "password/change/"),
    ] {
        let path = format!("/api/auth/{path}");
        let refused = browser.send_json(method, &path, &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    world.hardtack.flush_last_seen().await.unwrap();
    assert_eq!(last_seen_at(&world, &browser).await, logged_in_at);
}

/// A use that comes at the last moment may be written too late, and one in the leeway of the clocks is:
/// a page that is told of a new idle end would promise its user an hour that there is not.
#[tokio::test]
async fn a_use_at_the_last_moment_is_promised_nothing() {
    for (seconds_left, is_promised) in [(3, true), (1, false), (0, false), (-4, false)] {
        let world = World::with(|settings| {
            settings.session.lifetime.idle_timeout = std::time::Duration::from_secs(15 * MINUTE);
        })
        .await;
        let mut browser = world.logged_in().await;
        let idle_end = world.clock.now() + std::time::Duration::from_secs(15 * MINUTE);
        world.advance((15 * 60 - seconds_left).try_into().unwrap());
        let session = browser.get("/api/auth/session/").await.json();
        assert_eq!(session["authenticated"], true);
        let told = session["idle_expiration"].as_str().unwrap();
        let is_later = told > std::str::from_utf8(idle_end.iso_date().as_bytes()).unwrap();
        assert_eq!(is_later, is_promised, "{seconds_left} s left: {told}");
        // It may have been in time all the same.
        world.hardtack.flush_last_seen().await.unwrap();
        let answer = browser.refresh().await;
        assert_eq!(answer.status == StatusCode::OK, seconds_left > 0);
    }
}
