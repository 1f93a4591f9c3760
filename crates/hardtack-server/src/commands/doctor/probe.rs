//! Requests as a browser's, and what came back.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::header::{HeaderMap, ORIGIN};
use reqwest::{Client, Method, RequestBuilder, Url, redirect};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);
/// No answer of ours is longer.
const LONGEST_BODY: usize = 256 * 1024;

/// Whom to ask.
pub(super) struct Probe {
    client: Client,
    url: Url,
    origin: String,
    base_path: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    /// Every value of a header.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    pub(super) fn one(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}

impl Probe {
    pub(super) fn new(mut url: Url, base_path: &str) -> Result<Self> {
        let origin = url.origin().ascii_serialization();
        // Whoever gives a path says where the routes are.
        let base_path = match url.path().trim_end_matches('/') {
            "" => base_path,
            path => path,
        };
        let base_path = base_path.to_owned();
        url.set_path("/");
        url.set_query(None);
        let client = Client::builder()
            .timeout(PATIENCE)
            // What stands at the end of a redirect is not what a browser's fetch asked.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("hardtack-doctor/", env!("CARGO_PKG_VERSION")));
        let client = if is_loopback(&url) {
            client.no_proxy()
        } else {
            client
        };
        Ok(Self {
            client: client.build().context("no HTTP client")?,
            url,
            origin,
            base_path,
        })
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// A route of the service, as a browser sees its path.
    pub(super) fn route(&self, name: &str) -> String {
        format!("{}/{name}", self.base_path)
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(self.request(Method::GET, path)).await
    }

    /// A request without a body, from a page of `origin`, or from no page.
    pub(super) async fn post(&self, route: &str, origin: Option<&str>) -> Result<Answer, String> {
        let mut request = self.request(Method::POST, &self.route(route));
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        self.send(request).await
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.url.clone();
        url.set_path(path);
        self.client.request(method, url)
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer, String> {
        let mut answer = request.send().await.map_err(|error| problem(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| problem(&error))? {
            if body.len() + chunk.len() > LONGEST_BODY {
                return Err("the answer does not end".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn problem(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "no whole answer".to_owned()
    };
    // The certificate that is not trusted is the last of the causes.
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
