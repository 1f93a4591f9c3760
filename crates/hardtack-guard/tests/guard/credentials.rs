//! Which credential counts (docs/contract.md §3, §10.2, §10.22; docs/threat-model.md CK-3, CK-4).

use std::time::Duration;

use hardtack_core::access_token::VerifyError;
use hardtack_guard::Refusal;
use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::authority::{Authority, answer, get, invalid, routes, send, served};

const NOT_PROVIDED: &str = r#"{"detail":"Authentication credentials were not provided."}"#;
const BAD_HEADER: &str = r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#;

#[tokio::test]
async fn nobody_is_told_that_nothing_was_provided() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let response = answer(&app, Method::GET, "/who", &[]).await;
    assert_eq!(
        response.headers()[WWW_AUTHENTICATE],
        r#"Bearer realm="api""#
    );
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(
        get(&app, &[]).await,
        (StatusCode::UNAUTHORIZED, NOT_PROVIDED.into())
    );
    let other = ("cookie", "session=1; Access=x; access2=y");
    assert_eq!(get(&app, &[other]).await.1, NOT_PROVIDED);
}

#[tokio::test]
async fn a_good_token_is_believed_from_the_cookie_and_from_the_header() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let token = authority.token(7, 3);
    let cookie = format!("theme=dark; access={token}; refresh=x");
    assert_eq!(
        get(&app, &[("cookie", &cookie)]).await,
        served("user 7 generation 3 via Cookie")
    );
    for scheme in [
        "Bearer", "bearer", "BEARER", "bEaReR", " Bearer ", "Bearer\t",
    ] {
        let header = format!("{scheme} {token}");
        let answer = get(&app, &[("authorization", &header)]).await;
        assert_eq!(
            answer,
            served("user 7 generation 3 via Bearer"),
            "{scheme:?}"
        );
    }
}

#[tokio::test]
async fn a_bearer_counts_alone_whatever_the_cookie_says() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let (one, other) = (authority.token(1, 0), authority.token(2, 0));
    let cookie = format!("access={one}");
    let bearer = format!("Bearer {other}");
    let both = [
        ("cookie", cookie.as_str()),
        ("authorization", bearer.as_str()),
    ];
    assert_eq!(
        get(&app, &both).await,
        served("user 2 generation 0 via Bearer")
    );
    for broken in ["Bearer x", "Bearer a.b.c", "bearer null"] {
        let both = [("cookie", cookie.as_str()), ("authorization", broken)];
        assert_eq!(
            get(&app, &both).await,
            invalid("Token is invalid"),
            "{broken}"
        );
    }
    for broken in ["Bearer", "bearer ", "Bearer a b", &format!("{bearer} x")] {
        let both = [("cookie", cookie.as_str()), ("authorization", broken)];
        assert_eq!(
            get(&app, &both).await,
            (StatusCode::UNAUTHORIZED, BAD_HEADER.into()),
            "{broken}"
        );
    }
    let twice = [
        ("authorization", bearer.as_str()),
        ("authorization", bearer.as_str()),
    ];
    assert_eq!(get(&app, &twice).await.1, BAD_HEADER);
}

#[tokio::test]
async fn a_foreign_scheme_leaves_the_cookie_to_speak() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    for foreign in [
        "Basic YTpi",
        "Token abc",
        "",
        " ",
        "Bearerx y",
        "Digest a=b, c=d",
    ] {
        let both = [("cookie", cookie.as_str()), ("authorization", foreign)];
        assert_eq!(get(&app, &both).await.0, StatusCode::OK, "{foreign:?}");
        let alone = get(&app, &[("authorization", foreign)]).await;
        assert_eq!(alone.1, NOT_PROVIDED, "{foreign:?}");
    }
}

