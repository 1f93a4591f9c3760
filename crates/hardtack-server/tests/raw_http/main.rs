//! Hostile bytes over sockets, against the real binary (docs/threat-model.md SV-1, SV-2, SV-3).
//!
//! Whatever is sent: one answer or none for each request, never a second request out of one, and
//! the next client is served.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

mod body;
mod crowd;
mod framing;
#[path = "../binary/house.rs"]
#[allow(dead_code, reason = "the other tests of the binary need more of it")]
mod house;
mod line;
mod pace;
mod pipeline;
mod target;
mod wire;
