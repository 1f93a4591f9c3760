//! Who am I, and the routes at the root.

use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;

use crate::kit::World;

#[tokio::test]
async fn the_session_is_told_to_its_owner_and_to_nobody_politely() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let session = browser
        .cookie("refresh")
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let answer = browser.get("/api/auth/session/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "authenticated": true, "user": { "pk": 1 }, "session": session,
            "access_expiration": "2026-11-22T01:03:47.000000Z",
            "refresh_expiration": "2026-11-29T00:48:47.000000Z",
            "idle_expiration": "2026-11-29T00:48:47.652421Z",
            "absolute_expiration": "2026-12-22T00:48:47.000000Z"
        })
    );
    let answer = world.browser().get("/api/auth/session").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "authenticated": false, "user": null, "session": null, "access_expiration": null,
            "refresh_expiration": null, "idle_expiration": null, "absolute_expiration": null,
            "renewable": false
        })
    );
}

/// A page that is told so need not ask for a renewal that would be refused.
#[tokio::test]
async fn nobody_is_told_whether_a_renewal_is_worth_trying() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    browser.drop_cookie("access");
    let told = browser.get("/api/auth/session/").await.json();
    assert_eq!(
        (&told["authenticated"], &told["renewable"]),
        (&json!(false), &json!(true))
    );
    let mut stranger = world.browser();
    let told = stranger.get("/api/auth/session/").await.json();
    assert_eq!(told["renewable"], json!(false));
    let refused = stranger.post_nothing("/api/auth/token/refresh/").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_keys_are_public_and_cacheable_and_nothing_else_is() {
    let world = World::new().await;
    let answer = world.browser().get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[CACHE_CONTROL], "public, max-age=300");
    let key = &answer.json()["keys"][0];
    assert_eq!(
        (&key["alg"], &key["use"], &key["crv"]),
        (&json!("ES256"), &json!("sig"), &json!("P-256"))
    );
    assert!(key["kid"].is_string() && key["x"].is_string() && key["y"].is_string());
    assert!(key.get("d").is_none(), "public members only");
}

#[tokio::test]
async fn health_and_readiness_answer_plainly() {
    let world = World::new().await;
    let answer = world.browser().get("/healthz").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, r#"{"status":"ok"}"#)
    );
    let answer = world.browser().get("/readyz").await;
    assert_eq!(
        answer.json(),
        json!({ "status": "ok", "store": "ok", "revocations": "ok" })
    );
    world.advance(11);
    let answer = world.browser().get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["revocations"], "stale");
}

/// CVE-2025-48947: no cache on the way may keep an answer that carries a token.
#[tokio::test]
async fn every_answer_carries_the_hardened_headers() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    for path in [
        "/api/auth/user/",
        "/api/auth/session/",
        "/api/auth/nothing",
        "/healthz",
        "/readyz",
        "/nothing",
    ] {
        let answer = browser.get(path).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
    }
}
