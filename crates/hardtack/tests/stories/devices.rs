//! Where am I logged in, and out with the others.

use axum::body::Body;
use hardtack::core::event::Event;
use hardtack::core::session::RevokeReason;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World, shapes};

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

impl Browser {
    async fn sessions(&mut self) -> Vec<Value> {
        let answer = self.get("/api/auth/sessions/").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["sessions"].as_array().unwrap().clone()
    }

    /// The id of the session that this browser is logged in with.
    fn session(&self) -> String {
        let refresh = self.cookie("refresh");
        refresh.split('.').nth(1).unwrap().to_owned()
    }

    async fn end(&mut self, session: &str) -> Answer {
        let path = format!("/api/auth/sessions/{session}/");
        let request = self.request(&Method::DELETE, &path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn log_out_everywhere(&mut self, body: &Value) -> Answer {
        self.post("/api/auth/logout/all/", body).await
    }
}

fn reasons(world: &World) -> Vec<RevokeReason> {
    let events = world.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::SessionRevoked { reason, .. } => Some(reason),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_devices_are_listed_newest_first_and_the_present_one_is_marked() {
    let world = World::new().await;
    let mut old = world.browser();
    old.user_agent = FIREFOX.to_owned();
    old.address = "2001:db8::17".parse().unwrap();
    let body = json!({ "username": "alice", "password": PASSWORD, "remember_me": true });
    old.post("/api/auth/login/", &body).await;
    world.advance(3600);
    let mut new = world.logged_in().await;
    world.add_user("bob", "").await;
    world.browser().log_in("bob", PASSWORD).await;
    world.advance(60);
    old.refresh().await;

    let listed = new.get("/api/auth/sessions").await;
    let text = listed.text.replace(&new.session(), "[new]");
    assert_snapshot!(text.replace(&old.session(), "[old]"), @r#"{"sessions":[{"id":"[new]","created":"2026-11-22T01:48:47.652421Z","last_seen":"2026-11-22T01:48:47.652421Z","address":"203.0.113.9","device":"Unknown device","current":true,"remembered":false},{"id":"[old]","created":"2026-11-22T00:48:47.652421Z","last_seen":"2026-11-22T01:49:47.652421Z","address":"2001:db8::17","device":"Firefox on Windows","current":false,"remembered":true}]}"#);
    let currents: Vec<Value> = old.sessions().await;
    assert_eq!(currents[0]["current"], false);
    assert_eq!(currents[1]["current"], true);
}

/// Script in the list of devices: somebody who knows the password, or a proxy in between, writes
/// markup into the header that the owner's page shows later.
#[tokio::test]
async fn what_a_client_calls_itself_is_never_shown() {
    let world = World::new().await;
    let mut hostile = world.browser();
    hostile.user_agent = "<script>alert(1)</script>/1.0 (Linux)".to_owned();
    hostile.log_in("alice", PASSWORD).await;
    let listed = hostile.get("/api/auth/sessions/").await;
    assert!(!listed.text.contains("script") && !listed.text.contains("alert"));
    assert_eq!(
        listed.json()["sessions"][0]["device"],
        "Unknown browser on Linux"
    );
}

#[tokio::test]
async fn one_device_signs_another_out_at_once() {
    let world = World::new().await;
    let mut here = world.logged_in().await;
    let mut there = world.logged_in().await;
    let mut third = world.logged_in().await;
    let answer = here.end(&there.session()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"detail":"Session ended."}"#);
    assert!(answer.set_cookies().is_empty(), "this browser goes on");

    assert!(!there.is_logged_in().await, "its access token is dead");
    let refused = there.refresh().await;
    assert_eq!(
        (refused.status, refused.text.as_str()),
        (
            StatusCode::UNAUTHORIZED,
            r#"{"detail":"Token is blacklisted","code":"token_not_valid"}"#
        )
    );
    assert!(here.is_logged_in().await && third.is_logged_in().await);
    assert_eq!(here.sessions().await.len(), 2);
    assert_eq!(reasons(&world), [RevokeReason::LogoutDevice]);
}

#[tokio::test]
async fn ending_the_present_session_is_logging_out() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    let answer = browser.end(&browser.session()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert!(!copy.is_logged_in().await);
    assert_eq!(copy.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reasons(&world), [RevokeReason::Logout]);
}

/// Insecure direct object reference (CWE-639): another user's session is neither ended nor told
/// from one that never was.
#[tokio::test]
async fn another_users_session_is_as_unknown_as_one_that_never_was() {
    let world = World::new().await;
    let mut victim = world.logged_in().await;
    world.add_user("mallory", "").await;
    let mut mallory = world.browser();
    mallory.log_in("mallory", PASSWORD).await;
    let mut gone = world.browser();
    gone.log_in("mallory", PASSWORD).await;
    let ended = gone.session();
    gone.log_out().await;

    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    let no_id = ["x", "%2e%2e", "1%00", "%ff", "AA%C3%28", "%F0%9F"];
    for session in [&victim.session(), unknown, &ended]
        .into_iter()
        .chain(no_id)
    {
        let answer = mallory.end(session).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::NOT_FOUND, r#"{"detail":"Not found."}"#),
            "{session}"
        );
        assert!(answer.set_cookies().is_empty());
    }
    assert!(victim.is_logged_in().await && mallory.is_logged_in().await);
    assert_eq!(mallory.sessions().await.len(), 1);
    mallory.log_out_everywhere(&json!({})).await;
    assert!(victim.is_logged_in().await);
}

#[tokio::test]
async fn nobody_has_no_sessions_to_see_or_end() {
    let world = World::new().await;
    let mut victim = world.logged_in().await;
    let one = format!("/api/auth/sessions/{}", victim.session());
    for (method, path) in [
        (Method::GET, "/api/auth/sessions/"),
        (Method::PUT, "/api/auth/sessions/"),
        (Method::DELETE, one.as_str()),
        (Method::POST, "/api/auth/logout/all/"),
        (Method::POST, "/api/auth/logout/all"),
    ] {
        let mut nobody = world.browser();
        let request = nobody.request(&method, path).body(Body::empty()).unwrap();
        let answer = nobody.send(request).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (
                StatusCode::UNAUTHORIZED,
                r#"{"detail":"Authentication credentials were not provided."}"#
            ),
            "{method} {path}"
        );
        assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer realm=\"api\"");
    }
    assert!(victim.is_logged_in().await);
    let request = victim.request(&Method::GET, &one).body(Body::empty());
    let answer = victim.send(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "DELETE, OPTIONS");
}

/// Cross-site request forgery: a page of somebody else's that logs the visitor out of everything.
#[tokio::test]
async fn another_site_ends_no_session() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.logged_in().await;
    let other = world.logged_in().await;
    let one = format!("/api/auth/sessions/{}/", other.session());
    for (method, path) in [
        (Method::DELETE, one.as_str()),
        (Method::POST, "/api/auth/logout/all/"),
    ] {
        let token = browser.cookie("csrftoken");
        let request = |origin: &str, token: Option<&str>| {
            let mut request = browser.request(&method, path).body(Body::empty()).unwrap();
            let headers = request.headers_mut();
            headers.insert("origin", origin.parse().unwrap());
            headers.remove("sec-fetch-site");
            if let Some(token) = token {
                headers.insert("x-csrftoken", token.parse().unwrap());
            }
            request
        };
        for forged in [
            request("https://evil.example", Some(&token)),
            request(crate::kit::PUBLIC_URL, None),
        ] {
            let answer = browser.clone().send(forged).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert_eq!(browser.sessions().await.len(), 2);
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_and_clears_the_cookies() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut copy = browser.clone();
    let mut other = world.logged_in().await;
    world.add_user("bob", "").await;
    let mut bob = world.browser();
    bob.log_in("bob", PASSWORD).await;

    let answer = browser.post_nothing("/api/auth/logout/all/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"detail":"Successfully logged out.","sessions_ended":2}"#);
    assert_eq!(answer.set_cookies().len(), 2);
    assert!(browser.jar.is_empty());
    for gone in [&mut copy, &mut other] {
        assert!(!gone.is_logged_in().await);
        assert_eq!(gone.refresh().await.status, StatusCode::UNAUTHORIZED);
    }
    assert!(bob.is_logged_in().await);
    assert_eq!(reasons(&world), [RevokeReason::LogoutAll; 2]);
    let again = browser.log_in("alice", PASSWORD).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn logging_out_everywhere_else_keeps_the_session_that_asks() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut other = world.logged_in().await;
    let answer = browser
        .log_out_everywhere(&json!({ "keep_current": true }))
        .await;
    assert_snapshot!(answer.text, @r#"{"detail":"Successfully logged out.","sessions_ended":1}"#);
    assert!(answer.set_cookies().is_empty());
    assert!(browser.is_logged_in().await && !other.is_logged_in().await);
    world.advance(60);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);

    for odd in [json!("true"), json!(1), json!([])] {
        let refused = browser
            .log_out_everywhere(&json!({ "keep_current": odd }))
            .await;
        assert_eq!(
            (refused.status, refused.text.as_str()),
            (
                StatusCode::BAD_REQUEST,
                r#"{"keep_current":["Must be a valid boolean."]}"#
            )
        );
    }
    assert!(browser.is_logged_in().await);
}

/// A native client has no cookies to clear, and its token names its session all the same.
#[tokio::test]
async fn a_bearer_token_lists_and_ends_sessions_too() {
    let world = World::new().await;
    let owner = world.logged_in().await;
    let mut other = world.logged_in().await;
    let bearer = format!("Bearer {}", owner.cookie("access"));
    let path = format!("/api/auth/sessions/{}", other.session());
    let mut native = world.browser();
    for (method, path) in [
        (Method::GET, "/api/auth/sessions/"),
        (Method::DELETE, &path),
    ] {
        let request = native.request(&method, path).header(AUTHORIZATION, &bearer);
        let answer = native.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    assert!(!other.is_logged_in().await);
}

/// Logging out everywhere races logins: what the answer counts as ended is ended, and nothing is
/// left half open.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_races_logging_out_everywhere_is_open_or_ended() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let logins: Vec<_> = (0..6)
        .map(|_| {
            let mut racing = world.browser();
            tokio::spawn(async move {
                let answer = racing.log_in("alice", PASSWORD).await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
                racing
            })
        })
        .collect();
    let keep = json!({ "keep_current": true });
    let answer = browser.log_out_everywhere(&keep).await;
    let ended = answer.json()["sessions_ended"].as_u64().unwrap();
    let mut alive = 0;
    for login in logins {
        let mut racing = login.await.unwrap();
        alive += u64::from(racing.is_logged_in().await);
    }
    assert_eq!(ended + alive, 6);
    assert_eq!(browser.sessions().await.len() as u64, alive + 1);
}
