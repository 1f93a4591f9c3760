//! What this process does while the store does not tell who was logged out (docs/revocation.md).

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use crate::kit::World;

/// Somebody reads revocations once a second; then the store hangs, or the task dies.
async fn housekeeping_that_ended(world: &World) {
    world
        .hardtack
        .clone()
        .run_housekeeping(std::future::ready(()))
        .await;
}

#[tokio::test]
async fn a_process_that_cannot_read_revocations_goes_on_for_a_minute_and_then_refuses() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    housekeeping_that_ended(&world).await;

    world.advance(11);
    assert!(browser.is_logged_in().await, "stale, and still open");
    let readiness = world.browser().get("/readyz").await;
    assert_eq!(readiness.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        readiness.json(),
        json!({ "status": "unavailable", "store": "ok", "revocations": "stale" })
    );

    world.advance(60);
    let readiness = world.browser().get("/readyz").await;
    assert_eq!(readiness.json()["revocations"], "closed");
    for path in ["/api/auth/user/", "/api/auth/session/"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(
            answer.text,
            r#"{"detail":"Temporarily unavailable. Try again in a moment."}"#
        );
    }
    let answer = browser.log_out().await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.set_cookies(), [""; 0], "its cookies stay");
    let token = browser.cookie("access");
    let answer = browser
        .post("/api/auth/token/verify/", &json!({ "token": token }))
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);

    let nobody = world.browser().get("/api/auth/session/").await;
    assert_eq!(nobody.json()["authenticated"], json!(false));
    let mut newcomer = world.browser();
    let login = newcomer.log_in("alice", crate::kit::PASSWORD).await;
    assert_eq!(login.status, StatusCode::OK, "the store itself answers");
}

#[tokio::test]
async fn fail_closed_refuses_at_once_and_reading_again_opens() {
    let world = World::with(|settings| {
        settings.revocations.fail_open_for = Duration::ZERO;
        settings.revocations.stale_after = Duration::from_secs(3);
    })
    .await;
    let mut browser = world.logged_in().await;
    housekeeping_that_ended(&world).await;
    world.advance(4);
    assert!(!browser.is_logged_in().await);

    let housekeeping = tokio::spawn(
        world
            .hardtack
            .clone()
            .run_housekeeping(std::future::pending()),
    );
    let opened = tokio::time::timeout(Duration::from_secs(20), async {
        while !browser.is_logged_in().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    opened.await.expect("it opens with the first good read");
    housekeeping.abort();
}
