//! A session that was ended is out at once (docs/threat-model.md SE-5, docs/rotation.md).

use hardtack_core::Clock;
use http::StatusCode;

use crate::authority::{Authority, get, invalid, routes, session_id};

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
