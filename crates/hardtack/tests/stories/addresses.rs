//! Addresses that are none.

use http::StatusCode;
use serde_json::json;

use crate::kit::World;

/// What is typed as an address is where a mail goes: header injection, and texts that look like
/// what they are not.
#[tokio::test]
async fn nothing_but_an_address_is_an_address() {
    let world = World::with(|settings| settings.rate_limit.registration = 1_000).await;
    let ten_kib = format!("{}@example.com", "x".repeat(10_240));
    for email in [
        "bob@example.com\r\nBcc: victim@example.com",
        "bob@example.com\nBcc: victim@example.com",
        "bob@example.com%0aBcc: victim@example.com",
        "bob\r@example.com",
        "bob\0@example.com",
        "bob@example.com\0.evil.example",
        "Bob <bob@example.com>",
        "bob@example.com,victim@example.com",
        "bob@example.com;victim@example.com",
        "bob@example.com victim@example.com",
        "\"bob\"@example.com",
        "bob(comment)@example.com",
        "bob@[192.0.2.1]",
        "bob@example.com@evil.example",
        "b\u{202e}ob@example.com",
        "b\u{200b}ob@example.com",
        "bob@exam\u{ad}ple.com",
        "bob\u{2028}@example.com",
        "mailto:bob@example.com",
        "bob@-example.com",
        "bob@localhost.",
        &ten_kib,
    ] {
        for path in [
            "/api/auth/registration/",
            "/api/auth/password/reset/",
            "/api/auth/registration/resend-email/",
        ] {
            let mut browser = world.browser();
            let form = json!({ "username": "bob", "email": email, "password1": "staple of another kind", "password2": "staple of another kind" });
            let answer = browser.post(path, &form).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {email:?}");
            assert!(answer.text.starts_with(r#"{"email":["#), "{}", answer.text);
        }
    }
    for (_, to) in world.post().await {
        assert!(!to.contains(['\r', '\n', ' ', ',', ';']), "{to:?}");
    }
}
