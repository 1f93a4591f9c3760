//! Protects routes with the access tokens of a Hardtack authority. No database, no IO on the way
//! of a request.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use hardtack_core::access_token::Expectations;
//! use hardtack_core::csrf::TrustedOrigins;
//! use hardtack_core::key::KeySet;
//! use hardtack_core::Clock;
//! use hardtack_guard::{Authenticated, Guard, RevokedSet, SystemClock, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The authority publishes its keys at `/.well-known/jwks.json`. (Feature `remote` fetches them
//! // and keeps them fresh: `RemoteKeys`.)
//! let keys = KeySet::from_jwks_json(r#"{"keys":[]}"#)?;
//! let expected = Expectations {
//!     issuer: "https://app.example.com".into(),
//!     audience: None,
//!     accept_simplejwt: false,
//! };
//! // Sessions that were ended, remembered as long as their access tokens may live.
//! let revoked = Arc::new(RevokedSet::new(Duration::from_secs(16 * 60), SystemClock.now()));
//! let verifier = Verifier::new(keys, expected, Arc::new(SystemClock), revoked);
//! let guard = Guard::new(verifier, "access", TrustedOrigins::new(["https://app.example.com"])?);
//!
//! async fn whoami(who: Authenticated) -> String {
//!     format!("user {}", who.user)
//! }
//!
//! let app: Router = Router::new().route("/whoami", get(whoami)).layer(guard.layer());
//! # Ok(())
//! # }
//! ```
//!
//! What that gives: the token is taken from `Authorization: Bearer` or from the cookie, verified
//! once and found again after that; a session that was ended is out at once; a request that can
//! change something and that a cookie authenticates must come from a trusted origin; and a handler
//! that takes [`Authenticated`] cannot be reached by anybody else, not even when the layer was
//! forgotten.
//!
//! | To learn | read |
//! | --- | --- |
//! | who is there, may they change something | [`Guard`] |
//! | what happens to each request | [`GuardLayer`] |
//! | when a token is believed | [`Verifier`] |
//! | how logging out reaches access tokens | [`RevokedSet`] |
//! | who was logged out at an authority elsewhere | `RevocationFeed` (feature `remote`) |
//! | what happens when nobody tells who was logged out | [`Staleness`] |
//! | what the refused are told | [`Refusal`] |

mod activity;
mod clock;
mod cookie_header;
mod credential;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "remote")]
mod feed;
mod guard;
#[cfg(feature = "remote")]
mod jwks;
mod keyed_hash;
mod last_time;
mod layer;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod revoked;
mod staleness;
mod verifier;

pub use activity::{ActiveSession, ActivityReporter, activity_of};
pub use clock::SystemClock;
pub use cookie_header::{cookie_values, replace_cookie};
pub use credential::{Authenticated, Via};
#[cfg(feature = "remote")]
pub use feed::{FeedError, FollowedFeed, KeyChanges, RevocationFeed};
pub use guard::{DoubleSubmit, Guard};
#[cfg(feature = "remote")]
pub use jwks::{RemoteError, RemoteKeys};
pub use layer::{GuardFuture, GuardLayer, GuardService};
pub use refusal::Refusal;
pub use revoked::RevokedSet;
pub use staleness::{Freshness, Staleness};
pub use verifier::{UseReporter, Verified, Verifier};
