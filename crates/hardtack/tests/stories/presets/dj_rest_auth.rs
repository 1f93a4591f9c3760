//! dj-rest-auth's front-ends (docs/contract.md §§1 to 6). Hardtack's defaults are its wire, and every
//! row has its story in the other files; here is what they stand on together, under the preset.

use axum::body::Body;
use hardtack::settings::Preset;
use http::header::WWW_AUTHENTICATE;
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{post_with_cookies, told, world_of};
use crate::kit::{PASSWORD, World, shapes};

const LOGIN: &str = "/api/auth/login/";
const REFRESH: &str = "/api/auth/token/refresh/";

async fn world() -> World {
    world_of(Preset::DjRestAuth).await
}

fn is_date(value: &Value) -> bool {
    let text = value.as_str().unwrap();
    text.len() == 27 && text.ends_with('Z') && text.as_bytes()[19] == b'.'
}

#[tokio::test]
async fn a_login_shows_the_access_token_the_user_and_both_ends() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(body["access"], browser.cookie("access"));
    assert_eq!(body["refresh"], "");
    assert_eq!(
        body["user"],
        json!({ "pk": 1, "username": "alice", "email": "alice@example.com", "first_name": "", "last_name": "" })
    );
    assert!(is_date(&body["access_expiration"]) && is_date(&body["refresh_expiration"]));
    assert!(answer.text.starts_with(r#"{"access":"#), "in this order");
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
}

#[tokio::test]
async fn a_refresh_without_a_body_shows_the_access_token_and_its_end_alone() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    world.advance(120);
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(body["access"], browser.cookie("access"));
    assert!(is_date(&body["access_expiration"]));
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:05:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 00:50:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
}

/// docs/contract.md §10.6: cookies as at a login, and the refresh token in them alone.
#[tokio::test]
async fn a_registration_answers_like_a_login() {
    let world = world().await;
    let mut browser = world.browser();
    let form = json!({
        "username": "bob", "email": "bob@example.com",
        "password1": "staple of another kind", "password2": "staple of another kind",
    });
    let answer = browser.post("/api/auth/registration/", &form).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["access"], browser.cookie("access"));
    assert_eq!(body["refresh"], "");
    assert_eq!(body["user"]["username"], "bob");
    assert_eq!(answer.set_cookies().len(), 2);
}

#[tokio::test]
async fn a_bearer_header_authenticates_as_well_as_the_cookie() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let mut native = world.browser();
    let request = native.request(&Method::GET, "/api/auth/user/");
    let bearer = format!("Bearer {}", browser.cookie("access"));
    let request = request.header("authorization", bearer);
    let by_header = native.send(request.body(Body::empty()).unwrap()).await;
    let by_cookie = browser.get("/api/auth/user/").await;
    assert_eq!(told(&by_header), told(&by_cookie));
    assert_eq!(by_cookie.status, StatusCode::OK);
}

/// docs/contract.md §§3 and 4, the refusals that front-ends tell apart.
#[tokio::test]
async fn refusals_are_the_references_to_the_byte() {
    let world = world().await;
    let mut browser = world.browser();
    let rows = [
        (
            LOGIN,
            json!({ "username": "alice", "password": "wrong" }),
            400,
            r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#,
        ),
        (
            LOGIN,
            json!({ "password": "x" }),
            400,
            r#"{"non_field_errors":["Must include either \"username\" or \"email\" and \"password\"."]}"#,
        ),
        (
            LOGIN,
            json!({ "username": "alice" }),
            400,
            r#"{"password":["This field is required."]}"#,
        ),
        (
            REFRESH,
            json!({}),
            401,
            r#"{"detail":"No valid refresh token found.","code":"token_not_valid"}"#,
        ),
        (
            REFRESH,
            json!({ "refresh": "rubbish" }),
            401,
            r#"{"detail":"Token is invalid","code":"token_not_valid"}"#,
        ),
        (
            "/api/auth/token/verify/",
            json!({ "token": "rubbish" }),
            401,
            r#"{"detail":"Token is invalid","code":"token_not_valid"}"#,
        ),
        (
            "/api/auth/user/",
            json!({}),
            401,
            r#"{"detail":"Authentication credentials were not provided."}"#,
        ),
    ];
    for (path, body, status, text) in rows {
        let answer = browser.post(path, &body).await;
        assert_eq!(told(&answer), (status, text), "{path} {body}");
        assert_eq!(
            answer.headers.contains_key(WWW_AUTHENTICATE),
            status == 401,
            "{path}"
        );
    }
    let answer = post_with_cookies(&mut browser, REFRESH, "refresh=").await;
    assert_eq!(
        told(&answer),
        (
            401,
            r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
        )
    );
}

