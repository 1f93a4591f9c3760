//! A million browser sessions and as many thefts, lived through the real flows of the library on a
//! simulated network, deterministic from one seed.
//!
//! The model (`hardtack-model`) meets every state of a small world; this meets a small share of
//! the states of a large one, in which times are real and the code is the code that is shipped.
//!
//! * [`Variant`] puts one rule wrong, to show what it buys; [`Pattern`] is what the authority sees.
//! * `authority` is the library on its memory store, or a faulty variant in its place; `network`
//!   and `world` are everything between it and the people; `honest` and `theft` are their lives.
//! * [`Experiment`] is a run of many, [`Figures`] what came out.

mod authority;
mod experiment;
mod figures;
mod honest;
mod network;
mod pattern;
mod theft;
mod variant;
mod world;

pub use experiment::{Experiment, Progress, Which};
pub use figures::{Figures, Honest, Lonely, Thefts};
pub use network::Network;
pub use pattern::Pattern;
pub use variant::Variant;
