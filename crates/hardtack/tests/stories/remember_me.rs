//! How long a login lasts, and what `remember_me` has to do with it.

use std::time::Duration;

use hardtack::core::event::Event;
use hardtack::core::session::RevokeReason;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World, shapes};

const DAY: u64 = 86_400;

async fn log_in(browser: &mut Browser, remember_me: Value) -> Answer {
    let mut body = json!({ "username": "alice", "password": PASSWORD });
    if !remember_me.is_null() {
        body["remember_me"] = remember_me;
    }
    browser.post("/api/auth/login/", &body).await
}

/// Uses the session every `every` seconds until it is refused, and tells after how long that was.
async fn lasts(world: &World, browser: &mut Browser, every: u64) -> u64 {
    for uses in 1.. {
        world.advance(every);
        if browser.refresh().await.status != StatusCode::OK {
            return uses * every;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn a_login_that_says_nothing_outlives_the_browser_for_the_normal_time() {
    let world = World::new().await;
    let mut browser = world.browser();
    let answer = log_in(&mut browser, Value::Null).await;
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert_eq!(lasts(&world, &mut browser, 6 * DAY).await, 30 * DAY);
}

#[tokio::test]
async fn a_login_that_is_remembered_lasts_longer() {
    let world = World::new().await;
    let mut browser = world.browser();
    let answer = log_in(&mut browser, json!(true)).await;
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Tue, 22 Dec 2026 00:48:47 GMT; Max-Age=2592000; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert_eq!(lasts(&world, &mut browser, 29 * DAY).await, 4 * 29 * DAY);
    let mut idle = world.browser();
    log_in(&mut idle, json!(true)).await;
    world.advance(30 * DAY);
    assert_eq!(idle.refresh().await.status, StatusCode::UNAUTHORIZED);
}

/// Somebody else's computer: the next person who opens the browser finds nothing, however long it
/// was open and whatever happened in it.
#[tokio::test]
async fn a_login_that_is_not_to_be_remembered_ends_with_the_browser() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.browser();
    let login = log_in(&mut browser, json!(false)).await;
    assert_snapshot!(shapes(&login.set_cookies()).join("\n"), @r"
    access=[token]; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    csrftoken=[token]; Path=/; SameSite=Lax; Secure
    ");
    let with_token = |browser: &Browser, path: &str, body: &Value| {
        browser
            .request(&Method::POST, path)
            .header("x-csrftoken", browser.cookie("csrftoken"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .unwrap()
    };
    let change = json!({
        "old_password": PASSWORD,
        "new_password1": "staple of another kind",
        "new_password2": "staple of another kind",
    });
    let requests = [
        ("/api/auth/token/refresh/", json!({})),
        ("/api/auth/token/refresh/", json!({})),
        ("/api/auth/password/change/", change),
        ("/api/auth/token/refresh/", json!({})),
    ];
    for (path, body) in requests {
        world.advance(60);
        let request = with_token(&browser, path, &body);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        let cookies = shapes(&answer.set_cookies()).join("\n");
        assert!(!cookies.contains("Max-Age") && !cookies.contains("Expires"));
        assert!(cookies.contains("access=[token]") && cookies.contains("refresh=[token]"));
    }
    // The server does not wait for the browser to be closed.
    world.advance(7 * DAY);
    let request = with_token(&browser, "/api/auth/token/refresh/", &json!({}));
    let refused = browser.send(request).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

/// A form has no booleans: a checked box sends `on`, and one that is not checked sends nothing.
#[tokio::test]
async fn forms_and_json_say_it_each_in_their_words() {
    let world = World::new().await;
    for (said, refresh_lives) in [
        ("", Some("604800")),
        ("&remember_me=on", Some("2592000")),
        ("&remember_me=true", Some("2592000")),
        ("&remember_me=false", None),
    ] {
        let mut browser = world.browser();
        let request = browser
            .request(&Method::POST, "/api/auth/login/")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("username=alice&password=correct+horse+battery{said}").into())
            .unwrap();
        let answer = browser.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{said}: {}", answer.text);
        let refresh = &answer.set_cookies()[1];
        let lives = refresh.split("Max-Age=").nth(1);
        let lives = lives.map(|rest| rest.split(';').next().unwrap());
        assert_eq!(lives, refresh_lives, "{said}");
    }
}

/// What is neither yes nor no is a mistake of the front-end, which should learn of it before its
/// users are logged in for longer or shorter than they asked.
#[tokio::test]
async fn anything_else_is_refused_before_the_password_is_looked_at() {
    let world = World::new().await;
    for odd in [json!("true"), json!("on"), json!(1), json!(0), json!("")] {
        let answer = log_in(&mut world.browser(), odd.clone()).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (
                StatusCode::BAD_REQUEST,
                r#"{"remember_me":["Must be a valid boolean."]}"#
            ),
            "{odd}"
        );
    }
    let body = json!({ "username": "alice", "password": PASSWORD, "remember_me": null });
    let null = world.browser().post("/api/auth/login/", &body).await;
    assert_eq!(
        null.text,
        r#"{"remember_me":["This field may not be null."]}"#
    );
}

/// The new session of a password change is what a login at that moment would be: the old password
/// was proven. Nothing is added to that, and the choice is kept.
#[tokio::test]
async fn a_password_change_keeps_the_choice_and_ends_as_a_login_would() {
    for (said, absolute) in [(Value::Null, 30), (json!(true), 90)] {
        let world = World::new().await;
        let mut browser = world.browser();
        log_in(&mut browser, said.clone()).await;
        world.advance(DAY);
        browser.refresh().await;
        let change = json!({
            "old_password": PASSWORD,
            "new_password1": "staple of another kind",
            "new_password2": "staple of another kind",
        });
        let answer = browser.post("/api/auth/password/change/", &change).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(lasts(&world, &mut browser, 5 * DAY).await, absolute * DAY);
        assert_eq!(said == json!(true), absolute == 90);
    }
}

/// I8 of docs/rotation.md: the absolute end never moves, whatever the configuration says later.
#[tokio::test]
async fn a_session_keeps_the_limits_that_it_was_opened_with() {
    let world = World::new().await;
    let mut browser = world.browser();
    log_in(&mut browser, json!(true)).await;
    let world = world
        .restarted(|settings| {
            settings.session.remembered_lifetime.absolute_timeout = Duration::from_secs(400 * DAY);
        })
        .await;
    browser.meets(&world);
    assert_eq!(lasts(&world, &mut browser, 30 * DAY - 1).await / DAY, 119);
}

/// Uses wait for up to a minute before they are written.
#[tokio::test]
async fn a_login_too_many_spares_who_was_here_a_moment_ago() {
    let world = World::with(|settings| {
        settings.session.limit_per_user = std::num::NonZeroU32::new(2);
    })
    .await;
    let mut first = world.logged_in().await;
    world.advance(2);
    let mut second = world.logged_in().await;
    world.advance(2);
    assert!(first.is_logged_in().await);
    world.advance(1);
    let mut third = world.logged_in().await;
    assert!(!second.is_logged_in().await);
    assert!(first.is_logged_in().await && third.is_logged_in().await);
}

#[tokio::test]
async fn a_login_too_many_ends_the_session_that_was_idle_longest() {
    let world = World::with(|settings| {
        settings.session.limit_per_user = std::num::NonZeroU32::new(2);
    })
    .await;
    let mut first = world.logged_in().await;
    world.advance(60);
    let mut second = world.logged_in().await;
    world.advance(60);
    first.refresh().await;
    let mut third = world.logged_in().await;

    assert!(!second.is_logged_in().await, "its access token is dead");
    let refused = second.refresh().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.text,
        r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
    );
    assert!(first.is_logged_in().await && third.is_logged_in().await);
    let limited = world.events().into_iter().filter(|event| {
        matches!(
            event,
            Event::SessionRevoked {
                reason: RevokeReason::Limit,
                ..
            }
        )
    });
    assert_eq!(limited.count(), 1);
}
