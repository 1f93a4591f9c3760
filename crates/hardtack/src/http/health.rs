//! `/healthz` and `/readyz`: is the process alive, and can it do its work?

use axum::extract::State;
use axum::response::Response;
use hardtack_guard::Freshness;
use hardtack_store::Store;
use http::StatusCode;
use serde_json::json;

use super::error::json_response;
use crate::hardtack::Hardtack;

pub(super) async fn alive() -> Response {
    json_response(StatusCode::OK, &json!({ "status": "ok" }))
}

/// 503 takes the node out of a balancer; requests that still arrive are answered as well as can be.
pub(super) async fn ready<S: Store>(State(hardtack): State<Hardtack<S>>) -> Response {
    let store = match hardtack.store().ping().await {
        Ok(()) => "ok",
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not answer");
            "unavailable"
        }
    };
    // Past the bound this process does not know who was logged out elsewhere: `stale` while access
    // tokens are believed all the same, `closed` once they are answered 503.
    let revocations = hardtack.revocation_freshness();
    let ready = store == "ok" && revocations == Freshness::Fresh;
    let (status, word) = if ready {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    json_response(
        status,
        &json!({ "status": word, "store": store, "revocations": revocations.word() }),
    )
}
