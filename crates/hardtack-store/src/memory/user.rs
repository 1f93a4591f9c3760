//! Users in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::time::Duration;

use hardtack_core::session::NewSession;
use hardtack_core::user::{
    CanonicalName, EmailAddress, LoginName, PasswordVersion, User, UserState, Username,
};
use hardtack_core::{SessionId, Timestamp, UserId};

use super::{MemoryStore, Rooms};
use crate::{
    Holdings, NameTaken, NewPassword, NewUser, PasswordChange, ProfileChange, Revoke, StoreError,
    UserStore, UserWithPassword,
};

#[derive(Default)]
pub(super) struct Users {
    rows: BTreeMap<UserId, UserWithPassword>,
    by_username: HashMap<CanonicalName, UserId>,
    by_email: HashMap<CanonicalName, UserId>,
    /// The highest number ever given, so that a deleted user's is not given again.
    last_id: i64,
}

impl Users {
    pub(super) fn find(&self, id: UserId) -> Option<&UserWithPassword> {
        self.rows.get(&id)
    }

    pub(super) fn find_mut(&mut self, id: UserId) -> Option<&mut UserWithPassword> {
        self.rows.get_mut(&id)
    }

    fn find_by_login(&self, name: &LoginName) -> Option<&UserWithPassword> {
        let id = match name {
            LoginName::NameOrEmail(name) => self
                .by_username
                .get(name)
                .or_else(|| self.by_email.get(name)),
            LoginName::Email(name) => self.by_email.get(name),
        };
        self.find(*id?)
    }

    /// Names and addresses share one space, and a user is in nobody's way but another's.
    fn holder_of(&self, name: &CanonicalName, other_than: Option<UserId>) -> Option<UserId> {
        [&self.by_username, &self.by_email]
            .into_iter()
            .filter_map(|names| names.get(name).copied())
            .find(|holder| Some(*holder) != other_than)
    }

    /// The user of that user name, in whatever spelling.
    pub(super) fn named(&self, username: &CanonicalName) -> Option<UserId> {
        self.by_username.get(username).copied()
    }

    /// The number that would be given next.
    pub(super) const fn next_number(&self) -> UserId {
        UserId::new(self.last_id + 1)
    }

    /// Keeps a user, in the place of the one of the same number if there is one. Their names are
    /// free.
    pub(super) fn keep(&mut self, row: UserWithPassword) {
        let id = row.user.id;
        // The names of the one before go with them, if there was one.
        let _ = self.delete(id);
        self.last_id = self.last_id.max(id.as_i64());
        self.by_username.insert(row.user.username.canonical(), id);
        if let Some(email) = row.user.email.canonical() {
            self.by_email.insert(email, id);
        }
        self.rows.insert(id, row);
    }

    fn insert(&mut self, new: NewUser, now: Timestamp) -> User {
        let user = User {
            id: self.next_number(),
            email_verified_at: (!new.email.is_none()).then_some(now),
            username: new.username,
            email: new.email,
            language: None,
            first_name: new.first_name,
            last_name: new.last_name,
            state: UserState::Active,
            password_version: PasswordVersion::default(),
            created_at: now,
            last_login_at: None,
        };
        self.keep(UserWithPassword {
            user: user.clone(),
            password_hash: new.password_hash,
        });
        user
    }

    /// Gives the user another address, which is verified.
    pub(super) fn change_email(&mut self, id: UserId, to: EmailAddress, now: Timestamp) {
        let Some(row) = self.rows.get_mut(&id) else {
            return;
        };
        if let Some(before) = row.user.email.canonical() {
            self.by_email.remove(&before);
        }
        if let Some(canonical) = to.canonical() {
            self.by_email.insert(canonical, id);
        }
        row.user.email = to;
        row.user.email_verified_at = Some(now);
    }

    fn change_profile(&mut self, id: UserId, change: ProfileChange) -> Option<User> {
        let row = self.rows.get_mut(&id)?;
        if let Some(username) = change.username {
            self.by_username.remove(&row.user.username.canonical());
            self.by_username.insert(username.canonical(), id);
            row.user.username = username;
        }
        row.user.first_name = change
            .first_name
            .unwrap_or(std::mem::take(&mut row.user.first_name));
        row.user.last_name = change
            .last_name
            .unwrap_or(std::mem::take(&mut row.user.last_name));
        Some(row.user.clone())
    }

    fn delete(&mut self, id: UserId) -> Option<()> {
        let row = self.rows.remove(&id)?;
        self.by_username.remove(&row.user.username.canonical());
        if let Some(email) = row.user.email.canonical() {
            self.by_email.remove(&email);
        }
        Some(())
    }
}

impl Rooms {
    /// Whether another user has the name, or an address of theirs is kept for them.
    pub(super) fn is_taken(
        &self,
        name: &CanonicalName,
        by_other_than: Option<UserId>,
        now: Timestamp,
    ) -> bool {
        self.holder_of(name, by_other_than, now).is_some()
    }

    /// The other user who has the name, or for whom an address is kept.
    pub(super) fn holder_of(
        &self,
        name: &CanonicalName,
        other_than: Option<UserId>,
        now: Timestamp,
    ) -> Option<UserId> {
        self.users
            .holder_of(name, other_than)
            .or_else(|| self.codes.holder_of(name, other_than, now))
    }

