//! Sliding renewal: new cookies with the answer to an ordinary request.

#[cfg(test)]
mod not_renewed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::{any, get};
use hardtack::core::Clock;
use hardtack::core::event::Event;
use hardtack::guard::Authenticated;
use hardtack::store::{MemoryStore, SessionStore};
use hardtack::{Hardtack, Settings};
use http::header::{CACHE_CONTROL, COOKIE, SET_COOKIE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use tokio::sync::Barrier;

use crate::kit::{Browser, PUBLIC_URL, World, shapes};

const LIFE: u64 = 900;
const DAY: u64 = 86_400;

fn sliding(settings: &mut Settings) {
    settings.session.sliding = true;
    settings.cookies.refresh_path = Some("/".to_owned());
}

async fn whoami(who: Authenticated) -> String {
    format!("user {}", who.user)
}

/// An application that carries its authority, with a handler of each kind.
fn app(hardtack: &Hardtack<MemoryStore>) -> Router {
    let own_cookie = [
        (SET_COOKIE, "theme=dark; Path=/"),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    Router::new()
        .route("/who", any(whoami))
        .route("/public", any(|| async { "public" }))
        .route(
            "/themed",
            get(move || async move { (own_cookie, "themed") }),
        )
        .route(
            "/fails",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route(
            "/leave",
            any(|| async { [(SET_COOKIE, "refresh=; Max-Age=0; Path=/")] }),
        )
        .layer(hardtack.guard().layer())
        .nest("/api/auth", hardtack.router())
        .layer(hardtack.sliding_layer())
}

async fn embedded() -> (World, Browser) {
    let world = World::with(sliding).await;
    let mut browser = world.logged_in().await;
    browser.reaches(app(&world.hardtack));
    (world, browser)
}

fn rotations(world: &World) -> usize {
    let events = world.events();
    let rotated = |event: &&Event| matches!(event, Event::SessionRotated { .. });
    events.iter().filter(rotated).count()
}

fn refusals(world: &World) -> usize {
    let events = world.events();
    let refused = |event: &&Event| matches!(event, Event::RefreshRefused { .. });
    events.iter().filter(refused).count()
}

#[tokio::test]
async fn a_request_without_its_access_cookie_is_answered_and_renewed() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    browser.drop_cookie("access");
    let answer = browser.get("/who").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, "user 1")
    );
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:18:57 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 01:03:57 GMT; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax; Secure
    ");
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    assert_eq!(browser.position(), (1, 0));
    // And the next one has nothing to renew.
    let answer = browser.get("/who").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn a_cookie_is_renewed_in_the_last_third_of_its_life_and_not_before() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE / 3 * 2 - 1);
    let answer = browser.get("/who").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.set_cookies().is_empty());
    world.advance(1);
    let answer = browser.get("/who").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(rotations(&world), 1);
}

/// The absolute end is the end: nothing can live longer, so nothing is renewed for it.
#[tokio::test]
async fn a_session_near_its_absolute_end_is_not_renewed_with_every_request() {
    let world = World::with(|settings| {
        sliding(settings);
        settings.session.lifetime.idle_timeout = std::time::Duration::from_secs(LIFE);
        settings.session.lifetime.absolute_timeout = std::time::Duration::from_secs(LIFE + 100);
    })
    .await;
    let mut browser = world.logged_in().await;
    world.advance(700);
    assert_eq!(browser.get("/api/auth/user/").await.set_cookies().len(), 2);
    world.advance(200);
    assert!(
        browser
            .get("/api/auth/user/")
            .await
            .set_cookies()
            .is_empty()
    );
    // And the leeway of clocks.
    world.advance(100 + 5);
    let answer = browser.get("/api/auth/user/").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// What the handler says about cookies and errors is said too; what it says about caches is not.
#[tokio::test]
async fn the_answer_keeps_its_own_cookies_and_its_status() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    let answer = browser.get("/themed").await;
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 3);
    assert_eq!(cookies[0], "theme=dark; Path=/");
    let caches: Vec<_> = answer.headers.get_all(CACHE_CONTROL).iter().collect();
    assert_eq!(caches, ["no-store"]);

    world.advance(LIFE + 10);
    let answer = browser.get("/fails").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn our_own_routes_renew_and_those_that_write_cookies_do_it_themselves() {
    let world = World::with(sliding).await;
    let mut browser = world.logged_in().await;
    for path in ["/api/auth/session/", "/api/auth/user", "/api/auth/csrf/"] {
        world.advance(LIFE + 10);
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let cookies = answer.set_cookies();
        let renewed = |name: &str| cookies.iter().any(|line| line.starts_with(name));
        assert!(
            renewed("access=") && renewed("refresh="),
            "{path}: {cookies:?}"
        );
    }
    assert_eq!(
        browser.get("/api/auth/session/").await.json()["authenticated"],
        true
    );
    let before = rotations(&world);
    world.advance(LIFE + 10);
    // Login, refresh, verification and password change: as they ever were.
    let body = serde_json::json!({ "token": "x" });
    let verify = browser.post("/api/auth/token/verify/", &body).await;
    assert!(verify.set_cookies().is_empty());
    let change = browser.post_nothing("/api/auth/password/change/").await;
    assert_eq!(change.status, StatusCode::UNAUTHORIZED);
    assert!(change.set_cookies().is_empty());
    assert_eq!(rotations(&world), before);
    assert_eq!(browser.refresh().await.set_cookies().len(), 2);
    assert_eq!(rotations(&world), before + 1);
    world.advance(LIFE + 10);
    let answer = browser.log_in("alice", crate::kit::PASSWORD).await;
    assert_eq!(answer.set_cookies().len(), 2);
    assert_eq!(rotations(&world), before + 1);
    world.advance(LIFE + 10);
    let answer = browser.log_out().await;
    assert!(answer.set_cookies().iter().all(|line| line.contains("=; ")));
    assert_eq!(rotations(&world), before + 1);
}

