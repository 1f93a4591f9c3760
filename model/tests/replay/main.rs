//! The model's traces against the real code, step by step: equal rows and equal answers.

#[cfg(test)]
mod model;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod step;
#[cfg(test)]
mod store;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod walks;
