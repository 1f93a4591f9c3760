use hardtack::store::UserStore as _;
use http::StatusCode;

use crate::kit::{Browser, World};

async fn page_in(browser: &mut Browser, accept: &str) -> String {
    let request = browser
        .request(&http::Method::GET, "/account/login/")
        .uri("/account/login/?renewed=1795308527")
        .header("accept-language", accept);
    browser
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
        .text
}

#[tokio::test]
async fn the_page_speaks_the_browsers_language_in_its_direction() {
    let world = World::new().await;
    let mut browser = world.browser();
    for (accept, html, heading) in [
        ("de", "<html lang=\"en\" dir=\"ltr\">", "<h1>Log in</h1>"),
        (
            "es-MX",
            "<html lang=\"es\" dir=\"ltr\">",
            "<h1>Iniciar sesión</h1>",
        ),
        ("fa", "<html lang=\"fa\" dir=\"rtl\">", "<h1>ورود</h1>"),
        (
            "zh-CN,zh;q=0.9",
            "<html lang=\"zh\" dir=\"ltr\">",
            "<h1>登录</h1>",
        ),
    ] {
        let page = page_in(&mut browser, accept).await;
        assert!(
            page.contains(html) && page.contains(heading),
            "{accept}: {page}"
        );
    }
}

#[tokio::test]
async fn a_button_chooses_the_language_and_comes_back_to_the_page() {
    let world = World::new().await;
    let mut browser = world.browser();
    let fields = [
        ("language", "fa"),
        ("to", "/account/login/?next=%2Faccount%2Fdevices%2F"),
    ];
    let answer = browser.submit("/account/language/", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.location(),
        "/account/login/?next=%2Faccount%2Fdevices%2F"
    );
    let cookie = &answer.set_cookies()[0];
    assert!(
        cookie.starts_with("pages_language=fa; ")
            && cookie.contains("Path=/account; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    // The choice is stronger than what the browser asks for.
    assert!(
        page_in(&mut browser, "es")
            .await
            .contains("lang=\"fa\" dir=\"rtl\"")
    );
}

#[tokio::test]
async fn the_language_button_leads_nowhere_but_to_pages() {
    let world = World::new().await;
    for to in [
        "https://evil.example/",
        "//evil.example",
        "/account\\x",
        "/",
        "/accounts",
        "",
        "/api/auth/logout/",
    ] {
        let answer = world
            .browser()
            .submit("/account/language/", &[("language", "es"), ("to", to)])
            .await;
        assert_eq!(answer.location(), "/account/", "{to}");
    }
    let answer = world
        .browser()
        .submit("/account/language/", &[("language", "tlh")])
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.set_cookies().is_empty());
}

/// HTTP/2 writes the host into the address, and proxies may (RFC 9112 §3.2.2).
#[tokio::test]
async fn a_page_that_is_none_changes_its_language_and_stays_where_it_is() {
    let world = World::new().await;
    let mut browser = world.browser();
    let request = browser
        .request(&http::Method::GET, "/account/nothing/")
        .uri("https://app.example.com/account/nothing/?a=b")
        .body(axum::body::Body::empty())
        .unwrap();
    let mut page = browser.send(request).await;
    page.text = page.text.replace("&#x2f;", "/");
    assert_eq!(page.typed("to"), "/account/nothing/?a=b");
}

#[tokio::test]
async fn who_is_logged_in_chooses_the_language_of_their_mails_too() {
    let world = World::new().await;
    let stored = async || {
        let users = world.hardtack.store().list_users(None, 1).await.unwrap();
        users[0].language.clone()
    };
    let mut stranger = world.browser();
    stranger
        .submit("/account/language/", &[("language", "es")])
        .await;
    assert_eq!(stored().await, None);
    let mut alice = world.browser().logged_in_on_page().await;
    alice
        .submit("/account/language/", &[("language", "fa")])
        .await;
    assert_eq!(stored().await.as_deref(), Some("fa"));
}
