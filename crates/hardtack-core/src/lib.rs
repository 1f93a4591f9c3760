//! The rules of Hardtack, and nothing but rules.
//!
//! Everything here is deterministic: no clock, no randomness of its own, no IO, no `async`. Time
//! comes in as a [`Timestamp`], randomness through [`Entropy`], and what went out is a value: a
//! decision, a token, a verified claim. So each rule can be read alone, tested with literal times
//! and replayed against a model. (One exception is spelled out where it stands: ECDSA and RSA
//! signatures draw their nonces inside the crypto library.)
//!
//! | To learn | read |
//! | --- | --- |
//! | what a presented refresh token is worth | [`rotation`] |
//! | how refresh tokens are made and recognised | [`refresh_token`] |
//! | what an access token says and when it is believed | [`access_token`], [`jws`], [`key`] |
//! | when a session ends | [`session`], [`activity`] |
//! | how passwords are kept | [`password`] |
//! | what makes two names the same | [`user`] |
//! | what a link in a mail is worth | [`one_time_code`] |
//! | what mails there are | [`mail`] |
//! | whether a request may change something | [`csrf`] |
//! | how long to wait after failures | [`throttle`] |
//! | what is reported | [`event`] |

pub mod access_token;
pub mod activity;
pub mod audit;
pub mod csrf;
pub mod event;
pub mod jws;
pub mod key;
pub mod mail;
pub mod one_time_code;
pub mod password;
pub mod refresh_token;
pub mod rotation;
pub mod secret;
pub mod session;
pub mod throttle;
pub mod time;
pub mod user;
mod word;

pub use activity::Activity;
pub use secret::{Entropy, Secret};
pub use session::SessionId;
pub use time::{Clock, SettableClock, Timestamp};
pub use user::UserId;
