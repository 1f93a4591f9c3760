//! The headers that are the same with every answer (docs/threat-model.md HD-1).

use std::sync::LazyLock;

use hardtack_store::Store;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::hardtack::Hardtack;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// As many as nearly every request has.
const MOST_HEADERS: usize = 20;

/// The answer differs by Origin even where it names none: a cache must not mix them up.
pub(super) const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

impl<S: Store> Hardtack<S> {
    /// Adds the headers that every answer of Hardtack carries (docs/threat-model.md HD-1).
    ///
    /// The routers do it themselves. It is for whoever answers in their place, such as a server
    /// that refuses a request before it is one. A `Cache-Control` that is there already stays.
    pub fn harden(&self, headers: &mut HeaderMap) {
        harden(self.settings().public_url.is_https(), headers);
    }

    /// All headers of a JSON answer from below the base path that says nothing of its own.
    ///
    /// Made once for all: to copy them takes half as long as to put them into a map one by one, each
    /// hashed and its place looked for, which is a twentieth of what a request costs (budget B1 of the
    /// design).
    pub(super) fn json_headers(&self) -> HeaderMap {
        static OVER_HTTP: LazyLock<HeaderMap> = LazyLock::new(|| json_headers(false));
        static OVER_HTTPS: LazyLock<HeaderMap> = LazyLock::new(|| json_headers(true));
        let headers = if self.settings().public_url.is_https() {
            &OVER_HTTPS
        } else {
            &OVER_HTTP
        };
        HeaderMap::clone(headers)
    }
}

fn json_headers(is_https: bool) -> HeaderMap {
    // hyper reads the next request of the connection into the map of this answer: with places for what
    // browsers send.
    let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VARY, BY_ORIGIN);
    harden(is_https, &mut headers);
    headers
}

fn harden(is_https: bool, headers: &mut HeaderMap) {
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // `no-referrer` would make plain forms of our own pages send `Origin: null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    if is_https {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}
