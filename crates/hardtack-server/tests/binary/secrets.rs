//! Where secrets must not turn up: in the log, on the disk, in answers.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Response};
use serde_json::json;

use crate::house::{House, PASSWORD, Server};

const NEW_PASSWORD: &str = "planted: another biscuit entirely";
const JSON: &str = "application/json";

/// Speaks to a server, and remembers every token that it was given.
struct Story<'a> {
    server: &'a Server,
    client: Client,
    given: Vec<String>,
}

impl Story<'_> {
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> u16 {
        let url = format!("{}{path}", self.server.url);
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response = request.body(body.to_owned()).send().await.unwrap();
        self.remember(&response);
        response.status().as_u16()
    }

    fn remember(&mut self, response: &Response) {
        for line in response.headers().get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (_, rest) = line.split_once('=').unwrap();
            let (value, _) = rest.split_once(';').unwrap();
            if !value.is_empty() {
                self.given.push(value.to_owned());
            }
        }
    }

    /// The last token of that shape: access tokens have two dots, refresh tokens four.
    fn last(&self, dots: usize) -> String {
        let with_dots = |token: &&String| token.matches('.').count() == dots;
        self.given.iter().rfind(with_dots).unwrap().clone()
    }

    async fn post(&mut self, path: &str, body: &str) -> u16 {
        self.ask(Method::POST, path, &[(CONTENT_TYPE, JSON)], body)
            .await
    }

    async fn refresh(&mut self, token: &str) -> u16 {
        let cookie = format!("refresh={token}");
        self.ask(
            Method::POST,
            "/api/auth/token/refresh/",
            &[(COOKIE, &cookie)],
            "",
        )
        .await
    }

    async fn log_in(&mut self, password: &str) -> u16 {
        let body = json!({ "username": "ada", "password": password }).to_string();
        self.post("/api/auth/login/", &body).await
    }
}

/// What is secret about a token: the last part, which nobody else can make, and the whole.
fn secret_parts(token: &str) -> Vec<String> {
    let last = token.rsplit('.').next().unwrap();
    vec![token.to_owned(), last.to_owned()]
}

/// Shows tokens where they belong and where they do not, and planted ones.
async fn shows_tokens(story: &mut Story<'_>) {
    let user = "/api/auth/user/";
    let (access, refresh) = (story.last(2), story.last(4));
    let cookie = format!("access={access}; refresh={refresh}; x=planted-cookie");
    let bearer = format!("Bearer {access}");
    for (path, headers, status) in [
        (user, &[(COOKIE, cookie.as_str())][..], 200),
        ("/api/auth/csrf/", &[(COOKIE, &cookie)], 200),
        (user, &[(AUTHORIZATION, &bearer)], 200),
        (user, &[(AUTHORIZATION, "Bearer planted-bearer")], 401),
        (
            user,
            &[(COOKIE, "access=planted-cookie; refresh=planted")],
            401,
        ),
        ("/api/auth/user/?token=planted-query", &[], 401),
    ] {
        assert_eq!(story.ask(Method::GET, path, headers, "").await, status);
    }
    let verify = json!({ "token": access }).to_string();
    assert_eq!(story.post("/api/auth/token/verify/", &verify).await, 200);
}

/// Brings passwords to the login in every way that is refused.
async fn mistypes(story: &mut Story<'_>) {
    assert_eq!(story.log_in("planted-wrong-password").await, 400);
    assert_eq!(story.log_in("planted-nul\0password").await, 400);
    assert_eq!(story.log_in(&"planted-long".repeat(20)).await, 400);
    assert_eq!(story.log_in(&"planted-huge".repeat(2_000)).await, 413);
    let login = "/api/auth/login/";
    assert_eq!(story.post(login, "{\"password\":\"planted-json").await, 400);
    let huge = format!("access={}", "planted-head".repeat(4_000));
    let form = "application/x-www-form-urlencoded";
    for (header, body, status) in [
        ((CONTENT_TYPE, "text/plain"), "planted-text", 415),
        ((CONTENT_TYPE, form), "username=ada&password=planted", 400),
        ((COOKIE, huge.as_str()), "", 431),
        ((ORIGIN, "https://evil.example"), "planted-csrf", 403),
    ] {
        assert_eq!(
            story.ask(Method::POST, login, &[header], body).await,
            status
        );
    }
}

