//! Registration, recovery and everything that a mail leads to.

use hardtack::settings::{EmailVerification, RegistrationMode};
use http::StatusCode;

use crate::kit::{PASSWORD, World};

const NEW_PASSWORD: &str = "a new secret of mine";

const BOB: [(&str, &str); 3] = [
    ("username", "bob"),
    ("email", "bob@example.com"),
    ("new_password", PASSWORD),
];

#[tokio::test]
async fn an_account_lives_its_whole_life_on_the_pages() {
    let world = World::new().await;
    let mut browser = world.browser();

    let (at, page) = browser.submit_and_follow("/account/register/", &BOB).await;
    assert_eq!(at, "/account/?done=registered", "{}", page.text);
    assert!(page.says("Welcome!") && browser.is_logged_in().await);

    let verify = format!(
        "/account/verify/{}/",
        world.letter("verify_email").await.code
    );
    let (at, page) = browser.submit_and_follow(&verify, &[]).await;
    assert_eq!(at, "/account/email/?done=email-verified");
    assert!(
        page.says("<span class=\"tag good\">verified</span>"),
        "{}",
        page.text
    );

    let fields = [("email", "Bob@New.example"), ("password", PASSWORD)];
    let (at, page) = browser.submit_and_follow("/account/email/", &fields).await;
    assert_eq!(
        at, "/account/email/?done=email-change-sent",
        "{}",
        page.text
    );
    assert!(page.says("bob@example.com"));
    let confirm = format!(
        "/account/email/confirm/{}/",
        world.letter("confirm_new_email").await.code
    );
    let (at, page) = browser.submit_and_follow(&confirm, &[]).await;
    assert_eq!(at, "/account/email/?done=email-changed");
    assert!(page.says("bob@new.example"));

    let export = browser.submit("/account/data/", &[]).await;
    assert_eq!(export.status, StatusCode::OK);
    assert_eq!(
        export.headers["content-disposition"],
        "attachment; filename=\"account.json\""
    );
    assert_eq!(export.json()["user"]["email"], "bob@new.example");

    let mut other = world.browser();
    other.log_in_on_page("bob", PASSWORD).await;
    let fields = [("email", "bob@new.example")];
    let (at, _) = world
        .browser()
        .submit_and_follow("/account/forgot/", &fields)
        .await;
    assert_eq!(at, "/account/forgot/check-mail/");
    let letter = world.letter("reset_password").await;
    let reset = format!("/account/reset/{}/{}/", letter.uid, letter.code);
    let (at, page) = browser
        .submit_and_follow(&reset, &[("new_password", NEW_PASSWORD)])
        .await;
    assert!(
        at.starts_with("/account/login/?done=password-reset"),
        "{at}"
    );
    assert!(page.says("Your password was changed. Log in with it."));
    assert!(!browser.is_logged_in().await && !other.is_logged_in().await);

    let answer = browser.log_in_on_page("bob", NEW_PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let page = browser
        .submit("/account/delete/", &[("password", PASSWORD)])
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.says("This is not your present password."));
    let (at, page) = browser
        .submit_and_follow("/account/delete/", &[("password", NEW_PASSWORD)])
        .await;
    assert!(at.starts_with("/account/login/?done=deleted"), "{at}");
    assert!(page.says("Your account is deleted.") && browser.jar.is_empty());
    let page = browser.log_in_on_page("bob", NEW_PASSWORD).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

/// Programs that look for viruses, and browsers that look ahead, open every link of a mail
/// (docs/threat-model.md AU-9): opening spends nothing.
#[tokio::test]
async fn a_link_that_was_only_opened_is_still_good() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.submit("/account/register/", &BOB).await;
    browser
        .submit(
            "/account/email/",
            &[("email", "b@new.example"), ("password", PASSWORD)],
        )
        .await;
    world
        .browser()
        .submit("/account/forgot/", &[("email", "alice@example.com")])
        .await;
    let reset = world.letter("reset_password").await;
    let links = [
        format!(
            "/account/verify/{}/",
            world.letter("verify_email").await.code
        ),
        format!(
            "/account/email/confirm/{}/",
            world.letter("confirm_new_email").await.code
        ),
        format!("/account/reset/{}/{}/", reset.uid, reset.code),
    ];
    for link in &links {
        for _ in 0..3 {
            let (_, page) = world.browser().open(link).await;
            assert_eq!(page.status, StatusCode::OK, "{link}");
            assert!(page.says("<form method=\"post\""));
            assert_eq!(page.headers["referrer-policy"], "strict-origin");
        }
        let sent = world
            .browser()
            .submit(link, &[("new_password", NEW_PASSWORD)])
            .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{link}: {}", sent.text);
        let (_, again) = world
            .browser()
            .submit_and_follow(link, &[("new_password", NEW_PASSWORD)])
            .await;
        assert_eq!(again.status, StatusCode::NOT_FOUND, "{link}");
        assert!(again.says("<h1>This link does not work</h1>"));
    }
    let (_, page) = world.browser().open(&links[2]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_change_of_address_is_taken_back_from_the_old_one() {
    let world = World::new().await;
    let mut thief = world.browser().logged_in_on_page().await;
    thief
        .submit(
            "/account/email/",
            &[("email", "evil@example.com"), ("password", PASSWORD)],
        )
        .await;
    let confirm = format!(
        "/account/email/confirm/{}/",
        world.letter("confirm_new_email").await.code
    );
    thief.submit(&confirm, &[]).await;
    let revert = format!(
        "/account/email/revert/{}/",
        world.letter("email_changed").await.code
    );
    let (_, page) = world.browser().open(&revert).await;
    assert!(page.says("Take the change back?"));
    let (at, page) = world.browser().submit_and_follow(&revert, &[]).await;
    assert!(
        at.starts_with("/account/login/?done=email-reverted"),
        "{at}"
    );
    assert!(page.says("Open the link that we sent there"));
    assert!(!thief.is_logged_in().await);
    assert_eq!(world.letter("reset_password").await.to, "alice@example.com");
}

/// docs/threat-model.md AU-4: the page for a forgotten password knows nobody.
#[tokio::test]
async fn forgetting_and_asking_again_are_answered_alike_for_everybody() {
    let world = World::new().await;
    for path in ["/account/forgot/", "/account/verify/"] {
        let mut answers = Vec::new();
        for email in ["alice@example.com", "nobody@example.com"] {
            let (at, page) = world
                .browser()
                .submit_and_follow(path, &[("email", email)])
                .await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.says("Check your mail") && !page.says(email));
            answers.push((at, page.text));
        }
        assert_eq!(answers[0], answers[1]);
        for (email, told) in [
            ("", "Please fill in this field."),
            ("a b", "This is not an e-mail address."),
        ] {
            let page = world.browser().submit(path, &[("email", email)]).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
            assert!(page.says(told) && page.typed("email") == email);
        }
    }
}

#[tokio::test]
async fn a_registration_that_cannot_be_keeps_what_was_typed_but_the_password() {
    let world = World::new().await;
    for (username, email, password, told) in [
        (
            "",
            "bob@example.com",
            PASSWORD,
            "Please fill in this field.",
        ),
        (
            "a b",
            "bob@example.com",
            PASSWORD,
            "Only letters, digits and @ . + - _ can be used.",
        ),
        (
            "ALICE",
            "bob@example.com",
            PASSWORD,
            "Somebody has this user name already.",
        ),
        (
            "bob",
            "alice@EXAMPLE.com",
            PASSWORD,
            "Somebody is registered with this e-mail address already.",
        ),
        (
            "bob",
            "nonsense",
            PASSWORD,
            "This is not an e-mail address.",
        ),
        (
            "bob",
            "bob@example.com",
            "short",
            "This password is too short: at least 8 characters.",
        ),
        (
            "bob",
            "bob@example.com",
            "password1",
            "This password is among the first that everybody tries.",
        ),
    ] {
        let fields = [
            ("username", username),
            ("email", email),
            ("new_password", password),
        ];
        let mut browser = world.browser();
        let page = browser.submit("/account/register/", &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.says(told), "{told}: {}", page.text);
        assert_eq!(
            (
                page.typed("username").as_str(),
                page.typed("email").as_str()
            ),
            (username, email)
        );
        assert_eq!(page.typed("new_password"), "");
        assert!(browser.jar.is_empty());
    }
}

#[tokio::test]
async fn where_the_address_must_be_verified_the_login_says_so_after_the_right_password() {
    let world = World::with(|settings| {
        settings.registration.email_verification = EmailVerification::Mandatory;
    })
    .await;
    let mut browser = world.browser();
    let (at, page) = browser.submit_and_follow("/account/register/", &BOB).await;
    assert_eq!(at, "/account/register/check-mail/");
    assert!(page.says("Open it to finish your registration.") && browser.jar.is_empty());

    let page = browser.log_in_on_page("bob", "wrong horse").await;
    assert!(page.says("The name or the password is wrong."));
    let page = browser.log_in_on_page("bob", PASSWORD).await;
    assert!(page.says("not verified yet") && page.says("href=\"/account/verify/\""));

    let verify = format!(
        "/account/verify/{}/",
        world.letter("verify_email").await.code
    );
    let (at, page) = browser.submit_and_follow(&verify, &[]).await;
    assert!(
        at.starts_with("/account/login/?done=email-verified"),
        "{at}"
    );
    assert!(page.says("Your e-mail address is verified."));
    let answer = browser.log_in_on_page("bob", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn closed_registration_offers_none_and_an_invitation_opens_it() {
    for (mode, told) in [
        (RegistrationMode::Closed, "Accounts are not created here."),
        (RegistrationMode::Invite, "You need an invitation"),
    ] {
        let world = World::with(|settings| settings.registration.mode = mode).await;
        let mut browser = world.browser();
        let (_, page) = browser.open("/account/login/").await;
        assert!(!page.says("/account/register/"));
        let (_, page) = browser.open("/account/register/").await;
        assert!(
            page.says(told) && !page.says("name=\"username\""),
            "{}",
            page.text
        );
        let (_, page) = browser.submit_and_follow("/account/register/", &BOB).await;
        assert!(page.says(told), "{}", page.text);
        let (_, page) = browser.open("/account/register/nonsense/").await;
        if mode == RegistrationMode::Closed {
            // Nobody fills in a form that leads nowhere.
            assert!(
                page.says(told) && !page.says("name=\"username\""),
                "{}",
                page.text
            );
        } else {
            assert!(page.says("the one that the invitation was sent to"));
            let page = browser.submit("/account/register/nonsense/", &BOB).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND);
            assert!(page.says("This invitation does not work"), "{}", page.text);
        }
        assert!(browser.jar.is_empty());
    }
}

#[tokio::test]
async fn mails_speak_the_language_of_the_page_that_asked_for_them() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser
        .submit("/account/language/", &[("language", "fa")])
        .await;
    browser.submit("/account/register/", &BOB).await;
    assert_eq!(
        world.letter("verify_email").await.language.as_deref(),
        Some("fa")
    );
}
