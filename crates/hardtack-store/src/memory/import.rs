//! Users who move in, in memory.

use hardtack_core::user::{PasswordVersion, User};
use hardtack_core::{SessionId, Timestamp, UserId};

use super::{MemoryStore, Rooms};
use crate::{
    ImportMode, ImportOutcome, ImportStore, ImportedUser, Revoke, StoreError, UserWithPassword,
};

impl Rooms {
    fn import(&mut self, user: ImportedUser, mode: ImportMode, now: Timestamp) -> ImportOutcome {
        let username = user.username.canonical();
        let present = match user.id {
            None => self.users.named(&username),
            Some(id) => match self.users.find(id) {
                Some(found) if found.user.username.canonical() != username => {
                    return ImportOutcome::NumberTaken {
                        by: found.user.username.clone(),
                    };
                }
                found => found.map(|found| found.user.id),
            },
        };
        if let Some(id) = present
            && !matches!(
                mode,
                ImportMode::Replace(_) | ImportMode::Rehearse { replace: true }
            )
        {
            return ImportOutcome::Present(id);
        }
        if let Some(by) = self.holder_of(&username, present, now) {
            return ImportOutcome::UsernameTaken { by };
        }
        if let Some(email) = user.email.canonical()
            && let Some(by) = self.holder_of(&email, present, now)
        {
            return ImportOutcome::EmailTaken { by };
        }
        match (mode, present) {
            (ImportMode::Replace(revoke), Some(id)) => ImportOutcome::Replaced {
                id,
                ended: self.replace_user(id, user, revoke, now),
            },
            (ImportMode::Rehearse { .. }, Some(id)) => ImportOutcome::Replaced {
                id,
                ended: Vec::new(),
            },
            (ImportMode::Rehearse { .. }, None) => {
                ImportOutcome::Added(user.id.unwrap_or(self.users.next_number()))
            }
            _ => {
                let row = as_kept(user, self.users.next_number(), None, now);
                let id = row.user.id;
                self.sessions.forget(id);
                self.users.keep(row);
                ImportOutcome::Added(id)
            }
        }
    }

    fn replace_user(
        &mut self,
        id: UserId,
        user: ImportedUser,
        revoke: Revoke,
        now: Timestamp,
    ) -> Vec<SessionId> {
        let hash = user.password_hash.clone();
        let before = self.users.find(id).map(|row| row.user.clone());
        self.users.keep(as_kept(user, id, before, now));
        self.void_all_but_ways_back(id);
        self.set_password(id, hash, revoke, now)
    }
}

/// The row of an imported user, where what is not said stays as it was `before`.
fn as_kept(
    user: ImportedUser,
    number: UserId,
    before: Option<User>,
    now: Timestamp,
) -> UserWithPassword {
    let verified = user.email_is_verified && !user.email.is_none();
    UserWithPassword {
        user: User {
            id: user.id.unwrap_or(number),
            username: user.username,
            email: user.email,
            email_verified_at: verified.then_some(now),
            language: before.as_ref().and_then(|user| user.language.clone()),
            first_name: user.first_name,
            last_name: user.last_name,
            state: user.state,
            password_version: before
                .as_ref()
                .map_or_else(PasswordVersion::default, |user| user.password_version),
            created_at: user
                .created_at
                .or(before.as_ref().map(|user| user.created_at))
                .unwrap_or(now),
            last_login_at: user
                .last_login_at
                .or(before.and_then(|user| user.last_login_at)),
        },
        password_hash: user.password_hash,
    }
}

impl ImportStore for MemoryStore {
    async fn import_users(
        &self,
        users: Vec<ImportedUser>,
        mode: ImportMode,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        self.act(|rooms, now| {
            let outcomes = users.into_iter().map(|user| rooms.import(user, mode, now));
            Ok(outcomes.collect())
        })
    }
}
