//! Register.

use std::net::IpAddr;

use hardtack::core::event::{Event, RegistrationRefusal};
use hardtack::core::user::{CanonicalName, LoginName, User};
use hardtack::settings::{EmailVerification, RegistrationMode, TokensInBody};
use hardtack::store::UserStore;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use crate::kit::{Answer, Browser, World, shapes};

const REGISTER: &str = "/api/auth/registration/";
const NEW: &str = "staple of another kind";
const SENT: &str = r#"{"detail":"Verification e-mail sent."}"#;
const NAME_TAKEN: &str = r#"{"username":["A user with that username already exists."]}"#;
const ADDRESS_TAKEN: &str = r#"{"email":["User is already registered with this e-mail address."]}"#;

fn form(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password1": NEW, "password2": NEW })
}

async fn register(browser: &mut Browser, username: &str, email: &str) -> Answer {
    browser.post(REGISTER, &form(username, email)).await
}

async fn find(world: &World, name: &str) -> Option<User> {
    let name = LoginName::NameOrEmail(CanonicalName::of(name));
    let found = world.hardtack.store().find_user_by_login(&name).await;
    found.unwrap().map(|found| found.user)
}

async fn mandatory() -> World {
    World::with(|settings| {
        settings.registration.email_verification = EmailVerification::Mandatory;
    })
    .await
}

/// docs/contract.md §10.6: the reference leaks the refresh token into the body and sets no cookie.
#[tokio::test]
async fn a_registration_answers_like_a_login() {
    let world = World::new().await;
    let mut browser = world.browser();
    let registered = register(&mut browser, "Bob", "Bob@Example.com").await;
    assert_eq!(
        registered.status,
        StatusCode::CREATED,
        "{}",
        registered.text
    );
    let logged_in = world.browser().log_in("bob", NEW).await;
    assert_eq!(logged_in.status, StatusCode::OK);
    assert_eq!(
        shapes(&registered.set_cookies()),
        shapes(&logged_in.set_cookies())
    );
    assert_eq!(registered.text, logged_in.text, "to the byte");
    assert_eq!(
        registered.json()["user"],
        json!({ "pk": 2, "username": "Bob", "email": "bob@example.com", "first_name": "", "last_name": "" })
    );
    assert_eq!(registered.json()["refresh"], "");
    assert!(browser.is_logged_in().await);
    assert_eq!(
        world.post().await,
        [("verify_email", "bob@example.com".to_owned())]
    );
    let bob = find(&world, "bob").await.unwrap();
    assert_eq!(bob.email_verified_at, None);
    let events = world.events();
    assert_eq!(events[0], Event::UserRegistered { user: bob.id });
    assert!(matches!(events[1], Event::LoggedIn { user, .. } if user == bob.id));
}

#[tokio::test]
async fn tokens_are_in_the_body_only_where_they_are_at_a_login() {
    for (in_body, access, refresh) in [
        (TokensInBody::None, false, false),
        (TokensInBody::Access, true, false),
        (TokensInBody::Both, true, true),
    ] {
        let world = World::with(|settings| settings.tokens.in_body = in_body).await;
        let answer = register(&mut world.browser(), "bob", "bob@example.com")
            .await
            .json();
        assert_eq!(answer["access"] != "", access, "{in_body:?}");
        assert_eq!(answer["refresh"] != "", refresh, "{in_body:?}");
    }
}

