//! Requests that another site makes a browser send (docs/threat-model.md CS-1, CS-5).

use hardtack_core::Secret;
use hardtack_core::csrf::token::CsrfToken;
use hardtack_guard::DoubleSubmit;
use http::{HeaderName, Method, StatusCode};

use crate::authority::{Authority, Counting, EVIL, ISSUER, routes, send, served, session_id};

const UNSAFE: [Method; 5] = [
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::CONNECT,
];

#[tokio::test]
async fn a_forged_request_never_reaches_the_application() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    for method in UNSAFE {
        for (name, value) in [
            ("origin", EVIL),
            ("origin", "null"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("referer", "https://evil.example/page"),
        ] {
            let headers = [("cookie", cookie.as_str()), (name, value)];
            let (status, body) = send(&app, method.clone(), "/deaf", &headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {name}: {value}");
            assert!(body.starts_with(r#"{"detail":"CSRF Failed: "#), "{body}");
        }
        let twice = [
            ("cookie", cookie.as_str()),
            ("origin", ISSUER),
            ("origin", EVIL),
        ];
        let (status, _) = send(&app, method.clone(), "/deaf", &twice).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} two origins");
    }
}

#[tokio::test]
async fn the_applications_own_pages_and_programs_without_a_browser_are_served() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    for (name, value) in [
        ("origin", ISSUER),
        ("sec-fetch-site", "same-origin"),
        ("referer", "https://app.example.com/page?x"),
        ("accept", "*/*"),
    ] {
        let headers = [("cookie", cookie.as_str()), (name, value)];
        let answer = send(&app, Method::POST, "/deaf", &headers).await;
        assert_eq!(answer, served("served"), "{name}");
    }
}

#[tokio::test]
async fn safe_methods_are_free_and_unknown_ones_are_not() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    let headers = [("cookie", cookie.as_str()), ("origin", EVIL)];
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_eq!(
            send(&app, method.clone(), "/deaf", &headers).await.0,
            StatusCode::OK,
            "{method}"
        );
    }
    let purge = Method::from_bytes(b"PURGE").unwrap();
    assert_eq!(
        send(&app, purge, "/deaf", &headers).await.0,
        StatusCode::FORBIDDEN
    );
}

/// Cross-site hijacking of a WebSocket: its handshake is a GET that every page may send.
#[tokio::test]
async fn the_handshake_of_a_websocket_counts_as_a_change() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    for (origin, status) in [(EVIL, StatusCode::FORBIDDEN), (ISSUER, StatusCode::OK)] {
        let headers = [
            ("cookie", cookie.as_str()),
            ("upgrade", "websocket"),
            ("origin", origin),
        ];
        assert_eq!(send(&app, Method::GET, "/deaf", &headers).await.0, status);
    }
}

#[tokio::test]
async fn what_no_cookie_authenticates_needs_no_proof() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let bearer = format!("Bearer {}", authority.token(1, 0));
    for headers in [
        vec![("origin", EVIL), ("authorization", bearer.as_str())],
        vec![
            ("origin", EVIL),
            ("authorization", bearer.as_str()),
            ("cookie", "access=x"),
        ],
        vec![("origin", EVIL)],
        vec![("origin", EVIL), ("cookie", "access=x")],
    ] {
        assert_eq!(
            send(&app, Method::POST, "/deaf", &headers).await,
            served("served")
        );
    }
}

#[tokio::test]
async fn the_refusal_names_the_origin_in_the_contracts_words() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    let headers = [("cookie", cookie.as_str()), ("origin", EVIL)];
    assert_eq!(
        send(&app, Method::POST, "/deaf", &headers).await.1,
        r#"{"detail":"CSRF Failed: Origin checking failed - https://evil.example does not match any trusted origins."}"#
    );
}

#[tokio::test]
async fn the_double_submit_token_is_demanded_where_it_is_switched_on() {
    let authority = Authority::new();
    let key = [9; 32];
    let guard = authority.guard().with_double_submit(DoubleSubmit {
        key: Secret::new(key),
        cookie_name: "csrftoken".into(),
        header_name: HeaderName::from_static("x-csrftoken"),
    });
    let app = routes().layer(guard.layer());
    let issue = |session| {
        let token = CsrfToken::issue(&key, Some(session_id(session)), &Counting::default());
        token.expose_secret().to_owned()
    };
    let (mine, anothers) = (issue(1), issue(2));
    let access = authority.token(1, 0);
    for (csrf_cookie, header, detail) in [
        (None, Some(&mine), Some("CSRF cookie not set.")),
        (Some(&mine), None, Some("CSRF token missing.")),
        (Some(&mine), Some(&anothers), Some("CSRF token incorrect.")),
        (
            Some(&anothers),
            Some(&anothers),
            Some("CSRF token incorrect."),
        ),
        (Some(&mine), Some(&mine), None),
    ] {
        let mut cookie = format!("access={access}; csrftoken=planted");
        if let Some(token) = csrf_cookie {
            cookie = format!("access={access}; csrftoken={token}");
        } else {
            cookie.truncate(cookie.find(';').unwrap());
        }
        let mut headers = vec![("cookie", cookie.as_str()), ("origin", ISSUER)];
        headers.extend(header.map(|token| ("x-csrftoken", token.as_str())));
        let (status, body) = send(&app, Method::POST, "/deaf", &headers).await;
        match detail {
            None => assert_eq!(status, StatusCode::OK),
            Some(detail) => {
                assert_eq!(
                    (status, body),
                    (
                        StatusCode::FORBIDDEN,
                        format!(r#"{{"detail":"CSRF Failed: {detail}"}}"#)
                    )
                );
            }
        }
        assert_eq!(
            send(&app, Method::GET, "/deaf", &headers).await.0,
            StatusCode::OK
        );
    }
    // A planted cookie beside the good one changes nothing; two headers are refused.
    let cookie = format!("access={access}; csrftoken=planted; csrftoken={mine}");
    let headers = [
        ("cookie", cookie.as_str()),
        ("origin", ISSUER),
        ("x-csrftoken", &mine),
    ];
    assert_eq!(
        send(&app, Method::POST, "/deaf", &headers).await.0,
        StatusCode::OK
    );
    let twice = [&headers[..], &[("x-csrftoken", "x")]].concat();
    assert_eq!(
        send(&app, Method::POST, "/deaf", &twice).await.0,
        StatusCode::FORBIDDEN
    );
    // The token is no substitute for a trusted origin.
    let evil = [
        ("cookie", cookie.as_str()),
        ("origin", EVIL),
        ("x-csrftoken", &mine),
    ];
    assert_eq!(
        send(&app, Method::POST, "/deaf", &evil).await.0,
        StatusCode::FORBIDDEN
    );
}
