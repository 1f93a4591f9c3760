//! `--dev` answers to loopback names only.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};

/// Refuses requests that were meant for another host.
///
/// A page of another site can have its own name point to 127.0.0.1 a moment later (DNS rebinding);
/// the browser then takes this service for that site's own. Only the name tells it apart.
pub(super) async fn refuse_other_hosts(request: Request<Body>, next: Next) -> Response {
    if is_for_loopback(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    let body = r#"{"detail":"With --dev, Hardtack answers to localhost and 127.0.0.1 only.","code":"wrong_host"}"#;
    (StatusCode::MISDIRECTED_REQUEST, headers, body).into_response()
}

fn is_for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host
        .to_str()
        .ok()
        .and_then(|host| host.parse::<Authority>().ok());
    // RFC 9112 §3.2.2: where the target names a host, that is the one.
    uri.authority()
        .into_iter()
        .chain(&host)
        .all(|authority| is_loopback(authority.host()))
        && host.is_some()
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(&host);
    match literal.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        // RFC 6761 §6.3: nobody else can own a name below it.
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(target: &str, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().unwrap());
        }
        is_for_loopback(&target.parse().unwrap(), &headers)
    }

    /// DNS rebinding: `evil.example` answers with 127.0.0.1 the second time it is asked.
    #[test]
    fn only_names_that_nobody_else_can_own_pass() {
        for host in [
            "localhost",
            "localhost:8000",
            "LOCALHOST",
            "app.localhost:5173",
            "127.0.0.1:8000",
            "127.9.9.9",
            "[::1]:8000",
        ] {
            assert!(passes("/", &[host]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.1",
            "0.0.0.0",
            "[::]",
            "",
            "evil.example@127.0.0.1",
            "notlocalhost",
            "::1",
        ] {
            let refused = !passes("/", &[host]);
            assert!(refused || host == "evil.example@127.0.0.1", "{host}");
        }
        assert!(!passes("/", &[]));
        assert!(!passes("/", &["localhost", "evil.example"]));
        assert!(!passes("http://evil.example/", &["localhost"]));
        assert!(passes("http://localhost:8000/", &["localhost:8000"]));
    }
}
