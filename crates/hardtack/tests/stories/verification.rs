//! Show that an address works, and ask for another mail to do so.

use hardtack::core::UserId;
use hardtack::core::event::Event;
use http::StatusCode;
use serde_json::json;

use crate::kit::{Answer, Browser, World};

const VERIFY: &str = "/api/auth/registration/verify-email/";
const RESEND: &str = "/api/auth/registration/resend-email/";
const OK: &str = r#"{"detail":"ok"}"#;
const GONE: &str = r#"{"detail":"Not found."}"#;

/// A world in which bob has registered, and his browser.
async fn world() -> (World, Browser) {
    let world = World::new().await;
    let mut browser = world.browser();
    let form = json!({ "username": "bob", "email": "bob@example.com", "password1": "staple of another kind", "password2": "staple of another kind" });
    let answer = browser.post("/api/auth/registration/", &form).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    (world, browser)
}

async fn verify(browser: &mut Browser, key: &str) -> Answer {
    browser.post(VERIFY, &json!({ "key": key })).await
}

async fn resend(browser: &mut Browser, email: &str) -> Answer {
    browser.post(RESEND, &json!({ "email": email })).await
}

async fn is_verified(world: &World, id: i64) -> bool {
    let found = world.hardtack.find_user(UserId::new(id)).await.unwrap();
    found.unwrap().email_verified_at.is_some()
}

#[tokio::test]
async fn a_key_verifies_once() {
    let (world, _) = world().await;
    let key = world.letter("verify_email").await.code;
    // Opened on another device, by nobody in particular.
    let mut elsewhere = world.browser();
    let answer = verify(&mut elsewhere, &key).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, OK));
    assert_eq!(answer.set_cookies(), [""; 0]);
    assert!(is_verified(&world, 2).await);
    let event = Event::EmailVerified {
        user: UserId::new(2),
    };
    assert!(world.events().contains(&event));
    let again = verify(&mut elsewhere, &key).await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::NOT_FOUND, GONE)
    );
}

#[tokio::test]
async fn faults_have_the_contracts_words() {
    let (world, mut browser) = world().await;
    for (path, body, status, text) in [
        (
            VERIFY,
            json!({}),
            400,
            r#"{"key":["This field is required."]}"#,
        ),
        (
            VERIFY,
            json!({ "key": "" }),
            400,
            r#"{"key":["This field may not be blank."]}"#,
        ),
        (VERIFY, json!({ "key": "x" }), 404, GONE),
        (VERIFY, json!({ "key": "A".repeat(22) }), 404, GONE),
        (VERIFY, json!({ "key": "é".repeat(22) }), 404, GONE),
        (VERIFY, json!({ "key": "A".repeat(10_000) }), 404, GONE),
        (
            RESEND,
            json!({}),
            400,
            r#"{"email":["This field is required."]}"#,
        ),
        (
            RESEND,
            json!({ "email": "bob" }),
            400,
            r#"{"email":["Enter a valid email address."]}"#,
        ),
    ] {
        let answer = browser.post(path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (status, text)
        );
    }
    let answer = browser.get(VERIFY).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!is_verified(&world, 2).await);
}

#[tokio::test]
async fn a_key_is_good_for_an_hour_and_until_there_is_a_newer_one() {
    let (world, mut browser) = world().await;
    let first = world.letter("verify_email").await.code;
    assert_eq!(resend(&mut browser, "BOB@example.com").await.text, OK);
    let second = world.letter("verify_email").await.code;
    assert_ne!(first, second);
    assert_eq!(
        verify(&mut browser, &first).await.status,
        StatusCode::NOT_FOUND
    );
    world.advance(3_600);
    assert_eq!(
        verify(&mut browser, &second).await.status,
        StatusCode::NOT_FOUND
    );
    resend(&mut browser, "bob@example.com").await;
    let third = world.letter("verify_email").await.code;
    world.advance(3_599);
    assert_eq!(verify(&mut browser, &third).await.status, StatusCode::OK);
}

/// docs/threat-model.md AU-4: the answer does not tell who exists, and neither does the time that
/// it takes, for it does not wait for the mail.
#[tokio::test]
async fn asking_for_another_mail_tells_nothing() {
    let (world, mut browser) = world().await;
    let disabled = world.add_user("dora", "dora@example.com").await.id;
    world.switch_off(disabled).await;
    let mut heads = Vec::new();
    for email in [
        "bob@example.com",
        "alice@example.com", // verified
        "dora@example.com",
        "nobody@example.com",
    ] {
        let answer = resend(&mut browser, email).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, OK));
        heads.push(answer.headers);
    }
    assert!(heads.iter().all(|head| *head == heads[0]));
    // In the place of the one that the registration had queued.
    assert_eq!(
        world.post().await,
        [("verify_email", "bob@example.com".to_owned())]
    );
}

#[tokio::test]
async fn mails_are_limited_by_who_asks_and_in_silence_by_mailbox() {
    let (world, _) = world().await;
    let at = |address: &str| {
        let mut browser = world.browser();
        browser.address = address.parse().unwrap();
        browser
    };
    let mut codes = std::collections::BTreeSet::new();
    for index in 0..20 {
        let mut one_of_many = at(&format!("198.51.100.{index}"));
        let answer = resend(&mut one_of_many, "bob@example.com").await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, OK));
        codes.insert(world.letter("verify_email").await.code);
    }
    // What was sent last is still good.
    assert_eq!(codes.len(), 10);
    let key = world.letter("verify_email").await.code;
    let mut browser = at("192.0.2.1");
    assert_eq!(verify(&mut browser, &key).await.status, StatusCode::OK);
    for index in 0..10 {
        let answer = resend(&mut browser, &format!("user{index}@example.com")).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let answer = resend(&mut browser, "user@example.com").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

/// A storm of keys costs its sender the next ones, and nobody else.
#[tokio::test]
async fn a_storm_of_wrong_keys_is_throttled() {
    let (world, _) = world().await;
    let key = world.letter("verify_email").await.code;
    let mut stranger = world.browser();
    for _ in 0..60 {
        let answer = verify(&mut stranger, &"A".repeat(22)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let answer = verify(&mut stranger, &key).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let mut elsewhere = world.browser();
    elsewhere.address = "192.0.2.1".parse().unwrap();
    assert_eq!(verify(&mut elsewhere, &key).await.status, StatusCode::OK);
}
