//! An authority whose feed can be made to lie, hang, die and come back.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use hardtack_core::SessionId;
use hardtack_core::key::KeySet;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::authority::NOW;

pub(crate) const TOKEN: &str = "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=";

/// How it answers.
#[derive(Clone, PartialEq)]
pub(crate) enum Mood {
    Honest,
    Hangs,
    Status(u16),
    Says(String),
    /// There is always more, and it goes nowhere.
    NeverEnds,
}

/// What it knows.
#[derive(Clone)]
pub(crate) struct Told {
    mood: Arc<Mutex<Mood>>,
    log: Arc<Mutex<Vec<SessionId>>>,
    /// Another one after a restart.
    log_id: Arc<AtomicU64>,
    page: usize,
    /// By how many seconds its clock is ahead.
    pub(crate) ahead: Arc<AtomicU64>,
    /// The name of the keys that it publishes.
    keys: Arc<Mutex<Option<String>>>,
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) reports: Arc<Mutex<Vec<Value>>>,
}

#[derive(Default)]
struct Question {
    since: Option<String>,
    keys: Option<String>,
    wait: usize,
}

impl Question {
    fn of(uri: &Uri) -> Self {
        let mut question = Self::default();
        let url = reqwest::Url::parse(&format!("http://localhost{uri}")).unwrap();
        for (name, value) in url.query_pairs() {
            match &*name {
                "since" => question.since = Some(value.into_owned()),
                "keys" => question.keys = Some(value.into_owned()),
                "wait" => question.wait = value.parse().unwrap(),
                _ => {}
            }
        }
        question
    }
}

impl Told {
    pub(crate) fn new() -> Self {
        Self {
            mood: Arc::new(Mutex::new(Mood::Honest)),
            log: Arc::default(),
            log_id: Arc::new(AtomicU64::new(1)),
            page: 3,
            ahead: Arc::default(),
            keys: Arc::default(),
            asked: Arc::default(),
            reports: Arc::default(),
        }
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn revoke(&self, session: SessionId) {
        self.log.lock().unwrap().push(session);
    }

    pub(crate) fn name_keys(&self, jwks: &str) {
        *self.keys.lock().unwrap() = Some(KeySet::name_of_jwks(jwks.as_bytes()));
    }

    /// Another process, over a database that knows only `log`.
    pub(crate) fn restart_with(&self, log: Vec<SessionId>) {
        *self.log.lock().unwrap() = log;
        self.log_id.fetch_add(1, Ordering::SeqCst);
    }

    /// Serves on a port, 0 for any; gives the base URL and the server, which dies when aborted.
    pub(crate) async fn serve(&self, port: u16) -> (String, JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let url = format!("http://{}/api/auth", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/api/auth/revocations/", get(revocations))
            .route("/api/auth/uses/", post(uses))
            .with_state(self.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (url, serving)
    }

    fn answer(&self, question: &Question) -> (bool, Value) {
        let since = question.since.as_deref();
        let keys = self.keys.lock().unwrap().clone();
        let has_other_keys = question.keys.is_some() && question.keys != keys;
        let log = self.log.lock().unwrap();
        let id = self.log_id.load(Ordering::SeqCst);
        let place = since.and_then(|since| {
            let (of, place) = since.split_once('-')?;
            let place: usize = place.parse().ok()?;
            (of == id.to_string() && place <= log.len()).then_some(place)
        });
        let after = place.unwrap_or(0);
        let ahead = Duration::from_secs(self.ahead.load(Ordering::SeqCst));
        let lives_for = Duration::from_secs(960);
        let mut page: Vec<_> = log[after..].iter().take(self.page).collect();
        let to = after + page.len();
        if ahead >= lives_for {
            page.clear();
        }
        let entry = |session: &&SessionId| json!({ "sid": session.to_string(), "expires_at": (NOW + lives_for).unix_seconds() });
        let answer = json!({
            "cursor": format!("{id}-{to}"),
            "revocations": page.iter().map(entry).collect::<Vec<_>>(),
            "keys": keys,
            "more": to < log.len(),
            "now": (NOW + ahead).to_numeric_date(),
        });
        let is_news = place.is_none() || !page.is_empty() || has_other_keys;
        (is_news, answer)
    }
}

fn is_known(headers: &HeaderMap) -> bool {
    headers["authorization"] == format!("Bearer {TOKEN}")
}

async fn revocations(
    State(told): State<Told>,
    uri: Uri,
    headers: HeaderMap,
) -> (StatusCode, String) {
    told.asked.fetch_add(1, Ordering::SeqCst);
    if !is_known(&headers) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let question = Question::of(&uri);
    let waits = 100 * question.wait;
    for _ in 0..=waits {
        let mood = told.mood.lock().unwrap().clone();
        match mood {
            Mood::Status(status) => return (StatusCode::from_u16(status).unwrap(), String::new()),
            Mood::Says(text) => return (StatusCode::OK, text),
            Mood::NeverEnds => {
                let (_, mut answer) = told.answer(&Question::default());
                answer["more"] = json!(true);
                return (StatusCode::OK, answer.to_string());
            }
            Mood::Hangs => tokio::time::sleep(Duration::from_secs(600)).await,
            Mood::Honest => {}
        }
        let (is_news, answer) = told.answer(&question);
        if is_news {
            return (StatusCode::OK, answer.to_string());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (StatusCode::OK, told.answer(&question).1.to_string())
}

async fn uses(State(told): State<Told>, headers: HeaderMap, body: String) -> StatusCode {
    if !is_known(&headers) {
        return StatusCode::UNAUTHORIZED;
    }
    let report = serde_json::from_str(&body).unwrap();
    told.reports.lock().unwrap().push(report);
    StatusCode::OK
}
