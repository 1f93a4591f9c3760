//! Refresh: the stories of docs/rotation.md, through the router.

use std::time::Duration;

use hardtack::core::event::Event;
use hardtack::core::{Clock as _, UserId};
use http::header::{COOKIE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

use crate::kit::{PASSWORD, World, shapes};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_refresh_without_a_body_answers_a_new_pair() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(60);
    let answer = browser.refresh().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"access":"","access_expiration":"2026-11-22T01:04:47.652421Z"}"#);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:04:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 00:49:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert_eq!(browser.position(), (1, 0));
    assert!(browser.is_logged_in().await);
}

/// docs/rotation.md: fifty tabs at once.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_simultaneous_refreshes_with_one_cookie_get_one_successor() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    world.advance(900);
    let tabs: Vec<_> = (0..50)
        .map(|_| {
            let mut tab = browser.clone();
            tokio::spawn(async move { (tab.refresh().await.status, tab.cookie("refresh")) })
        })
        .collect();
    let mut answers = Vec::new();
    for tab in tabs {
        answers.push(tab.await.unwrap());
    }
    assert!(
        answers.iter().all(|(status, _)| *status == StatusCode::OK),
        "{answers:?}"
    );
    answers.dedup();
    assert_eq!(answers.len(), 1, "one successor");
    let rotations = world
        .events()
        .iter()
        .filter(|event| matches!(event, Event::SessionRotated { .. }))
        .count();
    assert_eq!(rotations, 1);
}

#[tokio::test]
async fn a_lost_answer_inside_the_window_is_answered_again() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(900);
    let mut lost = browser.clone();
    assert_eq!(lost.refresh().await.status, StatusCode::OK);
    world.advance(30);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.cookie("refresh"), lost.cookie("refresh"));
}

/// A thief who comes with the parent once a minute must not keep the session from rotating for
/// ever; and nobody is logged out by that.
#[tokio::test]
async fn who_fetches_one_successor_again_and_again_is_told_to_wait() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut hammering = browser.clone();
    let parent = browser.cookie("refresh");
    world.advance(900);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    for _ in 0..8 {
        world.advance(50);
        hammering.set_cookie("refresh", &parent);
        assert_eq!(hammering.refresh().await.status, StatusCode::OK);
        assert_eq!(hammering.position(), (1, 0));
    }
    world.advance(50);
    hammering.set_cookie("refresh", &parent);
    for _ in 0..20 {
        let answer = hammering.refresh().await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers[RETRY_AFTER], "10");
        assert!(answer.set_cookies().is_empty(), "the cookies stay");
    }
    world.advance(10);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.position(), (2, 0));
    assert_eq!(hammering.refresh().await.status, StatusCode::UNAUTHORIZED);
}

/// "The parent a day later, successor never used: 200 with a new branch; the superseded successor
/// after that: 401, family revoked."
#[tokio::test]
async fn a_lost_answer_a_day_later_gets_a_new_branch_and_the_lost_one_gives_a_copy_away() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.advance(900);
    let mut thief = browser.clone();
    assert_eq!(thief.refresh().await.status, StatusCode::OK);
    assert_eq!(thief.position(), (1, 0));

    world.advance(DAY);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert_eq!(browser.position(), (1, 1));
    assert!(browser.is_logged_in().await);

    let answer = thief.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
    );
    assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer realm=\"api\"");
    assert!(
        !browser.is_logged_in().await,
        "found: both are out, the access token at once"
    );
    assert_eq!(browser.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert!(
        world
            .events()
            .iter()
            .any(|event| matches!(event, Event::TokenReused { .. }))
    );
}

/// "A settled parent: 401, family revoked."
#[tokio::test]
async fn a_settled_parent_ends_the_family() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut thief = browser.clone();
    world.advance(900);
    browser.refresh().await;
    assert!(browser.is_logged_in().await);
    world.hardtack.flush_uses().await.unwrap();
    world.advance(61);
    assert!(browser.is_logged_in().await);
    world.hardtack.flush_uses().await.unwrap();

    let answer = thief.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(
        answer.set_cookies().is_empty(),
        "it may be a late message: cookies stay"
    );
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn nothing_settles_inside_the_window() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut late_tab = browser.clone();
    world.advance(900);
    browser.refresh().await;
    for _ in 0..3 {
        assert!(browser.is_logged_in().await);
        world.hardtack.flush_uses().await.unwrap();
        world.advance(10);
    }
    assert_eq!(late_tab.refresh().await.status, StatusCode::OK);
    assert_eq!(late_tab.cookie("refresh"), browser.cookie("refresh"));
}

