//! Headers: what a hostile one must not do, and what every answer carries.

use axum::body::Body;
use hardtack::PublicUrl;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{Method, StatusCode};
use serde_json::json;

use crate::kit::{Answer, Browser, PASSWORD, World, shapes};

/// Each of them has steered a link, a redirect, a route or an identity in some product.
const HOSTILE: [(&str, &str); 18] = [
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-host", "evil.example"),
    ("x-original-host", "evil.example"),
    ("x-forwarded-server", "evil.example"),
    ("x-http-host-override", "evil.example"),
    ("forwarded", "for=1.1.1.1;host=evil.example;proto=http"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-scheme", "http"),
    ("x-url-scheme", "http"),
    ("x-forwarded-port", "8443"),
    ("x-forwarded-prefix", "/evil.example"),
    ("x-original-url", "/api/auth/logout/"),
    ("x-rewrite-url", "/api/auth/logout/"),
    ("x-forwarded-uri", "/healthz"),
    ("x-forwarded-method", "GET"),
    ("x-http-method-override", "DELETE"),
    ("x-middleware-subrequest", "middleware:middleware"),
];

async fn send_with(
    browser: &mut Browser,
    method: &Method,
    path: &str,
    body: &str,
    (name, value): (&str, &str),
) -> Answer {
    let mut request = browser.request(method, path);
    if name != HOST.as_str() {
        request = request.header(HOST, "app.example.com");
    }
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request
        .header(name, value)
        .body(Body::from(body.to_owned()));
    browser.send(request.unwrap()).await
}

/// Supabase GHSA-3529-5m8x-rpv3 (`X-Forwarded-Host` steered links), CVE-2025-29927 (a header
/// opened the gate); docs/threat-model.md HD-2.
#[tokio::test]
async fn a_hostile_header_changes_no_answer() {
    let world = World::new().await;
    let right = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let harmless = ("x-harmless", "evil");
    let (somebody, nobody) = (world.logged_in().await, world.browser());
    for (browser, method, path, body) in [
        (&somebody, Method::GET, "/api/auth/user/", ""),
        (&somebody, Method::GET, "/api/auth/session", ""),
        (&somebody, Method::GET, "/api/auth/nothing", ""),
        (&somebody, Method::GET, "/.well-known/jwks.json", ""),
        (&somebody, Method::GET, "/healthz", ""),
        (&somebody, Method::POST, "/api/auth/user/", ""),
        (&somebody, Method::POST, "/api/auth/password/change", "{}"),
        (&nobody, Method::GET, "/api/auth/user", ""),
        (&nobody, Method::POST, "/api/auth/login", "{}"),
        (&nobody, Method::POST, "/api/auth/login/", right.as_str()),
        (&nobody, Method::POST, "/api/auth/token/refresh/", ""),
        (&nobody, Method::POST, "/api/auth/logout/", ""),
    ] {
        let said = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.remove(SET_COOKIE);
            let cookies = shapes(&answer.set_cookies());
            (answer.status, headers, cookies, answer.text.clone())
        };
        // Refused refreshes wear the limit of their client out.
        world.advance(60);
        let wanted = send_with(&mut browser.clone(), &method, path, body, harmless).await;
        assert!(!wanted.headers.contains_key(LOCATION), "{path}");
        for (index, hostile) in HOSTILE.into_iter().enumerate() {
            let mut browser = browser.clone();
            browser.address = format!("192.0.2.{index}").parse().unwrap();
            let answer = send_with(&mut browser, &method, path, body, hostile).await;
            assert_eq!(said(&answer), said(&wanted), "{path} {hostile:?}");
        }
    }
    assert!(somebody.clone().is_logged_in().await);
}

