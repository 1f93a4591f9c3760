//! Log in.

use axum::body::Body;
use hardtack::SystemEntropy;
use hardtack::core::event::{Event, LoginRefusal};
use hardtack::core::password::{Hasher, Password};
use hardtack::core::session::RevokeReason;
use hardtack::store::UserStore;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;
use std::task::Poll;

use crate::kit::{PASSWORD, World, shapes};

#[tokio::test]
async fn a_login_answers_the_user_both_ends_and_two_cookies() {
    let world = World::new().await;
    let mut browser = world.browser();
    let answer = browser.log_in("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_snapshot!(answer.text, @r#"{"access":"","refresh":"","user":{"pk":1,"username":"alice","email":"alice@example.com","first_name":"","last_name":""},"access_expiration":"2026-11-22T01:03:47.652421Z","refresh_expiration":"2026-11-29T00:48:47.652421Z"}"#);
    assert_snapshot!(shapes(&answer.set_cookies()).join("\n"), @r"
    access=[token]; Expires=Sun, 22 Nov 2026 01:03:47 GMT; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure
    refresh=[token]; Expires=Sun, 29 Nov 2026 00:48:47 GMT; Max-Age=604800; Path=/api/auth; HttpOnly; SameSite=Lax; Secure
    ");
    assert!(browser.is_logged_in().await);
    assert!(browser.cookie("access").len() + "access".len() < 4096);
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_disabled_user_look_the_same() {
    let world = World::new().await;
    let bob = world.add_user("bob", "bob@example.com").await;
    world.switch_off(bob.id).await;
    let mut browser = world.browser();
    for (name, password) in [
        ("alice", "wrong"),
        ("nobody", "wrong"),
        ("bob", PASSWORD),
        ("bob", "wrong"),
    ] {
        let answer = browser.log_in(name, password).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        assert_eq!(
            answer.text,
            r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#
        );
        assert!(answer.set_cookies().is_empty());
    }
    let reasons: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::LoginRefused { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            LoginRefusal::WrongPassword,
            LoginRefusal::UnknownUser,
            LoginRefusal::UserDisabled,
            LoginRefusal::WrongPassword
        ]
    );
}

#[tokio::test]
async fn a_user_may_log_in_by_name_or_address_in_any_spelling() {
    let world = World::new().await;
    for body in [
        json!({ "username": "ALICE", "password": PASSWORD }),
        json!({ "username": " alice ", "password": PASSWORD }),
        json!({ "username": "Alice@Example.com", "password": PASSWORD }),
        json!({ "email": "ALICE@example.com", "password": PASSWORD }),
        json!({ "email": "alice@example.com", "username": "somebody", "password": PASSWORD }),
        json!({ "email": "", "username": "alice", "password": PASSWORD, "extra": [1] }),
    ] {
        let answer = world.browser().post("/api/auth/login", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn field_faults_have_the_contracts_words() {
    let world = World::new().await;
    for (body, text) in [
        (
            json!({ "username": "alice" }),
            r#"{"password":["This field is required."]}"#,
        ),
        (
            json!({ "username": "alice", "password": null }),
            r#"{"password":["This field may not be null."]}"#,
        ),
        (
            json!({ "username": "alice", "password": "" }),
            r#"{"password":["This field may not be blank."]}"#,
        ),
        (
            json!({ "username": "alice", "password": [] }),
            r#"{"password":["Not a valid string."]}"#,
        ),
        (
            json!({ "username": "alice", "password": true }),
            r#"{"password":["Not a valid string."]}"#,
        ),
        (
            json!({ "username": "alice", "password": "a\0b" }),
            r#"{"password":["Null characters are not allowed."]}"#,
        ),
        (
            json!({ "username": "alice", "password": "x".repeat(129) }),
            r#"{"password":["Ensure this field has no more than 128 characters."]}"#,
        ),
        (
            json!({ "email": "nonsense", "username": {} }),
            r#"{"username":["Not a valid string."],"email":["Enter a valid email address."],"password":["This field is required."]}"#,
        ),
        (
            json!({ "password": "x" }),
            r#"{"non_field_errors":["Must include either \"username\" or \"email\" and \"password\"."]}"#,
        ),
        (
            json!({ "username": "", "email": "", "password": "x" }),
            r#"{"non_field_errors":["Must include either \"username\" or \"email\" and \"password\"."]}"#,
        ),
    ] {
        let answer = world.browser().post("/api/auth/login/", &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_password_is_not_trimmed() {
    let world = World::new().await;
    let answer = world
        .browser()
        .log_in("alice", &format!(" {PASSWORD} "))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn forms_of_both_kinds_are_as_good_as_json() {
    let world = World::new().await;
    let boundary = "X-BOUNDARY";
    let part = |name: &str, value: &str| {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let multipart = format!(
        "{}{}--{boundary}--\r\n",
        part("username", "alice"),
        part("password", PASSWORD)
    );
    let bodies = [
        (
            "application/json; charset=utf-8",
            json!({ "username": "alice", "password": PASSWORD }).to_string(),
        ),
        (
            "application/x-www-form-urlencoded",
            "username=alice&password=correct+horse%20battery".to_owned(),
        ),
        ("multipart/form-data; boundary=X-BOUNDARY", multipart),
    ];
    for (kind, body) in bodies {
        let mut browser = world.browser();
        let request = browser
            .request(&Method::POST, "/api/auth/login/")
            .header(CONTENT_TYPE, kind);
        let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.text);
    }
}

/// Session fixation, ASVS 5.0 §7.2.4: what a request brought along is never adopted, and ends.
#[tokio::test]
async fn a_login_ends_the_session_whose_cookie_it_brought() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut old = browser.clone();
    browser.log_in("alice", PASSWORD).await;
    assert_ne!(
        browser.cookie("refresh").split('.').nth(1),
        old.cookie("refresh").split('.').nth(1)
    );
    assert!(browser.is_logged_in().await);
    assert!(
        !old.is_logged_in().await,
        "the old access token dies at once"
    );
    assert_eq!(old.refresh().await.status, StatusCode::UNAUTHORIZED);
    assert!(world.events().iter().any(|event| matches!(
        event,
        Event::SessionRevoked {
            reason: RevokeReason::Replaced,
            ..
        }
    )));
}

#[tokio::test]
async fn another_browser_of_the_same_user_stays_logged_in() {
    let world = World::new().await;
    let mut one = world.logged_in().await;
    let mut other = world.logged_in().await;
    assert!(one.is_logged_in().await && other.is_logged_in().await);
}

#[tokio::test]
async fn last_login_moves_at_login_and_not_at_refresh() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let at_login = world
        .hardtack
        .find_user(hardtack::core::UserId::new(1))
        .await
        .unwrap()
        .unwrap()
        .last_login_at;
    assert!(at_login.is_some());
    world.advance(61);
    assert_eq!(browser.refresh().await.status, StatusCode::OK);
    let later = world
        .hardtack
        .find_user(hardtack::core::UserId::new(1))
        .await
        .unwrap()
        .unwrap()
        .last_login_at;
    assert_eq!(later, at_login);
}

/// docs/threat-model.md AU-5: the eleventh try of a name is refused, right or wrong, however it is spelled.
#[tokio::test]
async fn the_right_password_during_a_throttle_is_refused_like_a_wrong_one() {
    let world = World::new().await;
    let mut live = world.logged_in().await;
    let mut attacker = world.browser();
    attacker.address = "198.51.100.7".parse().unwrap();
    for (index, name) in ["alice", "ALICE", "Alice"]
        .iter()
        .cycle()
        .take(10)
        .enumerate()
    {
        let answer = attacker.log_in(name, "wrong").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "try {index}");
    }
    for password in [PASSWORD, "wrong"] {
        let answer = world.browser().log_in("aLICE", password).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = answer.headers[RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(
            answer.text,
            format!(
                r#"{{"detail":"Request was throttled. Expected available in {wait} seconds."}}"#
            )
        );
    }
    assert!(live.is_logged_in().await, "a live session does not notice");
    let new = "staple of another kind";
    let change = json!({ "old_password": PASSWORD, "new_password1": new, "new_password2": new });
    let answer = live.post("/api/auth/password/change/", &change).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "nor is its owner kept from changing the password"
    );
    world.advance(61);
    assert_eq!(live.refresh().await.status, StatusCode::OK);
    assert_eq!(
        world.browser().log_in("alice", new).await.status,
        StatusCode::OK,
        "and it passes"
    );
}

/// docs/threat-model.md AU-4 and AU-5: name and address share the account's limit, and nobody learns from
/// it that they belong together: past it, the right password is simply wrong.
#[tokio::test]
async fn a_name_and_an_address_share_a_limit_without_telling_so() {
    let world = World::new().await;
    for _ in 0..10 {
        let answer = world.browser().log_in("alice", "wrong").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    let refused = r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#;
    for (email, password) in [
        ("alice@example.com", PASSWORD),
        ("alice@example.com", "wrong"),
        ("no@example.com", "x"),
    ] {
        let body = json!({ "email": email, "password": password });
        let answer = world.browser().post("/api/auth/login/", &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, refused),
            "{email}"
        );
    }
}

/// A try that was never judged counts for nobody: neither an overload nor a sick store may lock
/// users out.
#[tokio::test]
async fn a_try_that_could_not_be_judged_is_not_counted() {
    let real = hardtack::core::password::HashCost::default();
    let world = World::with(|settings| settings.password.cost = real).await;
    let password = Password::parse(PASSWORD.to_owned()).unwrap();
    let hash = Hasher::new(real).hash(&password, &SystemEntropy).unwrap();
    world.add_user_with_hash("slow", "", hash).await;
    let mut gone = 0;
    for _ in 0..30 {
        // The caller goes away while the password is being checked.
        let mut browser = world.browser();
        let mut login = std::pin::pin!(browser.log_in("slow", "wrong"));
        let begun = std::future::poll_fn(|context| Poll::Ready(login.as_mut().poll(context)));
        gone += usize::from(begun.await.is_pending());
    }
    // More than the limit of ten, should the machine have been so slow that some were judged.
    assert!(gone > 20, "{gone}");
    assert_eq!(
        world.browser().log_in("slow", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_name_longer_than_any_address_is_refused_before_it_is_looked_at() {
    let world = World::new().await;
    let answer = world.browser().log_in(&"\u{fdfa}".repeat(255), "x").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::BAD_REQUEST,
            r#"{"username":["Ensure this field has no more than 254 characters."]}"#
        )
    );
    assert!(world.events().is_empty(), "nothing of it is logged");
}

/// docs/threat-model.md AU-5: sixty tries at once count as sixty tries.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_tries_cannot_pass_the_limit() {
    let world = World::with(|settings| settings.password.queue = 100).await;
    let tries = (0..60).map(|_| {
        let mut browser = world.browser();
        tokio::spawn(async move { browser.log_in("alice", "wrong").await.status })
    });
    let tries: Vec<_> = tries.collect();
    let mut checked = 0;
    for one in tries {
        checked += usize::from(one.await.unwrap() == StatusCode::BAD_REQUEST);
    }
    assert_eq!(checked, 10);
}

#[tokio::test]
async fn one_address_cannot_try_many_users() {
    let world = World::new().await;
    let mut browser = world.browser();
    for index in 0..60 {
        assert_eq!(
            browser.log_in(&format!("user{index}"), "x").await.status,
            StatusCode::BAD_REQUEST
        );
    }
    assert_eq!(
        browser.log_in("user60", "x").await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    let mut elsewhere = world.browser();
    elsewhere.address = "198.51.100.8".parse().unwrap();
    assert_eq!(
        elsewhere.log_in("alice", PASSWORD).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn more_logins_than_the_hashing_threads_can_take_are_answered_503() {
    let world = World::with(|settings| {
        settings.password.threads = 1;
        settings.password.queue = 0;
        settings.password.cost = hardtack::core::password::HashCost::default();
    })
    .await;
    let tries: Vec<_> = (0..6)
        .map(|index| {
            let mut browser = world.browser();
            async move { browser.log_in(&format!("nobody{index}"), "wrong").await }
        })
        .map(tokio::spawn)
        .collect();
    let mut busy = 0;
    for one in tries {
        let answer = one.await.unwrap();
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(answer.headers[RETRY_AFTER], "1");
            busy += 1;
        }
    }
    assert_eq!(busy, 5);
}

#[tokio::test]
async fn a_django_hash_logs_in_once_and_is_argon2id_afterwards() {
    let world = World::new().await;
    // PBKDF2-SHA256 with 1,000 rounds over "correct horse battery", as Django writes it.
    let hash = hardtack_test_hash();
    let user = world.add_user_with_hash("django", "", hash).await;
    assert_eq!(
        world.browser().log_in("django", PASSWORD).await.status,
        StatusCode::OK
    );
    let stored = world
        .hardtack
        .store()
        .find_user(user.id)
        .await
        .unwrap()
        .unwrap()
        .password_hash;
    assert!(stored.starts_with("$argon2id$v=19$"), "{stored}");
    assert_eq!(
        world.browser().log_in("django", PASSWORD).await.status,
        StatusCode::OK
    );
    assert_eq!(
        world.browser().log_in("django", "wrong").await.status,
        StatusCode::BAD_REQUEST
    );
}

fn hardtack_test_hash() -> String {
    let mut key = [0; 32];
    aws_lc_rs::pbkdf2::derive(
        aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256,
        std::num::NonZeroU32::new(1000).unwrap(),
        b"seasalt",
        PASSWORD.as_bytes(),
        &mut key,
    );
    format!(
        "pbkdf2_sha256$1000$seasalt${}",
        data_encoding::BASE64.encode(&key)
    )
}
