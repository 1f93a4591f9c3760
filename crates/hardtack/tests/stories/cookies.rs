//! Names and places of cookies: what is believed under which name, and what becomes of a browser
//! whose cookies are those of an older configuration.

use hardtack::Settings;
use hardtack::core::event::Event;
use hardtack::settings::{CookiePrefix, PlacedCookie};
use http::{Method, StatusCode};
use insta::assert_snapshot;

use crate::kit::{Browser, PASSWORD, World, shapes};

type Change = fn(&mut Settings);

fn host_mode(settings: &mut Settings) {
    settings.cookies.prefix = CookiePrefix::Host;
}

#[tokio::test]
async fn in_prefix_mode_the_browser_vouches_for_host_path_and_tls() {
    let world = World::with(|settings| {
        host_mode(settings);
        settings.csrf.double_submit = true;
    })
    .await;
    let mut browser = world.browser();
    let answer = browser.log_in("alice", PASSWORD).await;
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    __Host-access=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    __Secure-refresh=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    __Host-csrftoken=[token]; Expires=Sun, 21 Nov 2027 00:48:47 GMT; Max-Age=31449600; Path=/; SameSite=Lax; Secure
    ");
    assert!(browser.is_logged_in().await);
    world.advance(60);
    let mut request = browser
        .request(&Method::POST, "/api/auth/token/refresh/")
        .body(axum::body::Body::empty())
        .unwrap();
    let token = browser.cookie("__Host-csrftoken").parse().unwrap();
    request.headers_mut().insert("x-csrftoken", token);
    assert_eq!(browser.send(request).await.status, StatusCode::OK);
    assert!(browser.is_logged_in().await);
}

/// docs/threat-model.md CK-2, cookie tossing: a sibling host plants the plain name, which no browser guards,
/// beside or instead of the prefixed one; the other way round where the names are plain.
#[tokio::test]
async fn a_prefixed_and_a_plain_name_are_never_both_believed() {
    let plain: (Change, [&str; 2]) = (|_| {}, ["access", "refresh"]);
    let prefixed: (Change, [&str; 2]) = (host_mode, ["__Host-access", "__Secure-refresh"]);
    for ((change, ours), (_, others)) in [(plain, prefixed), (prefixed, plain)] {
        // Even when it is known that they had the other spelling once.
        let world = World::with(|settings| {
            change(settings);
            settings.cookies.former = [
                format!("{}; Path=/", others[0]),
                format!("{}; Path=/", others[1]),
            ]
            .map(|text| PlacedCookie::parse(&text).unwrap())
            .into();
        })
        .await;
        world.add_user("mallory", "").await;
        let mut alice = world.logged_in().await;
        let mut mallory = world.browser();
        mallory.log_in("mallory", PASSWORD).await;

        let mut tossed = world.browser();
        for (ours, other) in ours.iter().zip(others) {
            tossed.plant(other, &mallory.cookie(ours));
        }
        let user = tossed.get("/api/auth/user/").await;
        assert_eq!(user.status, StatusCode::UNAUTHORIZED);
        let refresh = tossed.refresh().await;
        assert_eq!(
            refresh.text,
            r#"{"detail":"No valid refresh token found.","code":"token_not_valid"}"#
        );
        for (ours, other) in ours.iter().zip(others) {
            alice.plant(other, &mallory.cookie(ours));
        }
        world.advance(60);
        assert_eq!(alice.refresh().await.status, StatusCode::OK);
        let user = alice.get("/api/auth/user/").await.json();
        assert_eq!(user["username"], "alice");
    }
}

