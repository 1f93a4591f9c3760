//! A model of the refresh rotation, searched state by state, and replayed against the real code.
//!
//! `docs/rotation.md` tells what is promised and why each rule is there; this crate is how we know.
//!
//! * [`table`] states the rotation table a second time, in ticks; [`rules`] has its numbers and
//!   the faults that the checker must find.
//! * [`browser`] puts it into a world of tabs, a cookie jar, a bad network, crashes, a thief, lost
//!   commits and clocks that are set; [`scenario`] says which of them a search lets happen.
//! * [`race`] takes the server's acts apart into reading and writing, and lets them race.
//! * [`search`] looks at every state that can be reached; [`story`] tells a way in words;
//!   [`catalogue`] lists the searches, with what each must find.
//!
//! Run `cargo run --release -p hardtack-model -- --help` for searches larger than those of the
//! tests.

pub mod browser;
pub mod catalogue;
pub mod race;
pub mod rules;
pub mod scenario;
pub mod search;
pub mod story;
pub mod table;
