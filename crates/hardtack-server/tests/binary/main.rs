//! The real binary, as operators use it: on its own data directory, a free port, no mocks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

mod activity;
mod audit;
mod breached;
mod config;
mod doctor;
mod files;
mod house;
mod identity;
mod import;
mod invite;
mod key;
mod limits;
mod manual;
mod packaging;
mod revocation;
mod secrets;
mod serve;
mod session;
mod stolen;
mod tls;
mod user;
