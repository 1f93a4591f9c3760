//! A database in the wrong hands.

use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use hardtack_core::Timestamp;
use hardtack_core::one_time_code::{CodeId, CodeKey, CodePurpose, OneTimeCode};
use hardtack_core::refresh_token::Pepper;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Server};

const NEW_PASSWORD: &str = "another biscuit entirely";

/// A code as the database has it.
struct Stolen {
    id: [u8; 16],
    hash: [u8; 32],
    created_at: Timestamp,
}

fn steal(house: &House) -> Option<Stolen> {
    let database = rusqlite::Connection::open(house.path("hardtack-data/hardtack.db")).unwrap();
    let row = database.query_row("SELECT code, hash, created_at FROM codes", [], |row| {
        Ok(Stolen {
            id: row.get(0)?,
            hash: row.get(1)?,
            created_at: Timestamp::from_unix_micros(row.get(2)?),
        })
    });
    row.ok()
}

/// The mail is queued beside the answer; it takes as long as the machine does.
async fn stolen(house: &House) -> Stolen {
    let look = async {
        loop {
            match steal(house) {
                Some(stolen) => break stolen,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let looked = tokio::time::timeout(Duration::from_secs(30), look).await;
    looked.unwrap()
}

async fn post(server: &Server, path: &str, body: Value) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}/api/auth/{path}", server.url))
        .header("content-type", "application/json")
        .header("origin", "https://app.example.com")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn reset(server: &Server, token: &str) -> (u16, Value) {
    let body = json!({
        "uid": "1", "token": token,
        "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD,
    });
    post(server, "password/reset/confirm/", body).await
}

/// docs/threat-model.md AU-9: whoever has the whole database, with a reset on its way, has nothing
/// to reset a password with. Whoever has the pepper besides, has.
#[tokio::test]
async fn a_stolen_database_resets_no_password() {
    let house = House::public();
    let ada = ["user", "add", "ada", "--email", "ada@example.com"];
    let added = house.run_with(&[&ada[..], &["--password-stdin"]].concat(), PASSWORD);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let server = house.serve(&[]);
    let asked = json!({ "email": "ada@example.com" });
    let (status, body) = post(&server, "password/reset/", asked).await;
    assert_eq!(status, 200, "{body}");
    let stolen = stolen(&house).await;

    // What a thief can make of the row, in every form that a link could have.
    let pepper: Vec<u8> = (0..32).collect();
    let guessed = CodeKey::new(&Pepper::new(&pepper).unwrap());
    let id = CodeId::from_bytes(stolen.id);
    let guess = OneTimeCode::derive(&guessed, CodePurpose::ResetPassword, id);
    let seconds = guess.to_token(stolen.created_at);
    let (seconds, _) = seconds.expose_secret().split_once('-').unwrap();
    for token in [
        format!("{seconds}-{}", HEXLOWER.encode(&stolen.id)),
        format!("{seconds}-{}", HEXLOWER.encode(&stolen.hash[..16])),
        format!("{seconds}-{}", HEXLOWER.encode(&stolen.hash[16..])),
        format!("{seconds}-{}", HEXLOWER.encode(&stolen.hash)),
        guess.to_token(stolen.created_at).expose_secret().clone(),
    ] {
        let (status, body) = reset(&server, &token).await;
        assert_eq!((status, &body["token"][0]), (400, &json!("Invalid value")));
    }

    // What the mail will say stands in no file.
    let pepper = std::fs::read_to_string(house.path("hardtack-data/pepper")).unwrap();
    let pepper = BASE64.decode(pepper.trim_end().as_bytes()).unwrap();
    let key = CodeKey::new(&Pepper::new(&pepper).unwrap());
    let code = OneTimeCode::derive(&key, CodePurpose::ResetPassword, id);
    assert_eq!(code.hash().as_bytes(), &stolen.hash);
    let text = code.to_key();
    let secret = BASE64URL_NOPAD.decode(text.expose_secret().as_bytes());
    let secret = secret.unwrap();
    for entry in house.path("hardtack-data").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let hex = HEXLOWER.encode(&secret);
        for form in [&secret[..], text.expose_secret().as_bytes(), hex.as_bytes()] {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "{}", path.display());
        }
    }

    let token = code.to_token(stolen.created_at);
    let (status, body) = reset(&server, token.expose_secret()).await;
    assert_eq!(status, 200, "{body}");
    assert!(server.log_in("ada", PASSWORD).await.is_err());
    server.log_in("ada", NEW_PASSWORD).await.unwrap();
    assert!(steal(&house).is_none(), "it is spent");
}
