//! Flows whose steps come out of order: what belongs to one step opens no other.

use axum::body::Body;
use hardtack::core::UserId;
use hardtack::core::one_time_code::{CodeKey, CodePurpose, NewCode};
use hardtack::core::user::EmailAddress;
use hardtack::store::{CodeStore, NewInvitation};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Answer, PASSWORD, World};

const NEW: &str = "staple of another kind";

/// Every endpoint that takes a code, and what it takes beside it.
const DOORS: [(&str, &str); 5] = [
    ("verify_email", "/api/auth/registration/verify-email/"),
    ("reset_password", "/api/auth/password/reset/confirm/"),
    ("confirm_new_email", "/api/auth/email/change/confirm/"),
    ("email_changed", "/api/auth/email/change/revert/"),
    ("invitation", "/api/auth/registration/"),
];

fn body(code: &str, uid: &str) -> Value {
    json!({
        "key": code, "token": code, "uid": uid, "invitation": code,
        "new_password1": NEW, "new_password2": NEW,
        "username": "mallory", "email": "mallory@example.com", "password1": NEW, "password2": NEW,
    })
}

/// Both forms of the 128 bits of a code: those of a key, and those of a token.
fn forms(code: &str) -> Vec<String> {
    use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
    let (seconds, bytes) = match code.split_once('-') {
        Some((seconds, hex)) if hex.len() == 32 => {
            (seconds, HEXLOWER.decode(hex.as_bytes()).unwrap())
        }
        _ => ("0", BASE64URL_NOPAD.decode(code.as_bytes()).unwrap()),
    };
    vec![
        code.to_owned(),
        BASE64URL_NOPAD.encode(&bytes),
        format!("{seconds}-{}", HEXLOWER.encode(&bytes)),
    ]
}

/// Keycloak CVE-2026-18963: a reset could be driven past the mail with the state of another step.
#[tokio::test]
async fn nothing_but_its_own_code_opens_a_step() {
    let world = World::with(|settings| {
        settings.rate_limit.login_per_address = 10_000;
        settings.rate_limit.registration = 10_000;
    })
    .await;
    // bob has a code of each kind at the same time.
    let mut bob = world.browser();
    let register = json!({ "username": "bob", "email": "bob@example.com", "password1": PASSWORD, "password2": PASSWORD });
    bob.post("/api/auth/registration/", &register).await;
    let mut codes = vec![world.letter("verify_email").await];
    let mut alice = world.logged_in().await;
    let change = json!({ "email": "alice@new.example", "password": PASSWORD });
    alice.post("/api/auth/email/change/", &change).await;
    let confirm = world.letter("confirm_new_email").await;
    alice
        .post(
            "/api/auth/email/change/confirm/",
            &json!({ "key": confirm.code }),
        )
        .await;
    codes.push(world.letter("email_changed").await);
    let change = json!({ "email": "alice@third.example", "password": PASSWORD });
    alice.post("/api/auth/email/change/", &change).await;
    codes.push(world.letter("confirm_new_email").await);
    let forgot = json!({ "email": "alice@new.example" });
    bob.post("/api/auth/password/reset/", &forgot).await;
    codes.push(world.letter("reset_password").await);
    let key = CodeKey::new(&world.pepper());
    let invitation = NewInvitation {
        code: NewCode::draw(&key, CodePurpose::Invitation, &hardtack::SystemEntropy),
        to: EmailAddress::parse("invited@example.com").unwrap(),
        language: None,
    };
    let store = world.hardtack.store();
    store.insert_invitation(invitation).await.unwrap();
    codes.push(world.letter("invitation").await);
    assert_eq!(codes.len(), DOORS.len());

    for letter in &codes {
        for (kind, path) in DOORS.iter().filter(|(kind, _)| *kind != letter.kind) {
            for code in forms(&letter.code) {
                for uid in ["1", "2"] {
                    let answer = world.browser().post(path, &body(&code, uid)).await;
                    assert!(
                        matches!(
                            answer.status,
                            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND
                        ),
                        "{} opened {kind}: {}",
                        letter.kind,
                        answer.text
                    );
                    assert_eq!(answer.set_cookies(), [""; 0]);
                }
            }
        }
    }
    // None was spent by it, and none was needed to log in.
    for letter in codes {
        let (_, path) = DOORS.iter().find(|(kind, _)| *kind == letter.kind).unwrap();
        let uid = if letter.uid.is_empty() {
            "1"
        } else {
            &letter.uid
        };
        let mut body = body(&letter.code, uid);
        if letter.kind == "confirm_new_email" || letter.kind == "reset_password" {
            // The way back, which came first, has made them void.
            continue;
        }
        body["email"] = json!("invited@example.com");
        let answer: Answer = world.browser().post(path, &body).await;
        assert!(
            answer.status.is_success(),
            "{}: {}",
            letter.kind,
            answer.text
        );
    }
    let alice = world.hardtack.find_user(UserId::new(1)).await.unwrap();
    assert_eq!(alice.unwrap().email.as_str(), "alice@example.com");
}

/// Steps that come without the one before.
#[tokio::test]
async fn no_step_is_taken_without_the_one_before() {
    let world = World::new().await;
    let nothing = "AAAAAAAAAAAAAAAAAAAAAA";
    let token = format!("{}-{}", "tm0000", "0".repeat(32));
    for (kind, path) in DOORS.iter().take(4) {
        for code in [nothing, &token] {
            let answer = world.browser().post(path, &body(code, "1")).await;
            assert!(answer.status.is_client_error(), "{kind}: {}", answer.text);
        }
    }
    let login = world.browser().log_in("alice", PASSWORD).await;
    assert_eq!(login.status, StatusCode::OK);
    assert_eq!(world.post().await, []);
}

/// GHSA-3529-5m8x-rpv3: headers that name a host steered links. What a mail is made of is the same,
/// whatever a request says; the origin of its link is a setting.
#[tokio::test]
async fn no_header_reaches_a_mail() {
    let world = World::new().await;
    let mut browser = world.browser();
    let evil = "evil.example";
    let mut request = browser
        .request(&Method::POST, "/api/auth/password/reset/")
        .header("content-type", "application/json")
        .header("host", evil);
    for name in [
        "x-forwarded-host",
        "x-forwarded-server",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-host",
        "x-http-host-override",
        "x-original-host",
        "x-original-url",
        "x-rewrite-url",
        "forwarded",
        "x-real-host",
        "x-url-scheme",
        "via",
    ] {
        request = request.header(name, evil);
    }
    let request = request
        .header("user-agent", "evil.example\"><a href=https://evil.example>")
        .header("accept-language", "evil.example, evil;q=0.9");
    let forgot = json!({ "email": "alice@example.com", "next": "https://evil.example", "url": "//evil.example" });
    let answer = browser
        .send(request.body(Body::from(forgot.to_string())).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let letter = world.letter("reset_password").await;
    assert!(!format!("{letter:?}").contains("evil"), "{letter:?}");
    let link = hardtack::settings::LinkTo::ResetPassword {
        uid: &letter.uid,
        token: &letter.code,
    };
    let link = world.hardtack.settings().link(link);
    assert!(
        link.starts_with("https://app.example.com/account/reset/1/"),
        "{link}"
    );
}
