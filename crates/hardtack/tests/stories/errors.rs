//! Bad input: the contract's ground rules (docs/contract.md §1) and docs/threat-model.md SV-1.

use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

use crate::kit::{Answer, PASSWORD, World};

const LOGIN: &str = "/api/auth/login/";

async fn post(world: &World, kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut browser = world.browser();
    let mut request = browser.request(&Method::POST, LOGIN);
    if let Some(kind) = kind {
        request = request.header(CONTENT_TYPE, kind);
    }
    browser.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bodies_of_other_kinds_have_the_contracts_answers() {
    let world = World::new().await;
    let json = Some("application/json");
    let rows: [(Option<&str>, &str, u16, &str); 14] = [
        (
            Some("text/plain"),
            "x",
            415,
            r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#,
        ),
        (
            Some("application/vnd.api+json"),
            "{}",
            415,
            r#"{"detail":"Unsupported media type \"application/vnd.api+json\" in request."}"#,
        ),
        (
            None,
            "{}",
            415,
            r#"{"detail":"Unsupported media type \"\" in request."}"#,
        ),
        (
            json,
            "[]",
            400,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#,
        ),
        (
            json,
            "\"x\"",
            400,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got str."]}"#,
        ),
        (
            json,
            "7",
            400,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}"#,
        ),
        (
            json,
            "7.5",
            400,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got float."]}"#,
        ),
        (
            json,
            "true",
            400,
            r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got bool."]}"#,
        ),
        (
            json,
            "null",
            400,
            r#"{"non_field_errors":["No data provided"]}"#,
        ),
        (json, "{", 400, r#"{"detail":"JSON parse error - "#),
        (
            json,
            "{\"username\":NaN}",
            400,
            r#"{"detail":"JSON parse error - "#,
        ),
        (
            json,
            "{\"password\":\"\\ud800\"}",
            400,
            r#"{"detail":"JSON parse error - "#,
        ),
        (
            Some("multipart/form-data"),
            "x",
            400,
            r#"{"detail":"Multipart form parse error - "#,
        ),
        (
            Some("multipart/form-data; boundary=x"),
            "rubbish",
            400,
            r#"{"detail":"Multipart form parse error - "#,
        ),
    ];
    for (kind, body, status, start) in rows {
        let answer = post(&world, kind, body).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{kind:?} {body}: {}",
            answer.text
        );
        assert!(
            answer.text.starts_with(start),
            "{kind:?} {body}: {}",
            answer.text
        );
    }
    let answer = post(&world, json, vec![b'"', 0xff, b'"']).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.starts_with(r#"{"detail":"JSON parse error - "#));
}

#[tokio::test]
async fn no_body_counts_as_an_empty_object_whatever_its_type_says() {
    let world = World::new().await;
    for kind in [None, Some("application/json"), Some("text/plain")] {
        let answer = post(&world, kind, Body::empty()).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (
                StatusCode::BAD_REQUEST,
                r#"{"password":["This field is required."]}"#
            )
        );
    }
}

#[tokio::test]
async fn numbers_are_texts_too() {
    let world = World::new().await;
    world.add_user("4711", "").await;
    let answer = post(
        &world,
        Some("application/json"),
        format!(r#"{{"username":4711,"password":"{PASSWORD}"}}"#),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_over_64_kib_is_413_and_deep_json_is_400() {
    let world = World::new().await;
    let json = Some("application/json");
    let long = format!(r#"{{"username":"{}"}}"#, "x".repeat(64 * 1024));
    assert_eq!(
        post(&world, json, long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let deep = format!(r#"{{"username":{}"#, "[".repeat(60_000));
    let answer = post(&world, json, deep).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer.text.contains("nested deeper than 32 levels"),
        "{}",
        answer.text
    );
    let fits = format!(r#"{{"password":{}{}}}"#, "[".repeat(31), "]".repeat(31));
    assert_eq!(
        post(&world, json, fits).await.text,
        r#"{"password":["Not a valid string."]}"#
    );
}

#[tokio::test]
async fn methods_that_are_not_served_are_405_with_allow() {
    let world = World::new().await;
    for (method, path, allow) in [
        (Method::GET, "/api/auth/login/", "POST, OPTIONS"),
        (Method::PUT, "/api/auth/token/refresh", "POST, OPTIONS"),
        (Method::GET, "/api/auth/token/verify/", "POST, OPTIONS"),
        (Method::GET, "/api/auth/logout", "POST, OPTIONS"),
        (Method::POST, "/api/auth/session/", "GET, HEAD, OPTIONS"),
    ] {
        let mut browser = world.browser();
        let answer = browser
            .send(browser.request(&method, path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(
            answer.text,
            format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#)
        );
        assert_eq!(answer.headers["allow"], allow, "{path}");
    }
    let mut browser = world.browser();
    let options = browser
        .request(&Method::OPTIONS, LOGIN)
        .body(Body::empty())
        .unwrap();
    let answer = browser.send(options).await;
    assert_eq!(
        (answer.status, answer.headers["allow"].to_str().unwrap()),
        (StatusCode::OK, "POST, OPTIONS")
    );
    let options = browser
        .request(&Method::OPTIONS, "/api/auth/user/")
        .body(Body::empty())
        .unwrap();
    assert_eq!(browser.send(options).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn unknown_paths_are_json_404() {
    let world = World::new().await;
    for path in [
        "/api/auth/nothing",
        "/api/auth/",
        "/nothing",
        "/api/auth/login//",
    ] {
        let answer = world.browser().get(path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::NOT_FOUND, r#"{"detail":"Not found."}"#),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_route_answers_with_and_without_the_slash() {
    let world = World::new().await;
    for path in [
        "login",
        "logout",
        "user",
        "token/refresh",
        "token/verify",
        "password/change",
        "session",
        "csrf",
    ] {
        for slash in ["", "/"] {
            let answer = world
                .browser()
                .get(&format!("/api/auth/{path}{slash}"))
                .await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}{slash}");
        }
    }
}

/// docs/contract.md §10.2: a dead credential never blocks a public route, or a user whose key is gone
/// could not even log in.
#[tokio::test]
async fn public_routes_ignore_dead_credentials() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    browser.set_cookie("access", "rubbish");
    assert_eq!(
        browser.log_in("alice", PASSWORD).await.status,
        StatusCode::OK
    );
    browser.set_cookie("access", "rubbish");
    assert_eq!(
        browser.get("/api/auth/session/").await.status,
        StatusCode::OK
    );
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    browser.set_cookie("access", "rubbish");
    assert_eq!(browser.log_out().await.status, StatusCode::OK);
}
