//! The guard from outside: requests through the layer into an axum application.

#[cfg(test)]
mod authority;
#[cfg(test)]
mod cached;
#[cfg(test)]
mod credentials;
#[cfg(test)]
#[cfg(feature = "remote")]
mod example;
#[cfg(test)]
#[cfg(feature = "remote")]
mod feed;
#[cfg(test)]
#[cfg(feature = "remote")]
mod feed_authority;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod layer;
#[cfg(test)]
#[cfg(feature = "remote")]
mod remote;
#[cfg(test)]
mod revocation;
