//! An application of somebody else's that takes the guard: one route behind it, with the answer of the
//! bare peer. Keys come from the authority, whose address is the argument.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::routing::get;
use hardtack_core::Clock as _;
use hardtack_core::access_token::Expectations;
use hardtack_core::csrf::TrustedOrigins;
use hardtack_guard::{Authenticated, Guard, RemoteKeys, RevokedSet, SystemClock};
use http::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

const ISSUER: &str = "https://app.example.com";
const BODY: &str = match str::from_utf8(&[b'x'; 200]) {
    Ok(body) => body,
    Err(_) => "",
};

type Answer = ([(http::HeaderName, &'static str); 1], &'static str);

async fn data(_: Authenticated) -> Answer {
    ([(CONTENT_TYPE, "application/json")], BODY)
}

async fn serve(authority: &str) -> Result<()> {
    let clock = Arc::new(SystemClock);
    let expected = Expectations {
        issuer: ISSUER.to_owned(),
        audience: None,
        accept_simplejwt: false,
    };
    let revoked = Arc::new(RevokedSet::new(Duration::from_secs(960), clock.now()));
    let keys = RemoteKeys::new(&format!("{authority}/.well-known/jwks.json"))?;
    let verifier = keys.fetch(expected, clock, revoked).await?;
    let guard = Guard::new(verifier, "access", TrustedOrigins::new([ISSUER])?);
    let app: Router = Router::new()
        .route("/api/data", get(data))
        .layer(guard.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // As `hardtack serve --json` says it.
    let said = format!("{{\"listening\":\"http://{}\"}}", listener.local_addr()?);
    writeln!(std::io::stdout(), "{said}")?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let app = app.clone();
        let answer = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let answered = app.clone().oneshot(request.map(axum::body::Body::new));
            async move { Ok::<_, Infallible>(answered.await.unwrap_or_else(|never| match never {})) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(connection);
    }
}

fn main() -> Result<()> {
    let authority = std::env::args().nth(1);
    let authority = authority.context("the address of an authority is wanted")?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(&authority))
}
