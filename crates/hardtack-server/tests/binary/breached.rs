//! New passwords against a list of leaked ones: a real one on this machine, in good and bad health.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE};
use serde_json::json;

use crate::house::{House, PASSWORD, Server};

const LEAKED: &str = "a sentence that has leaked";
/// The rest of its SHA-1 after 38695.
const LEAKED_SUFFIX: &str = "0AA04154FA21AE7E62E6E0DA00885D86853";
const FINE: &str = "a sentence that nobody has said";
/// Far more than a second, for a machine that is busy with something else.
const BOUNDED: Duration = Duration::from_secs(20);

#[derive(Clone)]
enum Health {
    /// Answers what it was asked with these lines.
    Range(String),
    /// Never answers.
    Hangs,
    /// Begins to answer, and never ends.
    Drips,
    /// Answers this.
    Says(&'static str),
    /// Answers without end, as fast as it is read.
    Floods,
}

/// A list that notes what it was asked.
struct List {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    health: Arc<Mutex<Health>>,
}

impl List {
    fn new(health: Health) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let list = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            health: Arc::new(Mutex::new(health)),
        };
        let (asked, health) = (Arc::clone(&list.asked), Arc::clone(&list.health));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, health) = (Arc::clone(&asked), health.lock().unwrap().clone());
                std::thread::spawn(move || answer(stream, &asked, health));
            }
        });
        list
    }

    fn is_now(&self, health: Health) {
        *self.health.lock().unwrap() = health;
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn house(&self) -> House {
        House::public()
            .with("password.breached_check", "true")
            .with(
                "password.breached_url",
                &format!("http://{}/range", self.address),
            )
    }
}

/// Answers one request. Whoever asked may be gone before that is done.
fn answer(mut stream: TcpStream, asked: &Mutex<Vec<String>>, health: Health) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    asked.lock().unwrap().push(head.join("\n"));
    let ok = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
    };
    let wait = || std::thread::sleep(Duration::from_secs(600));
    match health {
        Health::Range(body) => drop(stream.write_all(ok(&body).as_bytes())),
        Health::Says(text) => drop(stream.write_all(text.as_bytes())),
        Health::Hangs => wait(),
        Health::Drips => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n0018A45C");
            wait();
        }
        Health::Floods => {
            let line = format!("{}:1\r\n", "0".repeat(35)).repeat(1000);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(line.as_bytes()).is_ok() {}
        }
    }
}

fn leaked() -> Health {
    Health::Range(format!(
        "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{LEAKED_SUFFIX}:42\r\n"
    ))
}

async fn change(server: &Server, cookies: &str, old: &str, new: &str) -> (u16, String) {
    let body = json!({ "old_password": old, "new_password1": new, "new_password2": new });
    let request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(format!("{}/api/auth/password/change/", server.url))
        .header(COOKIE, cookies)
        .header(CONTENT_TYPE, "application/json")
        .body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Credential stuffing: a password that thousands try keeps every other rule (SP 800-63B-4
/// §3.1.1.2).
#[tokio::test]
async fn a_password_that_has_leaked_is_refused_and_five_digits_of_its_digest_are_told() {
    let list = List::new(leaked());
    let house = list.house();
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(
        change(&server, &cookies, PASSWORD, LEAKED).await,
        (
            400,
            r#"{"new_password2":["This password has appeared in a data breach. Choose another one."]}"#.to_owned()
        )
    );
    let asked = list.asked();
    let request = asked.last().unwrap().to_ascii_lowercase();
    assert!(
        request.starts_with("get /range/38695 http/1.1\n"),
        "{request}"
    );
    assert!(request.contains("\nadd-padding: true"), "{request}");
    assert!(
        !request.contains(&LEAKED_SUFFIX[..5].to_lowercase()),
        "{request}"
    );
    assert!(!request.contains("ada"), "{request}");

    // What breaks a rule anyway is nobody else's business.
    let before = list.asked().len();
    assert_eq!(change(&server, &cookies, PASSWORD, "1234567").await.0, 400);
    assert_eq!(list.asked().len(), before);

    // A list that has failed once is left alone: one second of waiting, not one for everybody.
    list.is_now(Health::Hangs);
    let started = Instant::now();
    let answer = change(&server, &cookies, PASSWORD, FINE).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    assert!(started.elapsed() < BOUNDED);
    let cookies = server.log_in("ada", FINE).await.unwrap();
    let before = list.asked().len();
    assert_eq!(change(&server, &cookies, FINE, LEAKED).await.0, 200);
    assert_eq!(list.asked().len(), before);
    let log = server.logged();
    assert!(
        log.contains("whether a new password has leaked could not be found out"),
        "{log}"
    );
    for secret in [LEAKED, FINE, LEAKED_SUFFIX, "38695"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_list_that_is_down_hangs_or_talks_nonsense_keeps_nobody_from_a_password() {
    let found = format!("{LEAKED_SUFFIX}:42\r\n");
    for (index, health) in [
        Health::Hangs,
        Health::Drips,
        Health::Floods,
        Health::Says("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
        Health::Says("HTTP/1.1 302 Found\r\nLocation: /range/\r\nContent-Length: 0\r\n\r\n"),
        Health::Says("<html>Log in to the wireless network</html>"),
        Health::Range("<html>Log in to the wireless network</html>".to_owned()),
        Health::Range(String::new()),
        Health::Range(format!("{found}and nonsense")),
        // Padding (a count of zero) is no leak.
        Health::Range(format!("{LEAKED_SUFFIX}:0\r\n")),
    ]
    .into_iter()
    .enumerate()
    {
        let house = List::new(health).house();
        let started = Instant::now();
        let run = house.run_with(&["user", "add", "ada", "--password-stdin"], LEAKED);
        assert_eq!(run.code, 0, "{index}: {}", run.stderr);
        assert!(started.elapsed() < BOUNDED, "{index}");
    }
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let house = House::public()
        .with("password.breached_check", "true")
        .with("password.breached_url", &format!("http://{closed}/"));
    let run = house.run_with(&["user", "add", "ada", "--password-stdin"], LEAKED);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn the_command_line_asks_the_list_too_and_by_default_nobody_does() {
    let list = List::new(leaked());
    let house = list.house();
    let run = house.run_with(&["user", "add", "ada", "--password-stdin"], LEAKED);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("has appeared in a data breach"),
        "{}",
        run.stderr
    );
    house.add_user("ada");
    let run = house.run_with(&["user", "set-password", "ada", "--password-stdin"], LEAKED);
    assert_eq!(run.code, 1);

    let before = list.asked().len();
    let house = house.with("password.breached_check", "false");
    let run = house.run_with(&["user", "set-password", "ada", "--password-stdin"], LEAKED);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(list.asked().len(), before);
}

#[test]
fn a_list_that_anybody_on_the_way_can_change_is_refused() {
    for url in [
        "http://passwords.example.com/range/",
        "https://me:secret@passwords.example.com/",
    ] {
        let house = House::public().with("password.breached_url", url);
        let complaint = house.fails(&["config", "check"]);
        assert!(complaint.contains("password.breached_url"), "{complaint}");
        assert!(!complaint.contains("me:secret"), "{complaint}");
    }
    let house = House::public().with("password.breached_timeout", "11s");
    assert!(
        house
            .fails(&["config", "check"])
            .contains("password.breached_timeout")
    );
}
