//! Sessions by the command line.

use reqwest::header::USER_AGENT;
use serde_json::json;

use crate::house::{House, PASSWORD, noticed};

#[tokio::test]
async fn a_session_is_listed_and_ended_while_the_server_runs() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let one = server.log_in("ada", PASSWORD).await.unwrap();
    let other = server.log_in("ada", PASSWORD).await.unwrap();

    let sessions = house.json(&["session", "list", "ada"]);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    assert_eq!(sessions[0]["idle_timeout_seconds"], 604_800);
    assert_eq!(sessions[0]["remembered"], false);
    assert_eq!(sessions[0]["device"], "Unknown device");
    let first = sessions[1]["id"].as_str().unwrap();
    let shown = house.ok(&["session", "list", "ada"]);
    assert!(
        shown.starts_with("SESSION ") && shown.contains(first) && shown.contains("DEVICE"),
        "{shown}"
    );

    assert_eq!(
        house.ok(&["session", "revoke", first]),
        format!("session {first} ended\n")
    );
    assert!(noticed(async || server.get("/api/auth/user/", &one).await.0 == 401).await);
    assert_eq!(
        server.get("/api/auth/user/", &other).await.0,
        200,
        "the other one goes on"
    );
    assert_eq!(
        house.ok(&["session", "revoke", first]),
        format!("session {first} was not alive\n")
    );

    assert_eq!(
        house.ok(&["session", "revoke", "--user", "ada"]),
        "1 session ended of ada\n"
    );
    assert!(noticed(async || server.get("/api/auth/user/", &other).await.0 == 401).await);
    assert_eq!(
        house.ok(&["session", "list", "ada"]),
        "ada has no session\n"
    );
}

/// The limits that are configured are those that logins get, and the operator sees who is
/// remembered and on what.
#[tokio::test]
async fn a_remembered_login_and_the_limit_of_sessions_are_as_configured() {
    let house = House::public()
        .with("session.remembered_idle_timeout", "20d")
        .with("session.limit_per_user", "2");
    house.add_user("ada");
    let server = house.serve(&[]);
    let first = server.log_in("ada", PASSWORD).await.unwrap();
    server.log_in("ada", PASSWORD).await.unwrap();
    let body = json!({ "username": "ada", "password": PASSWORD, "remember_me": true });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let remembered = client
        .post(format!("{}/api/auth/login/", server.url))
        .header(USER_AGENT, "curl/8.17.0")
        .json(&body);
    assert_eq!(remembered.send().await.unwrap().status(), 200);
    assert_eq!(server.get("/api/auth/user/", &first).await.0, 401);

    let sessions = house.json(&["session", "list", "ada"]);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["remembered"], true);
    assert_eq!(sessions[0]["device"], "curl");
    assert_eq!(sessions[0]["idle_timeout_seconds"], 20 * 86_400);
    assert_eq!(sessions[1]["remembered"], false);
}
