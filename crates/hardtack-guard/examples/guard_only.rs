//! An API in a process of its own: it verifies by the authority's published keys and knows no
//! database.
//!
//! With an authority at <http://127.0.0.1:8000> (`hardtack serve --dev`):
//!
//! ```sh
//! cargo run -p hardtack-guard --features remote --example guard_only -- \
//!     http://127.0.0.1:8000/.well-known/jwks.json http://127.0.0.1:8000 8002
//! curl -b jar http://127.0.0.1:8002/whoami      # the jar of a login at the authority
//! ```
//!
//! So far a logout at the authority is noticed here when the access token expires. With a service
//! token (docs/revocation.md) it is noticed at once:
//!
//! ```sh
//! mkdir -m 700 hardtack-dev
//! openssl rand -base64 32 > hardtack-dev/service-token && chmod 600 hardtack-dev/service-token
//! HARDTACK__REVOCATIONS__SERVICE_TOKEN_FILE=service-token hardtack serve --dev --data-dir hardtack-dev
//! cargo run -p hardtack-guard --features remote --example guard_only -- \
//!     http://127.0.0.1:8000/.well-known/jwks.json http://127.0.0.1:8000 8002 \
//!     http://127.0.0.1:8000/api/auth hardtack-dev/service-token
//! curl http://127.0.0.1:8002/readyz             # ok, stale or closed
//! ```

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hardtack_core::Clock;
use hardtack_core::access_token::Expectations;
use hardtack_core::csrf::TrustedOrigins;
use hardtack_guard::{
    Authenticated, FollowedFeed, Freshness, Guard, RemoteKeys, RevocationFeed, RevokedSet,
    SystemClock,
};
use http::StatusCode;

async fn whoami(caller: Authenticated) -> String {
    format!("user {}\n", caller.user)
}

async fn write(caller: Authenticated) -> String {
    format!("changed by user {}\n", caller.user)
}

/// For a balancer: whether it is known here who was logged out.
fn ready(feed: Option<&FollowedFeed>) -> (StatusCode, &'static str) {
    let freshness = feed.map_or(Freshness::Fresh, FollowedFeed::freshness);
    let status = match freshness {
        Freshness::Fresh => StatusCode::OK,
        Freshness::Stale | Freshness::Closed => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, freshness.word())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(jwks_url), Some(issuer)) = (arguments.next(), arguments.next()) else {
        return Err(
            "usage: guard_only JWKS_URL ISSUER [PORT [BASE_URL SERVICE_TOKEN_FILE]]".into(),
        );
    };
    let port: u16 = arguments.next().map_or(Ok(8002), |port| port.parse())?;

    let clock = Arc::new(SystemClock);
    let feed = match (arguments.next(), arguments.next()) {
        (Some(base_url), Some(token_file)) => {
            let token = std::fs::read_to_string(token_file)?;
            let feed = RevocationFeed::new(&base_url, &token)?;
            Some(feed.follow(clock.clone()).await?)
        }
        _ => None,
    };
    // The front-end's origin: its pages may change something here, others may not.
    let trusted = TrustedOrigins::new([issuer.clone()])?;
    let expected = Expectations {
        issuer,
        audience: None,
        accept_simplejwt: false,
    };
    let mut keys = RemoteKeys::new(&jwks_url)?;
    let revoked = match &feed {
        Some(feed) => {
            keys = keys.with_use_reporter(feed.use_reporter(), Duration::from_secs(60));
            feed.revoked()
        }
        None => Arc::new(RevokedSet::new(Duration::from_secs(960), clock.now())),
    };
    let verifier = keys.fetch(expected, clock, revoked).await?;
    let guard = Guard::new(verifier, "access", trusted);

    let app = Router::new()
        .route("/whoami", get(whoami).post(write))
        .layer(guard.layer())
        .route("/readyz", get(async move || ready(feed.as_ref())));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    eprintln!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
