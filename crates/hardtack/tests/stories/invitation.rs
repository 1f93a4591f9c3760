//! Registration by invitation.

use hardtack::core::one_time_code::{CodeKey, CodePurpose, NewCode};
use hardtack::core::user::EmailAddress;
use hardtack::settings::{EmailVerification, RegistrationMode};
use hardtack::store::{CodeStore, NewInvitation};
use http::StatusCode;
use serde_json::{Value, json};

use crate::kit::World;

const REGISTER: &str = "/api/auth/registration/";
const NEW: &str = "staple of another kind";
const REFUSED: &str = r#"{"invitation":["Invalid value"]}"#;

async fn invite(world: &World, email: &str) -> String {
    let key = CodeKey::new(&world.pepper());
    let code = NewCode::draw(&key, CodePurpose::Invitation, &hardtack::SystemEntropy);
    let invitation = NewInvitation {
        code,
        to: EmailAddress::parse(email).unwrap(),
        language: Some("es".to_owned()),
    };
    let store = world.hardtack.store();
    store.insert_invitation(invitation).await.unwrap();
    let letter = world.letter("invitation").await;
    assert_eq!(
        (letter.to.as_str(), letter.language.as_deref()),
        (email, Some("es"))
    );
    letter.code
}

fn form(username: &str, invitation: &str) -> Value {
    json!({ "username": username, "password1": NEW, "password2": NEW, "invitation": invitation })
}

async fn by_invitation() -> World {
    World::with(|settings| {
        settings.registration.mode = RegistrationMode::Invite;
        settings.registration.email_verification = EmailVerification::Mandatory;
    })
    .await
}

#[tokio::test]
async fn whoever_is_invited_registers_once_with_the_address_it_was_sent_to() {
    let world = by_invitation().await;
    let key = invite(&world, "bob@example.com").await;
    let mut browser = world.browser();
    let answer = browser.post(REGISTER, &form("bob", &key)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    // The link went there and came back: there is nothing left to verify.
    assert_eq!(answer.json()["user"]["email"], "bob@example.com");
    assert!(browser.is_logged_in().await);
    assert_eq!(world.post().await, []);
    let again = world.browser().post(REGISTER, &form("carol", &key)).await;
    assert_eq!(
        (again.status, again.text.as_str()),
        (StatusCode::BAD_REQUEST, REFUSED)
    );
}

#[tokio::test]
async fn nobody_registers_without_an_invitation() {
    let world = by_invitation().await;
    let key = invite(&world, "bob@example.com").await;
    let mut without = form("bob", "");
    without["email"] = json!("bob@example.com");
    for (body, text) in [
        (without, r#"{"invitation":["This field is required."]}"#),
        (form("bob", "x"), REFUSED),
        (form("bob", "AAAAAAAAAAAAAAAAAAAAAA"), REFUSED),
        (
            form("alice", &key),
            r#"{"username":["A user with that username already exists."]}"#,
        ),
    ] {
        let answer = world.browser().post(REGISTER, &body).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::BAD_REQUEST, text)
        );
    }
    world.advance(7 * 86_400);
    let late = world.browser().post(REGISTER, &form("bob", &key)).await;
    assert_eq!(late.text, REFUSED, "after a week");
}

#[tokio::test]
async fn another_address_than_the_invited_one_has_to_be_verified() {
    let world = by_invitation().await;
    let key = invite(&world, "bob@work.example").await;
    let mut body = form("bob", &key);
    body["email"] = json!("bob@home.example");
    let answer = world.browser().post(REGISTER, &body).await;
    assert_eq!(answer.text, r#"{"detail":"Verification e-mail sent."}"#);
    let asked = ("verify_email", "bob@home.example".to_owned());
    assert_eq!(world.post().await.last(), Some(&asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_registrations_with_one_invitation_at_once_one_wins() {
    let world = by_invitation().await;
    let key = invite(&world, "bob@example.com").await;
    let registrations: Vec<_> = (0..6)
        .map(|index| {
            let mut browser = world.browser();
            let mut body = form(&format!("bob{index}"), &key);
            body["email"] = json!(format!("bob{index}@example.com"));
            tokio::spawn(async move { browser.post(REGISTER, &body).await.status })
        })
        .collect();
    let mut registered = 0;
    for one in registrations {
        registered += usize::from(one.await.unwrap() == StatusCode::CREATED);
    }
    assert_eq!(registered, 1);
}
