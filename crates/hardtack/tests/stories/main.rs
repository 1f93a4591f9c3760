//! Stories through the router: the memory store, a clock that is set by hand, seeded randomness.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod mailbox;

#[cfg(test)]
mod account;
#[cfg(test)]
mod activity;
#[cfg(test)]
mod addresses;
#[cfg(test)]
mod at_once;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod clock_ahead;
#[cfg(test)]
mod cookies;
#[cfg(test)]
mod csrf;
#[cfg(test)]
mod dead_cookies;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod email;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod everywhere;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod hanging_up;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod login;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod out_of_order;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod password;
#[cfg(test)]
mod presets;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod remember_me;
#[cfg(test)]
mod session;
#[cfg(test)]
mod sliding;
#[cfg(test)]
mod staleness;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod user;
#[cfg(test)]
mod verification;
#[cfg(test)]
mod verify;
