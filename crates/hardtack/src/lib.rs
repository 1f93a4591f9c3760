//! Hardened cookie sessions for single-page apps.
//!
//! Hardtack keeps a short-lived JWT access token and a rotating refresh token in `HttpOnly`
//! cookies, so that script cannot steal them, and gives every back-end a verified user. This crate
//! is the authority itself, to be nested in an axum application; the `hardtack` binary is a thin
//! shell over it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use hardtack::core::key::{Algorithm, SigningKey, ring::KeyRing};
//! use hardtack::core::refresh_token::Pepper;
//! use hardtack::guard::{Authenticated, SystemClock};
//! use hardtack::store::MemoryStore;
//! use hardtack::{Hardtack, PublicUrl, Settings, SystemEntropy};
//! # use hardtack::core::Clock as _;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(SystemClock);
//! let keys = KeyRing::new(SigningKey::generate(Algorithm::Es256)?, clock.now());
//! let pepper = Pepper::new(Pepper::generate(&SystemEntropy).expose_secret())?;
//! let settings = Settings::new(PublicUrl::parse("https://app.example.com")?);
//! let hardtack = Hardtack::builder(MemoryStore::new(clock), keys, pepper, settings).build().await?;
//!
//! async fn data(user: Authenticated) -> String {
//!     format!("hello, user {}", user.user)
//! }
//!
//! let app: Router = Router::new()
//!     .route("/api/data", get(data))
//!     .layer(hardtack.guard().layer())
//!     .nest("/api/auth", hardtack.router())
//!     .merge(hardtack.pages_router())
//!     .merge(hardtack.root_router());
//! tokio::spawn(hardtack.clone().run_housekeeping(std::future::pending()));
//! # Ok(())
//! # }
//! ```
//!
//! | To | see |
//! | --- | --- |
//! | set lifetimes, cookies, origins | [`Settings`] |
//! | put an authority together | [`Hardtack::builder`] |
//! | mount its routes | [`Hardtack::router`], [`Hardtack::pages_router`], [`Hardtack::root_router`] |
//! | protect one's own routes | [`Hardtack::guard`], [`guard::Authenticated`] |
//! | do what the routes do without HTTP | [`Hardtack::log_in`], [`Hardtack::refresh`], [`Hardtack::log_out`] |
//! | let people become users | [`Hardtack::register`], [`Hardtack::verify_email`], [`Hardtack::resend_verification`] |
//! | let them back in | [`Hardtack::request_password_reset`], [`Hardtack::confirm_password_reset`] |
//! | let them change their address | [`Hardtack::request_email_change`], [`Hardtack::confirm_email_change`], [`Hardtack::revert_email`] |
//! | let them take what is theirs and go | [`Hardtack::export`], [`Hardtack::delete_account`] |
//! | refuse passwords that leaked elsewhere | [`breached`] |
//! | keep users elsewhere | [`store::UserStore`], [`store::SessionStore`] |

pub use hardtack_core as core;
pub use hardtack_guard as guard;
pub use hardtack_store as store;

mod audit;
mod background;
pub mod breached;
mod client;
mod entropy;
pub mod flow;
mod hardtack;
mod hash_pool;
mod housekeeping;
mod http;
mod last_seen;
pub mod mail;
mod pages;
mod revocations;
pub mod settings;
mod throttles;
pub mod translation;
mod uses;

pub use client::Client;
pub use entropy::SystemEntropy;
pub use flow::Grant;
pub use hardtack::{BuildError, Builder, Hardtack};
pub use http::edge::AtOnceRoutes;
pub use http::sliding::{Sliding, SlidingFuture, SlidingLayer};
pub use settings::{PublicUrl, Settings, SettingsError};
