//! [`Authenticated`] as an argument of axum handlers.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::{Authenticated, Refusal};

/// Refuses with the contract's 401 when nobody is there. Without a guard's layer before it, the
/// handler is closed to everybody: 500, and an error in the log that names the remedy.
impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        find(parts)
    }
}

/// `Option<Authenticated>`: nobody, or a dead credential, is `None`. That is how public endpoints
/// look at it (docs/contract.md §10.2: a stale cookie must not lock anybody out of logging in).
impl<S: Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refusal> {
        match find(parts) {
            Ok(authenticated) => Ok(Some(authenticated)),
            // Perhaps somebody: to be taken for nobody would log them out in the front-end.
            Err(refusal @ (Refusal::Unguarded | Refusal::RevocationsStale)) => Err(refusal),
            Err(_) => Ok(None),
        }
    }
}

fn find(parts: &Parts) -> Result<Authenticated, Refusal> {
    if let Some(authenticated) = parts.extensions.get::<Authenticated>() {
        return Ok(*authenticated);
    }
    Err(parts.extensions.get::<Refusal>().cloned().unwrap_or_else(|| {
        tracing::error!(
            "a handler takes `Authenticated` and no guard stands before it; add `.layer(guard.layer())` to its router"
        );
        Refusal::Unguarded
    }))
}
