//! Small runs of what `cargo xtask simulate` does by the million.

#[cfg(test)]
mod runs;
#[cfg(test)]
mod variants;