/// docs/threat-model.md CS-4 (ASVS 5.0 §3.5.3): what a link or an image can make a browser send
/// changes nothing, whatever method it claims to be.
#[tokio::test]
async fn safe_methods_change_nothing_and_set_nothing() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let before = world.events().len();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for route in [
            "login",
            "logout",
            "token/refresh",
            "token/verify",
            "session",
            "csrf",
            "user",
            "password/change",
        ] {
            for (name, value) in [
                ("x-http-method-override", "POST"),
                ("x-http-method", "PATCH"),
                ("x-method-override", "DELETE"),
                ("x-forwarded-method", "POST"),
            ] {
                let mut browser = browser.clone();
                let path = format!(
                    "/api/auth/{route}/?_method=POST&username=alice&password=x&first_name=Owned"
                );
                let answer = send_with(&mut browser, &method, &path, "", (name, value)).await;
                assert_eq!(
                    answer.set_cookies().len(),
                    usize::from(route == "csrf" && method != Method::OPTIONS),
                    "{method} {route}"
                );
            }
        }
    }
    assert_eq!(world.events().len(), before, "nothing happened");
    let mut browser = browser;
    assert_eq!(
        browser.get("/api/auth/user/").await.json()["first_name"],
        ""
    );
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
}

/// CVE-2025-48947: an answer with cookies was kept by a cache and handed to others. Errors say as
/// much as answers do, and carry the same headers.
#[tokio::test]
async fn logins_and_errors_carry_the_hardened_headers_too() {
    let world = World::with(|settings| settings.limits.body_bytes = 1_000).await;
    let mut browser = world.browser();
    let mut answers = vec![browser.log_in("alice", PASSWORD).await];
    answers.push(browser.refresh().await);
    answers.push(browser.get("/api/auth/csrf/").await);
    answers.push(browser.log_out().await);
    answers.push(browser.get("/api/auth/user/").await);
    answers.push(browser.get("/api/auth/login/").await);
    answers.push(browser.post("/api/auth/login/", &json!([])).await);
    answers.push(
        browser
            .post("/api/auth/login/", &json!("x".repeat(1_000)))
            .await,
    );
    let no_type = browser.request(&Method::POST, "/api/auth/login/");
    answers.push(browser.send(no_type.body(Body::from("x")).unwrap()).await);
    let mut foreign = browser
        .request(&Method::POST, "/api/auth/login/")
        .body(Body::empty())
        .unwrap();
    let evil = "https://evil.example".parse().unwrap();
    foreign.headers_mut().insert(ORIGIN, evil);
    answers.push(browser.send(foreign).await);
    while browser.log_in("alice", "wrong").await.status == StatusCode::BAD_REQUEST {}
    answers.push(browser.log_in("alice", PASSWORD).await);

    let statuses: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    assert_eq!(
        statuses,
        [200, 200, 200, 200, 401, 405, 400, 413, 415, 403, 429]
    );
    for answer in &answers {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.headers[name], value, "{}", answer.status);
        }
        let policy = answer.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

/// docs/threat-model.md CK-1 (ASVS 5.0 §3.3.5): a browser drops a cookie over 4,096 bytes, and
/// with it the login.
#[tokio::test]
async fn both_cookies_fit_into_a_browser_at_their_longest() {
    let world = World::with(|settings| {
        let host = ["x".repeat(61).as_str(); 4].join(".");
        let url = format!("https://{host}.example:65535");
        settings.public_url = PublicUrl::parse(&url).unwrap();
        settings.tokens.audience = Some(url);
        settings.cookies.access_name = "a".repeat(100);
        settings.cookies.refresh_name = "r".repeat(100);
    })
    .await;
    let mut browser = world.browser();
    let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let request = http::Request::post("/api/auth/login/").header(CONTENT_TYPE, "application/json");
    let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    // RS256 signs with 256 bytes where ES256 needs 64.
    let longer_signature = (256 - 64) * 4 / 3;
    for cookie in answer.set_cookies() {
        assert!(cookie.len() + longer_signature < 4_096, "{}", cookie.len());
    }
}