/// docs/threat-model.md CS-4: safe methods may renew, for they change nothing of anybody's.
/// `OPTIONS` and `TRACE` ask about the server.
/// CSRF by a page of another site, or of a sibling host, that waits for the access cookie to run
/// out: its request is not made anybody's on the way.
/// Who sends a Bearer token means it, good or bad.
/// docs/rotation.md: fifty tabs at once.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_requests_at_once_get_one_successor() {
    let (world, mut browser) = embedded().await;
    world.advance(LIFE + 10);
    browser.drop_cookie("access");
    let together = Arc::new(Barrier::new(50));
    let tabs: Vec<_> = (0..50)
        .map(|_| {
            let (mut tab, together) = (browser.clone(), Arc::clone(&together));
            tokio::spawn(async move {
                together.wait().await;
                (tab.get("/who").await.status, tab.cookie("refresh"))
            })
        })
        .collect();
    let mut answers = Vec::new();
    for tab in tabs {
        answers.push(tab.await.unwrap());
    }
    assert!(
        answers.iter().all(|(status, _)| *status == StatusCode::OK),
        "{answers:?}"
    );
    answers.dedup();
    assert_eq!(answers.len(), 1, "one successor");
    assert_eq!(rotations(&world), 1);
}

/// A logout while a slow handler runs: its answer must not fill the emptied cookies again.
/// The application's own way out clears cookies by itself; the answer must not set them again.
/// A refresh that is refused leaves the request as it came, and counts like any other.
/// What is no token of ours is nothing: it costs no look-up and nobody's patience.
/// Login CSRF by a sibling host, which plants its own refresh cookie for the whole domain: a page
/// that is still somebody's must not become the attacker's on the way.
/// The page's timer keeps its cookies fresh, and nobody's session alive.
#[tokio::test]
async fn a_request_in_the_background_renews_and_does_not_count() {
    let (world, mut browser) = embedded().await;
    let session = browser
        .cookie("refresh")
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let session = session.parse().unwrap();
    let last_seen = async || {
        world.hardtack.flush_last_seen().await.unwrap();
        let found = world.hardtack.store().find_family(session).await.unwrap();
        found.unwrap().family.last_seen_at
    };
    let logged_in_at = world.clock.now();
    for _ in 0..6 {
        world.advance(DAY);
        let answer = browser.in_background(&Method::GET, "/who").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.set_cookies().len(), 2);
        assert_eq!(last_seen().await, logged_in_at);
    }
    world.advance(DAY);
    let answer = browser.in_background(&Method::GET, "/who").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// The handler sees the new access cookie and all the others, and runs once.
#[tokio::test]
async fn the_handler_sees_the_new_cookie_beside_the_others() {
    let world = World::with(sliding).await;
    let mut browser = world.logged_in().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let echo = move |headers: http::HeaderMap| async move {
        counted.fetch_add(1, Ordering::SeqCst);
        headers[COOKIE].to_str().unwrap().to_owned()
    };
    let app = Router::new()
        .route("/echo", get(echo))
        .layer(world.hardtack.sliding_layer());
    browser.reaches(app);
    world.advance(LIFE + 10);
    let (old_access, old_refresh) = (browser.cookie("access"), browser.cookie("refresh"));
    browser.plant("theme", "dark");
    let answer = browser.get("/echo").await;
    let access = browser.cookie("access");
    assert!(access != old_access && !answer.text.contains(&old_access));
    assert!(answer.text.ends_with(&format!("access={access}")));
    assert!(answer.text.contains("theme=dark") && answer.text.contains(&old_refresh));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

/// The refresh cookie must reach ordinary requests, or the setting would do nothing.
#[tokio::test]
async fn sliding_without_the_refresh_cookie_everywhere_does_not_start() {
    let mut settings = Settings::new(hardtack::PublicUrl::parse(PUBLIC_URL).unwrap());
    sliding(&mut settings);
    assert!(settings.verify().is_ok());
    for path in [None, Some("/api")] {
        settings.cookies.refresh_path = path.map(str::to_owned);
        let error = settings.verify().unwrap_err();
        assert_eq!(error.key, "session.sliding");
        assert!(
            error.problem.contains("cookies.refresh_path = \"/\""),
            "{error}"
        );
    }
}
