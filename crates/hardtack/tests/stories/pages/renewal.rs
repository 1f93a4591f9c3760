use hardtack::settings::{CookiePrefix, Settings};
use http::{Method, StatusCode};

use crate::kit::{PASSWORD, World};

/// The access cookie ended with its token, as browsers drop it.
async fn gone_for_an_hour(world: &World) -> crate::kit::Browser {
    let mut browser = world.browser().logged_in_on_page().await;
    world.advance(3600);
    browser.drop_cookie("access");
    browser
}

#[tokio::test]
async fn a_page_finds_the_user_by_the_refresh_cookie_that_it_is_never_sent() {
    let world = World::new().await;
    let mut browser = gone_for_an_hour(&world).await;
    assert!(
        browser
            .places()
            .iter()
            .all(|place| !place.starts_with("refresh /account"))
    );
    let (at, page) = browser.open("/account/devices/").await;
    assert!(at.starts_with("/account/devices/?renewed="), "{at}");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("this device"));
    // The address is not to be renewed again within the minute, nor is there need.
    let (again, page) = browser.open(&at).await;
    assert_eq!((again, page.status), (at, StatusCode::OK));
}

#[tokio::test]
async fn an_application_that_sends_somebody_to_the_login_gets_them_back_without_a_form() {
    let world = World::with(|settings| {
        settings.pages.next = vec!["https://shop.example.com".to_owned()];
    })
    .await;
    let mut browser = gone_for_an_hour(&world).await;
    let (at, _) = browser
        .open("/account/login/?next=https://shop.example.com/cart")
        .await;
    assert_eq!(at, "https://shop.example.com/cart");
    assert!(browser.is_logged_in().await);
}

/// Every setting that names or places cookies and pages.
#[tokio::test]
async fn a_renewal_finds_the_cookies_wherever_they_are() {
    type Change = fn(&mut Settings);
    let cases: [(&str, Change); 4] = [
        ("__Host-access", |settings| {
            settings.cookies.prefix = CookiePrefix::Host;
        }),
        ("access", |settings| {
            settings.cookies.refresh_path = Some("/".to_owned());
            settings.session.sliding = true;
        }),
        ("access", |settings| settings.csrf.double_submit = true),
        ("a", |settings| {
            settings.cookies.access_name = "a".to_owned();
            settings.base_path = "/id/api".to_owned();
        }),
    ];
    for (access, change) in cases {
        let world = World::with(change).await;
        let mut browser = world.browser().logged_in_on_page().await;
        world.advance(3600);
        browser.drop_cookie(access);
        let (at, page) = browser.open("/account/devices/").await;
        assert!(at.starts_with("/account/devices/?renewed="), "{at}");
        assert!(page.says("this device"), "{}", page.text);
        let token = if page.says("name=\"csrf\"") {
            page.typed("csrf")
        } else {
            String::new()
        };
        let (at, _) = browser
            .submit_and_follow("/account/logout/", &[("csrf", &token)])
            .await;
        assert!(at.starts_with("/account/login/?done=logged-out"), "{at}");
        let (at, _) = browser.open("/account/").await;
        assert!(at.starts_with("/account/login/?next="), "{at}");
    }
}

#[tokio::test]
async fn a_form_that_was_open_for_an_hour_loses_nothing() {
    let world = World::new().await;
    let mut browser = gone_for_an_hour(&world).await;
    let fields = [
        ("username", "alice"),
        ("first_name", "Alícia"),
        ("last_name", ""),
    ];
    let (at, page) = browser.submit_and_follow("/account/", &fields).await;
    assert_eq!(at, "/account/?done=profile-saved");
    assert!(page.says("Saved."));
    assert_eq!(page.typed("first_name"), "Alícia");
}

#[tokio::test]
async fn logging_out_ends_a_session_whose_access_token_is_over() {
    let world = World::new().await;
    let mut browser = gone_for_an_hour(&world).await;
    let mut copied = browser.clone();
    let (at, _) = browser.submit_and_follow("/account/logout/", &[]).await;
    assert!(at.starts_with("/account/login/?done=logged-out"), "{at}");
    assert!(browser.jar.is_empty());
    assert_eq!(copied.refresh().await.status, StatusCode::UNAUTHORIZED);
}

