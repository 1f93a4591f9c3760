//! Two tabs of one browser, and what one of them does while the other has a form open.

use http::StatusCode;

use crate::kit::{PASSWORD, World};

/// Forms that are for everybody act on no session, so they carry no token of one. Whoever logs in in
/// another tab meanwhile, or opens the link of a mail where they are logged in, must not be told
/// that their form came from another site.
#[tokio::test]
async fn where_the_token_is_demanded_a_login_in_another_tab_spoils_no_form() {
    let world = World::with(|settings| settings.csrf.double_submit = true).await;
    let mut browser = world.browser().logged_in_on_page().await;
    let fields = [("email", "alice@example.com")];
    for path in ["/account/forgot/", "/account/verify/"] {
        let answer = browser.submit(path, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
    }
    let answer = browser.log_in_on_page("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);

    let letter = world.letter("reset_password").await;
    let reset = format!("/account/reset/{}/{}/", letter.uid, letter.code);
    let answer = browser
        .submit(&reset, &[("new_password", "a new secret of mine")])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert!(!browser.is_logged_in().await);
}

/// A browser holds one pair of cookies: the session that it forgets would go on unseen.
#[tokio::test]
async fn a_registration_ends_the_session_before_it() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let mut before = browser.clone();
    let fields = [
        ("username", "bob"),
        ("email", "bob@example.com"),
        ("new_password", PASSWORD),
    ];
    let answer = browser.submit("/account/register/", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert!(browser.is_logged_in().await);
    assert!(!before.is_logged_in().await);
    assert_eq!(before.refresh().await.status, StatusCode::UNAUTHORIZED);
}
