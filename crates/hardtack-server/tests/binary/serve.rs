//! Starting, stopping, and what a server refuses to start on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::Value;

use crate::house::{House, PASSWORD};

fn mode(house: &House, name: &str) -> u32 {
    house.path(name).metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn an_empty_directory_becomes_a_service_for_its_owner_only() {
    let house = House::public();
    let server = house.serve(&[]);
    assert_eq!(server.said["public_url"], "https://app.example.com");
    assert_eq!(server.said["demo"], Value::Null);
    assert_eq!(server.get("/readyz", "").await.0, 200);
    assert_eq!(mode(&house, "hardtack-data"), 0o700);
    for entry in house.path("hardtack-data").read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let house = House::public();
    let server = house.serve(&[]);
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        error.starts_with("hardtack: another server (process "),
        "{error}"
    );
    assert!(
        error
            .ends_with(") uses hardtack-data; stop it, or give this one a --data-dir of its own\n"),
        "{error}"
    );
    server.signal("-KILL");
    assert_eq!(server.ended().0, None);
    // A lock that outlived its process would need a person to remove it.
    drop(house.serve(&[]));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let house = House::public();
    let server = house.serve(&[]);
    let address = server.address().to_string();
    let error = house.fails(&["serve", "--data-dir", "other", "--listen", &address]);
    assert!(
        error.starts_with(&format!(
            "hardtack: server.listen: cannot listen on {address}: "
        )),
        "{error}"
    );
}

/// A volume that was not mounted, a backup without the small files: everybody is logged out, and
/// whoever looks must find out why.
#[tokio::test]
async fn a_pepper_or_key_file_that_has_gone_is_made_anew_with_a_warning() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    assert_eq!(server.said["warnings"], serde_json::json!([]));
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    server.signal("-TERM");
    server.ended();
    for (file, meaning) in [
        ("pepper", "every session that was open is over"),
        ("keys.json", "access tokens from before are refused"),
    ] {
        std::fs::remove_file(house.path("hardtack-data").join(file)).unwrap();
        let server = house.serve(&[]);
        let said = server.said["warnings"][0].as_str().unwrap().to_owned();
        assert!(
            said.starts_with(&format!("hardtack-data/{file} was missing "))
                && said.contains(meaning),
            "{said}"
        );
        assert!(said.ends_with("put the old file back"), "{said}");
        assert_eq!(server.refresh(&cookies).await, 401);
        server.signal("-TERM");
        let (_, log) = server.ended();
        let warned = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["level"] == "WARN" && line["message"] == said.as_str()
        };
        assert!(log.lines().any(warned), "{log}");
    }
    let server = house.serve(&[]);
    assert_eq!(server.said["warnings"], serde_json::json!([]), "said once");
}

/// A downgrade must not touch what it does not understand.
#[test]
fn a_database_of_a_newer_release_is_refused_and_left_untouched() {
    let house = House::public();
    house.add_user("ada");
    let path = house.path("hardtack-data/hardtack.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["migrate"],
        &["user", "list"],
    ] {
        let error = house.fails(command);
        assert!(
            error.contains("hardtack.db: the database was written by a newer release"),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_database_is_refused() {
    let house = House::public();
    house.add_user("ada");
    house.write(
        "hardtack-data/hardtack.db",
        "this is no database at all, but long enough to be read as one",
    );
    let error = house.fails(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        error.contains("hardtack.db: the file is not a SQLite database"),
        "{error}"
    );
}

/// A deployment must not cost anybody their request.
#[tokio::test]
async fn sigterm_lets_the_request_under_way_end_and_exits_with_0() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let body = format!("{{\"username\":\"ada\",\"password\":\"{PASSWORD}\"}}");
    let (first, rest) = body.split_at(10);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(
        stream,
        "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        body.len()
    )
    .unwrap();
    // An answer on another connection shows that the server has had time to take up this one.
    assert_eq!(server.get("/healthz", "").await.0, 200);
    server.signal("-TERM");
    let address = server.address();
    let mut refused = false;
    for _ in 0..100 {
        refused = TcpStream::connect(address).is_err();
        if refused {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(refused, "nothing new is accepted");
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
    assert_eq!(
        house
            .json(&["session", "list", "ada"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_client_that_never_ends_its_request_does_not_hold_the_server() {
    let house = House::public().with("server.shutdown_timeout", "1s");
    let server = house.serve(&[]);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "POST /api/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.signal("-INT");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("cut off"), "{log}");
}

/// docs/threat-model.md SV-4: every line of a busy log, searched for what must not be in it.
#[tokio::test]
async fn the_log_tells_who_did_what_and_no_secret() {
    let house = House::public().with("log.level", "debug");
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    server.get("/api/auth/user/", &cookies).await;
    server
        .log_in("ada", "planted-wrong-password")
        .await
        .unwrap_err();
    server
        .log_in(
            "nobody\r\n{\"event\":\"logged_in\"}",
            "planted-wrong-password",
        )
        .await
        .unwrap_err();
    server.signal("-TERM");
    let (_, log) = server.ended();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events = |name: &str| {
        lines
            .iter()
            .filter(|line| line["event"] == name)
            .collect::<Vec<_>>()
    };
    let [logged_in] = events("logged_in")[..] else {
        panic!("{log}")
    };
    assert_eq!(logged_in["user"], "1");
    assert_eq!(logged_in["address"], "127.0.0.1");
    assert!(logged_in["session"].is_string());
    let reasons: Vec<&Value> = events("login_refused")
        .iter()
        .map(|line| &line["reason"])
        .collect();
    assert_eq!(reasons, ["wrong_password", "unknown_user"]);
    let values = cookies
        .split("; ")
        .map(|cookie| cookie.split_once('=').unwrap().1);
    for secret in values.chain([PASSWORD, "planted-wrong-password", "PRIVATE KEY"]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn dev_prints_a_password_that_works_at_every_start() {
    let house = House::new();
    for _ in 0..2 {
        let server = house.serve(&["--dev"]);
        let password = server.said["demo"]["password"].as_str().unwrap();
        assert_eq!(server.said["public_url"], server.url.as_str());
        let cookies = server.log_in("demo", password).await.unwrap();
        assert_eq!(
            server.get("/api/auth/user/", &cookies).await.1["username"],
            "demo"
        );
        assert_eq!(server.get("/", "").await.0, 200, "the demo page");
    }
}

/// DNS rebinding: another site's name that now points here.
#[test]
fn dev_answers_to_no_other_name() {
    let house = House::new();
    let server = house.serve(&["--dev"]);
    for (host, status) in [("evil.example", "421"), ("localhost", "200")] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        write!(
            stream,
            "GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{host}: {answer}"
        );
    }
}

#[test]
fn health_tells_a_running_server_from_none() {
    let house = House::public();
    let server = house.serve(&[]);
    let url = server.url.clone();
    assert_eq!(
        house.ok(&["health", &url]),
        format!("{url}/readyz: healthy (200 OK)\n")
    );
    assert_eq!(
        house.json(&["health", &format!("{url}/healthz")])["status"],
        200
    );
    assert!(
        house
            .run(&["health", &format!("{url}/nothing")])
            .stdout
            .contains("not healthy (404")
    );
    server.signal("-TERM");
    server.ended();
    let run = house.run(&["health", &url]);
    assert_eq!(
        (run.code, run.stdout),
        (1, format!("{url}/readyz: no connection\n"))
    );
}