/// A circle of redirects is a page that nobody can use: whoever cannot be renewed sees the form.
#[tokio::test]
async fn it_never_goes_in_circles() {
    let world = World::new().await;
    // Nobody, a stranger's cookie, an ended session, a browser that keeps no access cookie.
    let mut ended = gone_for_an_hour(&world).await;
    ended.clone().log_out().await;
    let mut forged = gone_for_an_hour(&world).await;
    forged.set_cookie("refresh", "hr1.nonsense");
    let mut idle = gone_for_an_hour(&world).await;
    world.advance(8 * 86_400);
    for browser in [&mut world.browser(), &mut ended, &mut forged, &mut idle] {
        for path in [
            "/account/",
            "/account/login/",
            "/account/devices/",
            "/account/logout/",
        ] {
            let (at, page) = browser.open(path).await;
            assert!(at.starts_with("/account/login/?"), "{path}: {at}");
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.says("<h1>Log in</h1>"));
        }
        let (at, _) = browser.submit_and_follow("/account/password/", &[]).await;
        assert!(
            at.starts_with("/account/login/?next=%2Faccount%2Fpassword%2F"),
            "{at}"
        );
    }
}

#[tokio::test]
async fn a_user_who_was_switched_off_or_deleted_sees_the_form() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let id = world
        .hardtack
        .find_user(hardtack::core::UserId::new(1))
        .await
        .unwrap()
        .unwrap()
        .id;
    hardtack::store::UserStore::delete_user(world.hardtack.store(), id, revoke())
        .await
        .unwrap();
    let (at, page) = browser.open("/account/").await;
    assert!(at.starts_with("/account/login/?"), "{at}");
    assert_eq!(page.status, StatusCode::OK);
}

fn revoke() -> hardtack::store::Revoke {
    hardtack::store::Revoke {
        reason: hardtack::core::session::RevokeReason::UserDeleted,
        remembered_for: std::time::Duration::from_secs(960),
    }
}

#[tokio::test]
async fn the_mark_of_a_renewal_counts_for_a_minute() {
    let world = World::new().await;
    let mut browser = gone_for_an_hour(&world).await;
    let (marked, _) = browser.open("/account/").await;
    browser.drop_cookie("access");
    let (at, _) = browser.open(&marked).await;
    assert!(
        at.starts_with("/account/login/?"),
        "at once it is a circle: {at}"
    );
    world.advance(3600);
    let (at, page) = browser.open(&marked).await;
    assert!(
        at.starts_with("/account/?renewed="),
        "later it is a bookmark: {at}"
    );
    assert_eq!(page.status, StatusCode::OK);
}

/// It is the one `GET` that rotates. A stranger's page can start it, as any link can be followed, but
/// not from a picture, a frame or a script, and it leads to our pages alone.
#[tokio::test]
async fn a_renewal_answers_navigations_alone_and_leads_to_pages_alone() {
    let world = World::new().await;
    let browser = gone_for_an_hour(&world).await;
    for (mode, dest) in [
        ("no-cors", "image"),
        ("navigate", "iframe"),
        ("cors", "empty"),
        ("navigate", "embed"),
    ] {
        let mut visitor = browser.clone();
        let request = visitor
            .request(&Method::GET, "/api/auth/pages/renew/")
            .uri("/api/auth/pages/renew/?to=/account/")
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", dest);
        let answer = visitor
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{mode} {dest}");
        assert!(answer.set_cookies().is_empty());
    }
    for to in [
        "",
        "/",
        "/accounts/",
        "/api/auth/logout/",
        "//evil.example/account/",
        "https://app.example.com/account/",
        "/account/../api/",
        "/account/./login/",
        "/account/%2e%2e/api/auth/logout/",
        "/account/login/.%2E/../?a=b",
        "/account/..#",
        "/account\\evil",
        "https://evil.example/",
    ] {
        let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
        // Not followed: another page could be the one that is not found.
        let path = format!("/api/auth/pages/renew/?to={to}");
        let answer = browser.clone().navigate(Method::GET, &path, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{to}");
        assert!(answer.set_cookies().is_empty(), "{to}");
    }
}

#[tokio::test]
async fn a_renewal_that_another_site_posts_is_refused() {
    let world = World::new().await;
    let mut browser = gone_for_an_hour(&world).await;
    let mut request = browser
        .request(&Method::POST, "/api/auth/pages/renew/")
        .uri("/api/auth/pages/renew/?to=/account/");
    request
        .headers_mut()
        .unwrap()
        .insert("origin", "https://evil.example".parse().unwrap());
    let answer = browser
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.set_cookies().is_empty());
}

#[tokio::test]
async fn it_works_the_same_where_the_application_embeds_the_routes() {
    let world = World::new().await;
    let app = axum::Router::new()
        .nest("/api/auth", world.hardtack.router())
        .merge(world.hardtack.pages_router());
    let mut browser = world.browser();
    browser.reaches(app);
    browser.log_in_on_page("alice", PASSWORD).await;
    world.advance(3600);
    browser.drop_cookie("access");
    let (_, page) = browser.open("/account/").await;
    assert_eq!(page.typed("username"), "alice");
}
