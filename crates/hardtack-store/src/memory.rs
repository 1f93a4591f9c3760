//! The reference backend: the contract, executable. It keeps everything in memory and forgets it
//! when dropped, which is what tests and simulations want and a server never does.
//!
//! One lock makes every act atomic; what an act may do is decided by the rules of
//! [`hardtack_core::rotation`] themselves, so the other backends have something to be compared with.

mod audit;
mod code;
mod import;
mod outbox;
mod session;
mod user;

use std::sync::{Arc, Mutex};

use hardtack_core::rotation::Owner;
use hardtack_core::user::{PasswordVersion, UserState};
use hardtack_core::{Clock, Timestamp, UserId};

use crate::{LogId, Store, StoreError};

/// Users and sessions in memory. A clone is another handle to the same ones.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    rooms: Arc<Mutex<Rooms>>,
    log: LogId,
}

/// What the lock protects. Users and sessions are together because most acts touch both.
#[derive(Default)]
struct Rooms {
    users: user::Users,
    sessions: session::Sessions,
    audit: audit::Trail,
    codes: code::Codes,
    outbox: outbox::Outbox,
}

impl MemoryStore {
    /// An empty store that tells the time by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            rooms: Arc::default(),
            log: LogId::draw(),
        }
    }

    /// Runs one act. The time is taken under the lock, so acts and their times have one order.
    fn act<T>(
        &self,
        act: impl FnOnce(&mut Rooms, Timestamp) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut rooms = self.rooms.lock().map_err(|_| {
            // Whoever panicked may have left an act half done; nothing here can be trusted again.
            StoreError::Unavailable("an earlier act panicked".to_owned())
        })?;
        let now = self.clock.now();
        act(&mut rooms, now)
    }
}

impl Rooms {
    /// Does the user stand behind a session that was opened under `version`?
    fn owner(&self, user: UserId, version: PasswordVersion) -> Owner {
        match self.users.find(user) {
            None => Owner::Gone,
            Some(row) if row.user.state == UserState::Disabled => Owner::Disabled,
            Some(row) if row.user.password_version != version => Owner::Gone,
            Some(_) => Owner::Standing,
        }
    }
}

impl Store for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.act(|_, _| Ok(()))
    }
}
