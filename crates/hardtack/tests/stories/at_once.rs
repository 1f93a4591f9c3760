//! What a server may answer before it routes: the same as the router, and nothing else.

use axum::body::Body;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONNECTION, CONTENT_LENGTH, ORIGIN, UPGRADE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;

use crate::kit::{Answer, Browser, World};

const OWN: &str = "https://app.example.com";
const LISTED: &str = "https://other.example.com";
const FOREIGN: &str = "https://evil.example";

async fn world() -> World {
    World::with(|settings| settings.cors_allowed_origins = vec![LISTED.to_owned()]).await
}

async fn at_once(world: &World, request: &Request<Body>) -> Option<Answer> {
    let (parts, body) = world.hardtack.at_once().answer(request)?.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Some(Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    })
}

fn from(browser: &Browser, method: &Method, path: &str, origin: &str) -> Request<Body> {
    let request = browser.request(method, path).header(ORIGIN, origin);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn what_is_answered_at_once_is_what_the_router_answers() {
    let world = world().await;
    for mut browser in [world.logged_in().await, world.browser()] {
        for path in [
            "/api/auth/session",
            "/api/auth/session/",
            "/api/auth/session/?a=b",
        ] {
            for origin in [OWN, LISTED, FOREIGN] {
                let request = from(&browser, &Method::GET, path, origin);
                let told = at_once(&world, &request).await.unwrap();
                let routed = browser.send(request).await;
                assert_eq!(told.status, StatusCode::OK);
                assert_eq!(
                    (told.status, told.headers, told.text),
                    (routed.status, routed.headers.clone(), routed.text)
                );
                let allowed = routed.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN);
                assert_eq!(allowed.is_some(), origin == LISTED, "{origin}");
            }
        }
    }
    // Past the bounds of staleness nobody is vouched for, and that is told in the same way.
    let mut browser = world.logged_in().await;
    let ended = std::future::ready(());
    world.hardtack.clone().run_housekeeping(ended).await;
    world.advance(71);
    let request = from(&browser, &Method::GET, "/api/auth/session/", OWN);
    let told = at_once(&world, &request).await.unwrap();
    assert_eq!(told.status, StatusCode::SERVICE_UNAVAILABLE);
    let routed = browser.send(request).await;
    assert_eq!((told.headers, told.text), (routed.headers, routed.text));
}

#[tokio::test]
async fn what_must_be_waited_for_or_may_be_refused_is_left_to_the_router() {
    let world = world().await;
    let browser = world.logged_in().await;
    for (method, path) in [
        (Method::GET, "/api/auth/user/"),
        (Method::GET, "/api/auth/sessions/"),
        (Method::GET, "/api/auth/session//"),
        (Method::GET, "/session/"),
        (Method::GET, "/healthz"),
        (Method::POST, "/api/auth/session/"),
        (Method::HEAD, "/api/auth/session/"),
        (Method::OPTIONS, "/api/auth/session/"),
    ] {
        let request = from(&browser, &method, path, OWN);
        assert!(at_once(&world, &request).await.is_none(), "{method} {path}");
    }
    // A WebSocket's handshake may change something (docs/threat-model.md CS-2).
    let mut handshake = from(&browser, &Method::GET, "/api/auth/session/", FOREIGN);
    handshake
        .headers_mut()
        .insert(UPGRADE, "websocket".parse().unwrap());
    handshake
        .headers_mut()
        .insert(CONNECTION, "upgrade".parse().unwrap());
    assert!(at_once(&world, &handshake).await.is_none());
    let answer = browser.clone().send(handshake).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// It renews cookies on the way, which takes a look into the store.
#[tokio::test]
async fn with_sliding_renewal_nothing_is_answered_at_once() {
    let world = World::with(|settings| {
        settings.session.sliding = true;
        settings.cookies.refresh_path = Some("/".to_owned());
    })
    .await;
    let browser = world.logged_in().await;
    let request = from(&browser, &Method::GET, "/api/auth/session/", OWN);
    assert!(at_once(&world, &request).await.is_none());
}

#[tokio::test]
async fn a_head_tells_how_long_the_answer_would_be() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let whole = browser.get("/api/auth/session/").await;
    let head = from(&browser, &Method::HEAD, "/api/auth/session/", OWN);
    let head = browser.send(head).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.headers[CONTENT_LENGTH], whole.text.len().to_string());
}