/// A rotation, a rotation after it, and the first token again: a thief's.
async fn is_robbed(story: &mut Story<'_>) {
    let first = story.last(4);
    assert_eq!(story.refresh(&first).await, 200);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    let second = story.last(4);
    assert_eq!(story.refresh(&second).await, 200);
    assert_eq!(story.refresh(&first).await, 401);
    assert_eq!(story.refresh("v1.planted.0.0.planted").await, 401);
}

async fn changes_the_password_and_leaves(story: &mut Story<'_>) {
    let cookie = format!("access={}; refresh={}", story.last(2), story.last(4));
    let headers = [(COOKIE, cookie.as_str()), (CONTENT_TYPE, JSON)];
    for (old, status) in [("planted-old-password", 400), (PASSWORD, 200)] {
        let body = json!({
            "old_password": old, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD
        });
        let path = "/api/auth/password/change/";
        let body = body.to_string();
        let answered = story.ask(Method::POST, path, &headers, &body).await;
        assert_eq!(answered, status);
    }
    let cookie = format!("access={}; refresh={}", story.last(2), story.last(4));
    let path = "/api/auth/logout/";
    let headers = [(COOKIE, cookie.as_str())];
    assert_eq!(story.ask(Method::POST, path, &headers, "").await, 200);
    while story.log_in("planted-wrong-password").await == 400 {}
}

/// docs/threat-model.md SV-4 (ASVS 5.0 §16.2.5) and SE-2: a busy day with everything that goes
/// wrong on it, at the most talkative level, and then every line and every file searched.
#[tokio::test]
async fn no_secret_reaches_the_log_or_the_disk() {
    let house = House::public()
        .with("log.level", "debug")
        .with("tokens.in_body", "both")
        .with("session.rotation_window", "1s")
        .with("server.max_body_size", "2KiB")
        .with("rate_limit.login_per_user", "5");
    house.add_user("ada");
    let server = house.serve(&[]);
    let mut story = Story {
        server: &server,
        client: Client::builder().no_proxy().build().unwrap(),
        given: Vec::new(),
    };
    assert_eq!(story.log_in(PASSWORD).await, 200);
    shows_tokens(&mut story).await;
    mistypes(&mut story).await;
    is_robbed(&mut story).await;
    assert_eq!(story.log_in(PASSWORD).await, 200);
    changes_the_password_and_leaves(&mut story).await;
    house.ok(&["key", "rotate"]);
    tokio::time::sleep(Duration::from_millis(1_200)).await;

    let given = std::mem::take(&mut story.given);
    server.signal("-TERM");
    let (_, log) = server.ended();
    for event in [
        "login_refused",
        "token_reused",
        "password_changed",
        "csrf_refused",
    ] {
        assert!(log.contains(event), "no {event}: {log}");
    }
    assert!(given.len() > 8, "{}", given.len());
    let mut secrets: Vec<String> = given.iter().flat_map(|token| secret_parts(token)).collect();
    secrets.extend([PASSWORD, NEW_PASSWORD, "planted"].map(str::to_owned));
    let own = ["pepper", "keys.json"].map(|name| house.path("hardtack-data").join(name));
    for file in own {
        let text = std::fs::read_to_string(&file).unwrap();
        let words = text.split(['"', '\n', '\\']);
        for word in words.filter(|word| word.len() > 30 && !word.starts_with("-----")) {
            assert!(!log.contains(word), "{} is in the log", file.display());
        }
    }
    for secret in &secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for entry in house.path("hardtack-data").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in {}", path.display());
        }
    }
}

/// docs/threat-model.md SV-3 (ASVS 5.0 §16.5.1): what is wrong inside is for the log.
#[tokio::test]
async fn a_database_that_does_not_answer_is_503_and_tells_nothing() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    let blocker = rusqlite::Connection::open(house.path("hardtack-data/hardtack.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = json!({ "username": "ada", "password": PASSWORD }).to_string();
    let request = Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/api/auth/login/", server.url))
        .header(CONTENT_TYPE, JSON)
        .body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert!(!answer.headers().contains_key(SET_COOKIE));
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"detail":"Temporarily unavailable. Try again in a moment."}"#
    );
    assert_eq!(
        server.get("/api/auth/session/", &cookies).await.1["authenticated"],
        true,
        "whoever is logged in stays so"
    );
    blocker.execute_batch("ROLLBACK").unwrap();
    server.log_in("ada", PASSWORD).await.unwrap();
}
