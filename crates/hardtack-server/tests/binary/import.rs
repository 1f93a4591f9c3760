//! `hardtack user import`: users move in with their numbers and passwords.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::house::{House, PASSWORD};

/// Of [`PASSWORD`], made by Python's bcrypt at its least cost.
const BCRYPT: &str = "$2b$04$yg1S4mRotTLImtb7rPLKReaW2u5wSX2MDG48qreb4AH9rWsf08u0G";

fn names(house: &House) -> Vec<(i64, String)> {
    let users = house.json(&["user", "list"]);
    let pair = |user: &Value| {
        let name = user["username"].as_str().unwrap().to_owned();
        (user["id"].as_i64().unwrap(), name)
    };
    users.as_array().unwrap().iter().map(pair).collect()
}

#[tokio::test]
async fn users_move_in_from_csv_keep_their_numbers_and_log_in() {
    let house = House::public();
    let csv = format!(
        "id,username,email,first_name,last_name,password,is_active,date_joined,last_login,is_staff\n\
         41,ada,Ada@Example.com,Ada,\"King, Countess\",{BCRYPT},t,2019-05-01 10:00:00.5+00,,t\n\
         7,grace,,,,bcrypt${BCRYPT},1,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,f\n\
         8,gone,gone@example.com,,,{BCRYPT},f,,,f\n\
         9,nopass,nopass@example.com,,,!abc,true,,,f\n\
         ,numberless,,,,{BCRYPT},,,,f\n"
    );
    house.write("users.csv", &csv);
    let told = house.ok(&["user", "import", "users.csv", "--dry-run"]);
    assert!(
        told.contains("nothing was written: 5 users read, 5 would be added, 0 refused"),
        "{told}"
    );
    assert!(told.contains("there is no place for: is_staff"), "{told}");
    assert!(!house.path("hardtack-data").exists());

    let told = house.ok(&["user", "import", "users.csv"]);
    assert!(told.contains("5 users read, 5 added, 0 refused"), "{told}");
    let there = [
        (7, "grace"),
        (8, "gone"),
        (9, "nopass"),
        (41, "ada"),
        (42, "numberless"),
    ]
    .map(|(id, name)| (id, name.to_owned()));
    assert_eq!(names(&house), there);
    let ada = house.json(&["user", "show", "ada"]);
    assert_eq!(ada["email"], "Ada@Example.com");
    assert_eq!(ada["last_name"], "King, Countess");
    assert_eq!(ada["created_at"], "2019-05-01T10:00:00.5Z");
    assert_eq!(
        house.json(&["user", "show", "grace"])["last_login_at"],
        "2021-01-01T00:00:00Z"
    );
    let kept = house.json(&["audit", "list", "--user", "ada"]);
    assert_eq!(kept[0]["event"], "user_added");

    let server = house.serve(&[]);
    for (name, status) in [
        ("ada", 200),
        ("grace", 200),
        ("numberless", 200),
        ("gone", 400),
        ("nopass", 400),
    ] {
        let answer = server
            .log_in(name, PASSWORD)
            .await
            .map_or_else(|status| status, |_| 200);
        assert_eq!(answer, status, "{name}");
    }
    let database = rusqlite::Connection::open(house.path("hardtack-data/hardtack.db")).unwrap();
    let hash: String = database
        .query_row(
            "SELECT password_hash FROM users WHERE username = 'ada'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );

    // Once more: whoever is there is left alone, with the new hash.
    let told = house.ok(&["user", "import", "users.csv"]);
    assert!(
        told.contains("5 users read, 0 added, 5 there already, 0 refused"),
        "{told}"
    );
    assert!(server.log_in("ada", PASSWORD).await.is_ok());
    let next = house.run_with(&["user", "add", "next", "--password-stdin"], PASSWORD);
    assert!(next.stdout.contains("id:43"), "{}", next.stdout);
}

#[test]
fn whoever_cannot_be_taken_in_is_reported_with_line_number_and_reason() {
    let house = House::public();
    house.add_user("first");
    let json = json!([
        { "id": 1, "username": "other", "password": "!" },
        { "id": 2, "username": "FIRST", "password": "!" },
        { "id": 3, "username": "kelvin", "email": "k@example.com", "password": "!" },
        { "id": 4, "username": "\u{212A}elvin", "password": "!" },
        { "id": 5, "username": "kim", "email": "K@EXAMPLE.com", "password": "!" },
        { "id": 6, "username": "k@example.com", "password": "!" },
        { "id": 3, "username": "again", "password": "!" },
        { "id": 7, "username": "plain", "password": PASSWORD },
        { "id": 8, "username": "dear", "password": "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAA" },
        { "id": 9, "username": "sp ace", "password": "!" },
        { "id": 0, "username": "zero", "password": "!" },
        { "id": 10, "username": "good", "password": "!" },
        "nobody",
    ]);
    // A line each, as the report counts them.
    let lines: Vec<String> = json
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    house.write("users.json", &format!("[\n{}\n]", lines.join(",\n")));
    let rehearsed = house.run(&["user", "import", "users.json", "--dry-run", "--json"]);
    let run = house.run(&[
        "user",
        "import",
        "users.json",
        "--json",
        "--report",
        "refused.json",
    ]);
    assert_eq!((rehearsed.code, run.code), (1, 1), "{}", run.stderr);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let rehearsed: Value = serde_json::from_str(&rehearsed.stdout).unwrap();
    assert_eq!(told["refused"], rehearsed["refused"]);
    assert_eq!((&told["read"], &told["added"]), (&json!(13), &json!(2)));
    let reasons: Vec<String> = told["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| {
            format!(
                "{} {}",
                refusal["line"],
                refusal["reason"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "2 id: the number is that of the user first",
            "3 username: it is the name or address of id:1",
            "5 username: it is the name or address of id:3 (line 4) already",
            "6 email: it is the address or name of id:3 (line 4) already",
            "7 username: it is the name or address of id:3 (line 4) already",
            "8 id: the number is that of id:3 (line 4) already",
            "9 password: the password hash is of a kind that cannot be verified (PBKDF2, Argon2, bcrypt and scrypt can)",
            "10 password: the password hash is malformed, or costs more to verify than a login may",
            "11 username: the name has a character that is not allowed",
            "12 id: not a whole number from 1 to 9007199254740991",
            "14 it is no object",
        ]
    );
    let report = house.path("refused.json");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(written, told["refused"]);
    assert_eq!(
        report.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(
        !run.stdout.contains(PASSWORD),
        "a password in the wrong place is not shown"
    );
    let there = [(1, "first"), (3, "kelvin"), (10, "good")].map(|(id, name)| (id, name.to_owned()));
    assert_eq!(names(&house), there);
}

#[test]
fn lines_that_are_no_users_stand_in_nobodys_way() {
    let house = House::public();
    let mut csv =
        b"\xef\xbb\xbfusername,password,email\r\nada,!,ada@example.com\r\nshort,!\r\n".to_vec();
    csv.extend_from_slice(
        b"l\xf6wenherz,!,\r\n\"quo\"\"ted\",!,\r\n\"two\r\nlines\",!,\r\ngrace,!,\r\n",
    );
    std::fs::write(house.path("users.csv"), &csv).unwrap();
    let run = house.run(&["user", "import", "users.csv"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for line in [
        "line 3: short: it has 2 fields, and the first line names 3",
        "line 4:: it is not UTF-8",
        "line 5: quo\"ted: username: the name has a character that is not allowed",
        "line 6: two\\r\\nlines: username: the name has a character that is not allowed",
        "6 users read, 2 added, 4 refused",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }

    for (name, text, complaint) in [
        (
            "a.csv",
            "name,hash\nada,!\n",
            "there is no column \"username\"",
        ),
        (
            "b.csv",
            "username,password,password\nada,!,!\n",
            "two columns are called \"password\"",
        ),
        ("c.json", "[{\"username\": \"ada\"", "the file is no JSON"),
        ("d.txt", "username,password\n", "is it CSV or JSON?"),
        ("e.csv", "", "there is no column"),
    ] {
        house.write(name, text);
        let complained = house.fails(&["user", "import", name]);
        assert!(complained.contains(complaint), "{name}: {complained}");
    }
    assert!(
        house
            .fails(&["user", "import", "nowhere.csv"])
            .contains("nowhere.csv")
    );
    let unwritable = ["user", "import", "users.csv", "--report", "no/such/place"];
    assert!(house.fails(&unwritable).contains("--report no/such/place"));
    // The report must not take the users' place, however the file is called.
    std::os::unix::fs::symlink("users.csv", house.path("link.csv")).unwrap();
    for report in ["users.csv", "./users.csv", "link.csv"] {
        let complained = house.fails(&["user", "import", "users.csv", "--report", report]);
        assert!(complained.contains("name another"), "{complained}");
        assert_eq!(std::fs::read(house.path("users.csv")).unwrap(), csv);
    }
    // Whatever was in the way is for the owner only from then on.
    house.write("old.txt", &"x".repeat(9_999));
    let run = house.run(&["user", "import", "users.csv", "--report", "old.txt"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let old = house.path("old.txt");
    assert_eq!(old.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&old).unwrap().contains('x'));
}

#[tokio::test]
async fn who_is_there_becomes_what_the_file_says_only_when_asked_to() {
    let house = House::public();
    house.add_user("ada");
    let server = house.serve(&[]);
    let cookies = server.log_in("ada", PASSWORD).await.unwrap();
    let file = json!({ "pk": 1, "username": "Ada", "email": "ada@example.com", "password": "!" });
    let import = ["user", "import", "-", "--format", "json"];
    let run = house.run_with(&import, &file.to_string());
    assert!(run.stdout.contains("1 there already"), "{}", run.stdout);
    assert_eq!(server.get("/api/auth/user/", &cookies).await.0, 200);

    let overwrite = [&import[..], &["--overwrite"]].concat();
    let rehearsal = [&overwrite[..], &["--dry-run"]].concat();
    let run = house.run_with(&rehearsal, &file.to_string());
    assert!(run.stdout.contains("1 would be replaced"), "{}", run.stdout);
    assert!(server.log_in("ada", PASSWORD).await.is_ok());

    let run = house.run_with(&overwrite, &file.to_string());
    assert!(
        run.stdout.contains("1 users read, 0 added, 1 replaced"),
        "{}",
        run.stdout
    );
    assert_eq!(server.log_in("ada", PASSWORD).await, Err(400));
    assert_eq!(server.refresh(&cookies).await, 401);
    let told = house.json(&["audit", "list", "--user", "ada"]).to_string();
    assert!(told.contains("\"session_revoked\""), "{told}");
    assert_eq!(
        house.json(&["user", "show", "ada"])["email"],
        "ada@example.com"
    );
}

#[test]
fn a_long_file_goes_in_beside_a_running_server() {
    const USERS: usize = 8_000;
    let house = House::public();
    let _server = house.serve(&[]);
    let mut csv = "id,username,email,password\n".to_owned();
    for id in 1..=USERS {
        let _ = writeln!(csv, "{id},user{id},user{id}@example.com,{BCRYPT}");
    }
    house.write("users.csv", &csv);
    let told = house.ok(&["user", "import", "users.csv"]);
    assert!(
        told.contains(&format!("{USERS} users read, {USERS} added")),
        "{told}"
    );
    let told = house.ok(&["user", "import", "users.csv"]);
    assert!(
        told.contains(&format!("0 added, {USERS} there already")),
        "{told}"
    );
}