/// Every way in which names and places can change, and whether it costs a login.
const CHANGES: [(&str, Change, bool); 8] = [
    (
        "a wider refresh path",
        |settings| settings.cookies.refresh_path = Some("/".into()),
        false,
    ),
    (
        "a narrower access path",
        |settings| {
            settings.cookies.access_path = "/api".into();
            settings.pages.enabled = false;
        },
        false,
    ),
    (
        "a domain",
        |settings| settings.cookies.domain = Some("example.com".into()),
        false,
    ),
    (
        "other names",
        |settings| {
            settings.cookies.access_name = "hardtack_access".into();
            settings.cookies.refresh_name = "hardtack_refresh".into();
            settings.cookies.csrf_name = "hardtack_csrf".into();
        },
        false,
    ),
    (
        "everything but the prefix",
        |settings| {
            settings.cookies.access_name = "a".into();
            settings.cookies.refresh_name = "r".into();
            settings.cookies.domain = Some("example.com".into());
            settings.cookies.access_path = "/api".into();
            settings.pages.enabled = false;
            settings.cookies.refresh_path = Some("/api".into());
        },
        false,
    ),
    ("a prefix", host_mode, true),
    (
        "a prefix and other names",
        |settings| {
            host_mode(settings);
            settings.cookies.refresh_name = "r".into();
        },
        true,
    ),
    (
        "another base path",
        |settings| settings.base_path = "/auth".into(),
        true,
    ),
];

/// Goes on as a front-end does: it refreshes, and logs in if it must. Returns whether it had to.
async fn go_on(browser: &mut Browser, base: &str) -> bool {
    let refreshed = browser
        .post_nothing(&format!("{base}/token/refresh/"))
        .await;
    if refreshed.status == StatusCode::OK {
        return false;
    }
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED);
    log_in(browser, base).await;
    true
}

