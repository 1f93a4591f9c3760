//! A forgotten password.

use std::net::IpAddr;

use hardtack::core::UserId;
use hardtack::core::event::Event;
use hardtack::core::session::RevokeReason;
use hardtack::core::user::UserState;
use hardtack::settings::EmailVerification;
use hardtack::store::{OutboxStore, Revoke, UserStore};
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, PASSWORD, World};
use crate::mailbox::Letter;

const FORGOT: &str = "/api/auth/password/reset/";
const CONFIRM: &str = "/api/auth/password/reset/confirm/";
const SENT: &str = r#"{"detail":"Password reset e-mail has been sent."}"#;
const INVALID: &str = r#"{"token":["Invalid value"]}"#;
const NEW: &str = "staple of another kind";

async fn forget(world: &World, email: &str) -> Answer {
    let answer = world
        .browser()
        .post(FORGOT, &json!({ "email": email }))
        .await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::OK, SENT)
    );
    answer
}

fn form(letter: &Letter, new: &str) -> Value {
    json!({ "uid": letter.uid, "token": letter.code, "new_password1": new, "new_password2": new })
}

async fn confirm(browser: &mut Browser, letter: &Letter) -> Answer {
    browser.post(CONFIRM, &form(letter, NEW)).await
}

fn revoke(reason: RevokeReason) -> Revoke {
    Revoke {
        reason,
        remembered_for: std::time::Duration::from_secs(960),
    }
}

/// docs/contract.md §10.4: in the reference the thief's session lives on.
#[tokio::test]
async fn a_reset_ends_every_session_and_logs_nobody_in() {
    let world = World::new().await;
    let mut phone = world.logged_in().await;
    let mut thief = world.logged_in().await;
    forget(&world, "ALICE@example.com").await;
    let letter = world.letter("reset_password").await;
    assert_eq!(letter.to, "alice@example.com");
    let answer = confirm(&mut phone, &letter).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::OK,
            r#"{"detail":"Password has been reset with the new password."}"#
        )
    );
    assert_eq!(answer.set_cookies(), [""; 0]);
    for browser in [&mut phone, &mut thief] {
        assert!(!browser.is_logged_in().await);
        assert_eq!(browser.refresh().await.status, StatusCode::UNAUTHORIZED);
    }
    let old = world.browser().log_in("alice", PASSWORD).await;
    assert_eq!(old.status, StatusCode::BAD_REQUEST);
    let new = world.browser().log_in("alice", NEW).await;
    assert_eq!(new.status, StatusCode::OK);
    let told = ("password_changed", "alice@example.com".to_owned());
    assert_eq!(world.post().await.last(), Some(&told));
    assert!(world.events().contains(&Event::PasswordReset {
        user: UserId::new(1),
        sessions_ended: 2
    }));
    let again = confirm(&mut phone, &letter).await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::BAD_REQUEST, INVALID)
    );
}

