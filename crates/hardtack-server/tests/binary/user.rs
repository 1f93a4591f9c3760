//! Users by the command line, and a running server that takes notice.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::house::{House, PASSWORD, noticed};

#[test]
fn a_user_is_added_shown_and_found_by_every_name() {
    let house = House::new();
    let add = [
        "user",
        "add",
        "Ada",
        "--email",
        "ada@example.com",
        "--first-name",
        "Ada",
        "--last-name",
        "Lovelace",
        "--password-stdin",
    ];
    let run = house.run_with(&add, &format!("{PASSWORD}\r\nnot part of it\n"));
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "user Ada added as id:1\n"),
        "{}",
        run.stderr
    );

    for name in ["ada", "ADA", "ada@example.com", "id:1"] {
        let mut shown = house.json(&["user", "show", name]);
        assert!(shown["created_at"].as_str().unwrap().ends_with('Z'));
        shown["created_at"].take();
        assert_eq!(
            shown,
            json!({
                "id": 1, "username": "Ada", "email": "ada@example.com", "first_name": "Ada",
                "last_name": "Lovelace", "state": "active", "created_at": null, "last_login_at": null,
                "sessions": 0,
            })
        );
    }
    let list = house.ok(&["user", "list"]);
    assert_eq!(
        list.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .collect::<Vec<_>>(),
        [
            vec!["ID", "NAME", "EMAIL", "STATE", "LAST", "LOGIN"],
            vec!["1", "Ada", "ada@example.com", "active", "never"]
        ]
    );
}

#[test]
fn who_is_not_there_is_named() {
    let house = House::new();
    house.add_user("ada");
    assert_eq!(
        house.fails(&["user", "show", "bob"]),
        "hardtack: there is no user \"bob\"\n"
    );
    assert_eq!(
        house.fails(&["user", "show", "1"]),
        "hardtack: no user is called \"1\"; the user of that number is id:1\n"
    );
    assert_eq!(
        house.fails(&["user", "disable", "id:2"]),
        "hardtack: there is no user \"id:2\"\n"
    );
    let run = house.run(&["user", "show", "bob", "--json"]);
    assert_eq!(run.stderr, "{\"error\":\"there is no user \\\"bob\\\"\"}\n");
}

#[test]
fn a_refused_password_or_name_says_which_rule() {
    let house = House::new();
    for (name, password, complaint) in [
        (
            "ada",
            "short",
            "This password is too short. It must contain at least 8 characters.",
        ),
        ("ada", "password", "This password is too common."),
        ("ada", "8264019375", "This password is entirely numeric."),
        (
            "adalovelace",
            "adalovelace1",
            "The password is too similar to the username.",
        ),
        (
            "ada",
            "nul\0nul\0nul",
            "a password cannot contain the NUL character",
        ),
        (
            "a b",
            PASSWORD,
            "the name \"a b\": the name has a character that is not allowed",
        ),
        ("", PASSWORD, "the name \"\": a name may not be empty"),
    ] {
        let run = house.run_with(&["user", "add", name, "--password-stdin"], password);
        assert_eq!(
            (run.code, run.stderr),
            (1, format!("hardtack: {complaint}\n"))
        );
    }
    house.add_user("ada");
    let run = house.run_with(&["user", "add", "ADA", "--password-stdin"], PASSWORD);
    assert_eq!(
        run.stderr,
        "hardtack: a user with that username already exists\n"
    );
}

/// What the profile route refuses must not get in by another door: answers and pages count on it.
#[test]
fn a_name_that_the_wire_refuses_is_refused_here() {
    let house = House::new();
    let long = "x".repeat(151);
    for flag in ["--first-name", "--last-name"] {
        for (name, complaint) in [
            (long.as_str(), "a name has at most 150 characters"),
            ("a\u{1b}[2Jb", "a name has no control characters"),
            ("a\r\nb", "a name has no control characters"),
        ] {
            let add = ["user", "add", "ada", flag, name, "--password-stdin"];
            let run = house.run_with(&add, PASSWORD);
            assert_eq!(
                (run.code, run.stderr),
                (1, format!("hardtack: {flag}: {complaint}\n"))
            );
        }
    }
    let name = "é".repeat(150);
    let blanks = format!("  {name} ");
    let add = [
        "user",
        "add",
        "ada",
        "--first-name",
        &blanks,
        "--password-stdin",
    ];
    assert_eq!(house.run_with(&add, PASSWORD).code, 0);
    assert_eq!(house.json(&["user", "show", "ada"])["first_name"], name);
}

#[test]
fn nobody_is_asked_where_nobody_can_answer() {
    let house = House::new();
    let run = house.run(&["user", "add", "ada"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            1,
            "hardtack: there is no terminal to ask for the password; use --password-stdin\n"
        )
    );
    house.add_user("ada");
    assert_eq!(
        house.fails(&["user", "delete", "ada"]),
        "hardtack: there is no terminal to ask; use --yes\n"
    );
    assert_eq!(
        house.ok(&["user", "delete", "ada", "--yes"]),
        "user ada is deleted; 0 sessions ended\n"
    );
    assert_eq!(house.json(&["user", "list"]), json!([]));
}

#[test]
fn a_mistyped_data_directory_is_not_an_empty_one() {
    let house = House::new();
    let error = house.fails(&["user", "list", "--data-dir", "hardtack-dta"]);
    assert_eq!(
        error,
        "hardtack: there is no data directory hardtack-dta; name it with --data-dir, or start the server once\n"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let house = House::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hardtack"))
        .args(["config", "reference"])
        .current_dir(house.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.stderr, b"");
}

/// docs/threat-model.md SE-6, CVE-2024-22513: a disabled user's access token dies within the bound.
#[tokio::test]
async fn a_running_server_notices_what_happens_to_a_user() {
    let house = House::public();
    let server = house.serve(&[]);
    house.add_user("ada");
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 200);
    let shown = house.json(&["user", "show", "ada"]);
    assert!(shown["last_login_at"].is_string());
    assert_eq!(shown["sessions"], 1);

    assert_eq!(
        house.ok(&["user", "disable", "ada"]),
        "user ada is disabled; 1 session ended\n"
    );
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
    assert_eq!(server.log_in("ada", PASSWORD).await, Err(400));

    assert_eq!(
        house.ok(&["user", "enable", "ada"]),
        "user ada can log in\n"
    );
    // The route looks at the user itself; the revocation is what outlasts that.
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();

    let other = "another biscuit, as hard";
    let run = house.run_with(&["user", "set-password", "ada", "--password-stdin"], other);
    assert_eq!(
        run.stdout, "user ada has a new password; 1 session ended\n",
        "{}",
        run.stderr
    );
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
    assert_eq!(server.log_in("ada", PASSWORD).await, Err(400));
    let cookies = server.log_in("ada", other).await.unwrap();

    house.ok(&["user", "delete", "ada", "--yes"]);
    assert!(noticed(async || server.get("/api/auth/user/", &cookies).await.0 == 401).await);
}