#[tokio::test]
async fn a_dead_cookie_is_refused_where_somebody_is_needed_and_ignored_where_not() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    authority.clock.advance(Duration::from_secs(905));
    for (cookie, message) in [
        (cookie.as_str(), "Token is expired"),
        ("access=x", "Token is invalid"),
        ("access=", "Token is invalid"),
    ] {
        let headers = [("cookie", cookie)];
        assert_eq!(get(&app, &headers).await, invalid(message));
        let perhaps = send(&app, Method::POST, "/perhaps", &headers).await;
        assert_eq!(perhaps, served("nobody"));
        assert_eq!(
            send(&app, Method::POST, "/deaf", &headers).await,
            served("served")
        );
    }
}

/// CK-3, cookie tossing: a sibling host plants cookies of the same name.
#[tokio::test]
async fn planted_cookies_that_are_not_believed_change_nothing() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let good = authority.token(1, 0);
    for planted in [
        format!("access=x; access={good}"),
        format!("access={good}; access=x"),
        format!("access=; access={good}; access=a.b.c"),
        // CK-4, the sandwich.
        format!("$Version=1; a=\"; access={good}; b=\""),
    ] {
        assert_eq!(
            get(&app, &[("cookie", &planted)]).await.0,
            StatusCode::OK,
            "{planted}"
        );
    }
    let apart = [
        ("cookie", "access=x"),
        ("cookie", &format!("access={good}")),
    ];
    assert_eq!(get(&app, &apart).await.0, StatusCode::OK);
}

/// CK-4: bytes that are no text stand for nobody, in a cookie as if it were not there.
#[test]
fn a_token_that_is_no_text_is_nobodys() {
    let authority = Authority::new();
    let (guard, good) = (authority.guard(), authority.token(1, 0));
    let line = |name, bytes: &[&[u8]]| {
        let value = HeaderValue::from_bytes(&bytes.concat()).unwrap();
        HeaderMap::from_iter([(name, value)])
    };
    let cookie = line(COOKIE, &[b"access=\xff", good.as_bytes()]);
    assert_eq!(guard.identify(&cookie), Err(Refusal::NotProvided));
    let beside = line(COOKIE, &[b"access=\xff; access=", good.as_bytes()]);
    assert!(guard.identify(&beside).is_ok());
    let bearer = line(AUTHORIZATION, &[b"Bearer \xff", good.as_bytes()]);
    let invalid = Refusal::TokenNotValid(VerifyError::Invalid);
    assert_eq!(guard.identify(&bearer), Err(invalid));
}

#[tokio::test]
async fn of_one_session_the_newest_cookie_wins_in_any_order() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let (older, newer) = (authority.token(1, 4), authority.token(1, 5));
    for cookie in [
        format!("access={older}; access={newer}"),
        format!("access={newer}; access={older}"),
    ] {
        let answer = get(&app, &[("cookie", &cookie)]).await;
        assert_eq!(answer, served("user 1 generation 5 via Cookie"));
    }
}

/// CK-3: an attacker's own live session, planted beside the victim's.
#[tokio::test]
async fn two_live_sessions_are_refused_and_neither_is_ended() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let (victim, attacker) = (authority.token(1, 0), authority.token(2, 0));
    let both = format!("access={victim}; access={attacker}");
    assert_eq!(
        get(&app, &[("cookie", &both)]).await,
        invalid("Token is invalid")
    );
    assert!(authority.revoked.is_empty());
    let alone = format!("access={victim}");
    assert_eq!(get(&app, &[("cookie", &alone)]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_heap_of_cookies_is_not_worked_through() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let good = authority.token(1, 0);
    // Rubbish costs no signature check, so it keeps nobody out.
    let cookies = format!("{}access={good}", "access=a.b.c; ".repeat(500));
    assert_eq!(get(&app, &[("cookie", &cookies)]).await.0, StatusCode::OK);
    let stranger = format!("access={}; ", Authority::new().token(1, 0));
    let cookies = |strangers| format!("{}access={good}", stranger.repeat(strangers));
    assert_eq!(
        get(&app, &[("cookie", &cookies(63))]).await.0,
        StatusCode::OK
    );
    assert_eq!(
        get(&app, &[("cookie", &cookies(64))]).await,
        invalid("Token is invalid")
    );
}
