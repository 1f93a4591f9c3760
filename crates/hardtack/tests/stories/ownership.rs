//! Who a request is about: the user of its token, whatever else it names.

use axum::body::Body;
use hardtack::core::UserId;
use hardtack::core::user::User;
use hardtack::store::UserStore;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World};

/// Every route, by the method that does its work.
const ROUTES: [(Method, &str); 12] = [
    (Method::GET, "user/"),
    (Method::PUT, "user/"),
    (Method::PATCH, "user/"),
    (Method::GET, "session/"),
    (Method::GET, "sessions/"),
    (Method::GET, "csrf/"),
    (Method::POST, "token/verify/"),
    (Method::POST, "token/refresh/"),
    (Method::POST, "password/change/"),
    (Method::POST, "login/"),
    // The last ones, because they end the session of whoever asks.
    (Method::POST, "logout/all/"),
    (Method::POST, "logout/"),
];

/// Names `victim` in every way that some service somewhere has believed.
async fn about(
    browser: &mut Browser,
    method: &Method,
    route: &str,
    victim: UserId,
    session: &str,
) -> Answer {
    let id = victim.as_i64();
    let new = "a secret of the attacker's";
    let body = json!({
        "user_id": id, "userId": id, "id": id, "pk": id, "sub": id.to_string(), "uid": id,
        "user": { "pk": id, "username": "bob" }, "sid": session, "session": session,
        "session_id": session, "is_staff": true, "state": "active", "password_hash": "x",
        "email": "mallory@example.com", "first_name": "Owned",
        "old_password": PASSWORD, "new_password1": new, "new_password2": new,
    });
    let path = format!(
        "/api/auth/{route}?user_id={id}&userId={id}&id={id}&pk={id}&sub={id}&sid={session}&session={session}"
    );
    let mut request = browser.request(method, &path);
    for name in [
        "x-user-id",
        "x-user",
        "remote-user",
        "x-remote-user",
        "x-forwarded-user",
        "x-auth-request-user",
        "x-authenticated-userid",
        "x_user_id",
    ] {
        request = request.header(name, id.to_string());
    }
    let request = if *method == Method::GET {
        request.body(Body::empty())
    } else {
        request
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
    };
    browser.send(request.unwrap()).await
}

async fn stored(world: &World, id: UserId) -> (User, String) {
    let found = world.hardtack.store().find_user(id).await.unwrap().unwrap();
    (found.user, found.password_hash)
}

/// better-auth CVE-2025-61928: an id in the body decided whose key was made, without any session.
#[tokio::test]
async fn an_id_that_a_request_names_opens_nothing_and_changes_nobody() {
    let world = World::new().await;
    let bob = world.add_user("bob", "bob@example.com").await.id;
    let mut victim = world.browser();
    assert_eq!(victim.log_in("bob", PASSWORD).await.status, StatusCode::OK);
    let session = victim
        .cookie("refresh")
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let before = stored(&world, bob).await;

    for (method, route) in &ROUTES {
        let mut nobody = world.browser();
        let answer = about(&mut nobody, method, route, bob, &session).await;
        let public = match *route {
            "session/" => {
                assert_eq!(answer.json()["user"], Value::Null);
                true
            }
            "csrf/" | "logout/" => true,
            _ => false,
        };
        assert_eq!(
            answer.status.is_success(),
            public,
            "{method} {route}: {}",
            answer.text
        );
        assert!(nobody.cookie("access").is_empty(), "{method} {route}");
        assert_eq!(stored(&world, bob).await, before, "{method} {route}");
    }

    let mut alice = world.logged_in().await;
    for (method, route) in &ROUTES {
        let answer = about(&mut alice, method, route, bob, &session).await;
        assert!(
            !answer.text.contains("bob"),
            "{method} {route}: {}",
            answer.text
        );
        if *route == "session/" {
            assert_eq!(answer.json()["user"]["pk"], 1);
        }
        assert_eq!(stored(&world, bob).await, before, "{method} {route}");
    }
    let (changed, _) = stored(&world, UserId::new(1)).await;
    assert_eq!(
        (changed.first_name.as_str(), changed.email.as_str()),
        ("Owned", "alice@example.com"),
        "one's own profile is changed, and only the fields that are one's own to change"
    );

    assert!(victim.is_logged_in().await);
    world.advance(61);
    assert_eq!(victim.refresh().await.status, StatusCode::OK);
}
