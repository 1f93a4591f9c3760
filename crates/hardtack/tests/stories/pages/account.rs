use http::StatusCode;

use crate::kit::{PASSWORD, World};

#[tokio::test]
async fn the_profile_is_shown_saved_and_shown_again() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let fields = [
        ("username", "alice2"),
        ("first_name", " Alice "),
        ("last_name", "<b>&\"'"),
    ];
    let answer = browser.submit("/account/", &fields).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/account/?done=profile-saved")
    );
    let (_, page) = browser.open(answer.location()).await;
    assert!(page.says("Saved."));
    assert_eq!(page.typed("username"), "alice2");
    assert_eq!(page.typed("first_name"), "Alice");
    // Cross-site scripting by one's own name: it is text wherever it stands.
    assert!(!page.says("<b>&"), "{}", page.text);
    assert!(page.says("&lt;b&gt;&amp;&quot;&#x27;"), "{}", page.text);
}

#[tokio::test]
async fn a_profile_that_cannot_be_is_kept_in_the_form_with_its_faults() {
    let world = World::new().await;
    world.add_user("bob", "bob@example.com").await;
    let mut browser = world.browser().logged_in_on_page().await;
    let long = "x".repeat(151);
    for (username, first_name, told) in [
        ("", "A", "Please fill in this field."),
        ("BOB", "A", "Somebody has this user name already."),
        (
            "a b",
            "A",
            "Only letters, digits and @ . + - _ can be used.",
        ),
        ("alice", long.as_str(), "At most 150 characters."),
        (long.as_str(), "A", "At most 150 characters."),
    ] {
        let fields = [
            ("username", username),
            ("first_name", first_name),
            ("last_name", ""),
        ];
        let page = browser.submit("/account/", &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.says(told), "{username}: {}", page.text);
        assert!(page.says("<title>Error: Your profile"), "{}", page.text);
        assert_eq!(page.typed("username"), username);
        assert_eq!(page.typed("first_name"), first_name);
    }
    let (_, page) = browser.open("/account/").await;
    assert_eq!(
        (page.typed("username"), page.typed("first_name")),
        ("alice".to_owned(), String::new())
    );
}

#[tokio::test]
async fn the_password_is_changed_and_every_other_device_is_out() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let mut other = world.browser().logged_in_on_page().await;
    for (old, new, told) in [
        (
            "wrong horse",
            "a new secret of mine",
            "This is not your present password.",
        ),
        (
            PASSWORD,
            "12345678901",
            "A password of digits alone is guessed too easily.",
        ),
        (
            PASSWORD,
            "alice",
            "This password is too similar to your name or address.",
        ),
        (
            PASSWORD,
            "kvxq",
            "This password is too short: at least 8 characters.",
        ),
        (PASSWORD, "", "Please fill in this field."),
    ] {
        let fields = [("old_password", old), ("new_password", new)];
        let page = browser.submit("/account/password/", &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.says(told), "{new}: {}", page.text);
        let in_form = format!("value=\"{new}\"");
        assert!(
            ["", "alice"].contains(&new) || !page.says(&in_form),
            "a password came back"
        );
    }
    let fields = [
        ("old_password", PASSWORD),
        ("new_password", "a new secret of mine"),
    ];
    let (at, page) = browser
        .submit_and_follow("/account/password/", &fields)
        .await;
    assert_eq!(at, "/account/password/?done=password-changed");
    assert!(page.says("Your password was changed."));
    assert!(browser.is_logged_in().await && !other.is_logged_in().await);
    let answer = world
        .browser()
        .log_in_on_page("alice", "a new secret of mine")
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn devices_are_shown_and_logged_out() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = world.browser();
        other.user_agent =
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned();
        others.push(other.logged_in_on_page().await);
    }
    let (_, page) = browser.open("/account/devices/").await;
    assert_eq!(
        page.text.matches("Firefox on Linux</bdi>").count(),
        3,
        "{}",
        page.text
    );
    assert_eq!(page.text.matches("this device").count(), 1);
    assert!(
        page.text.find("this device") < page.text.find("Firefox"),
        "one's own comes first"
    );

    let session = page.typed("session");
    let (at, page) = browser
        .submit_and_follow("/account/devices/", &[("session", &session)])
        .await;
    assert_eq!(at, "/account/devices/?done=session-ended");
    assert!(page.says("The device is logged out."));
    let mut live = 0;
    for other in &mut others {
        live += usize::from(other.is_logged_in().await);
    }
    assert_eq!(live, 2);

    let (at, _) = browser
        .submit_and_follow("/account/devices/", &[("others", "1")])
        .await;
    assert_eq!(at, "/account/devices/?done=other-sessions-ended");
    for other in &mut others {
        assert!(!other.is_logged_in().await);
    }
    assert!(browser.is_logged_in().await);
}

/// docs/threat-model.md AU-10: the id of somebody else's session in one's own form.
#[tokio::test]
async fn a_foreign_device_cannot_be_logged_out_nor_found() {
    let world = World::new().await;
    world.add_user("bob", "bob@example.com").await;
    let mut alice = world.browser().logged_in_on_page().await;
    let session = alice.get("/api/auth/session/").await.json()["session"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut bob = world.browser();
    bob.log_in_on_page("bob", PASSWORD).await;
    for named in [
        session.as_str(),
        "",
        "nonsense",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let (at, _) = bob
            .submit_and_follow("/account/devices/", &[("session", named)])
            .await;
        assert_eq!(at, "/account/devices/?done=session-not-found", "{named}");
    }
    assert!(alice.is_logged_in().await && bob.is_logged_in().await);
}

#[tokio::test]
async fn the_strength_of_a_password_is_told_by_a_number() {
    let world = World::new().await;
    let mut browser = world.browser();
    for (password, username, scores) in [
        ("password", "", 0..=0),
        ("correct horse battery staple", "", 3..=4),
        ("margareth.oxley", "margareth.oxley", 0..=1),
    ] {
        let fields = [("password", password), ("username", username)];
        let answer = browser.submit("/account/strength/", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let score = answer.json()["score"].as_u64().unwrap();
        assert!(scores.contains(&score), "{password}: {score}");
    }
    let long = [("password", "x1!".repeat(10_000))];
    let long: Vec<(&str, &str)> = long
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        browser.submit("/account/strength/", &long).await.status,
        StatusCode::OK
    );
    for _ in 0..116 {
        browser.submit("/account/strength/", &[]).await;
    }
    let answer = browser.submit("/account/strength/", &[]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

/// With `csrf.double_submit` no script writes the header of a form: the token is in a field.
#[tokio::test]
async fn forms_carry_the_double_submit_token_where_it_is_demanded() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.browser().logged_in_on_page().await;
    let fields = [
        ("username", "alice"),
        ("first_name", "A"),
        ("last_name", ""),
    ];
    let page = browser.submit("/account/", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let (_, page) = browser.open("/account/").await;
    let token = page.typed("csrf");
    let with_token = |token: &str| {
        let mut fields: Vec<(String, String)> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        fields.push(("csrf".to_owned(), token.to_owned()));
        fields
    };
    let mut stranger = world.browser().logged_in_on_page().await;
    let (_, page) = stranger.open("/account/").await;
    for (token, status) in [
        (page.typed("csrf"), StatusCode::FORBIDDEN),
        (token, StatusCode::SEE_OTHER),
    ] {
        let fields = with_token(&token);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(browser.submit("/account/", &fields).await.status, status);
    }
}
