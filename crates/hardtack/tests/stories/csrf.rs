//! Requests that a page of somebody else's makes, and pages of ours on other origins.

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    CONTENT_TYPE, VARY,
};
use http::{Method, Request, StatusCode};
use serde_json::json;

use crate::kit::{Browser, PASSWORD, PUBLIC_URL, World};

/// Sends `POST path` with these headers in place of those of a page of ours.
async fn post_from(
    browser: &mut Browser,
    path: &str,
    headers: &[(&str, &str)],
) -> crate::kit::Answer {
    let mut request = browser
        .request(&Method::POST, path)
        .body(Body::empty())
        .unwrap();
    request.headers_mut().remove("origin");
    request.headers_mut().remove("sec-fetch-site");
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    browser.send(request).await
}

/// docs/threat-model.md CS-1 and CS-2, row by row: login CSRF (dj-rest-auth issue 49) and logout as well.
#[tokio::test]
async fn provenance_decides_before_any_route_does() {
    let world = World::with(|settings| {
        settings.cors_allowed_origins = vec!["https://spa.example.com".into()];
    })
    .await;
    let rows: &[(&[(&str, &str)], bool)] = &[
        (&[], true),
        (&[("origin", PUBLIC_URL)], true),
        (&[("origin", "https://spa.example.com")], true),
        (
            &[("origin", PUBLIC_URL), ("sec-fetch-site", "cross-site")],
            true,
        ),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "https://app.example.com.evil.example")], false),
        (&[("origin", "https://app.example.com:8443")], false),
        (&[("origin", "http://app.example.com")], false),
        (&[("origin", "HTTPS://APP.EXAMPLE.COM")], false),
        (&[("origin", "null")], false),
        (&[("origin", "")], false),
        (&[("origin", PUBLIC_URL), ("origin", PUBLIC_URL)], false),
        (
            &[("origin", PUBLIC_URL), ("origin", "https://evil.example")],
            false,
        ),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("referer", "https://app.example.com/page?x=1")], true),
        (
            &[("referer", "https://evil.example/https://app.example.com/")],
            false,
        ),
        (
            &[("referer", "https://app.example.com.evil.example/")],
            false,
        ),
        (
            &[("referer", "https://app.example.com@evil.example/")],
            false,
        ),
        (&[("referer", "rubbish")], false),
    ];
    for (headers, passes) in rows {
        for path in [
            "/api/auth/token/refresh/",
            "/api/auth/logout/",
            "/api/auth/login/",
            "/api/auth/password/change/",
        ] {
            let mut browser = world.logged_in().await;
            browser.address = "192.0.2.77".parse().unwrap();
            let answer = post_from(&mut browser, path, headers).await;
            assert_eq!(
                answer.status != StatusCode::FORBIDDEN,
                *passes,
                "{path} {headers:?}: {}",
                answer.text
            );
            if !passes {
                assert!(
                    answer.json()["detail"]
                        .as_str()
                        .unwrap()
                        .starts_with("CSRF Failed: "),
                    "{}",
                    answer.text
                );
                assert!(answer.set_cookies().is_empty());
            }
            assert_eq!(
                browser.is_logged_in().await,
                !(*passes && path.contains("logout")),
                "{path} {headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_bearer_token_alone_needs_no_provenance() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let bearer = format!("Bearer {}", browser.cookie("access"));
    let mut native = world.browser();
    let foreign = [
        ("origin", "https://evil.example"),
        ("authorization", bearer.as_str()),
    ];
    let answer = post_from(&mut native, "/api/auth/password/change/", &foreign).await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "it got as far as the fields"
    );
    let mut with_cookies = browser.clone();
    let answer = post_from(&mut with_cookies, "/api/auth/password/change/", &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_allowed_origin_may_read_answers_and_errors() {
    let spa = "https://spa.example.com";
    let world = World::with(|settings| settings.cors_allowed_origins = vec![spa.into()]).await;
    let mut browser = world.browser();
    let preflight = |origin: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/api/auth/user/")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "content-type")
            .body(Body::empty())
            .unwrap()
    };
    let answer = browser.send(preflight(spa)).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], spa);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    assert_eq!(
        answer.headers[ACCESS_CONTROL_ALLOW_METHODS],
        "DELETE, GET, OPTIONS, PATCH, POST, PUT"
    );
    assert!(
        answer.headers[ACCESS_CONTROL_ALLOW_HEADERS]
            .to_str()
            .unwrap()
            .contains("x-csrftoken")
    );
    assert_eq!(answer.headers[ACCESS_CONTROL_MAX_AGE], "86400");

    let mut get = async |origin: &str| {
        let request = browser
            .request(&Method::GET, "/api/auth/user/")
            .header("origin", origin);
        browser.send(request.body(Body::empty()).unwrap()).await
    };
    let answer = get(spa).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], spa);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    assert_eq!(
        answer.headers[ACCESS_CONTROL_EXPOSE_HEADERS],
        "Date, Retry-After"
    );
    assert_eq!(answer.headers[VARY], "Origin");

    for stranger in [
        "https://evil.example",
        "null",
        "https://SPA.example.com",
        "https://spa.example.com/",
    ] {
        let answer = get(stranger).await;
        assert!(
            !answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
            "{stranger}"
        );
        assert!(
            !answer
                .headers
                .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS)
        );
        assert_eq!(answer.headers[VARY], "Origin");
    }
    let answer = browser.send(preflight("https://evil.example")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_METHODS));
}

