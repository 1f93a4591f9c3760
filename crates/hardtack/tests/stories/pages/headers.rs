use http::{Method, StatusCode};

use crate::kit::World;

/// Clickjacking, injected script, a shared computer's cache, a code in a `Referer`
/// (docs/threat-model.md HD-1).
#[tokio::test]
async fn every_page_keeps_browsers_from_making_things_worse() {
    let world = World::new().await;
    let mut member = world.browser().logged_in_on_page().await;
    for path in [
        "/account/",
        "/account/password/",
        "/account/devices/",
        "/account/logout/",
        "/account/nothing-here/",
        "/api/auth/pages/renew/?to=nowhere",
    ] {
        let (_, page) = member.open(path).await;
        let header = |name: &str| {
            page.headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "strict-origin");
        assert_eq!(header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(header("strict-transport-security").starts_with("max-age="));
        assert!(header("access-control-allow-origin").is_empty());
    }
}

/// ASVS 5.0 §3.4.3: without inline code an injected tag runs nothing.
#[tokio::test]
async fn no_page_has_inline_code_or_style() {
    let world = World::new().await;
    let mut member = world.browser().logged_in_on_page().await;
    let mut seen = 0;
    for path in [
        "/account/",
        "/account/password/",
        "/account/devices/",
        "/account/none",
    ] {
        for browser in [&mut member, &mut world.browser()] {
            let (_, page) = browser.open(path).await;
            assert_eq!(
                page.text.matches("<script").count(),
                page.text
                    .matches("<script type=\"module\" src=\"/account/assets/")
                    .count()
            );
            for inline in ["<style", " style=", "onclick", "onload", "javascript:"] {
                assert!(!page.says(inline), "{path}: {inline}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 8);
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_a_name_of_their_content() {
    let world = World::with(|settings| settings.pages.accent = "#7a1f5c".parse().unwrap()).await;
    let mut browser = world.browser();
    let (_, page) = browser.open("/account/login/").await;
    let mut kinds = Vec::new();
    for part in page.text.split("\"/account/assets/").skip(1) {
        let path = format!("/account/assets/{}", part.split('"').next().unwrap());
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(
            answer.headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        kinds.push(answer.headers["content-type"].to_str().unwrap().to_owned());
        assert_eq!(
            answer.says("--accent: #7a1f5c;"),
            kinds.last().unwrap().starts_with("text/css"),
        );
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "image/svg+xml",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8"
        ]
    );
    assert_eq!(
        browser.get("/account/assets/pages.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_page_that_is_none_and_a_method_that_is_none_get_pages() {
    let world = World::new().await;
    let mut browser = world.browser();
    let (_, page) = browser.open("/account/nothing/here").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.says("<h1>Nothing here</h1>"));
    for (method, path) in [
        (Method::DELETE, "/account/"),
        (Method::GET, "/account/language/"),
        (Method::PUT, "/account/login/"),
    ] {
        let request = browser
            .request(&method, path)
            .body(axum::body::Body::empty())
            .unwrap();
        let page = browser.send(request).await;
        assert_eq!(
            page.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert!(page.says("<h1>Not this way</h1>"));
    }
    let request = browser
        .request(&Method::POST, "/account/login/")
        .header("content-type", "text/plain")
        .body(axum::body::Body::from("username=a"))
        .unwrap();
    let page = browser.send(request).await;
    assert_eq!(page.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(page.says("This could not be read"));
}

#[tokio::test]
async fn a_link_of_bytes_that_are_no_text_gets_a_page() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in [
        "/account/register/%FF/",
        "/account/reset/%FF/x/",
        "/account/assets/%FF",
    ] {
        let (_, page) = browser.open(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.says("<h1>Nothing here</h1>"), "{path}: {}", page.text);
    }
    for path in [
        "/account/verify/%FF/",
        "/account/email/confirm/%FF/",
        "/account/email/revert/%FF/",
    ] {
        let page = browser.submit(path, &[]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.says("<h1>Nothing here</h1>"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn pages_that_are_off_are_not_there() {
    let world = World::with(|settings| settings.pages.enabled = false).await;
    let mut browser = world.browser();
    for path in ["/account/", "/account/login/", "/api/auth/pages/renew/"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["detail"], "Not found.");
    }
}

#[tokio::test]
async fn pages_stand_where_they_are_told_to() {
    let world = World::with(|settings| settings.pages.base_path = "/id/me".to_owned()).await;
    let mut browser = world.browser();
    let (at, page) = browser.open("/id/me/").await;
    assert!(at.starts_with("/id/me/login/?next=%2Fid%2Fme%2F"), "{at}");
    assert!(!page.says("/account/"), "{}", page.text);
    assert_eq!(browser.get("/account/").await.status, StatusCode::NOT_FOUND);
}
