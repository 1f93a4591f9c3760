//! What every answer must keep, whatever was asked.

use hardtack_fuzz::forge::ISSUER;
use hardtack_fuzz::world::{Answer, LISTED, PASSWORD};
use http::{HeaderValue, Method, header};
use serde_json::Value;

use crate::grammar::OTHER_PASSWORD;
use crate::jar::{Jar, cookies};

/// What was asked and answered, written out only where a rule is broken.
struct Told<'a>(&'a http::request::Parts, &'a Answer);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} -> {:?}", self.0, self.1)
    }
}

/// Panics at the first rule that the answer breaks.
pub(crate) fn check(asked: &http::request::Parts, body: &[u8], answer: &Answer, jar: &Jar) {
    let Answer {
        status, headers, ..
    } = answer;
    let told = &Told(asked, answer);
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    assert!(!status.is_server_error() || *status == 503, "{told}");
    assert!(
        status.is_client_error() || status.is_success() || *status == 503,
        "{told}"
    );
    if !answer.body.is_empty() {
        assert_eq!(value("content-type"), Some("application/json"), "{told}");
        assert!(
            serde_json::from_slice::<Value>(&answer.body).is_ok(),
            "{told}"
        );
    }
    let cache = value("cache-control").unwrap_or_default();
    let published = asked.uri.path() == "/.well-known/jwks.json" && status.is_success();
    assert!(published || cache == "no-store", "{told}");
    for (name, wanted) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(value(name), Some(wanted), "{name}: {told}");
    }
    if let Some(allowed) = value("access-control-allow-origin") {
        assert_eq!(allowed, LISTED, "{told}");
        assert_eq!(asked.headers.get_all("origin").iter().count(), 1, "{told}");
    }
    check_secrets(asked, body, answer, jar, told);
    check_cookies(asked, answer, told);
    check_provenance(asked, answer, told);
}

/// Only who brings a credential is let in, and no answer shows one.
fn check_secrets(
    asked: &http::request::Parts,
    body: &[u8],
    answer: &Answer,
    jar: &Jar,
    told: &Told,
) {
    let path = asked.uri.path().trim_end_matches('/');
    let shown = String::from_utf8_lossy(&answer.body);
    // Other refusals tell which method, type or origin was sent, and that may be any text.
    if [400, 401, 408, 413, 429].contains(&answer.status.as_u16()) {
        assert!(!shown.contains(PASSWORD), "{told}");
    }
    let new = cookies(answer).map(|cookie| cookie.value);
    for token in jar.issued.iter().cloned().chain(new) {
        // Whoever takes a token for a name shows it themselves; shorter texts are there by chance.
        let own = path.ends_with("/csrf") || jar.wrote(&token) || token.len() < 32;
        assert!(own || !shown.contains(&token), "{told}");
    }
    if !answer.status.is_success() || asked.method == Method::OPTIONS {
        return;
    }
    let brings = |bytes: &[u8]| {
        jar.issued.iter().any(|token| {
            bytes
                .windows(token.len())
                .any(|window| window == token.as_bytes())
        })
    };
    let in_headers = [header::COOKIE, header::AUTHORIZATION]
        .iter()
        .flat_map(|name| asked.headers.get_all(name))
        .any(|value| brings(value.as_bytes()));
    // Escapes may spell what is not there byte for byte.
    let escaped = body.contains(&b'\\') || body.contains(&b'%');
    let has_password = [PASSWORD, OTHER_PASSWORD].iter().any(|password| {
        escaped
            || body
                .windows(password.len())
                .any(|it| it == password.as_bytes())
    });
    match path {
        "/api/auth/login" => assert!(has_password, "{told}"),
        "/api/auth/user" => assert!(in_headers, "{told}"),
        "/api/auth/token/refresh" | "/api/auth/token/verify" => {
            assert!(in_headers || escaped || brings(body), "{told}");
        }
        "/api/auth/password/change" => {
            assert!(in_headers && has_password, "{told}");
        }
        _ => {}
    }
}

/// Cookies are set where something was proved, and nowhere else.
fn check_cookies(asked: &http::request::Parts, answer: &Answer, told: &Told) {
    let path = asked.uri.path().trim_end_matches('/');
    let mut tokens = 0;
    for cookie in cookies(answer) {
        let has = |attribute: &str| cookie.attributes.iter().any(|it| it == attribute);
        assert!(has("Secure") && has("SameSite=Lax"), "{told}");
        assert!(
            !cookie.attributes.iter().any(|it| it.starts_with("Domain")),
            "{told}"
        );
        match cookie.name.as_str() {
            "csrftoken" => {
                assert!(
                    path == "/api/auth/csrf" && answer.status.is_success(),
                    "{told}"
                );
                continue;
            }
            "access" => assert!(has("HttpOnly") && has("Path=/"), "{told}"),
            "refresh" => assert!(has("HttpOnly") && has("Path=/api/auth"), "{told}"),
            other => panic!("a cookie {other}: {told}"),
        }
        assert_eq!(asked.method, Method::POST, "{told}");
        tokens += 1;
        if cookie.value.is_empty() {
            assert!(has("Max-Age=0"), "{told}");
            let ends = path == "/api/auth/logout" && answer.status == 200
                || path == "/api/auth/token/refresh" && answer.status == 401;
            assert!(ends, "{told}");
        } else {
            let proves = [
                "/api/auth/login",
                "/api/auth/token/refresh",
                "/api/auth/password/change",
            ];
            assert!(proves.contains(&path) && answer.status == 200, "{told}");
        }
    }
    assert!(tokens == 0 || tokens == 2, "{told}");
}

/// docs/threat-model.md CS-1, for what a browser says about the sender.
fn check_provenance(asked: &http::request::Parts, answer: &Answer, told: &Told) {
    let origins: Vec<&HeaderValue> = asked.headers.get_all("origin").iter().collect();
    let trusted = origins.len() == 1 && (origins[0] == ISSUER || origins[0] == LISTED);
    // Of the base path itself nobody has a route.
    let below = asked.uri.path().strip_prefix("/api/auth/");
    let is_below_the_base = below.is_some_and(|rest| !rest.is_empty());
    let varies = answer
        .headers
        .get_all("vary")
        .iter()
        .any(|it| it == "Origin");
    assert!(varies || !is_below_the_base, "{told}");
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
    if !origins.is_empty()
        && !trusted
        && !safe.contains(&asked.method)
        && !asked.headers.contains_key(header::AUTHORIZATION)
        && is_below_the_base
    {
        assert_eq!(answer.status, 403, "{told}");
    }
}
