//! The budgets, one file for each kind of work.

pub(crate) mod authenticated;
pub(crate) mod ending;
pub(crate) mod flood;
pub(crate) mod guard;
pub(crate) mod login;
pub(crate) mod rest;
pub(crate) mod revoked;
pub(crate) mod rotation;
mod sessions;
pub(crate) mod start;
pub(crate) mod store;

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::load::{self, Connection, Outcome, Requests};
use crate::request;
use crate::server::{PASSWORD, Programs, Server, USER};

/// What a run is asked for.
pub(crate) struct Task<'a> {
    pub(crate) programs: &'a Programs,
    /// How often the limit and the work take turns.
    pub(crate) rounds: usize,
    /// Divides how much is done in a round.
    pub(crate) haste: usize,
}

impl Task<'_> {
    /// `count`, or a part of it when a glance is enough.
    pub(crate) const fn share_of(&self, count: usize) -> usize {
        count / self.haste
    }
}

/// One server's share of a round.
#[derive(Debug)]
struct Slice {
    outcome: Outcome,
    /// The server's processor time.
    cpu: Duration,
}

impl Slice {
    /// Loads a server and looks at the clock of its threads before and after.
    fn of(server: &Server, connections: usize, requests: Requests) -> Result<Self> {
        let before = server.cpu_time()?;
        let outcome = load::run(server.address, connections, requests)?;
        let cpu = server.cpu_time()?.saturating_sub(before);
        Ok(Self { outcome, cpu })
    }

    /// Microseconds of the server's processor time for one request.
    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.outcome.answers() as f64
    }
}

/// Logs the user in and gives the access token.
fn log_in(server: &Server) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(server.address).await?;
        connection.exchange(&request::login(USER, PASSWORD)).await?;
        let access = request::cookie_of(connection.answer(), "access");
        access.context("the login set no access cookie")
    })
}
