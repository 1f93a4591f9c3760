//! The wire: routes, bodies, cookies, headers. Rules live further down, in the flows and the core.

pub(crate) mod cookies;
mod csrf;
mod dates;
mod edge;
mod error;
mod extract;
mod fields;
mod health;
mod jwks;
mod login;
mod logout;
mod logout_all;
mod openapi;
mod password;
mod refresh;
mod revocations;
mod router;
mod service;
mod session;
mod sessions;
pub(crate) mod sliding;
mod user;
mod uses;
mod verify;
