//! Clients that hang up between a commit and its answer: what the commit means holds all the same.
//!
//! A request whose connection is gone is dropped wherever it waits, so these drop it there. The
//! store is on a disk, because the one in memory never makes anybody wait, and nobody keeps house,
//! so that nothing repairs a second later what was left undone.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hardtack::core::event::Event;
use hardtack::core::key::ring::KeyRing;
use hardtack::core::key::{Algorithm, SigningKey};
use hardtack::core::password::{HashCost, Hasher, Password};
use hardtack::core::refresh_token::Pepper;
use hardtack::core::session::RevokeReason;
use hardtack::core::user::{EmailAddress, Username};
use hardtack::core::{Clock as _, SessionId, SettableClock, Timestamp};
use hardtack::store::{NewUser, Revoke, SessionStore as _, SqliteStore, UserStore as _};
use hardtack::{Hardtack, PublicUrl, Settings, SystemEntropy};
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{Method, Request, StatusCode};
use serde_json::json;
use tower::ServiceExt as _;

use crate::kit::{PASSWORD, PUBLIC_URL, Recorder};

/// As long as a busy machine may take to do what nobody waits for.
const PATIENCE: Duration = Duration::from_secs(10);

struct Service {
    hardtack: Hardtack<SqliteStore>,
    router: Router,
    clock: Arc<SettableClock>,
    recorder: Arc<Recorder>,
    _directory: tempfile::TempDir,
}

impl Service {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(SettableClock::new(Timestamp::from_unix_seconds(
            1_795_308_527,
        )));
        let recorder = Arc::new(Recorder::default());
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let path = directory.path().join("hardtack.db");
        let store = SqliteStore::open(path, clock.clone()).unwrap();
        add_user(&store).await;
        let pepper = Pepper::new(Pepper::generate(&SystemEntropy).expose_secret()).unwrap();
        let mut settings = Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap());
        settings.password.cost = HashCost::danger_cheap_for_tests();
        let hardtack = Hardtack::builder(store, KeyRing::new(key, clock.now()), pepper, settings)
            .with_clock(clock.clone())
            .with_observer(recorder.clone())
            .build()
            .await
            .unwrap();
        Self {
            router: hardtack.service_router(),
            hardtack,
            clock,
            recorder,
            _directory: directory,
        }
    }

    async fn send(&self, method: Method, path: &str, cookies: &str) -> Response {
        self.send_with(method, path, cookies, String::new()).await
    }

    async fn send_with(&self, method: Method, path: &str, cookies: &str, body: String) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/auth/{path}"))
            .header("origin", PUBLIC_URL)
            .header(COOKIE, cookies)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body));
        self.router.clone().oneshot(request.unwrap()).await.unwrap()
    }

    async fn log_in(&self) -> String {
        let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
        let answer = self.send_with(Method::POST, "login/", "", body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        cookies(&answer)
    }

    fn session(&self, cookies: &str) -> SessionId {
        let access = cookies
            .split("; ")
            .find_map(|it| it.strip_prefix("access="));
        let verified = self.hardtack.guard().verifier().verify(access.unwrap());
        verified.unwrap().claims().session.unwrap()
    }

    async fn has_ended(&self, session: SessionId) -> bool {
        let found = self.hardtack.store().find_family(session).await.unwrap();
        found.unwrap().family.ended.is_some()
    }

    async fn refuses(&self, cookies: &str) -> bool {
        let answer = self.send(Method::GET, "user/", cookies).await;
        answer.status() == StatusCode::UNAUTHORIZED
    }

    /// Waits for `request` until the end of `session` is on the disk, and not a moment longer.
    async fn hang_up_when_ended(
        &self,
        session: SessionId,
        request: impl Future<Output = Response>,
    ) {
        let mut request = pin!(request);
        while !self.has_ended(session).await {
            let answered =
                poll_fn(|context| Poll::Ready(request.as_mut().poll(context).is_ready()));
            assert!(
                !answered.await,
                "it was answered before anybody could hang up"
            );
            for _ in 0..200 {
                if self.has_ended(session).await {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

async fn add_user(store: &SqliteStore) {
    let password = Password::parse(PASSWORD.to_owned()).unwrap();
    let user = NewUser {
        username: Username::parse("alice").unwrap(),
        email: EmailAddress::none(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: Hasher::new(HashCost::danger_cheap_for_tests())
            .hash(&password, &SystemEntropy)
            .unwrap(),
    };
    store.insert_user(user).await.unwrap().unwrap();
}

fn cookies(answer: &Response) -> String {
    let lines = answer.headers().get_all(SET_COOKIE).iter();
    let pairs = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

async fn becomes_true(mut condition: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..PATIENCE.as_millis() / 5 {
        if condition().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}

/// The end is durable, so this process must not go on believing the session's access token.
#[tokio::test]
async fn a_logout_that_nobody_waits_for_still_ends_the_access_token() {
    let service = Service::new().await;
    let browser = service.log_in().await;
    let session = service.session(&browser);
    let logout = service.send(Method::POST, "logout/", &browser);
    service.hang_up_when_ended(session, logout).await;
    assert!(becomes_true(async || service.refuses(&browser).await).await);
}

/// A thief is found when a copied token comes back. Hanging up in that moment must hide nothing:
/// the owner is told by the event, and the access token that the thief holds dies.
#[tokio::test]
async fn a_thief_who_hangs_up_when_found_is_reported() {
    let service = Service::new().await;
    let stolen = service.log_in().await;
    let session = service.session(&stolen);
    let mut owner = stolen.clone();
    for _ in 0..3 {
        service.clock.advance(Duration::from_secs(600));
        let answer = service.send(Method::POST, "token/refresh/", &owner).await;
        assert_eq!(answer.status(), StatusCode::OK);
        owner = cookies(&answer);
    }
    let replay = service.send(Method::POST, "token/refresh/", &stolen);
    service.hang_up_when_ended(session, replay).await;
    let reported = becomes_true(async || {
        let events = service.recorder.events();
        events
            .iter()
            .any(|event| matches!(event, Event::TokenReused { session: of, .. } if *of == session))
    });
    assert!(reported.await);
    assert!(becomes_true(async || service.refuses(&owner).await).await);
}

/// What another process has ended a moment ago is not in this one's set yet; whoever is told that
/// they are logged out must be.
#[tokio::test]
async fn a_logout_is_immediate_even_if_the_session_was_ended_elsewhere() {
    let service = Service::new().await;
    let browser = service.log_in().await;
    let session = service.session(&browser);
    let elsewhere = Revoke {
        reason: RevokeReason::Operator,
        remembered_for: Duration::from_secs(960),
    };
    let store = service.hardtack.store();
    store.revoke_session(session, elsewhere).await.unwrap();
    assert!(
        !service.refuses(&browser).await,
        "nobody has told this process"
    );
    let answer = service.send(Method::POST, "logout/", &browser).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(service.refuses(&browser).await);
}