/// Attack: a sibling host plants the token of its own session before somebody logs in. Nobody is there
/// to make another for, so it is handed back, and it counts for no session but the attacker's.
#[tokio::test]
async fn a_token_that_is_kept_for_nobody_counts_for_no_other_session() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    world.add_user("mallory", "").await;
    let mut mallory = world.browser();
    mallory.log_in("mallory", PASSWORD).await;
    let planted = mallory.cookie("csrftoken");
    let mut browser = world.browser();
    browser.plant("csrftoken", &planted);
    let answer = browser.get("/api/auth/csrf/").await;
    assert_eq!(answer.json(), json!({ "token": planted }));

    browser.log_in("alice", PASSWORD).await;
    let request = browser
        .request(&Method::POST, "/api/auth/logout/")
        .header("x-csrftoken", &planted);
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::FORBIDDEN,
            r#"{"detail":"CSRF Failed: CSRF token incorrect."}"#
        )
    );
    // Whoever is there is given one of their own, and what is no token is not handed back.
    let answer = browser.get("/api/auth/csrf/").await;
    assert_ne!(answer.json(), json!({ "token": planted }));
    let mut browser = world.browser();
    browser.plant("csrftoken", "</script>");
    let answer = browser.get("/api/auth/csrf/").await;
    assert_eq!(answer.json()["token"].as_str().unwrap().len(), 64);
}

/// docs/threat-model.md CS-5: the token is bound to the session, so a planted one is worth nothing.
#[tokio::test]
async fn the_double_submit_token_is_demanded_where_it_is_required() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.logged_in().await;
    assert_eq!(browser.cookie("csrftoken").len(), 64);
    let body = json!({ "first_name": "Ada" });
    let patch = async |browser: &mut Browser, token: Option<&str>| {
        let mut request = browser
            .request(&Method::PATCH, "/api/auth/user/")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header("x-csrftoken", token);
        }
        let answer = browser
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await;
        (answer.status, answer.text)
    };
    let own = browser.cookie("csrftoken");
    assert_eq!(patch(&mut browser, Some(&own)).await.0, StatusCode::OK);
    let missing = (
        StatusCode::FORBIDDEN,
        r#"{"detail":"CSRF Failed: CSRF token missing."}"#.to_owned(),
    );
    assert_eq!(patch(&mut browser, None).await, missing);

    world.add_user("mallory", "").await;
    let mut mallory = world.browser();
    mallory.log_in("mallory", PASSWORD).await;
    let planted = mallory.cookie("csrftoken");
    browser.set_cookie("csrftoken", &planted);
    assert_eq!(
        patch(&mut browser, Some(&planted)).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(browser.log_out().await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.refresh().await.status, StatusCode::FORBIDDEN);

    let token = browser.get("/api/auth/csrf/").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(token, browser.cookie("csrftoken"));
    assert_eq!(patch(&mut browser, Some(&token)).await.0, StatusCode::OK);

    browser.drop_cookie("csrftoken");
    let missing = (
        StatusCode::FORBIDDEN,
        r#"{"detail":"CSRF Failed: CSRF cookie not set."}"#.to_owned(),
    );
    assert_eq!(patch(&mut browser, Some(&token)).await, missing);
    // Logging in needs none: there is no session yet that it could be bound to.
    assert_eq!(
        world.browser().log_in("alice", PASSWORD).await.status,
        StatusCode::OK
    );
}

/// A front-end's development server is another origin on this machine.
#[tokio::test]
async fn in_development_every_loopback_origin_is_as_good_as_listed() {
    for (allowed, origin, expected) in [
        (true, "http://localhost:5173", true),
        (true, "http://127.0.0.1:3000", true),
        (true, "https://evil.example", false),
        (false, "http://localhost:5173", false),
    ] {
        let world = World::with(|settings| settings.csrf.allow_loopback = allowed).await;
        let mut browser = world.browser();
        let request = browser
            .request(&Method::GET, "/api/auth/session/")
            .header("origin", origin);
        let answer = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN),
            expected,
            "{origin}"
        );
    }
}
