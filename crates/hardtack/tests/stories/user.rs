//! The user's own data.

use hardtack::core::UserId;
use hardtack::core::session::RevokeReason;
use hardtack::store::{Revoke, UserStore};
use http::header::{ALLOW, AUTHORIZATION, COOKIE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;
use std::time::Duration;

use crate::kit::World;

const USER: &str = "/api/auth/user/";

#[tokio::test]
async fn what_get_returned_can_be_put_back() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let answer = browser.get(USER).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"pk":1,"username":"alice","email":"alice@example.com","first_name":"","last_name":""}"#);
    let again = browser.send_json(Method::PUT, USER, &answer.json()).await;
    assert_eq!((again.status, again.text), (StatusCode::OK, answer.text));
}

#[tokio::test]
async fn put_and_patch_change_three_fields_and_no_other() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let body = json!({ "first_name": "Ada", "pk": 7, "email": "new@example.com", "is_staff": true, "state": "x" });
    let answer = browser.send_json(Method::PATCH, USER, &body).await;
    assert_snapshot!(answer.text, @r#"{"pk":1,"username":"alice","email":"alice@example.com","first_name":"Ada","last_name":""}"#);
    let answer = browser
        .send_json(
            Method::PUT,
            USER,
            &json!({ "username": "Ada.L", "last_name": "علی" }),
        )
        .await;
    assert_snapshot!(answer.text, @r#"{"pk":1,"username":"Ada.L","email":"alice@example.com","first_name":"Ada","last_name":"علی"}"#);
    assert!(browser.is_logged_in().await, "tokens survive a rename");
}

#[tokio::test]
async fn faults_have_the_contracts_words() {
    let world = World::new().await;
    world.add_user("bob", "bob@example.com").await;
    let mut browser = world.logged_in().await;
    let taken = r#"{"username":["A user with that username already exists."]}"#;
    let shape = r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]}"#;
    for (method, body, text) in [
        (
            Method::PUT,
            json!({}),
            r#"{"username":["This field is required."]}"#,
        ),
        (Method::PUT, json!({ "username": "BOB" }), taken),
        (
            Method::PATCH,
            json!({ "username": "bob@example.com" }),
            taken,
        ),
        // Also an address that nobody has: its owner will want to log in by it (CVE-2026-19607).
        (
            Method::PATCH,
            json!({ "username": "free@example.com" }),
            taken,
        ),
        (Method::PATCH, json!({ "username": "a b" }), shape),
        (
            Method::PATCH,
            json!({ "username": "" }),
            r#"{"username":["This field may not be blank."]}"#,
        ),
        (
            Method::PATCH,
            json!({ "first_name": null }),
            r#"{"first_name":["This field may not be null."]}"#,
        ),
        (
            Method::PATCH,
            json!({ "last_name": "x".repeat(151) }),
            r#"{"last_name":["Ensure this field has no more than 150 characters."]}"#,
        ),
        (
            Method::PATCH,
            json!({ "username": "x".repeat(151) }),
            r#"{"username":["Ensure this field has no more than 150 characters."]}"#,
        ),
    ] {
        let answer = browser.send_json(method, USER, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text),
            "{body}"
        );
    }
}

/// docs/contract.md §1: authentication comes before the method.
#[tokio::test]
async fn post_is_401_for_nobody_and_405_for_a_user() {
    let world = World::new().await;
    let mut nobody = world.browser();
    let request = nobody
        .request(&Method::POST, USER)
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = nobody.send(request).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"api\"");
    let mut browser = world.logged_in().await;
    let request = browser
        .request(&Method::POST, USER)
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = browser.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.text, r#"{"detail":"Method \"POST\" not allowed."}"#);
    assert_eq!(
        answer.headers[ALLOW],
        "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
    );
}

