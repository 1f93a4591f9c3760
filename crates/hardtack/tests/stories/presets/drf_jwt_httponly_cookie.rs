//! The accounts tutorial's front-end, both parts (docs/contract.md §9), with the remedies of §10.

use axum::body::Body;
use hardtack::settings::Preset;
use http::header::{AUTHORIZATION, COOKIE, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

use super::{post_with_cookies, told, world_of};
use crate::kit::{Answer, Browser, PASSWORD, World, shapes};

const LOGIN: &str = "/accounts/auth/login/";
const REFRESH: &str = "/accounts/auth/refresh_token/";
const LOGOUT: &str = "/accounts/auth/logout/";
const USER: &str = "/accounts/user/";
const CSRF_TOKEN: &str = "/accounts/csrf_token/";
const NOT_PERMITTED: &str = r#"{"detail":"You do not have permission to perform this action."}"#;
const DAY: u64 = 86_400;

async fn world() -> World {
    world_of(Preset::DrfJwtHttponlyCookie).await
}

async fn log_in(browser: &mut Browser) -> Answer {
    let body = json!({ "username": "alice", "password": PASSWORD });
    browser.post(LOGIN, &body).await
}

async fn logged_in(world: &World) -> Browser {
    let mut browser = world.browser();
    assert_eq!(log_in(&mut browser).await.status, StatusCode::OK);
    browser
}

/// `POST path` with `X-CSRFToken`, as part 2 has its front-end do.
async fn post_with_token(browser: &mut Browser, path: &str, token: &str) -> Answer {
    let request = browser.request(&Method::POST, path);
    let request = request.header("x-csrftoken", token);
    browser.send(request.body(Body::empty()).unwrap()).await
}

async fn log_out(browser: &mut Browser) -> Answer {
    let token = browser.cookie("csrftoken");
    post_with_token(browser, LOGOUT, &token).await
}

#[tokio::test]
async fn a_login_answers_nothing_and_sets_the_tutorials_cookies() {
    let world = world().await;
    let answer = log_in(&mut world.browser()).await;
    assert_eq!(told(&answer), (200, "{}"));
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh_token=[token]; Expires=Tue, 22 Dec 2026 00:48:47 GMT; Max-Age=2592000; Path=/accounts/auth/; HttpOnly; SameSite=Lax; Secure
    csrftoken=[token]; Expires=Sun, 21 Nov 2027 00:48:47 GMT; Max-Age=31449600; Path=/; SameSite=Lax; Secure
    ");
}

#[tokio::test]
async fn every_route_answers_without_its_slash_too() {
    let world = world().await;
    let mut browser = world.browser();
    let body = json!({ "username": "alice", "password": PASSWORD });
    for (method, path) in [
        (Method::POST, LOGIN),
        (Method::POST, REFRESH),
        (Method::GET, USER),
        (Method::GET, CSRF_TOKEN),
    ] {
        let path = path.trim_end_matches('/');
        let answer = browser.send_json(method, path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}

/// 403 where dj-rest-auth has 400: this login has no authenticator that a 401 could name.
#[tokio::test]
async fn wrong_credentials_are_403_without_a_challenge() {
    let world = world().await;
    for (name, password) in [("alice", "wrong horse"), ("nobody", PASSWORD)] {
        let mut browser = world.browser();
        let body = json!({ "username": name, "password": password });
        let answer = browser.post(LOGIN, &body).await;
        assert_eq!(
            told(&answer),
            (403, r#"{"detail":"Incorrect authentication credentials."}"#)
        );
        assert!(!answer.headers.contains_key(WWW_AUTHENTICATE));
        assert!(answer.set_cookies().is_empty());
    }
    let mut browser = world.browser();
    let answer = browser.post(LOGIN, &json!({ "username": "alice" })).await;
    assert_eq!(
        told(&answer),
        (400, r#"{"password":["This field is required."]}"#)
    );
}

/// Rotation is always on, whatever the tutorial leaves off.
#[tokio::test]
async fn a_refresh_answers_nothing_and_renews_both_cookies() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    let before = (
        browser.cookie("access_token"),
        browser.cookie("refresh_token"),
    );
    world.advance(120);
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(told(&answer), (200, "{}"));
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=[token]; Expires=Sun, 22 Nov 2026 01:05:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh_token=[token]; Expires=Tue, 22 Dec 2026 00:48:47 GMT; Max-Age=2591880; Path=/accounts/auth/; HttpOnly; SameSite=Lax; Secure
    ");
    assert_ne!(browser.cookie("access_token"), before.0);
    assert_ne!(browser.cookie("refresh_token"), before.1);
    assert_eq!(browser.get(USER).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_ends_thirty_days_after_the_login() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    world.advance(29 * DAY);
    assert_eq!(browser.post_nothing(REFRESH).await.status, StatusCode::OK);
    world.advance(DAY);
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(
        told(&answer),
        (
            401,
            r#"{"detail":"Token is expired","code":"token_not_valid"}"#
        )
    );
}

/// The one virtue of this 403: the documented interceptor stops at it (docs/contract.md §11).
#[tokio::test]
async fn a_refresh_without_a_cookie_is_403() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.post_nothing(REFRESH).await;
    assert_eq!(told(&answer), (403, NOT_PERMITTED));
    assert!(!answer.headers.contains_key(WWW_AUTHENTICATE));
    let answer = post_with_cookies(&mut browser, REFRESH, "refresh_token=").await;
    assert_eq!(told(&answer), (403, NOT_PERMITTED));
}

#[tokio::test]
async fn a_bad_refresh_token_is_401() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    let invalid = r#"{"detail":"Token is invalid","code":"token_not_valid"}"#;
    let answer = post_with_cookies(&mut browser, REFRESH, "refresh_token=rubbish").await;
    assert_eq!(told(&answer), (401, invalid));
    // No token of ours is in the body, and what is there is no way around the cookie.
    let body = json!({ "refresh": "rubbish" });
    let answer = world.browser().post(REFRESH, &body).await;
    assert_eq!(told(&answer), (401, invalid));
}

#[tokio::test]
async fn the_user_has_an_id_and_no_address() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    let answer = browser.get(USER).await;
    assert_eq!(
        told(&answer),
        (
            200,
            r#"{"id":1,"username":"alice","first_name":"","last_name":""}"#
        )
    );
}

#[tokio::test]
async fn who_is_nobody_is_told_so_with_401() {
    let world = world().await;
    let mut browser = world.browser();
    let nobody = r#"{"detail":"Authentication credentials were not provided."}"#;
    assert_eq!(told(&browser.get(USER).await), (401, nobody));
    let mut browser = logged_in(&world).await;
    world.advance(1_000);
    let answer = browser.get(USER).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text.contains("Token is expired"), "{}", answer.text);
    // An empty cookie is no better; it is told as a bad token.
    let mut request = browser
        .request(&Method::GET, USER)
        .body(Body::empty())
        .unwrap();
    let headers = request.headers_mut();
    headers.insert(COOKIE, "access_token=".parse().unwrap());
    let answer = browser.send(request).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_logout_answers_nothing_clears_both_cookies_and_ends_the_session() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    let kept = browser.clone();
    let answer = log_out(&mut browser).await;
    assert_eq!(told(&answer), (200, "{}"));
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/accounts/auth/; HttpOnly; SameSite=Lax; Secure
    ");
    let mut thief = kept.clone();
    assert_eq!(
        told(&thief.post_nothing(REFRESH).await),
        (
            401,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        )
    );
    // docs/contract.md §10.3: at once, where the tutorial waits for the access token's end.
    let mut thief = kept;
    assert_eq!(thief.get(USER).await.status, StatusCode::UNAUTHORIZED);
}

/// docs/contract.md §10.16, and the client of §9 that cannot log out once its access token ran out.
#[tokio::test]
async fn a_logout_works_in_whatever_state_the_cookies_are() {
    let world = world().await;
    let mut browser = world.browser();
    assert_eq!(told(&browser.post_nothing(LOGOUT).await), (200, "{}"));
    let mut browser = logged_in(&world).await;
    let mut kept = browser.clone();
    world.advance(1_000);
    browser.drop_cookie("access_token");
    assert_eq!(told(&log_out(&mut browser).await), (200, "{}"));
    assert_eq!(browser.places(), ["csrftoken / this host"]);
    assert_eq!(
        kept.post_nothing(REFRESH).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_csrf_token_is_in_the_body_and_in_a_readable_cookie_for_a_year() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.get(CSRF_TOKEN).await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    let token = json["token"].as_str().unwrap();
    assert_eq!(token.len(), 64);
    assert_eq!(browser.cookie("csrftoken"), token);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @"csrftoken=[token]; Expires=Sun, 21 Nov 2027 00:48:47 GMT; Max-Age=31449600; Path=/; SameSite=Lax; Secure");
}

#[tokio::test]
async fn a_login_rotates_the_csrf_token() {
    let world = world().await;
    let mut browser = world.browser();
    browser.get(CSRF_TOKEN).await;
    let before = browser.cookie("csrftoken");
    log_in(&mut browser).await;
    let after = browser.cookie("csrftoken");
    assert_ne!(after, before);
    assert_eq!(
        post_with_token(&mut browser, LOGOUT, &before).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        post_with_token(&mut browser, LOGOUT, &after).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_an_access_cookie_authenticates_demands_the_csrf_token() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    let answer = browser.post_nothing(LOGOUT).await;
    assert_eq!(
        told(&answer),
        (403, r#"{"detail":"CSRF Failed: CSRF token missing."}"#)
    );
    assert!(answer.set_cookies().is_empty());
    let body = json!({ "first_name": "Alice" });
    let answer = browser.send_json(Method::PATCH, USER, &body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let mut bare = browser.clone();
    bare.drop_cookie("csrftoken");
    let answer = post_with_token(&mut bare, LOGOUT, "x").await;
    assert_eq!(
        told(&answer),
        (403, r#"{"detail":"CSRF Failed: CSRF cookie not set."}"#)
    );
    // Safe methods are free, and so is what no browser adds by itself.
    assert_eq!(browser.get(USER).await.status, StatusCode::OK);
    let mut native = world.browser();
    let bearer = format!("Bearer {}", browser.cookie("access_token"));
    let request = native.request(&Method::PATCH, USER);
    let request = request
        .header(AUTHORIZATION, bearer)
        .header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    assert_eq!(native.send(request).await.status, StatusCode::OK);
}

/// Attack: a page of another site posts with the user's cookies. It meets the check of its origin on the
/// refresh too, which asks for no token (docs/contract.md §10.5).
#[tokio::test]
async fn a_refresh_asks_for_no_csrf_token_and_still_for_a_trusted_origin() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    for path in [LOGIN, REFRESH, LOGOUT] {
        let mut request = browser
            .request(&Method::POST, path)
            .body(Body::empty())
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", "https://evil.example".parse().unwrap());
        headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
        let answer = browser.send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            answer
                .text
                .starts_with(r#"{"detail":"CSRF Failed: Origin checking failed"#),
            "{}",
            answer.text
        );
    }
    browser.drop_cookie("csrftoken");
    assert_eq!(browser.post_nothing(REFRESH).await.status, StatusCode::OK);
}

/// A page that starts with an access token that ran out asks for a CSRF token first and refreshes
/// then. What it was given counts afterwards, as in Django, though the route is beyond the refresh
/// cookie's path.
#[tokio::test]
async fn a_csrf_token_had_before_a_refresh_counts_after_it() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    world.advance(1_000);
    browser.drop_cookie("access_token");
    let answer = browser.get(CSRF_TOKEN).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(browser.post_nothing(REFRESH).await.status, StatusCode::OK);
    let answer = post_with_token(&mut browser, LOGOUT, &token).await;
    assert_eq!(told(&answer), (200, "{}"));
}

/// Hardtack's own names answer beside the tutorial's, so that its clients and its doctor work.
#[tokio::test]
async fn hardtacks_own_names_answer_as_well() {
    let world = world().await;
    let mut browser = logged_in(&world).await;
    for path in ["user/", "session/", "sessions/", "csrf/"] {
        let answer = browser.get(&format!("/accounts/auth/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let answer = browser.post_nothing("/accounts/auth/token/refresh/").await;
    assert_eq!(answer.status, StatusCode::OK);
    // And nothing is where nothing was said to be.
    for path in [
        "/api/auth/user/",
        "/accounts/auth/csrf_token/",
        "/accounts/",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// An address would do as well as a name, so neither is the field that is missing.
#[tokio::test]
async fn a_login_without_a_name_is_400() {
    let world = world().await;
    let body = json!({ "password": PASSWORD });
    let answer = world.browser().post(LOGIN, &body).await;
    let text = r#"{"non_field_errors":["Must include either \"username\" or \"email\" and \"password\"."]}"#;
    assert_eq!(told(&answer), (400, text));
}