#[tokio::test]
async fn two_generations_back_is_reuse_even_inside_the_window() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut grandparent = browser.clone();
    world.advance(900);
    browser.refresh().await;
    world.advance(60);
    browser.refresh().await;
    assert_eq!(browser.position(), (2, 0));
    assert_eq!(grandparent.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn a_session_ends_idle_and_in_the_end_however_busy() {
    let world = World::new().await;
    let mut idle = world.logged_in().await;
    world.advance(7 * DAY);
    let answer = idle.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"Token is expired","code":"token_not_valid"}"#
    );

    let mut busy = world.logged_in().await;
    for _ in 0..6 {
        world.advance(5 * DAY - 1);
        assert_eq!(busy.refresh().await.status, StatusCode::OK);
    }
    // Six seconds are left of the thirty days, and both tokens know it.
    let answer = busy.refresh().await;
    assert!(
        answer
            .set_cookies()
            .iter()
            .all(|cookie| cookie.contains("Max-Age=6;")),
        "{answer:?}"
    );
    world.advance(6);
    assert_eq!(busy.refresh().await.status, StatusCode::UNAUTHORIZED);
    // A verifier's clock may lag by five seconds, so an access token is believed that much longer.
    world.advance(5);
    assert!(!busy.is_logged_in().await);
}

#[tokio::test]
async fn dead_cookies_are_cleared_only_when_their_session_ended_long_ago() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut other = browser.clone();
    browser.log_out().await;
    world.advance(120);
    assert!(other.clone().refresh().await.set_cookies().is_empty());
    world.advance(1);
    let answer = other.refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert!(other.jar.is_empty());
}

#[tokio::test]
async fn refusals_have_the_contracts_words() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let access = browser.cookie("access");
    let mut answer_to = async |cookie: &str| {
        browser.set_cookie("refresh", cookie);
        let answer = browser.refresh().await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        answer.text
    };
    assert_eq!(
        answer_to("garbage").await,
        r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
    );
    assert_eq!(
        answer_to("").await,
        r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
    );
    assert_eq!(
        answer_to(&access).await,
        r#"{"detail":"Token has wrong type","code":"token_not_valid"}"#
    );
    let answer = world.browser().refresh().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        answer.text,
        r#"{"detail":"No valid refresh token found.","code":"token_not_valid"}"#
    );
}

/// A guesser must not be able to log anybody out.
#[tokio::test]
async fn a_bad_tag_ends_nothing() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut forged = browser.clone();
    let parts: Vec<String> = browser
        .cookie("refresh")
        .split('.')
        .map(ToOwned::to_owned)
        .collect();
    for (generation, branch) in [("0", "1"), ("7", "0"), ("0", "0")] {
        let tag = "A".repeat(43);
        forged.set_cookie(
            "refresh",
            &format!("v1.{}.{generation}.{branch}.{tag}", parts[1]),
        );
        assert_eq!(forged.refresh().await.status, StatusCode::UNAUTHORIZED);
    }
    assert!(browser.is_logged_in().await);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
}

