//! The layer and the extractor: who gets in without a token, and where.

use http::{Method, StatusCode};

use crate::authority::{Authority, get, invalid, routes, send, served};

const NOT_PROVIDED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;

/// CVE-2025-54576, CVE-2025-29927 and their kin: identity comes from the token alone.
#[tokio::test]
async fn headers_that_claim_an_identity_are_worth_nothing() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    for name in [
        "x-user-id",
        "x-forwarded-user",
        "remote-user",
        "x_forwarded_user",
        "x-auth-request-user",
        "x-hardtack-user",
        "x-middleware-subrequest",
    ] {
        assert_eq!(get(&app, &[(name, "1")]).await.1, NOT_PROVIDED, "{name}");
    }
}

#[tokio::test]
async fn a_layer_that_requires_somebody_refuses_before_the_route() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().require());
    let cookie = format!("access={}", authority.token(1, 0));
    assert_eq!(send(&app, Method::GET, "/deaf", &[]).await.1, NOT_PROVIDED);
    let dead = send(&app, Method::GET, "/deaf", &[("cookie", "access=x")]).await;
    assert_eq!(dead, invalid("Token is invalid"));
    let good = send(&app, Method::GET, "/deaf", &[("cookie", &cookie)]).await;
    assert_eq!(good, served("served"));
}

/// Safe by default: forgetting the layer closes the route, it does not open it.
#[tokio::test]
async fn a_handler_without_a_guard_is_closed() {
    let authority = Authority::new();
    let app = routes();
    let cookie = format!("access={}", authority.token(1, 0));
    for path in ["/who", "/perhaps"] {
        let answer = send(&app, Method::GET, path, &[("cookie", &cookie)]).await;
        let body = r#"{"detail":"An error has occurred."}"#.to_owned();
        assert_eq!(answer, (StatusCode::INTERNAL_SERVER_ERROR, body));
    }
}