#[tokio::test]
async fn faults_have_the_contracts_words() {
    let world = World::new().await;
    let without = |name: &str| {
        let mut form = form("bob", "bob@example.com");
        form.as_object_mut().unwrap().remove(name);
        form
    };
    let with = |name: &str, value: Value| {
        let mut form = form("bob", "bob@example.com");
        form[name] = value;
        form
    };
    let password = |text: &str| json!({ "username": "bob", "email": "robert@example.com", "password1": text, "password2": text });
    let all = r#"{"username":["This field is required."],"email":["This field is required."],"password1":["This field is required."],"password2":["This field is required."]}"#;
    let long = "x".repeat(151);
    for (body, text) in [
        (json!({}), all),
        (without("email"), r#"{"email":["This field is required."]}"#),
        (
            with("email", json!("")),
            r#"{"email":["This field may not be blank."]}"#,
        ),
        (
            with("email", Value::Null),
            r#"{"email":["This field may not be null."]}"#,
        ),
        (
            with("email", json!(true)),
            r#"{"email":["Not a valid string."]}"#,
        ),
        (
            with("email", json!("bob")),
            r#"{"email":["Enter a valid email address."]}"#,
        ),
        (
            with("email", json!(format!("{}@example.com", "x".repeat(300)))),
            r#"{"email":["Ensure this field has no more than 254 characters."]}"#,
        ),
        (
            with("username", json!("bob marley")),
            r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."]}"#,
        ),
        (
            with("username", json!(long)),
            r#"{"username":["Ensure this field has no more than 150 characters."]}"#,
        ),
        (
            with("username", json!("b\0b")),
            r#"{"username":["Null characters are not allowed."]}"#,
        ),
        (
            password("1234567"),
            r#"{"password1":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#,
        ),
        (
            with("password1", json!("short")),
            r#"{"password1":["This password is too short. It must contain at least 8 characters."]}"#,
        ),
        (
            with("password1", json!("x".repeat(129))),
            r#"{"password1":["Ensure this field has no more than 128 characters."]}"#,
        ),
        (
            with("password2", json!("another one entirely")),
            r#"{"non_field_errors":["The two password fields didn't match."]}"#,
        ),
        (
            password("robert@example"),
            r#"{"non_field_errors":["The password is too similar to the email address."]}"#,
        ),
        (
            json!({ "username": "bobmarley", "email": "b@example.com", "password1": "marleybob1", "password2": "marleybob1" }),
            r#"{"non_field_errors":["The password is too similar to the username."]}"#,
        ),
        (form("alice", "new@example.com"), NAME_TAKEN),
        (form("ALICE", "new@example.com"), NAME_TAKEN),
        (form("bob", "ALICE@example.com"), ADDRESS_TAKEN),
        (
            form("alice", "alice@example.com"),
            r#"{"username":["A user with that username already exists."],"email":["User is already registered with this e-mail address."]}"#,
        ),
    ] {
        let answer = world.browser().post(REGISTER, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text),
            "{body}"
        );
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    assert!(find(&world, "bob").await.is_none());
    assert_eq!(world.post().await, []);
}

/// Keycloak CVE-2026-19607: who is called like somebody's address gets the logins meant for them.
#[tokio::test]
async fn nobody_registers_under_an_address_that_is_not_theirs() {
    let world = World::new().await;
    for name in [
        "alice@example.com",
        "Alice@EXAMPLE.com",
        "carol@example.com",
    ] {
        let answer = register(&mut world.browser(), name, "mallory@example.com").await;
        assert_eq!(answer.text, NAME_TAKEN, "{name}");
    }
    let answer = register(
        &mut world.browser(),
        "carol@example.com",
        "carol@example.com",
    )
    .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let logged_in = world.logged_in().await;
    assert_eq!(logged_in.jar.len(), 2, "the owner still logs in");
}

/// docs/threat-model.md AU-10: what is no field of the form never takes effect.
#[tokio::test]
async fn fields_that_are_not_the_forms_change_nothing() {
    let world = World::new().await;
    let mut body = form("bob", "bob@example.com");
    for (name, value) in [
        ("pk", json!(1)),
        ("id", json!(1)),
        ("is_staff", json!(true)),
        ("is_superuser", json!(true)),
        ("is_active", json!(false)),
        ("first_name", json!("Robert")),
        ("email_verified", json!(true)),
        ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ("password_hash", json!("!")),
        ("next", json!("https://evil.example/")),
    ] {
        body[name] = value;
    }
    let answer = world.browser().post(REGISTER, &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let bob = find(&world, "bob").await.unwrap();
    assert_eq!((bob.id.as_i64(), bob.first_name.as_str()), (2, ""));
    assert_eq!(bob.email_verified_at, None);
}

#[tokio::test]
async fn where_verification_is_mandatory_nobody_unverified_has_a_session() {
    let world = mandatory().await;
    let mut browser = world.browser();
    let answer = register(&mut browser, "bob", "bob@example.com").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::CREATED, SENT)
    );
    assert_eq!(answer.set_cookies(), [""; 0]);
    let refused = browser.log_in("bob", "wrong").await;
    assert_eq!(
        refused.text,
        r#"{"non_field_errors":["Unable to log in with provided credentials."]}"#
    );
    for name in ["bob", "bob@example.com"] {
        let refused = browser.log_in(name, NEW).await;
        assert_eq!(
            (refused.status, refused.text.as_str()),
            (
                StatusCode::BAD_REQUEST,
                r#"{"non_field_errors":["E-mail is not verified."]}"#
            )
        );
        assert_eq!(refused.set_cookies(), [""; 0]);
    }
    let key = world.letter("verify_email").await.code;
    let verified = browser
        .post(
            "/api/auth/registration/verify-email/",
            &json!({ "key": key }),
        )
        .await;
    assert_eq!(
        (verified.status, verified.text.as_str()),
        (StatusCode::OK, r#"{"detail":"ok"}"#)
    );
    assert_eq!(
        verified.set_cookies(),
        [""; 0],
        "the link may be opened anywhere"
    );
    assert_eq!(browser.log_in("bob", NEW).await.status, StatusCode::OK);
}

#[tokio::test]
async fn users_of_an_operator_need_no_verification() {
    let world = mandatory().await;
    world.add_user("nameless", "").await;
    world.logged_in().await;
    let answer = world
        .browser()
        .log_in("nameless", crate::kit::PASSWORD)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn without_verification_nothing_is_mailed() {
    let world = World::with(|settings| {
        settings.registration.email_verification = EmailVerification::None;
    })
    .await;
    let answer = register(&mut world.browser(), "bob", "bob@example.com").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(world.post().await, []);
}

#[tokio::test]
async fn where_registration_is_closed_nobody_registers() {
    let world = World::with(|settings| {
        settings.registration.mode = RegistrationMode::Closed;
    })
    .await;
    let answer = register(&mut world.browser(), "bob", "bob@example.com").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            StatusCode::FORBIDDEN,
            r#"{"detail":"Registration is closed.","code":"registration_closed"}"#
        )
    );
    assert!(find(&world, "bob").await.is_none());
    assert_eq!(
        world.events(),
        [Event::RegistrationRefused {
            reason: RegistrationRefusal::Closed
        }]
    );
}

