//! A session that was ended is out at once (docs/threat-model.md SE-5, docs/rotation.md).

use std::sync::Arc;
use std::time::Duration;

use hardtack_core::Clock;
use hardtack_guard::{RevokedSet, Staleness};
use http::{Method, StatusCode};

use crate::authority::{Authority, NOW, get, invalid, routes, send, served, session_id};

/// docs/contract.md §10.3: in the reference an access token outlives the logout by 15 minutes.
#[tokio::test]
async fn an_ended_sessions_token_is_refused_at_once_though_it_was_just_believed() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let (ended, other) = (authority.token(1, 0), authority.token(2, 0));
    let cookie = |token: &str| format!("access={token}");
    for _ in 0..2 {
        assert_eq!(
            get(&app, &[("cookie", &cookie(&ended))]).await.0,
            StatusCode::OK
        );
    }
    authority
        .revoked
        .insert(session_id(1), authority.clock.now());
    assert_eq!(
        get(&app, &[("cookie", &cookie(&ended))]).await,
        invalid("Token is invalid")
    );
    let bearer = format!("Bearer {ended}");
    assert_eq!(
        get(&app, &[("authorization", &bearer)]).await,
        invalid("Token is invalid")
    );
    // Never seen before, and dead all the same.
    let unseen = authority.token(1, 1);
    assert_eq!(
        get(&app, &[("cookie", &cookie(&unseen))]).await,
        invalid("Token is invalid")
    );
    assert_eq!(
        get(&app, &[("cookie", &cookie(&other))]).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_ended_session_beside_a_live_one_is_ignored() {
    let authority = Authority::new();
    let app = routes().layer(authority.guard().layer());
    let cookie = format!(
        "access={}; access={}",
        authority.token(1, 0),
        authority.token(2, 0)
    );
    authority
        .revoked
        .insert(session_id(1), authority.clock.now());
    assert_eq!(get(&app, &[("cookie", &cookie)]).await.0, StatusCode::OK);
}

/// An authority, or a database, that cannot say who was logged out: a minute of going on, then 503,
/// which no front-end takes for a logout.
#[tokio::test]
async fn when_nobody_tells_who_was_ended_tokens_are_believed_for_a_while_and_then_not() {
    let mut authority = Authority::new();
    let set = RevokedSet::new(Duration::from_secs(960), NOW).with_staleness(Staleness::default());
    authority.revoked = Arc::new(set);
    let app = routes().layer(authority.guard().layer());
    let (live, ended) = (authority.token(1, 0), authority.token(2, 0));
    let cookie = |token: &str| format!("access={token}");
    let after = async |seconds: u64, token: &str| {
        authority.clock.set(NOW + Duration::from_secs(seconds));
        get(&app, &[("cookie", &cookie(token))]).await.0
    };
    assert_eq!(after(500, &live).await, StatusCode::OK, "nobody promised");

    authority.revoked.confirm(NOW);
    authority.revoked.insert(session_id(2), NOW);
    assert_eq!(after(70, &live).await, StatusCode::OK);
    assert_eq!(after(71, &live).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(after(71, &ended).await, StatusCode::UNAUTHORIZED);
    assert_eq!(after(71, "rubbish").await, StatusCode::UNAUTHORIZED);
    let beside_rubbish = format!("access={live}; access=rubbish");
    assert_eq!(
        get(&app, &[("cookie", &beside_rubbish)]).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let perhaps = send(&app, Method::GET, "/perhaps", &[("cookie", &cookie(&live))]).await;
    assert_eq!(perhaps.0, StatusCode::SERVICE_UNAVAILABLE, "not nobody");
    let nobody = send(&app, Method::GET, "/perhaps", &[]).await;
    assert_eq!(nobody, served("nobody"));

    authority.revoked.confirm(NOW + Duration::from_secs(71));
    assert_eq!(after(71, &live).await, StatusCode::OK);
}

#[tokio::test]
async fn fail_closed_refuses_as_soon_as_the_knowledge_is_stale() {
    let mut authority = Authority::new();
    let set = RevokedSet::new(Duration::from_secs(960), NOW).with_staleness(Staleness::FAIL_CLOSED);
    authority.revoked = Arc::new(set);
    authority.revoked.confirm(NOW);
    let app = routes().layer(authority.guard().layer());
    let cookie = format!("access={}", authority.token(1, 0));
    for (seconds, status) in [(10, 200), (11, 503)] {
        authority.clock.set(NOW + Duration::from_secs(seconds));
        assert_eq!(get(&app, &[("cookie", &cookie)]).await.0, status);
    }
}
