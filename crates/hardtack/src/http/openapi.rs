//! `GET openapi.json`: the routes as `OpenAPI` 3.1, for generators of clients.
//!
//! The document lies beside the crate, so that a server neither builds it nor carries what would.
//! A test writes it from the types that the routes answer with, and fails where the two differ.

#[cfg(test)]
mod document;

use std::future::{Ready, ready};

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::settings::{NamedRoute, RouteSettings};

const DOCUMENT: &str = include_str!("../../openapi.json");

/// Answers the document, the same for everybody, whatever the base path: the paths in it are
/// relative to where it is read.
pub(super) fn shown(routes: &RouteSettings) -> impl Fn() -> Ready<Response> + Clone + use<> {
    let document = of_routes(routes);
    move || {
        let document = document.clone();
        ready(([(CONTENT_TYPE, "application/json")], document).into_response())
    }
}

/// The document without the routes whose names were taken away. The rest is there under
/// Hardtack's own names, whatever others it has.
fn of_routes(routes: &RouteSettings) -> Bytes {
    let named = routes.named();
    let is_gone = |route: &&NamedRoute<'_>| !route.is_served();
    let gone: Vec<&str> = named
        .iter()
        .filter(is_gone)
        .map(|route| route.own)
        .collect();
    if gone.is_empty() {
        return Bytes::from_static(DOCUMENT.as_bytes());
    }
    #[expect(
        clippy::expect_used,
        reason = "it is part of the program, and a test reads it"
    )]
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.retain(|path, _| !gone.contains(&path.trim_end_matches('/')));
    }
    Bytes::from(document.to_string())
}