/// The contract names taken names and addresses; whoever wants to know many of them has to wait.
#[tokio::test]
async fn a_storm_of_registrations_is_throttled_by_address() {
    let world = World::new().await;
    let at = |address: &str| {
        let mut browser = world.browser();
        browser.address = address.parse::<IpAddr>().unwrap();
        browser
    };
    for index in 0..10 {
        // Half of them could have succeeded.
        let name = if index % 2 == 0 {
            "alice"
        } else {
            &format!("bot{index}")
        };
        let address = format!("2001:db8:0:1::{index}");
        let answer = register(&mut at(&address), name, &format!("bot{index}@example.com")).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{index}");
    }
    let answer = register(&mut at("2001:db8:0:1::ffff"), "late", "late@example.com").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers[RETRY_AFTER], "360");
    let elsewhere = register(&mut at("2001:db8:0:2::1"), "late", "late@example.com").await;
    assert_eq!(elsewhere.status, StatusCode::CREATED);
    world.advance(360);
    let later = register(&mut at("2001:db8:0:1::1"), "later", "later@example.com").await;
    assert_eq!(later.status, StatusCode::CREATED);
    // A form that is wrong by itself asks nothing, and costs nothing.
    for _ in 0..20 {
        let answer = at("2001:db8:0:3::1").post(REGISTER, &json!({})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_registrations_of_one_name_at_once_one_gives_a_user() {
    let world = World::new().await;
    let registrations: Vec<_> = (0..8)
        .map(|index| {
            let mut browser = world.browser();
            browser.address = IpAddr::from([198, 51, 100, index]);
            let name = if index % 2 == 0 { "Bob" } else { "bOB" };
            // Some want the same address as well.
            let body = form(name, &format!("bob{}@example.com", index % 3));
            tokio::spawn(async move { browser.post(REGISTER, &body).await.status })
        })
        .collect();
    let mut registered = 0;
    for one in registrations {
        match one.await.unwrap() {
            StatusCode::CREATED => registered += 1,
            status => assert_eq!(status, StatusCode::BAD_REQUEST),
        }
    }
    assert_eq!(registered, 1);
    let users = world.hardtack.store().list_users(None, 100).await.unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(world.post().await.len(), 1);
}

#[tokio::test]
async fn where_registration_is_quiet_an_address_that_somebody_has_is_not_told() {
    let world = World::with(|settings| {
        settings.registration.email_verification = EmailVerification::Mandatory;
        settings.registration.quiet = true;
    })
    .await;
    let free = register(&mut world.browser(), "bob", "bob@example.com").await;
    let taken = register(&mut world.browser(), "carol", "ALICE@example.com").await;
    let named_alike = register(
        &mut world.browser(),
        "alice@example.com",
        "alice@example.com",
    )
    .await;
    assert_eq!(
        (free.status, free.text.as_str()),
        (StatusCode::CREATED, SENT)
    );
    for answer in [&taken, &named_alike] {
        assert_eq!((answer.status, &answer.text), (free.status, &free.text));
        assert_eq!(answer.headers.len(), free.headers.len());
    }
    assert!(find(&world, "carol").await.is_none());
    let alice = "alice@example.com".to_owned();
    assert_eq!(
        world.post().await,
        [
            ("verify_email", "bob@example.com".to_owned()),
            ("already_registered", alice.clone()),
            ("already_registered", alice)
        ]
    );
    let named = register(&mut world.browser(), "alice", "dave@example.com").await;
    assert_eq!(named.text, NAME_TAKEN, "user names are public");
}

/// Enumeration by a password of one's own (ASVS 5.0 §6.3.8): whoever registers with a stranger's
/// address and then logs in must not learn from the answer whether there is a new user. The limit
/// must not tell it either.
#[tokio::test]
async fn where_registration_is_quiet_a_login_does_not_tell_whether_it_made_a_user() {
    let world = World::with(|settings| {
        settings.registration.email_verification = EmailVerification::Mandatory;
        settings.registration.quiet = true;
    })
    .await;
    register(&mut world.browser(), "bob", "bob@example.com").await;
    register(&mut world.browser(), "carol", "alice@example.com").await;
    assert!(find(&world, "bob").await.is_some());
    assert!(find(&world, "carol").await.is_none());
    let mut throttled = false;
    for _ in 0..20 {
        let bob = world.browser().log_in("bob", NEW).await;
        let carol = world.browser().log_in("carol", NEW).await;
        assert_eq!((bob.status, &bob.text), (carol.status, &carol.text));
        throttled |= bob.status == StatusCode::TOO_MANY_REQUESTS;
    }
    assert!(throttled);
}

#[tokio::test]
async fn a_registration_ends_the_session_whose_cookie_it_brought() {
    let world = World::new().await;
    let mut browser = world.logged_in().await;
    let mut before = browser.clone();
    let answer = register(&mut browser, "bob", "bob@example.com").await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(!before.is_logged_in().await);
    assert_eq!(
        browser.get("/api/auth/user/").await.json()["username"],
        "bob"
    );
}

#[tokio::test]
async fn people_are_written_to_in_the_language_that_their_browser_asked_for() {
    let world = World::new().await;
    for (index, (accepted, language)) in [
        (Some("fa-IR,fa;q=0.9,en;q=0.5"), Some("fa")),
        (Some("tlh"), Some("en")),
        (None, None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = world.browser();
        let mut request = browser.request(&http::Method::POST, REGISTER);
        if let Some(accepted) = accepted {
            request = request.header("accept-language", accepted);
        }
        let body = form(&format!("user{index}"), &format!("user{index}@example.com"));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string().into());
        browser.send(request.unwrap()).await;
        let letter = world.letter("verify_email").await;
        assert_eq!(letter.language.as_deref(), language);
    }
}
