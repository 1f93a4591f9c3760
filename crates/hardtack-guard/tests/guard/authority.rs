//! An authority that signs, a guarded application, and a client that sends one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use hardtack_core::access_token::{self, Expectations, Grant, SessionEnds};
use hardtack_core::csrf::TrustedOrigins;
use hardtack_core::key::{Algorithm, KeySet, SigningKey};
use hardtack_core::rotation::Position;
use hardtack_core::{Clock, Entropy, SessionId, SettableClock, Timestamp, UserId};
use hardtack_guard::{Authenticated, Guard, RevokedSet, Verifier};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
pub(crate) const ISSUER: &str = "https://app.example.com";
pub(crate) const IDLE: Duration = Duration::from_secs(7 * 86_400);
pub(crate) const EVIL: &str = "https://evil.example";

/// Never the same twice, and the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (byte, counted) in bytes.iter_mut().zip(count.into_iter().cycle()) {
            *byte = counted;
        }
    }
}

pub(crate) struct Authority {
    pub(crate) key: SigningKey,
    pub(crate) clock: Arc<SettableClock>,
    pub(crate) revoked: Arc<RevokedSet>,
    entropy: Counting,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with_key(SigningKey::generate(Algorithm::Es256).unwrap())
    }

    pub(crate) fn with_key(key: SigningKey) -> Self {
        Self {
            key,
            clock: Arc::new(SettableClock::new(NOW)),
            revoked: Arc::new(RevokedSet::new(Duration::from_secs(960), NOW)),
            entropy: Counting::default(),
        }
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet::new(vec![self.key.verifying_key().clone()]).unwrap()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Verifier::new(self.keys(), expected(), clock, Arc::clone(&self.revoked))
    }

    pub(crate) fn guard(&self) -> Guard {
        Guard::new(
            self.verifier(),
            "access",
            TrustedOrigins::new([ISSUER]).unwrap(),
        )
    }

    /// The token of a session (and of the user of the same number) at a generation.
    pub(crate) fn token(&self, session: u8, generation: u32) -> String {
        let now = self.clock.now();
        let grant = Grant {
            user: UserId::new(i64::from(session)),
            session: session_id(session),
            position: Position::new(generation, 0),
            issued_at: now,
            expires_at: now + Duration::from_secs(900),
            authenticated_at: now,
            ends: SessionEnds {
                absolute_at: now + Duration::from_secs(30 * 86_400),
                idle_at: now + IDLE,
                idle_timeout: IDLE,
            },
        };
        let token = access_token::issue(&self.key, &grant, ISSUER, None, &self.entropy).unwrap();
        token.expose_secret().to_owned()
    }
}

pub(crate) fn session_id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

pub(crate) fn expected() -> Expectations {
    Expectations {
        issuer: ISSUER.into(),
        audience: None,
        accept_simplejwt: false,
    }
}

/// `/who` is for somebody, `/perhaps` for everybody, `/deaf` does not ask.
pub(crate) fn routes() -> Router {
    Router::new()
        .route(
            "/who",
            any(|who: Authenticated| async move { describe(&who) }),
        )
        .route(
            "/perhaps",
            any(|who: Option<Authenticated>| async move {
                who.map_or_else(|| "nobody".to_owned(), |who| describe(&who))
            }),
        )
        .route("/deaf", any(|| async { "served" }))
}

fn describe(who: &Authenticated) -> String {
    let generation = who.position.map_or(0, |position| position.generation);
    format!(
        "user {} generation {generation} via {:?}",
        who.user, who.via
    )
}

/// One request and its answer.
pub(crate) async fn send(
    app: &Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, String) {
    let response = answer(app, method, path, headers).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn answer(
    app: &Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

pub(crate) async fn get(app: &Router, headers: &[(&str, &str)]) -> (StatusCode, String) {
    send(app, Method::GET, "/who", headers).await
}

pub(crate) fn invalid(message: &str) -> (StatusCode, String) {
    let body = format!(
        r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{{"token_class":"AccessToken","token_type":"access","message":"{message}"}}]}}"#
    );
    (StatusCode::UNAUTHORIZED, body)
}

pub(crate) fn served(body: &str) -> (StatusCode, String) {
    (StatusCode::OK, body.to_owned())
}
