//! Is this token good?

use http::StatusCode;
use serde_json::json;

use crate::kit::World;

const VERIFY: &str = "/api/auth/token/verify/";

#[tokio::test]
async fn both_kinds_of_token_verify_until_their_session_ends() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut backend = world.browser();
    let tokens = [browser.cookie("access"), browser.cookie("refresh")];
    for token in &tokens {
        let answer = backend.post(VERIFY, &json!({ "token": token })).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, "{}")
        );
    }
    browser.log_out().await;
    for token in &tokens {
        let answer = backend.post(VERIFY, &json!({ "token": token })).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            answer.text,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        );
    }
}

#[tokio::test]
async fn what_is_not_good_has_the_contracts_words() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let mut backend = world.browser();
    let answer = backend.post(VERIFY, &json!({})).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::BAD_REQUEST,
            r#"{"token":["This field is required."]}"#
        )
    );
    let answer = backend.post(VERIFY, &json!({ "token": "rubbish" })).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
    );
    let access = browser.cookie("access");
    world.advance(906);
    let answer = backend.post(VERIFY, &json!({ "token": access })).await;
    assert_eq!(
        answer.text,
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );
    world.advance(7 * 86_400);
    let answer = backend
        .post(VERIFY, &json!({ "token": browser.cookie("refresh") }))
        .await;
    assert_eq!(
        answer.text,
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );
}

/// Asking about a replaced token is no proof of theft: only trading it is.
#[tokio::test]
async fn verifying_a_replaced_token_refuses_it_and_ends_nothing() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let old = browser.cookie("refresh");
    for _ in 0..2 {
        world.advance(60);
        browser.refresh().await;
    }
    let answer = world.browser().post(VERIFY, &json!({ "token": old })).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(browser.is_logged_in().await);
}