async fn log_in(browser: &mut Browser, base: &str) {
    let body = serde_json::json!({ "username": "alice", "password": PASSWORD });
    let answer = browser.post(&format!("{base}/login/"), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// Works, and goes on working.
async fn works(world: &World, browser: &mut Browser, base: &str, what: &str) {
    for round in 0..3 {
        let user = browser.get(&format!("{base}/user/")).await;
        assert_eq!(user.status, StatusCode::OK, "{what}, round {round}");
        world.advance(1000);
        let refreshed = browser
            .post_nothing(&format!("{base}/token/refresh/"))
            .await;
        let text = refreshed.text;
        assert_eq!(
            refreshed.status,
            StatusCode::OK,
            "{what}, round {round}: {text}"
        );
    }
    let reused = |event: &Event| matches!(event, Event::TokenReused { .. });
    assert!(!world.events().iter().any(reused), "{what}: a false alarm");
}

/// Where the cookies of `settings` are, as [`Browser::places`] has it.
fn pair_of(settings: &Settings) -> Vec<String> {
    let [access, refresh, _] = settings.cookies.placed(&settings.base_path);
    let mut pair = [access, refresh].map(|cookie| {
        let domain = cookie.domain.as_deref().unwrap_or("this host");
        format!("{} {} {domain}", cookie.name, cookie.path)
    });
    pair.sort();
    pair.into()
}

/// Each change, from the defaults and to them.
fn there_and_back() -> impl Iterator<Item = (&'static str, Change, Change, bool)> {
    let plain: Change = |_| {};
    CHANGES
        .into_iter()
        .flat_map(move |(what, change, login_is_needed)| {
            [
                (what, plain, change, login_is_needed),
                (what, change, plain, login_is_needed),
            ]
        })
}

/// docs/rotation.md, last row. There and back, for a change that is taken back is a change.
#[tokio::test]
async fn other_names_and_places_cost_one_login_at_most_and_leave_one_pair() {
    for (what, before, after, login_is_needed) in there_and_back() {
        let old = World::with(before).await;
        let mut browser = old.browser();
        let was = old.hardtack.settings().clone();
        log_in(&mut browser, &was.base_path).await;

        let new = old
            .restarted(|settings| {
                after(settings);
                let now = settings.cookies.placed(&settings.base_path);
                let former = was.cookies.placed(&was.base_path).into_iter();
                settings.cookies.former = former.filter(|was| !now.contains(was)).collect();
            })
            .await;
        let base = new.hardtack.settings().base_path.clone();
        browser.meets(&new);
        new.advance(1000);
        assert_eq!(go_on(&mut browser, &base).await, login_is_needed, "{what}");
        works(&new, &mut browser, &base, what).await;

        log_in(&mut browser, &base).await;
        assert_eq!(browser.places(), pair_of(new.hardtack.settings()), "{what}");
        works(&new, &mut browser, &base, what).await;
        browser.post_nothing(&format!("{base}/logout/")).await;
        assert_eq!(browser.places(), Vec::<String>::new(), "{what}");
    }
}

/// Nobody said what the cookies were before: something stays in the jar, and nobody is locked out.
#[tokio::test]
async fn a_change_that_nobody_wrote_down_costs_one_login_at_most_as_well() {
    for (what, before, after, _) in there_and_back() {
        let old = World::with(before).await;
        let mut browser = old.browser();
        log_in(&mut browser, &old.hardtack.settings().base_path).await;
        let new = old.restarted(after).await;
        let base = new.hardtack.settings().base_path.clone();
        browser.meets(&new);
        go_on(&mut browser, &base).await;
        works(&new, &mut browser, &base, what).await;
        log_in(&mut browser, &base).await;
        works(&new, &mut browser, &base, what).await;
    }
}

#[tokio::test]
async fn a_login_and_a_logout_end_the_sessions_of_the_cookies_that_they_clear() {
    for end in ["login", "logout"] {
        let old = World::new().await;
        let mut browser = old.logged_in().await;
        let mut copy = browser.clone();
        let new = old
            .restarted(|settings| {
                host_mode(settings);
                settings.cookies.former = ["access", "refresh; Path=/api/auth"]
                    .map(|text| PlacedCookie::parse(text).unwrap())
                    .into();
            })
            .await;
        browser.meets(&new);
        if end == "login" {
            browser.log_in("alice", PASSWORD).await;
        } else {
            browser.log_out().await;
        }
        // A thief's copy, or the service as it was before.
        let refused = copy.refresh().await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{end}");
    }
}

/// A double-submit token is bound to its session: one that stays behind in another place, and that
/// scripts find first, would have every change refused for a year.
#[tokio::test]
async fn a_login_clears_the_csrf_cookie_of_the_former_place() {
    let demand: Change = |settings| settings.csrf.double_submit = true;
    let old = World::with(demand).await;
    let mut browser = old.logged_in().await;
    let new = old
        .restarted(|settings| {
            demand(settings);
            settings.cookies.domain = Some("example.com".into());
            settings.cookies.former = vec![PlacedCookie::parse("csrftoken").unwrap()];
        })
        .await;
    browser.meets(&new);
    browser.log_in("alice", PASSWORD).await;
    let tokens = browser.jar.iter().filter(|kept| kept.name == "csrftoken");
    assert_eq!(tokens.count(), 1);
    assert_eq!(
        change_password(&mut browser).await.status,
        StatusCode::BAD_REQUEST
    );
}

/// As far as the fields, with the first CSRF cookie that a script finds.
async fn change_password(browser: &mut Browser) -> crate::kit::Answer {
    let token = browser.cookie("csrftoken");
    let request = browser
        .request(&Method::POST, "/api/auth/password/change/")
        .header("x-csrftoken", token)
        .body(axum::body::Body::empty())
        .unwrap();
    browser.send(request).await
}

/// A dead cookie in another place beside the live one: the page's CSRF token is the live one's.
#[tokio::test]
async fn a_left_over_cookie_does_not_refuse_the_csrf_token_of_the_live_one() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.logged_in().await;
    let left_over = browser.cookie("refresh");
    browser.log_in("alice", PASSWORD).await;
    browser.plant("refresh", &left_over);
    world.advance(60);
    for path in ["/api/auth/token/refresh/", "/api/auth/logout/"] {
        let request = browser
            .request(&Method::POST, path)
            .header("x-csrftoken", browser.cookie("csrftoken"))
            .body(axum::body::Body::empty())
            .unwrap();
        assert_eq!(browser.send(request).await.status, StatusCode::OK, "{path}");
    }
}