#[tokio::test]
async fn faults_have_the_contracts_words_and_leave_the_link_good() {
    let world = World::new().await;
    forget(&world, "alice@example.com").await;
    let letter = world.letter("reset_password").await;
    let with = |name: &str, value: &str| {
        let mut form = form(&letter, NEW);
        form[name] = json!(value);
        form
    };
    let required = r#"{"uid":["This field is required."],"token":["This field is required."],"new_password1":["This field is required."],"new_password2":["This field is required."]}"#;
    for (body, text) in [
        (json!({}), required),
        (with("uid", "?"), r#"{"uid":["Invalid value"]}"#),
        (
            with("uid", "1".repeat(5_000).as_str()),
            r#"{"uid":["Invalid value"]}"#,
        ),
        // The reference tells here which numbers are users.
        (with("uid", "zz"), INVALID),
        (with("uid", "2"), INVALID),
        (with("token", "x"), INVALID),
        (with("token", &letter.code.to_uppercase()), INVALID),
        (with("token", &format!("0{}", letter.code)), INVALID),
        (with("token", &"0".repeat(10_000)), INVALID),
        (
            with("new_password2", "another"),
            "{\"new_password2\":[\"The two password fields didn\u{2019}t match.\"]}",
        ),
        (
            form(&letter, "1234567"),
            r#"{"new_password2":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#,
        ),
        (
            form(&letter, "alice@example"),
            r#"{"new_password2":["The password is too similar to the email address."]}"#,
        ),
    ] {
        let answer = world.browser().post(CONFIRM, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text),
            "{body}"
        );
    }
    let answer = confirm(&mut world.browser(), &letter).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// docs/threat-model.md AU-4: neither the answer nor its time tells who exists. The mail is queued
/// beside the answer, not before it.
#[tokio::test]
async fn asking_for_a_link_tells_nothing() {
    let world = World::new().await;
    let disabled = world.add_user("dora", "dora@example.com").await.id;
    world.switch_off(disabled).await;
    let store = world.hardtack.store();
    let known = forget(&world, "alice@example.com").await;
    assert_eq!(
        store.list_mail(None, 10).await.unwrap(),
        [],
        "not waited for"
    );
    for email in [
        "nobody@example.com",
        "dora@example.com",
        "alice@example.org",
    ] {
        assert_eq!(forget(&world, email).await.headers, known.headers);
    }
    assert_eq!(
        world.post().await,
        [("reset_password", "alice@example.com".to_owned())]
    );
}

/// CVE-2019-19844: what is compared as equal may be another mailbox. The mail goes to the stored
/// address, whatever was typed.
#[tokio::test]
async fn a_link_goes_to_the_stored_address() {
    let world = World::new().await;
    world.add_user("mike", "mike@example.com").await;
    for typed in [
        "mi\u{212A}e@example.com",
        "ｍｉｋｅ@example.com",
        "MIKE@EXAMPLE.COM",
    ] {
        forget(&world, typed).await;
    }
    forget(&world, "m\u{131}ke@example.com").await;
    let post = world.post().await;
    let stored = ("reset_password", "mike@example.com".to_owned());
    assert!(!post.is_empty());
    assert!(post.iter().all(|letter| *letter == stored), "{post:?}");
    // A newer link makes the older void, and its mail is not sent.
    assert!(post.len() <= 3);
}

/// docs/threat-model.md AU-9.
#[tokio::test]
async fn a_link_dies_with_time_a_newer_one_the_password_and_the_user() {
    type Ending = (
        &'static str,
        fn(&World) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>,
    );
    let endings: [Ending; 5] = [
        ("time", |world| Box::pin(async { world.advance(3_600) })),
        ("a newer one", |world| {
            Box::pin(async {
                forget(world, "alice@example.com").await;
                world.letters().await;
            })
        }),
        ("the password", |world| {
            Box::pin(async {
                let change = json!({ "old_password": PASSWORD, "new_password1": "x y z and more", "new_password2": "x y z and more" });
                let mut browser = world.logged_in().await;
                let changed = browser.post("/api/auth/password/change/", &change).await;
                assert_eq!(changed.status, StatusCode::OK);
            })
        }),
        ("switched off", |world| {
            Box::pin(async {
                let why = revoke(RevokeReason::UserDisabled);
                let store = world.hardtack.store();
                let user = UserId::new(1);
                let _ = store.set_user_state(user, UserState::Disabled, why).await;
                let _ = store.set_user_state(user, UserState::Active, why).await;
            })
        }),
        ("deleted", |world| {
            Box::pin(async {
                let why = revoke(RevokeReason::UserDeleted);
                let store = world.hardtack.store();
                store.delete_user(UserId::new(1), why).await.unwrap();
            })
        }),
    ];
    for (ending, end) in endings {
        let world = World::new().await;
        forget(&world, "alice@example.com").await;
        let letter = world.letter("reset_password").await;
        end(&world).await;
        let answer = confirm(&mut world.browser(), &letter).await;
        assert_eq!(answer.text, INVALID, "{ending}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uses_of_one_link_at_once_one_wins() {
    let world = World::new().await;
    forget(&world, "alice@example.com").await;
    let letter = loop {
        let letters = world.letters().await;
        if let Some(letter) = letters.into_iter().next() {
            break letter;
        }
    };
    let uses: Vec<_> = (0..6)
        .map(|index| {
            let mut browser = world.browser();
            let body = form(&letter, &format!("another secret {index}"));
            tokio::spawn(async move { browser.post(CONFIRM, &body).await.status })
        })
        .collect();
    let mut winners = Vec::new();
    for (index, one) in uses.into_iter().enumerate() {
        if one.await.unwrap() == StatusCode::OK {
            winners.push(index);
        }
    }
    assert_eq!(winners.len(), 1);
    let won = format!("another secret {}", winners[0]);
    let answer = world.browser().log_in("alice", &won).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// Whoever is locked out by somebody's guesses has a way in that asks for no guess.
#[tokio::test]
async fn a_reset_forgives_failed_logins() {
    let world = World::new().await;
    for _ in 0..10 {
        world.browser().log_in("alice", "wrong").await;
    }
    let locked = world.browser().log_in("alice", PASSWORD).await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    forget(&world, "alice@example.com").await;
    let letter = world.letter("reset_password").await;
    confirm(&mut world.browser(), &letter).await;
    let answer = world.browser().log_in("alice", NEW).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

/// Pre-hijacking (Sudhodanan and Paverd, 2022): somebody registers the victim's address and waits.
#[tokio::test]
async fn whoever_owns_the_address_takes_the_account_over_and_the_squatter_is_out() {
    let world = World::with(|settings| {
        settings.registration.email_verification = EmailVerification::Optional;
    })
    .await;
    let mut squatter = world.browser();
    let form = json!({ "username": "victim", "email": "victim@example.com", "password1": PASSWORD, "password2": PASSWORD });
    squatter.post("/api/auth/registration/", &form).await;
    assert!(squatter.is_logged_in().await);
    // They also prepare another address to take the account back with.
    let trap = json!({ "email": "mallory@example.com", "password": PASSWORD });
    squatter.post("/api/auth/email/change/", &trap).await;
    let trap = world.letter("confirm_new_email").await;

    forget(&world, "victim@example.com").await;
    let letter = world.letter("reset_password").await;
    assert_eq!(
        confirm(&mut world.browser(), &letter).await.status,
        StatusCode::OK
    );
    assert!(!squatter.is_logged_in().await);
    let refused = squatter.log_in("victim", PASSWORD).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let sprung = squatter
        .post(
            "/api/auth/email/change/confirm/",
            &json!({ "key": trap.code }),
        )
        .await;
    assert_eq!(sprung.status, StatusCode::NOT_FOUND);
    let victim = world.hardtack.find_user(UserId::new(2)).await.unwrap();
    assert!(victim.unwrap().email_verified_at.is_some());
}

#[tokio::test]
async fn links_are_limited_by_who_asks_and_in_silence_by_mailbox() {
    let world = World::new().await;
    for index in 0..20 {
        let mut browser = world.browser();
        browser.address = IpAddr::from([198, 51, 100, index]);
        let answer = browser
            .post(FORGOT, &json!({ "email": "alice@example.com" }))
            .await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::OK, SENT)
        );
    }
    let mut browser = world.browser();
    for index in 0..10 {
        let body = json!({ "email": format!("user{index}@example.com") });
        assert_eq!(browser.post(FORGOT, &body).await.status, StatusCode::OK);
    }
    let answer = browser
        .post(FORGOT, &json!({ "email": "x@example.com" }))
        .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let asked = world
        .events()
        .iter()
        .filter(|event| matches!(event, Event::PasswordResetRequested { user: Some(_) }))
        .count();
    assert_eq!(asked, 20);
    // What was sent last is still good.
    let letter = world.letter("reset_password").await;
    let mut browser = world.browser();
    browser.address = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(confirm(&mut browser, &letter).await.status, StatusCode::OK);
}
