//! Keys over HTTP, from a real listener on this machine.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use hardtack_core::Clock;
use hardtack_guard::{RemoteError, RemoteKeys, Verifier};
use tokio::net::TcpListener;

use crate::authority::{Authority, expected};

/// A published key set that can be changed and taken away, and that counts its visitors.
#[derive(Clone, Default)]
pub(crate) struct Published {
    answer: Arc<Mutex<Option<String>>>,
    /// What something on the way has kept, for those who do not ask past it.
    cached: Arc<Mutex<Option<String>>>,
    visits: Arc<AtomicUsize>,
}

impl Published {
    pub(crate) async fn serve(&self) -> String {
        async fn jwks(
            State(published): State<Published>,
            headers: HeaderMap,
        ) -> (StatusCode, String) {
            published.visits.fetch_add(1, Ordering::SeqCst);
            let mut answer = published.answer.lock().unwrap().clone();
            if !headers.contains_key("cache-control") {
                answer = published.cached.lock().unwrap().clone().or(answer);
            }
            match answer {
                Some(answer) => (StatusCode::OK, answer),
                None => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/jwks.json", get(jwks))
            .route(
                "/moved.json",
                get(|| async { axum::response::Redirect::to("/jwks.json") }),
            )
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    pub(crate) fn publish(&self, answer: impl Into<String>) {
        *self.answer.lock().unwrap() = Some(answer.into());
    }

    pub(crate) fn keep_in_a_cache(&self, answer: impl Into<String>) {
        *self.cached.lock().unwrap() = Some(answer.into());
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

async fn fetch(authority: &Authority, keys: RemoteKeys) -> Result<Arc<Verifier>, RemoteError> {
    let clock: Arc<dyn Clock> = authority.clock.clone();
    let revoked = Arc::clone(&authority.revoked);
    keys.fetch(expected(), clock, revoked).await
}

/// Waits for what happens in another task, for ten seconds at most.
pub(crate) async fn eventually(happened: impl Fn() -> bool) {
    for _ in 0..1000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happened");
}

fn believes(verifier: &Verifier, token: &str) -> bool {
    verifier.verify(token).is_ok()
}

#[tokio::test]
async fn the_keys_of_an_authority_elsewhere_verify_its_tokens() {
    let (authority, published) = (Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(authority.keys().to_jwks_json());
    let remote = fetch(&authority, RemoteKeys::new(&url).unwrap())
        .await
        .unwrap();
    assert!(believes(&remote, &authority.token(1, 0)));
    assert!(!believes(&remote, &Authority::new().token(1, 0)));
}

#[tokio::test]
async fn a_new_key_is_learnt_by_and_by_and_an_old_one_forgotten() {
    let (old, new, published) = (Authority::new(), Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(old.keys().to_jwks_json());
    let keys = RemoteKeys::new(&url)
        .unwrap()
        .with_refresh_every(Duration::from_millis(20));
    let remote = fetch(&old, keys).await.unwrap();
    let (old_token, new_token) = (old.token(1, 0), new.token(1, 0));
    assert!(believes(&remote, &old_token));
    published.publish(new.keys().to_jwks_json());
    eventually(|| believes(&remote, &new_token)).await;
    assert!(!believes(&remote, &old_token));
}

#[tokio::test]
async fn an_unknown_key_hastens_the_next_fetch() {
    let (old, new, published) = (Authority::new(), Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(old.keys().to_jwks_json());
    let keys = RemoteKeys::new(&url)
        .unwrap()
        .with_pause(Duration::from_millis(20));
    let remote = fetch(&old, keys).await.unwrap();
    published.publish(new.keys().to_jwks_json());
    let token = new.token(1, 0);
    eventually(|| believes(&remote, &token)).await;
}

/// docs/threat-model.md TK-2: whoever sends tokens decides neither where keys come from nor how often.
#[tokio::test]
async fn a_flood_of_unknown_keys_causes_one_fetch_at_most() {
    let (authority, published) = (Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(authority.keys().to_jwks_json());
    let keys = RemoteKeys::new(&url)
        .unwrap()
        .with_pause(Duration::from_millis(300));
    let remote = fetch(&authority, keys).await.unwrap();
    let strangers: Vec<String> = (0..20).map(|_| Authority::new().token(1, 0)).collect();
    for _ in 0..50 {
        for token in &strangers {
            assert!(!believes(&remote, token));
        }
        tokio::task::yield_now().await;
    }
    eventually(|| published.visits() == 2).await;
    // Texts that are no tokens at all are no reason to ask anybody.
    for _ in 0..100 {
        assert!(!believes(&remote, "a.b.c"));
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(published.visits() <= 3, "{}", published.visits());
}

#[tokio::test]
async fn the_keys_at_hand_stay_when_the_authority_is_down_or_talks_nonsense() {
    let (authority, published) = (Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(authority.keys().to_jwks_json());
    let keys = RemoteKeys::new(&url)
        .unwrap()
        .with_refresh_every(Duration::from_millis(10));
    let remote = fetch(&authority, keys).await.unwrap();
    let token = authority.token(1, 0);
    *published.answer.lock().unwrap() = None;
    for nonsense in ["<html>", "{}", &"x".repeat(200_000)] {
        let visits = published.visits();
        eventually(|| published.visits() > visits + 1).await;
        assert!(believes(&remote, &token));
        published.publish(nonsense);
    }
}

#[tokio::test]
async fn without_keys_there_is_no_beginning() {
    let (authority, published) = (Authority::new(), Published::default());
    let url = published.serve().await;
    let begin = async |url: &str| {
        fetch(&authority, RemoteKeys::new(url).unwrap())
            .await
            .unwrap_err()
    };
    assert!(matches!(begin(&url).await, RemoteError::Status(503)));
    published.publish(r#"{"keys":[]}"#);
    assert!(matches!(begin(&url).await, RemoteError::Empty));
    published.publish(format!("{{\"keys\":[]{}}}", " ".repeat(100_000)));
    assert!(matches!(begin(&url).await, RemoteError::Keys(_)));
    assert!(matches!(
        begin("http://127.0.0.1:1/jwks.json").await,
        RemoteError::Unreachable(_)
    ));
    // A redirect would let another host choose the keys.
    published.publish(authority.keys().to_jwks_json());
    let moved = url.replace("jwks.json", "moved.json");
    assert!(matches!(begin(&moved).await, RemoteError::Status(303)));
}

#[tokio::test]
async fn when_nobody_holds_the_verifier_the_fetching_ends() {
    let (authority, published) = (Authority::new(), Published::default());
    let url = published.serve().await;
    published.publish(authority.keys().to_jwks_json());
    let keys = RemoteKeys::new(&url)
        .unwrap()
        .with_refresh_every(Duration::from_millis(5));
    drop(fetch(&authority, keys).await.unwrap());
    tokio::time::sleep(Duration::from_millis(50)).await;
    let visits = published.visits();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(published.visits(), visits);
}
