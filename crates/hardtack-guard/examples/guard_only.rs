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
//! A logout at the authority is noticed here when the access token expires.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use hardtack_core::Clock;
use hardtack_core::access_token::Expectations;
use hardtack_core::csrf::TrustedOrigins;
use hardtack_guard::{Authenticated, Guard, RemoteKeys, RevokedSet, SystemClock};

async fn whoami(caller: Authenticated) -> String {
    format!("user {}\n", caller.user)
}

async fn write(caller: Authenticated) -> String {
    format!("changed by user {}\n", caller.user)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(jwks_url), Some(issuer)) = (arguments.next(), arguments.next()) else {
        return Err("usage: guard_only JWKS_URL ISSUER [PORT]".into());
    };
    let port: u16 = arguments.next().map_or(Ok(8002), |port| port.parse())?;

    let clock = Arc::new(SystemClock);
    let revoked = Arc::new(RevokedSet::new(Duration::from_secs(960), clock.now()));
    // The front-end's origin: its pages may change something here, others may not.
    let trusted = TrustedOrigins::new([issuer.clone()])?;
    let expected = Expectations {
        issuer,
        audience: None,
        accept_simplejwt: false,
    };
    let verifier = RemoteKeys::new(&jwks_url)?
        .fetch(expected, clock, revoked)
        .await?;
    let guard = Guard::new(verifier, "access", trusted);

    let app = Router::new()
        .route("/whoami", get(whoami).post(write))
        .layer(guard.layer());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    eprintln!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
