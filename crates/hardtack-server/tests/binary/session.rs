//! Sessions by the command line.

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
    let first = sessions[1]["id"].as_str().unwrap();
    let shown = house.ok(&["session", "list", "ada"]);
    assert!(
        shown.starts_with("SESSION ") && shown.contains(first),
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
