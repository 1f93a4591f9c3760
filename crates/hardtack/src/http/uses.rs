//! `POST uses/`: verifiers in other processes report which access tokens they first saw
//! (docs/revocation.md). It is how a successor proves that it has arrived (docs/rotation.md).

use axum::extract::State;
use axum::response::Response;
use hardtack_core::rotation::Position;
use hardtack_core::{SessionId, Timestamp};
use hardtack_store::Store;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::error::{ApiError, json_response};
use super::fields::{FieldFaults, Fields};
use super::service::Verifier;
use crate::hardtack::Hardtack;

/// Uses in one report.
const MOST: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UseJson {
    sid: String,
    #[serde(rename = "gen")]
    generation: u32,
    branch: u32,
    /// By this authority's clock, as the feed tells it.
    used_at: f64,
}

pub(super) async fn note<S: Store>(
    State(hardtack): State<Hardtack<S>>,
    _: Verifier,
    fields: Fields,
) -> Result<Response, ApiError> {
    let uses = fields
        .list("uses", MOST)
        .and_then(|uses| uses.iter().map(parse).collect::<Option<Vec<_>>>())
        .ok_or_else(|| {
            let message = format!(
                "A list of at most {MOST} objects with sid, gen, branch and used_at is required."
            );
            ApiError::Fields(FieldFaults::of("uses", &message))
        })?;
    hardtack.note_reported_uses(&uses);
    Ok(json_response(
        StatusCode::OK,
        &json!({ "noted": uses.len() }),
    ))
}

fn parse(value: &serde_json::Value) -> Option<(SessionId, Position, Timestamp)> {
    let seen = UseJson::deserialize(value).ok()?;
    Some((
        seen.sid.parse().ok()?,
        Position::new(seen.generation, seen.branch),
        Timestamp::from_numeric_date(seen.used_at)?,
    ))
}
