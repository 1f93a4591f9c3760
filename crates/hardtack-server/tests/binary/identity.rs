//! Whose answer is it: many users over few connections, as a proxy in front of the server has them.

use std::sync::Arc;

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::house::{House, PASSWORD};

const USERS: usize = 200;
const CONNECTIONS: usize = 20;
const ROUNDS: usize = 5;

/// One user's browser behind the shared connections.
struct Browser {
    name: String,
    id: i64,
    access: String,
    refresh: String,
    client: Client,
    connections: Arc<Semaphore>,
    url: String,
}

impl Browser {
    /// The answer and its body, after taking over the cookies that it sets.
    async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self
            .client
            .request(method, format!("{}/api/auth/{path}", self.url))
            .header(
                COOKIE,
                format!("access={}; refresh={}", self.access, self.refresh),
            );
        if let Some(body) = body {
            request = request.json(&body);
        }
        let connection = self.connections.acquire().await.unwrap();
        let response = request.send().await.unwrap();
        self.access = cookie(&response, "access").unwrap_or_else(|| self.access.clone());
        self.refresh = cookie(&response, "refresh").unwrap_or_else(|| self.refresh.clone());
        let status = response.status().as_u16();
        let body = response.json().await.unwrap();
        drop(connection);
        (status, body)
    }

    async fn live(mut self) {
        let login = json!({ "username": self.name, "password": PASSWORD });
        let (status, body) = self.ask(Method::POST, "login/", Some(login)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["user"]["username"], self.name.as_str());
        self.id = body["user"]["pk"].as_i64().unwrap();
        let session = self.session();
        for round in 0..ROUNDS {
            let (_, user) = self.ask(Method::GET, "user/", None).await;
            assert_eq!(
                (&user["pk"], &user["username"]),
                (&json!(self.id), &json!(self.name))
            );
            let named = format!("{} {round}", self.name);
            let patch = json!({ "first_name": named });
            let (_, user) = self.ask(Method::PATCH, "user/", Some(patch)).await;
            assert_eq!(
                (&user["pk"], &user["first_name"]),
                (&json!(self.id), &json!(named))
            );
            let (status, _) = self.ask(Method::POST, "token/refresh/", None).await;
            assert_eq!((status, self.session()), (200, session.clone()));
            let (_, told) = self.ask(Method::GET, "session/", None).await;
            assert_eq!(
                (&told["user"]["pk"], &told["session"]),
                (&json!(self.id), &json!(session))
            );
        }
    }

    /// The session that the refresh token names.
    fn session(&self) -> String {
        self.refresh.split('.').nth(1).unwrap().to_owned()
    }
}

fn cookie(response: &Response, name: &str) -> Option<String> {
    let lines = response.headers().get_all(SET_COOKIE).iter();
    let pairs = lines.filter_map(|line| line.to_str().unwrap().split(';').next());
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// Adds `user1` and the rest with the password hash of `user0`: another command and another hash for
/// each would take longer than the test.
fn copy_first_user(house: &House) {
    let path = house.path("hardtack-data/hardtack.db");
    let database = rusqlite::Connection::open(path).unwrap();
    for index in 1..USERS {
        let copy = format!(
            "INSERT INTO users (username, username_canonical, email, email_canonical, first_name, \
             last_name, password_hash, password_version, state, created_at, last_login_at) \
             SELECT 'user{index}', 'user{index}', '', NULL, '', '', password_hash, \
             password_version, state, created_at, last_login_at FROM users WHERE id = 1"
        );
        assert_eq!(database.execute(&copy, []).unwrap(), 1);
    }
}

/// The session mix-up of GitHub in March 2021, and CVE-2025-48947 (a cache handed one user's
/// cookies to the next): every answer belongs to whoever asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_users_over_shared_connections_each_get_their_own_answers() {
    let house = House::public()
        .with("password.hash_queue", "400")
        .with("rate_limit.login_per_address", "100000");
    house.add_user("user0");
    copy_first_user(&house);
    let server = house.serve(&[]);
    let client = Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(CONNECTIONS)
        .build()
        .unwrap();
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let lives: Vec<_> = (0..USERS)
        .map(|index| Browser {
            name: format!("user{index}"),
            id: 0,
            access: String::new(),
            refresh: String::new(),
            client: client.clone(),
            connections: Arc::clone(&connections),
            url: server.url.clone(),
        })
        .map(|browser| tokio::spawn(browser.live()))
        .collect();
    for life in lives {
        life.await.unwrap();
    }
}