/// docs/contract.md §10.16: 200 and cleared cookies, however often.
#[tokio::test]
async fn a_logout_says_so_every_time() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let mut kept = browser.clone();
    for _ in 0..2 {
        let answer = browser.log_out().await;
        assert_eq!(
            told(&answer),
            (200, r#"{"detail":"Successfully logged out."}"#)
        );
        assert_eq!(answer.set_cookies().len(), 2);
    }
    assert_eq!(
        told(&kept.post_nothing(REFRESH).await),
        (
            401,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        )
    );
}

#[tokio::test]
async fn every_route_of_the_reference_is_there_with_and_without_its_slash() {
    let world = world().await;
    let mut browser = world.browser();
    for path in [
        "login",
        "logout",
        "user",
        "token/refresh",
        "token/verify",
        "password/change",
        "password/reset",
        "password/reset/confirm",
        "registration",
        "registration/verify-email",
        "registration/resend-email",
    ] {
        for slash in ["", "/"] {
            let answer = browser.get(&format!("/api/auth/{path}{slash}")).await;
            let there = matches!(answer.status.as_u16(), 401 | 405);
            assert!(there, "{path}{slash}: {}", answer.status);
            assert!(answer.headers.contains_key("allow") || answer.status == 401);
        }
    }
}

/// docs/contract.md §11: the loop of the printed interceptor ends at 429.
#[tokio::test]
async fn refused_refreshes_in_a_row_are_told_to_wait() {
    let world = world().await;
    let mut browser = world.browser();
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) && statuses.len() < 30 {
        statuses.push(browser.post_nothing(REFRESH).await.status.as_u16());
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 401));
}

/// docs/contract.md §10.4: the reference asks for no old password, and leaves every session alive.
#[tokio::test]
async fn a_new_password_wants_the_old_one_and_ends_the_other_sessions() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let mut elsewhere = world.logged_in().await;
    let new = "staple of another kind";
    let without = json!({ "new_password1": new, "new_password2": new });
    let answer = browser.post("/api/auth/password/change/", &without).await;
    assert_eq!(
        told(&answer),
        (400, r#"{"old_password":["This field is required."]}"#)
    );
    let with = json!({ "old_password": PASSWORD, "new_password1": new, "new_password2": new });
    let answer = browser.post("/api/auth/password/change/", &with).await;
    assert_eq!(
        told(&answer),
        (200, r#"{"detail":"New password has been saved."}"#)
    );
    assert!(browser.is_logged_in().await);
    assert!(!elsewhere.is_logged_in().await);
}

/// docs/contract.md §10.21: the reference calls it good until it expires.
#[tokio::test]
async fn the_access_token_of_somebody_who_logged_out_does_not_verify() {
    let world = world().await;
    let mut browser = world.logged_in().await;
    let token = json!({ "token": browser.cookie("access") });
    let answer = browser.post("/api/auth/token/verify/", &token).await;
    assert_eq!(told(&answer), (200, "{}"));
    browser.log_out().await;
    let answer = browser.post("/api/auth/token/verify/", &token).await;
    assert_eq!(
        told(&answer),
        (
            401,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        )
    );
}
