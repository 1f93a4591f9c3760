//! What happened, by the command line.

use serde_json::Value;

use crate::house::{House, PASSWORD, noticed};

fn events(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry["event"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_happened_is_listed_while_the_server_runs_and_afterwards() {
    let house = House::public();
    house.add_user("ada");
    house.add_user("bob");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(server.log_in("ada", "not her password").await, Err(400));
    let list = || house.json(&["audit", "list", "--user", "ada"]);
    assert!(noticed(async || list().as_array().unwrap().len() == 3).await);
    let told = list();
    assert_eq!(events(&told), ["user_added", "logged_in", "login_refused"]);
    assert_eq!(told[1]["address"], "127.0.0.1");
    assert_eq!(told[1]["user"], 1);
    assert_eq!(told[2]["reason"], "wrong_password");

    // What the command line does is told as well, and a deleted user's trail is still there.
    let session = told[1]["session"].as_str().unwrap();
    house.ok(&["session", "revoke", session]);
    house.ok(&["user", "disable", "ada"]);
    house.ok(&["user", "enable", "ada"]);
    house.ok(&["user", "delete", "ada", "--yes"]);
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));
    let told = house.json(&["audit", "list", "--user", "id:1"]);
    assert_eq!(
        events(&told)[3..],
        [
            "session_revoked",
            "user_disabled",
            "user_enabled",
            "user_deleted"
        ]
    );
    assert_eq!(told[3]["reason"], "operator");

    let everybody = house.ok(&["audit", "list", "--since", "1h"]);
    assert!(everybody.starts_with("TIME "), "{everybody}");
    assert_eq!(everybody.matches("user_added").count(), 2, "{everybody}");
    assert!(!everybody.contains(PASSWORD), "{everybody}");
    let future = house.ok(&["audit", "list", "--since", "2999-01-01T00:00:00Z"]);
    assert_eq!(future, "nothing happened that is kept\n");
}

/// docs/sessions.md: why a session ended is what `hardtack audit list` says, whoever ended it.
#[tokio::test]
async fn what_an_operator_does_to_a_user_tells_of_each_session_that_it_ends() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let new_password = ["user", "set-password", "ada", "--password-stdin"];
    for (act, event, reason) in [
        (
            new_password.as_slice(),
            "password_changed",
            "password_changed",
        ),
        (
            &["user", "disable", "ada"],
            "user_disabled",
            "user_disabled",
        ),
        (
            &["user", "delete", "ada", "--yes"],
            "user_deleted",
            "user_deleted",
        ),
    ] {
        house.ok(&["user", "enable", "ada"]);
        server.log_in("ada", PASSWORD).await.unwrap();
        server.log_in("ada", PASSWORD).await.unwrap();
        let mut open: Vec<String> = house
            .json(&["session", "list", "ada"])
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(house.run_with(act, PASSWORD).code, 0, "{act:?}");
        let told = house.json(&["audit", "list", "--user", "id:1"]);
        let mut ended: Vec<String> = told
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["event"] == "session_revoked" && entry["reason"] == reason)
            .map(|entry| entry["session"].as_str().unwrap().to_owned())
            .collect();
        open.sort();
        ended.sort();
        assert_eq!(ended, open, "{act:?}: {told}");
        assert!(events(&told).contains(&event), "{act:?}: {told}");
    }
}

#[test]
fn an_age_that_is_none_names_both_forms() {
    let house = House::public();
    house.add_user("ada");
    let error = house.fails(&["audit", "list", "--since", "yesterday"]);
    assert!(error.contains("24h") && error.contains("2026-"), "{error}");
    let error = house.fails(&["audit", "list", "--user", "eve"]);
    assert!(error.contains("there is no user \"eve\""), "{error}");
}
