//! Hostile bytes for every parser, each with an oracle that says more than "it did not panic".
//!
//! One file of `tests/` is one target: its name is the file's. Under `cargo nextest run` each runs
//! for a second: the inputs kept in `tests/__fuzz__/TARGET/` first (`corpus`, and `crashes`, where
//! what once failed stays as a regression test), then new ones of its own. For longer, and guided
//! by coverage: `cargo xtask fuzz`.
//!
//! | To learn | read |
//! | --- | --- |
//! | how texts are made that look like what a parser expects | [`text`] |
//! | with which keys tokens are signed here, and what the oracle makes of them | [`forge`] |
//! | how the binary's configuration can be reached from here | [`configuration`] |
//! | which service answers the requests of those targets that send some | [`world`] |

pub mod configuration;
pub mod forge;
pub mod text;
pub mod world;

pub use bolero;

/// Starts a target named after its file.
///
/// A run takes a second unless told otherwise, which is bolero's own default.
#[macro_export]
macro_rules! target {
    () => {
        $crate::bolero::check!(name = env!("CARGO_CRATE_NAME"))
    };
}