/// CVE-2024-22513: a switched-off user must not go on working.
#[tokio::test]
async fn a_disabled_user_is_told_so_and_a_deleted_one_is_not_found() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.switch_off(UserId::new(1)).await;
    let answer = browser.get(USER).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"User is inactive","code":"user_inactive"}"#
    );
    let answer = browser.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"No active account found for the given token."}"#
    );

    let revoke = Revoke {
        reason: RevokeReason::UserDeleted,
        remembered_for: Duration::from_secs(960),
    };
    let store = world.hardtack.store();
    store.delete_user(UserId::new(1), revoke).await.unwrap();
    let answer = browser.get(USER).await;
    assert_eq!(
        answer.text,
        r#"{"detail":"User not found","code":"user_not_found"}"#
    );
}

/// docs/contract.md §3: a Bearer header decides alone, a foreign scheme does not hide the cookie.
#[tokio::test]
async fn the_header_decides_unless_its_scheme_is_foreign() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let token = browser.cookie("access");
    for (header, status) in [
        (format!("Bearer {token}"), StatusCode::OK),
        (format!("bearer {token}"), StatusCode::OK),
        ("Basic YTpi".to_owned(), StatusCode::OK),
        (String::new(), StatusCode::OK),
        ("Bearer".to_owned(), StatusCode::UNAUTHORIZED),
        ("Bearer rubbish".to_owned(), StatusCode::UNAUTHORIZED),
        (format!("Bearer {token} more"), StatusCode::UNAUTHORIZED),
    ] {
        let mut browser = browser.clone();
        let request = browser
            .request(&Method::GET, USER)
            .header(AUTHORIZATION, &header);
        let answer = browser
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, status, "{header:.20}: {}", answer.text);
    }
}

/// docs/threat-model.md CK-3 and CK-4.
#[tokio::test]
async fn a_cookie_is_read_by_its_exact_name() {
    let world = World::new().await;
    let alice = world.logged_in().await;
    world.add_user("mallory", "").await;
    let mut mallory = world.browser();
    mallory.log_in("mallory", crate::kit::PASSWORD).await;
    let (token, other) = (alice.cookie("access"), mallory.cookie("access"));
    for (cookies, status) in [
        (format!("access={token}"), StatusCode::OK),
        (format!("x=1;\taccess={token} ; y"), StatusCode::OK),
        (format!("access=rubbish; access={token}"), StatusCode::OK),
        (format!("access={token}; access={token}"), StatusCode::OK),
        (
            format!("access={token}; access={other}"),
            StatusCode::UNAUTHORIZED,
        ),
        (format!("Access={token}"), StatusCode::UNAUTHORIZED),
        (format!("a%63cess={token}"), StatusCode::UNAUTHORIZED),
        (
            format!("$Version=1; x=\"; access={token}\""),
            StatusCode::UNAUTHORIZED,
        ),
        (format!("access=\"{token}\""), StatusCode::UNAUTHORIZED),
        (format!("access ={token}"), StatusCode::UNAUTHORIZED),
    ] {
        let mut browser = world.browser();
        let request = browser.request(&Method::GET, USER).header(COOKIE, &cookies);
        let answer = browser
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, status, "{cookies:.60}");
    }
}

#[tokio::test]
async fn a_bad_token_has_the_contracts_body() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    browser.set_cookie("access", "rubbish");
    let answer = browser.get(USER).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.json(),
        json!({
            "detail": "Given token not valid for any token type",
            "code": "token_not_valid",
            "messages": [{ "token_class": "AccessToken", "token_type": "access", "message": "Token is invalid" }]
        })
    );
}

/// Two tabs, each with a field of its own to save.
#[tokio::test(flavor = "multi_thread")]
async fn two_changes_at_once_both_hold() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    for _ in 0..20 {
        let save = |body: serde_json::Value| {
            let mut tab = browser.clone();
            tokio::spawn(async move { tab.send_json(Method::PATCH, USER, &body).await.status })
        };
        save(json!({ "first_name": "", "last_name": "" }))
            .await
            .unwrap();
        let (first, last) = (
            save(json!({ "first_name": "Fi" })),
            save(json!({ "last_name": "La" })),
        );
        assert_eq!(
            (first.await.unwrap(), last.await.unwrap()),
            (StatusCode::OK, StatusCode::OK)
        );
        let user = browser.clone().get(USER).await.json();
        assert_eq!(
            (&user["first_name"], &user["last_name"]),
            (&json!("Fi"), &json!("La"))
        );
    }
}
