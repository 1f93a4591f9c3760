use super::*;

fn own() -> PublicUrl {
    PublicUrl::parse("https://id.example.com").unwrap()
}

fn settings() -> PageSettings {
    PageSettings {
        next: vec![
            "https://app.example.com".to_owned(),
            "http://127.0.0.1:5173".to_owned(),
        ],
        ..PageSettings::default()
    }
}

fn fault(change: impl FnOnce(&mut PageSettings)) -> Option<&'static str> {
    let mut pages = settings();
    change(&mut pages);
    let verified = pages.verify(&own(), "/api/auth", &CookieSettings::default());
    verified.err().map(|error| error.key)
}

#[test]
fn next_leads_to_our_own_paths_and_to_listed_origins() {
    for target in [
        "/",
        "/account/",
        "/app/?a=b&c=d#e",
        "/next?to=//elsewhere",
        "https://id.example.com",
        "https://id.example.com/app",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/a?b=%5C#c",
        "https://app.example.com?b",
        "http://127.0.0.1:5173/",
    ] {
        assert!(settings().leads_to_allowed(&own(), target), "{target}");
    }
}

/// CVE-2025-27143, GHSA-vp58-j275-797x: every spelling by which an allow-list was talked round.
#[test]
fn next_leads_nowhere_else_however_it_is_spelt() {
    for target in [
        "",
        "app",
        "app.example.com",
        "app.example.com/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "https://app.example.com:443@evil.example/",
        "https://app.example.com:8443/",
        "https://app.example.comevil.example",
        "https://app.example.com\\@evil.example",
        "https://app.example.com\\.evil.example",
        "https://evil.example/https://app.example.com",
        "https://evil.example#https://app.example.com",
        "https://user@app.example.com/",
        "http://app.example.com/",
        "HTTPS://app.example.com/",
        "https://APP.example.com/",
        " https://app.example.com/",
        "https://app.example.com/ x",
        "https://app.example.com/\u{e9}",
        "http://127.0.0.1:51730/",
        "javascript:alert(1)",
        "data:text/html,x",
        "%2F%2Fevil.example",
        "?next=x",
        "#x",
    ] {
        assert!(!settings().leads_to_allowed(&own(), target), "{target}");
    }
    let long = format!("/{}", "x".repeat(LONGEST));
    assert!(!settings().leads_to_allowed(&own(), &long));
}

#[test]
fn colours_that_cannot_be_read_are_refused() {
    assert_eq!(fault(|_| {}), None);
    assert_eq!(
        fault(|pages| pages.accent = "#ffcc00".parse().unwrap()),
        Some("pages.accent")
    );
    assert_eq!(
        fault(|pages| pages.accent_dark = Some("#0d5c69".parse().unwrap())),
        Some("pages.accent_dark")
    );
}

#[test]
fn every_accent_that_is_dark_enough_has_a_light_one_for_the_dark() {
    for accent in [
        "#000000", "#0d5c69", "#b00020", "#1a237e", "#4a148c", "#1b5e20",
    ] {
        let pages = PageSettings {
            accent: accent.parse().unwrap(),
            ..settings()
        };
        let dark = pages.accent_in_the_dark();
        assert!(
            worst_contrast(dark, &PageSettings::DARK) >= 4.5,
            "{accent} {dark}"
        );
        assert!(
            dark.contrast(PageSettings::DARK_INK) >= 4.5,
            "{accent} {dark}"
        );
        assert!(
            pages
                .verify(&own(), "/api/auth", &CookieSettings::default())
                .is_ok()
        );
    }
}

#[test]
fn addresses_that_are_none_are_refused() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        fault(|pages| pages.home = some("https://evil.example/")),
        Some("pages.home")
    );
    assert_eq!(
        fault(|pages| pages.home = some("https://app.example.com/start")),
        None
    );
    for text in [
        "javascript:alert(1)",
        "http://example.com/x.svg",
        "//x",
        "a\" b",
    ] {
        assert_eq!(fault(|pages| pages.logo = some(text)), Some("pages.logo"));
        assert_eq!(fault(|pages| pages.terms = some(text)), Some("pages.terms"));
        assert_eq!(
            fault(|pages| pages.support = some(text)),
            Some("pages.support")
        );
    }
    assert_eq!(
        fault(|pages| pages.support = some("mailto:a@example.com")),
        None
    );
    for origin in [
        "https://app.example.com/",
        "*",
        "app.example.com",
        "https://A.example",
    ] {
        assert_eq!(
            fault(|pages| pages.next = vec![origin.to_owned()]),
            Some("pages.next")
        );
    }
}

/// Whoever is logged in goes on from the login to `home`, for ever.
#[test]
fn a_home_that_sends_people_on_to_itself_is_refused() {
    for (home, refused) in [
        ("/account/login/", true),
        ("/account/login", true),
        ("/account/register/?a=b", true),
        ("https://id.example.com/account/login/#x", true),
        ("https://app.example.com/account/login/", false),
        ("/account/", false),
        ("/account/logins/", false),
    ] {
        let key = fault(|pages| pages.home = Some(home.to_owned()));
        assert_eq!(key, refused.then_some("pages.home"), "{home}");
    }
}

#[test]
fn the_pages_stand_beside_the_routes_and_where_the_access_cookie_comes() {
    for base in [
        "account",
        "/",
        "/account/",
        "/api/auth",
        "/api/auth/pages",
        "/api",
        "/a//b",
        "/{x}",
        // Routes of the host that are there already.
        "/healthz",
        "/readyz",
        "/.well-known",
        "/.well-known/jwks.json",
    ] {
        let base = base.to_owned();
        assert_eq!(
            fault(|pages| pages.base_path = base),
            Some("pages.base_path")
        );
    }
    let narrow = CookieSettings {
        access_path: "/api".to_owned(),
        ..CookieSettings::default()
    };
    let mut pages = settings();
    assert!(pages.verify(&own(), "/api/auth", &narrow).is_err());
    pages.enabled = false;
    assert!(pages.verify(&own(), "/api/auth", &narrow).is_ok());
}
