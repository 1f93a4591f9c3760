//! Tokens in places that are not theirs.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use axum::body::Body;
use data_encoding::BASE64URL_NOPAD;
use http::header::{AUTHORIZATION, COOKIE};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Browser, World};

async fn refused_as_access_token(world: &World, token: &str) -> bool {
    for header in [
        (AUTHORIZATION, format!("Bearer {token}")),
        (COOKIE, format!("access={token}")),
    ] {
        let mut browser = world.browser();
        let request = browser
            .request(&Method::GET, "/api/auth/user/")
            .header(header.0, header.1);
        let answer = browser.send(request.body(Body::empty()).unwrap()).await;
        if answer.status != StatusCode::UNAUTHORIZED {
            return false;
        }
    }
    true
}

async fn refused_as_refresh_token(mut browser: Browser, token: &str) -> bool {
    let in_body = browser
        .post("/api/auth/token/refresh/", &json!({ "refresh": token }))
        .await;
    browser.set_cookie("refresh", token);
    let in_cookie = browser.refresh().await;
    [in_body, in_cookie]
        .iter()
        .all(|answer| answer.status == StatusCode::UNAUTHORIZED && answer.set_cookies().is_empty())
}

/// docs/threat-model.md TK-5: each kind of token opens its own door and no other.
#[tokio::test]
async fn no_kind_of_token_passes_for_another() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let browser = world.logged_in().await;
    let (access, refresh) = (browser.cookie("access"), browser.cookie("refresh"));
    let csrf = browser.cookie("csrftoken");
    for not_access in [&refresh, &csrf] {
        assert!(refused_as_access_token(&world, not_access).await);
    }
    for not_refresh in [&access, &csrf] {
        assert!(refused_as_refresh_token(browser.clone(), not_refresh).await);
    }
    let mut forged = browser.clone();
    for not_csrf in [&access, &refresh] {
        forged.set_cookie("csrftoken", not_csrf);
        let request = forged
            .request(&Method::PATCH, "/api/auth/user/")
            .header("x-csrftoken", not_csrf);
        let answer = forged.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let mut browser = browser;
    assert!(
        browser.is_logged_in().await,
        "and no mix-up ends the session"
    );
}

/// docs/threat-model.md TK-2, CVE-2018-0114 and its kin: a token that says where its key is to be
/// fetched makes nobody fetch.
#[tokio::test]
async fn a_token_that_names_a_key_server_causes_no_request() {
    let world = World::new().await;
    let token = world.logged_in().await.cookie("access");
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("{token}")
    };
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    for (member, value) in [
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("kid", json!(url)),
        ("iss", json!(url)),
        ("jwk", json!({ "kty": "EC", "x5u": url, "jku": url })),
    ] {
        let mut header: Value = serde_json::from_slice(&header).unwrap();
        header[member] = value;
        let header = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        let token = format!("{header}.{payload}.{signature}");
        assert!(refused_as_access_token(&world, &token).await, "{member}");
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
