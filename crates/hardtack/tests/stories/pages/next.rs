use http::StatusCode;

use crate::kit::{PASSWORD, World};

async fn shop() -> World {
    World::with(|settings| settings.pages.next = vec!["https://shop.example.com".to_owned()]).await
}

async fn leads_to(world: &World, next: &str) -> String {
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let fields = [("username", "alice"), ("password", PASSWORD)];
    let path = format!("/account/login/?next={next}");
    let answer = world.browser().submit(&path, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.location().to_owned()
}

#[tokio::test]
async fn a_login_leads_where_it_may() {
    let world = shop().await;
    for next in [
        "/account/devices/",
        "/app?a=b#c",
        "https://shop.example.com",
        "https://shop.example.com/cart?a=b&c=%2F#d",
        "https://app.example.com/own",
    ] {
        assert_eq!(leads_to(&world, next).await, next);
    }
}

/// CVE-2025-27143, GHSA-vp58-j275-797x (docs/threat-model.md HD-2): no spelling of `next` leads to a
/// host that is not listed.
#[tokio::test]
async fn a_login_leads_nowhere_else() {
    let world = shop().await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "evil.example",
        "https:evil.example",
        "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/",
        "https://shop.example.com:pw@evil.example/",
        "https://shop.example.com\\@evil.example/",
        "https://user@shop.example.com/",
        "http://shop.example.com/",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
    ] {
        assert_eq!(leads_to(&world, next).await, "/account/", "{next:?}");
    }
}

#[tokio::test]
async fn the_page_keeps_next_through_its_links_and_never_shows_a_bad_one() {
    let world = shop().await;
    let (_, page) = world
        .browser()
        .open("/account/login/?next=https://shop.example.com/cart")
        .await;
    let kept = "?next=https%3A%2F%2Fshop.example.com%2Fcart";
    assert!(
        page.says(&format!("action=\"/account/login/{kept}\"")),
        "{}",
        page.text
    );
    let (_, page) = world
        .browser()
        .open("/account/login/?next=https://evil.example/")
        .await;
    assert!(!page.says("evil.example\""), "{}", page.text);
    assert!(page.says("action=\"/account/login/\""), "{}", page.text);
}

/// A browser holds the redirect after a form to `form-action`.
#[tokio::test]
async fn the_content_policy_lets_forms_lead_to_listed_origins() {
    let world = shop().await;
    let (_, page) = world.browser().open("/account/login/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' https://shop.example.com;"),
        "{policy}"
    );
}