/// docs/contract.md §11: the documented interceptor loops for ever when signed out.
#[tokio::test]
async fn a_loop_of_refused_refreshes_ends_in_429_and_a_good_one_passes_beside_it() {
    let world = World::new().await;
    let mut good = world.logged_in().await;
    let mut signed_out = world.browser();
    for _ in 0..10 {
        assert_eq!(signed_out.refresh().await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = signed_out.refresh().await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        answer.headers[RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    assert_eq!(
        good.refresh().await.status,
        StatusCode::OK,
        "the same address, a good token"
    );
}

/// docs/threat-model.md CK-3, cookie tossing by a sibling host.
#[tokio::test]
async fn of_several_refresh_cookies_the_dead_are_ignored_and_two_live_ones_are_refused() {
    let world = World::new().await;
    let mut alice = world.logged_in().await;
    world.advance(60);
    let old = alice.cookie("refresh");
    alice.refresh().await;
    let mut attacker = world.browser();
    world.add_user("mallory", "").await;
    attacker.log_in("mallory", PASSWORD).await;
    let (newest, tossed) = (alice.cookie("refresh"), attacker.cookie("refresh"));

    let send = async |values: &[&str]| {
        let cookies: Vec<String> = values
            .iter()
            .map(|value| format!("refresh={value}"))
            .collect();
        let mut browser = world.browser();
        let request = browser
            .request(&Method::POST, "/api/auth/token/refresh/")
            .header(COOKIE, cookies.join("; "));
        browser
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await
    };
    assert_eq!(send(&["garbage", &newest]).await.status, StatusCode::OK);
    assert_eq!(
        send(&[&newest, &old]).await.status,
        StatusCode::OK,
        "of one session the newest wins"
    );
    assert_eq!(
        send(&[&tossed, &newest]).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(
        alice.is_logged_in().await && attacker.is_logged_in().await,
        "nothing was revoked"
    );
    attacker.log_out().await;
    assert_eq!(send(&[&tossed, &newest]).await.status, StatusCode::OK);

    // Ran out before its user was switched off, and back in its time since the clock stepped back.
    attacker.log_in("mallory", PASSWORD).await;
    let tossed = attacker.cookie("refresh");
    let newest = alice.log_in("alice", PASSWORD).await;
    assert_eq!(newest.status, StatusCode::OK);
    let newest = alice.cookie("refresh");
    let before = world.clock.now();
    world.advance(7 * DAY);
    world.switch_off(UserId::new(2)).await;
    world.clock.set(before);
    assert_eq!(send(&[&tossed, &newest]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_in_the_body_beats_the_cookie_and_an_empty_one_is_none() {
    let world =
        World::with(|settings| settings.tokens.in_body = hardtack::settings::TokensInBody::Both)
            .await;
    let mut browser = world.browser();
    let login = browser.log_in("alice", PASSWORD).await.json();
    let token = login["refresh"].as_str().unwrap();
    assert_eq!(token, browser.cookie("refresh"));
    assert!(login["access"].as_str().unwrap().starts_with("ey"));

    let mut native = world.browser();
    world.advance(60);
    let answer = native
        .post("/api/auth/token/refresh/", &json!({ "refresh": token }))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.json()["refresh"]
            .as_str()
            .unwrap()
            .starts_with("v1.")
    );
    assert!(answer.json()["refresh_expiration"].is_string());

    for empty in [
        json!({ "refresh": "" }),
        json!({ "refresh": null }),
        json!({}),
    ] {
        assert_eq!(
            browser
                .post("/api/auth/token/refresh/", &empty)
                .await
                .status,
            StatusCode::OK,
            "{empty}"
        );
    }
    for bad in [json!("garbage"), json!(5), json!(["x"])] {
        let body = json!({ "refresh": bad });
        let answer = browser.post("/api/auth/token/refresh/", &body).await;
        assert_eq!(
            answer.text,
            r#"{"detail":"Token is invalid","code":"token_not_valid"}"#
        );
    }
}

#[tokio::test]
async fn a_key_change_keeps_sessions_and_renews_their_access_tokens() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let key =
        hardtack::core::key::SigningKey::generate(hardtack::core::key::Algorithm::EdDsa).unwrap();
    let ring =
        hardtack::core::key::ring::KeyRing::new(key, hardtack::core::Clock::now(&*world.clock));
    world.hardtack.replace_keys(ring);
    assert!(
        !browser.is_logged_in().await,
        "the old key is not believed any more"
    );
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn an_access_token_expires_on_time() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    world.clock.advance(Duration::from_secs(899));
    assert!(browser.is_logged_in().await);
    world.clock.advance(Duration::from_secs(7));
    let answer = browser.get("/api/auth/user/").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["messages"][0]["message"], "Token is expired");
}
