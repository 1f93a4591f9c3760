//! `/.well-known/jwks.json`: the keys that anybody may verify access tokens with (RFC 7517).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use hardtack_store::Store;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::hardtack::Hardtack;

/// Cacheable for as long as a new key is published before it signs (docs/threat-model.md TK-8).
pub(super) async fn show<S: Store>(State(hardtack): State<Hardtack<S>>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, hardtack.verifier().keys().to_jwks_json()).into_response()
}
