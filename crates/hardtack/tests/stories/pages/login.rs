use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::kit::{PASSWORD, World, shapes};

#[tokio::test]
async fn the_form_logs_in_and_leads_to_the_account() {
    let world = World::new().await;
    let mut browser = world.browser();
    let (at, form) = browser.open("/account/").await;
    assert!(at.starts_with("/account/login/?next=%2Faccount%2F"), "{at}");
    assert!(
        form.says("<h1>Log in</h1>") && form.says("action=\"/account/login/?next=%2Faccount%2F\"")
    );

    let answer = browser.log_in_on_page("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.location(), "/account/");
    // The same cookies as at `login/`, and nothing of them in the page.
    let cookies = shapes(&answer.set_cookies());
    assert!(
        cookies[0].starts_with("access=[token]; Path=/; HttpOnly"),
        "{cookies:?}"
    );
    assert!(
        cookies[1].starts_with("refresh=[token]; Path=/api/auth; HttpOnly"),
        "{cookies:?}"
    );
    let (_, account) = browser.open("/account/").await;
    assert_eq!(account.status, StatusCode::OK);
    assert_eq!(account.typed("username"), "alice");
}

#[tokio::test]
async fn an_address_logs_in_as_well_and_a_ticked_box_is_remembered() {
    let world = World::new().await;
    let mut browser = world.browser();
    let fields = [
        ("username", " Alice@Example.com "),
        ("password", PASSWORD),
        ("remember_me", "on"),
    ];
    let answer = browser.submit("/account/login/", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(
        answer.set_cookies()[1].contains("Max-Age=2592000"),
        "{:?}",
        answer.set_cookies()
    );
}

/// docs/threat-model.md AU-4: the page says no more than the route.
#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_get_the_same_page_and_keep_the_name() {
    let world = World::new().await;
    let mut pages = Vec::new();
    for name in ["alice", "nobody"] {
        let mut browser = world.browser();
        let page = browser.log_in_on_page(name, "wrong horse").await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert_eq!(page.typed("username"), name);
        assert!(page.says("The name or the password is wrong."));
        assert!(!page.says("wrong horse"), "a password came back");
        assert!(page.set_cookies().is_empty());
        pages.push(page.text.replace(name, "NAME"));
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn what_is_missing_is_told_beside_its_field_which_has_the_focus() {
    let world = World::new().await;
    let page = world.browser().log_in_on_page("alice", "").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.says("<p id=\"password-error\" class=\"error\">Please fill in this field.</p>"),
        "{}",
        page.text
    );
    let at = page.text.find("id=\"password\"").unwrap();
    let input = page.text[at..].split('>').next().unwrap();
    assert!(
        input.contains("aria-describedby=\"password-error "),
        "{input}"
    );
    assert!(
        input.contains("aria-invalid=\"true\"") && input.contains("autofocus"),
        "{input}"
    );
    assert_eq!(page.text.matches("autofocus").count(), 1);
}

/// docs/threat-model.md AU-5: guessing on the page is guessing.
#[tokio::test]
async fn too_many_tries_get_a_page_with_the_wait_and_the_right_password_too() {
    let world = World::new().await;
    let mut browser = world.browser();
    for _ in 0..10 {
        browser.log_in_on_page("alice", "wrong horse").await;
    }
    let page = browser.log_in_on_page("alice", PASSWORD).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = page.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(
        page.says("Too many tries. Please wait one minute."),
        "{}",
        page.text
    );
    assert_eq!(page.typed("username"), "alice");
    // The route counts the same tries.
    let route = browser.log_in("alice", PASSWORD).await;
    assert_eq!(route.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn who_is_logged_in_sees_no_form_and_goes_on() {
    let world = World::with(|settings| {
        settings.pages.next = vec!["https://shop.example.com".to_owned()];
        settings.pages.home = Some("https://shop.example.com/start".to_owned());
    })
    .await;
    let mut browser = world.browser().logged_in_on_page().await;
    let (at, _) = browser.open("/account/login/").await;
    assert_eq!(at, "https://shop.example.com/start");
    let (at, _) = browser
        .open("/account/login/?next=https%3A%2F%2Fshop.example.com%2Fcart")
        .await;
    assert_eq!(at, "https://shop.example.com/cart");
}

#[tokio::test]
async fn a_second_login_ends_the_session_before_it() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let before = browser.clone();
    let answer = browser.log_in_on_page("alice", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let mut before = before;
    assert!(!before.is_logged_in().await);
    assert!(browser.is_logged_in().await);
}

/// Login CSRF, dj-rest-auth issue 49: a page of another site logs the visitor in as the attacker.
#[tokio::test]
async fn another_site_can_send_no_form() {
    let world = World::new().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("referer", "https://evil.example/"),
    ] {
        let body = format!("username=alice&password={}", PASSWORD.replace(' ', "+"));
        let request = http::Request::post("/account/login/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header(name, value)
            .body(axum::body::Body::from(body))
            .unwrap();
        let answer = world.browser().send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
        assert!(
            answer.says("This did not come from here"),
            "{}",
            answer.text
        );
        assert!(answer.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn whoever_is_logged_out_need_not_log_in_to_log_out() {
    let world = World::new().await;
    let (at, page) = world.browser().open("/account/logout/").await;
    assert!(at.starts_with("/account/login/?done=logged-out"), "{at}");
    assert!(page.says("You are logged out."));
    assert!(!page.says("next="), "{}", page.text);
}

#[tokio::test]
async fn a_link_to_the_logout_logs_nobody_out_and_its_button_does() {
    let world = World::new().await;
    let mut browser = world.browser().logged_in_on_page().await;
    let (_, page) = browser.open("/account/logout/").await;
    assert!(page.says("Log out?") && browser.is_logged_in().await);

    let mut copied = browser.clone();
    let (at, page) = browser.submit_and_follow("/account/logout/", &[]).await;
    assert!(at.starts_with("/account/login/?done=logged-out"), "{at}");
    assert!(page.says("You are logged out."));
    assert!(browser.jar.is_empty(), "{:?}", browser.places());
    assert!(!copied.is_logged_in().await);
    assert_eq!(copied.refresh().await.status, StatusCode::UNAUTHORIZED);
    // Again, by somebody who is logged out already.
    let (at, _) = browser.submit_and_follow("/account/logout/", &[]).await;
    assert!(at.starts_with("/account/login/?done=logged-out"), "{at}");
}
