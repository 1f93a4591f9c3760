//! Asking an authority elsewhere: one address, written down by whoever set this up.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use reqwest::{Client, Response, Url, redirect};

/// An address whose answers nobody on the way can change: https, or http on this machine. A
/// password in it would end up in logs, so there may be none.
pub(crate) fn parse_address(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    };
    (is_safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// A client for one address. `timeout` bounds a whole answer, its last byte included.
pub(crate) fn client(url: &Url, timeout: Duration) -> Result<Client, String> {
    let mut client = Client::builder()
        // A redirect would let whoever answers there speak for the authority.
        .redirect(redirect::Policy::none())
        .timeout(timeout)
        .user_agent("hardtack-guard");
    if is_loopback(url) {
        client = client.no_proxy();
    }
    client.build().map_err(|error| chain(&error))
}

/// The body of an answer; `None` when it is longer than `longest` bytes.
pub(crate) async fn body(
    mut response: Response,
    longest: usize,
) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        if body.len() + chunk.len() > longest {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// An error with its causes: reqwest's own words stop before what matters.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
        || inside.is_some_and(|host| host.parse() == Ok(Ipv6Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_asked_over_https_or_on_this_machine() {
        for good in [
            "https://app.example.com/.well-known/jwks.json",
            "http://localhost:8000/.well-known/jwks.json",
            "http://127.0.0.1:8000/",
            "http://[::1]:8000/",
        ] {
            assert!(parse_address(good).is_some(), "{good}");
        }
        for bad in [
            "http://app.example.com/.well-known/jwks.json",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "https://user@app.example.com/",
            "file:///etc/passwd",
            "app.example.com",
            "",
        ] {
            assert!(parse_address(bad).is_none(), "{bad}");
        }
    }
}
