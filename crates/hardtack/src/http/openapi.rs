//! `GET openapi.json`: the routes as `OpenAPI` 3.1, for generators of clients.
//!
//! The document lies beside the crate, so that a server neither builds it nor carries what would.
//! A test writes it from the types that the routes answer with, and fails where the two differ.

#[cfg(test)]
mod document;

use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;

const DOCUMENT: &str = include_str!("../../openapi.json");

/// The same for everybody, whatever the base path: the paths in it are relative to where it is read.
pub(super) async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
