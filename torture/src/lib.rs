//! Kills the real server in the middle of its work and counts what it forgot.
//!
//! Honest browsers log in, refresh in several tabs at once, log out and change passwords over real
//! sockets, and lose some of the answers. Others register, prove their addresses, reset passwords, move to
//! other addresses and delete themselves, with the codes of the mails. The server is killed (`kill -9`) at any moment, started
//! again and asked for everything that it had acknowledged (docs/threat-model.md). A run breaks off
//! nothing: each broken promise is told with the last operations of the browser that saw it.
//!
//! `kill -9` leaves the kernel and its page cache alive, so this shows that nothing is answered
//! before it is written, and not that the disk keeps what it was told to.
//!
//! * [`kills`] — the run; [`Plan`] says how long and how hard · [`fault`] — everything but kills
//! * `house` the binary and its lives · `wire` one request · `browser` what a person does ·
//!   `company` all of them · `world` what they share
//! * `owner` who registers and leaves · `account` what was promised about one · `post` the mails
//! * `promise` what may be expected after which answer · `inspection` asking for it
//! * `tally` the totals

mod account;
mod browser;
mod company;
mod fault;
mod house;
mod inspection;
mod kills;
mod owner;
mod post;
mod promise;
mod tally;
mod wire;
mod world;

pub use fault::{Fault, Ran, fault};
pub use kills::{Plan, kills};
pub use tally::{Tally, Violation};
