//! Which devices a user has logged in with, and the sessions that show them.

use std::cmp::Reverse;

use hardtack_core::UserId;
use hardtack_core::session::{Device, NewSession};

use super::Sessions;
use crate::HeldSession;

impl Sessions {
    /// Whether others are known and this one is not.
    pub(super) fn remember_device(&mut self, new: &NewSession) -> bool {
        let known = self.known_devices.entry(new.user).or_default();
        let others_are_known = !known.is_empty();
        known.insert(new.device.name()) && others_are_known
    }

    pub(in super::super) fn forget_devices(&mut self, user: UserId) {
        self.known_devices.remove(&user);
        for row in self.rows.values_mut() {
            if row.family.user == user {
                row.device = Device::default();
            }
        }
    }

    /// Names of the devices that `user` has logged in with, in order.
    pub(in super::super) fn known_devices(&self, user: UserId) -> Vec<String> {
        let known = self.known_devices.get(&user).into_iter().flatten();
        let mut names: Vec<_> = known.cloned().collect();
        names.sort_unstable();
        names
    }

    /// Every session of `user`, newest first.
    pub(in super::super) fn held(&self, user: UserId) -> Vec<HeldSession> {
        let of_user = self.rows.values().filter(|row| row.family.user == user);
        let mut held: Vec<_> = of_user
            .map(|row| HeldSession {
                session: row.session(),
                ended: row.family.ended,
            })
            .collect();
        held.sort_unstable_by_key(|held| (Reverse(held.session.created_at), held.session.id));
        held
    }
}
