//! A list that is asked over HTTP, as Have I Been Pwned and its mirrors are.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Url, redirect};

use super::{BreachedPasswords, RangeFuture};

/// Ranges have some 2,000 lines of 40 bytes; ten times as much is no range.
const LONGEST_BYTES: usize = 1024 * 1024;

/// However long the caller waits, nothing is left open for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a range search answers. The prefix is appended to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeUrl(Url);

/// The text is no such address. It is not repeated: a password may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an https address without user or query is wanted, as in {}; plain http is for this machine only",
    RangeUrl::HAVE_I_BEEN_PWNED
)]
pub struct ParseRangeUrlError;

impl RangeUrl {
    /// Where Have I Been Pwned answers, for everybody and without a key.
    pub const HAVE_I_BEEN_PWNED: &str = "https://api.pwnedpasswords.com/range/";

    /// Reads an https address, or an http one on this machine: of any other, whoever is on the way
    /// could say that a password is fine.
    ///
    /// # Errors
    /// [`ParseRangeUrlError`].
    pub fn parse(text: &str) -> Result<Self, ParseRangeUrlError> {
        let mut url: Url = text.parse().map_err(|_| ParseRangeUrlError)?;
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_safe || !is_bare {
            return Err(ParseRangeUrlError);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }
}

/// The range search at one address.
#[derive(Debug, Clone)]
pub struct RangeApi {
    client: Client,
    url: Url,
}

/// There is no HTTP client to be had: the system has no certificates, for one.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct RangeApiError(String);

impl RangeApi {
    /// Asks at `url`. Proxies of the environment are used, save for this machine.
    ///
    /// # Errors
    /// [`RangeApiError`].
    pub fn new(RangeUrl(url): RangeUrl) -> Result<Self, RangeApiError> {
        let mut client = Client::builder()
            // A redirect would let another list speak.
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("hardtack/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| RangeApiError(chain(&error)))?;
        Ok(Self { client, url })
    }

    async fn fetch(&self, prefix: &str) -> Result<Vec<u8>, String> {
        let url = self.url.join(prefix).map_err(|error| error.to_string())?;
        let padding = HeaderValue::from_static("true");
        let request = self.client.get(url).header("add-padding", padding);
        let mut answer = request.send().await.map_err(|error| chain(&error))?;
        if answer.status() != 200 {
            return Err(format!("the answer was {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| chain(&error))? {
            if body.len() + chunk.len() > LONGEST_BYTES {
                return Err("the answer is too long".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl BreachedPasswords for RangeApi {
    fn find_range(&self, prefix: String) -> RangeFuture<'_> {
        Box::pin(async move { self.fetch(&prefix).await })
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// An error with its causes, and without the address, whose end tells a part of the digest.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "no connection".to_owned()
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the answer broke off".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_asked_over_https_or_on_this_machine() {
        for good in [
            RangeUrl::HAVE_I_BEEN_PWNED,
            "https://passwords.example.com/range",
            "http://127.0.0.1:8080/",
            "http://[::1]:8080/range/",
            "http://localhost/",
        ] {
            assert!(RangeUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.pwnedpasswords.com/range/",
            "https://user:password@api.pwnedpasswords.com/range/",
            "https://api.pwnedpasswords.com/range/?a=b",
            "https://api.pwnedpasswords.com/range/#a",
            "file:///etc/passwd",
            "api.pwnedpasswords.com",
            "",
        ] {
            assert!(RangeUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
