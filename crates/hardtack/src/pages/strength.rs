//! `POST strength/`: how long a password would take to be guessed, while it is typed.
//!
//! It is measured here and not by a script of the page, which would be eight hundred kilobytes of
//! words for every visitor. The password comes here anyway when the form is sent.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hardtack_core::throttle::{ClientKey, Throttle, ThrottleRule};
use hardtack_core::{Entropy, Secret};
use hardtack_store::Store;
use http::StatusCode;
use serde::Serialize;
use tokio::sync::Semaphore;
use zxcvbn::Score;

use super::Hosted;
use super::fault::PageFault;
use super::form::Form;
use super::visit::Visit;
use crate::http::error::json_response;

/// Measuring takes about a millisecond, and more for longer texts: what is typed further adds
/// nothing that needs to be known.
const MEASURED: usize = 64;

/// Whoever types faster than this for a minute is no person.
const A_MINUTE: u32 = 120;

/// One at a time: it is a comfort, and never takes a processor from a login.
const AT_ONCE: usize = 1;

#[derive(Debug)]
pub(super) struct StrengthMeter {
    throttle: Throttle<ClientKey>,
    places: Semaphore,
}

impl StrengthMeter {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let rule = ThrottleRule::steady(A_MINUTE, std::time::Duration::from_secs(60));
        Self {
            throttle: Throttle::new(rule, 10_000, entropy),
            places: Semaphore::new(AT_ONCE),
        }
    }
}

/// From 0, guessed at once, to 4.
#[derive(Serialize)]
struct Strength {
    score: u8,
}

pub(super) async fn measure<S: Store>(
    State(hosted): State<Hosted<S>>,
    visit: Visit,
    body: Body,
) -> Result<Response, PageFault> {
    let hardtack = &hosted.hardtack;
    let meter = &hosted.pages.meter;
    if let Some(address) = visit.client.address {
        let now = hardtack.clock().now();
        let tried = meter.throttle.try_at(&ClientKey::of(address), now);
        tried.map_err(PageFault::Throttled)?;
    }
    let _place = meter
        .places
        .try_acquire()
        .map_err(|_| PageFault::Unavailable)?;
    let mut sent = Form::read_without_token(&hosted, &visit, body).await?;
    let about: Vec<String> = ["username", "email", "first_name", "last_name"]
        .map(|field| sent.text(field).chars().take(MEASURED).collect())
        .to_vec();
    let password = Secret::new(sent.secret("password"));
    let measured = tokio::task::spawn_blocking(move || {
        let text = password.expose_secret();
        let end = text
            .char_indices()
            .nth(MEASURED)
            .map_or(text.len(), |(at, _)| at);
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        score(text.get(..end).unwrap_or_default(), &about)
    });
    let score = measured.await.map_err(|_| PageFault::Internal)?;
    Ok(json_response(StatusCode::OK, &Strength { score }))
}

fn score(text: &str, about: &[&str]) -> u8 {
    match zxcvbn::zxcvbn(text, about).score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_stronger_than_a_word_and_a_name_is_none() {
        assert_eq!(score("password", &[]), 0);
        assert!(score("correct horse battery staple", &[]) >= 3);
        let (named, strange) = (
            score("margareth.oxley", &["margareth.oxley"]),
            score("margareth.oxley", &[]),
        );
        assert!(named < strange, "{named} {strange}");
    }
}