    pub(super) fn insert_user(&mut self, new: NewUser, now: Timestamp) -> Result<User, NameTaken> {
        if self.is_taken(&new.username.canonical(), None, now) {
            return Err(NameTaken::Username);
        }
        match new.email.canonical() {
            Some(email) if self.is_taken(&email, None, now) => Err(NameTaken::Email),
            _ => Ok(self.users.insert(new, now)),
        }
    }

    /// Sets a password, ends every session and voids what ends with a password.
    pub(super) fn set_password(
        &mut self,
        id: UserId,
        hash: String,
        revoke: Revoke,
        now: Timestamp,
    ) -> Vec<SessionId> {
        if let Some(row) = self.users.find_mut(id) {
            let version = row.user.password_version.0.wrapping_add(1);
            row.user.password_version = PasswordVersion(version);
            row.password_hash = hash;
        }
        self.void(|code| code.user == Some(id) && code.purpose.ends_with_password());
        self.sessions.revoke_all(id, None, revoke, now)
    }
}

impl UserStore for MemoryStore {
    async fn find_user(&self, id: UserId) -> Result<Option<UserWithPassword>, StoreError> {
        self.act(|rooms, _| Ok(rooms.users.find(id).cloned()))
    }

    async fn find_user_by_login(
        &self,
        name: &LoginName,
    ) -> Result<Option<UserWithPassword>, StoreError> {
        self.act(|rooms, _| Ok(rooms.users.find_by_login(name).cloned()))
    }

    async fn list_users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.act(|rooms, _| {
            let rows = rooms.users.rows.range((start, Bound::Unbounded));
            Ok(rows.take(limit).map(|(_, row)| row.user.clone()).collect())
        })
    }

    async fn insert_user(&self, user: NewUser) -> Result<Result<User, NameTaken>, StoreError> {
        self.act(|rooms, now| Ok(rooms.insert_user(user, now)))
    }

    async fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> Result<Option<Result<User, NameTaken>>, StoreError> {
        self.act(|rooms, now| {
            let canonical = change.username.as_ref().map(Username::canonical);
            let taken = canonical.is_some_and(|name| rooms.is_taken(&name, Some(id), now));
            match rooms.users.find(id) {
                Some(_) if taken => Ok(Some(Err(NameTaken::Username))),
                _ => Ok(rooms.users.change_profile(id, change).map(Ok)),
            }
        })
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        version: PasswordVersion,
        hash: String,
    ) -> Result<bool, StoreError> {
        self.act(|rooms, _| match rooms.users.find_mut(id) {
            Some(row) if row.user.password_version == version => {
                row.password_hash = hash;
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    async fn change_password(
        &self,
        new: NewPassword,
        successor: Option<NewSession>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<PasswordChange, StoreError> {
        self.act(|rooms, now| {
            if let Some(successor) = &successor {
                rooms.sessions.verify_unused(successor.id)?;
            }
            let Some(row) = rooms.users.find(new.user) else {
                return Ok(PasswordChange::Superseded);
            };
            let superseded = new
                .version
                .is_some_and(|version| version != row.user.password_version)
                || (successor.is_some() && row.user.state != UserState::Active);
            if superseded {
                return Ok(PasswordChange::Superseded);
            }
            let ended = rooms.set_password(new.user, new.hash, revoke, now);
            let version = rooms
                .users
                .find(new.user)
                .map(|row| row.user.password_version);
            let successor = successor.zip(version).map(|(successor, password_version)| {
                let successor = NewSession {
                    user: new.user,
                    password_version,
                    ..successor
                };
                rooms.sessions.open(successor, window, now)
            });
            rooms.queue(new.mails, now);
            Ok(PasswordChange::Changed { ended, successor })
        })
    }

    async fn set_language(&self, id: UserId, language: Option<String>) -> Result<bool, StoreError> {
        self.act(|rooms, _| {
            let row = rooms.users.find_mut(id);
            Ok(row.map(|row| row.user.language = language).is_some())
        })
    }

    async fn find_holdings(&self, id: UserId) -> Result<Option<Holdings>, StoreError> {
        self.act(|rooms, now| {
            Ok(rooms.users.find(id).map(|row| Holdings {
                user: row.user.clone(),
                sessions: rooms.sessions.held(id),
                known_devices: rooms.sessions.known_devices(id),
                codes: rooms.held_codes(id, now),
                mails: rooms.mails(|queued| queued.mail.user == Some(id)),
            }))
        })
    }

    async fn set_user_state(
        &self,
        id: UserId,
        state: UserState,
        revoke: Revoke,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        self.act(|rooms, now| {
            let Some(row) = rooms.users.find_mut(id) else {
                return Ok(None);
            };
            row.user.state = state;
            Ok(Some(match state {
                UserState::Active => Vec::new(),
                UserState::Disabled => {
                    rooms.void_all_but_ways_back(id);
                    rooms.sessions.revoke_all(id, None, revoke, now)
                }
            }))
        })
    }

    async fn delete_user(
        &self,
        id: UserId,
        revoke: Revoke,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        self.act(|rooms, now| {
            if rooms.users.delete(id).is_none() {
                return Ok(None);
            }
            let ended = rooms.sessions.revoke_all(id, None, revoke, now);
            rooms.sessions.forget_devices(id);
            rooms.void(|code| code.user == Some(id));
            rooms.outbox.forget_user(id);
            Ok(Some(ended))
        })
    }
}
