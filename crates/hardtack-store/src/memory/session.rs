//! Sessions in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::Duration;

use hardtack_core::rotation::{Ended, Family, Lineage, Owner, Position, Rotation, rotate};
use hardtack_core::session::{Device, NewSession, RevokeReason, Session};
use hardtack_core::user::{PasswordVersion, UserState};
use hardtack_core::{Activity, SessionId, Timestamp, UserId};

use super::{MemoryStore, Rooms};
use crate::remembrance::Remembrance;
use crate::{
    FamilyAt, Insertion, LogPosition, Opened, Revocation, RevocationPage, Revoke, SessionStore,
    StoreError, Verdict,
};

mod device;
mod log;

/// How many rows one [`SessionStore::purge_ended`] deletes at most.
const PURGE_AT_MOST: usize = 1_000;

#[derive(Default)]
pub(super) struct Sessions {
    rows: HashMap<SessionId, Row>,
    revocations: BTreeMap<i64, Revocation>,
    /// Names of the devices that each user has logged in with.
    known_devices: HashMap<UserId, HashSet<String>>,
    /// The highest sequence ever given; purging must not make it go back.
    last_sequence: i64,
    remembrance: Option<Remembrance>,
}

struct Row {
    /// Its `owner` is not kept but computed by [`Rooms::owner`] whenever the row is read.
    family: Family,
    password_version: PasswordVersion,
    device: Device,
}

impl Row {
    fn is_alive(&self, now: Timestamp) -> bool {
        self.family.ended.is_none() && now < self.family.idle_ends_at()
    }

    fn session(&self) -> Session {
        Session {
            id: self.family.session,
            user: self.family.user,
            created_at: self.family.created_at,
            last_seen_at: self.family.last_seen_at,
            idle_timeout: self.family.idle_timeout,
            ends_at: self.family.ends_at,
            remember_me: self.family.remember_me,
            device: self.device.clone(),
        }
    }

    fn ended_at(&self) -> Timestamp {
        self.family
            .ended
            .map_or(self.family.idle_ends_at(), |ended| ended.at)
    }
}

impl Sessions {
    /// A name that was drawn twice means that the source of randomness is broken; the first
    /// session must not become the second's.
    pub(super) fn verify_unused(&self, id: SessionId) -> Result<(), StoreError> {
        if self.rows.contains_key(&id) {
            return Err(StoreError::Unavailable(
                "a session of that id exists already".to_owned(),
            ));
        }
        Ok(())
    }

    pub(super) fn open(&mut self, new: NewSession, window: Duration, now: Timestamp) -> Opened {
        let family = Family {
            session: new.id,
            user: new.user,
            lineage: Lineage::at_login(window, now),
            created_at: now,
            last_seen_at: now,
            idle_timeout: new.lifetime.idle_timeout,
            ends_at: now + new.lifetime.absolute_timeout,
            remember_me: new.remember_me,
            ended: None,
            owner: Owner::Standing,
        };
        self.rows.insert(
            new.id,
            Row {
                family,
                password_version: new.password_version,
                device: new.device,
            },
        );
        Opened { family, now }
    }

    fn revoke(&mut self, id: SessionId, revoke: Revoke, now: Timestamp) -> Option<UserId> {
        let row = self.rows.get_mut(&id).filter(|row| row.is_alive(now))?;
        row.family.ended = Some(Ended {
            at: now,
            reason: revoke.reason,
        });
        // Its last access token is younger than now if the clock stepped back since. One that was
        // asked for in the background moved the anchor at most.
        let Family {
            user,
            last_seen_at,
            lineage,
            ..
        } = row.family;
        let last_issued_at = now.max(last_seen_at).max(lineage.anchor_at);
        let asked_for = self.remembrance.map_or(Duration::ZERO, |kept| kept.lasts);
        self.last_sequence += 1;
        self.revocations.insert(
            self.last_sequence,
            Revocation {
                sequence: self.last_sequence,
                session: id,
                expires_at: last_issued_at + revoke.remembered_for.max(asked_for),
            },
        );
        Some(user)
    }

    pub(super) fn revoke_all(
        &mut self,
        user: UserId,
        except: Option<SessionId>,
        revoke: Revoke,
        now: Timestamp,
    ) -> Vec<SessionId> {
        let of_user = self.rows.values().map(|row| &row.family);
        let mut ids: Vec<_> = of_user
            .filter(|family| family.user == user && Some(family.session) != except)
            .map(|family| family.session)
            .collect();
        ids.sort_unstable();
        ids.retain(|id| self.revoke(*id, revoke, now).is_some());
        ids
    }

    /// Deletes what is left of the sessions of a deleted user, whose number is given anew: what ran
    /// out under them was never ended, and would be the next one's.
    pub(super) fn forget(&mut self, user: UserId) {
        self.rows.retain(|_, row| row.family.user != user);
    }

    /// Ends the sessions of `user` that were idle longest, so that with one more there are `limit`.
    fn make_room(
        &mut self,
        (user, version): (UserId, PasswordVersion),
        limit: NonZeroU32,
        revoke: Revoke,
        now: Timestamp,
    ) -> Vec<SessionId> {
        let alive = self.rows.values().filter(|row| row.is_alive(now));
        let mut of_user: Vec<_> = alive
            .filter(|row| row.password_version == version)
            .map(|row| &row.family)
            .filter(|family| family.user == user)
            .map(|family| (family.last_seen_at, family.created_at, family.session))
            .collect();
        of_user.sort_unstable_by_key(|key| Reverse(*key));
        let kept = usize::try_from(limit.get() - 1).unwrap_or(usize::MAX);
        let mut crowded_out: Vec<_> = of_user.into_iter().map(|(.., id)| id).skip(kept).collect();
        crowded_out.sort_unstable();
        let revoke = Revoke {
            reason: RevokeReason::Limit,
            ..revoke
        };
        crowded_out.retain(|id| self.revoke(*id, revoke, now).is_some());
        crowded_out
    }

    fn purge(&mut self, kept_for: Duration, now: Timestamp) -> usize {
        let expired: Vec<_> = self
            .revocations
            .values()
            .filter(|revocation| revocation.expires_at + kept_for < now)
            .map(|revocation| revocation.sequence)
            .take(PURGE_AT_MOST)
            .collect();
        let ended: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, row)| row.ended_at() + kept_for < now)
            .map(|(id, _)| *id)
            .take(PURGE_AT_MOST - expired.len())
            .collect();
        for sequence in &expired {
            self.revocations.remove(sequence);
        }
        for id in &ended {
            self.rows.remove(id);
        }
        expired.len() + ended.len()
    }
}

impl Rooms {
    /// The row of a session with its owner's standing as it is now.
    fn row_mut(&mut self, id: SessionId) -> Option<&mut Row> {
        let row = self.sessions.rows.get(&id)?;
        let owner = self.owner(row.family.user, row.password_version);
        let row = self.sessions.rows.get_mut(&id)?;
        row.family.owner = owner;
        Some(row)
    }

    /// The row, if anything may still be written to it.
    fn writable(&mut self, id: SessionId, now: Timestamp) -> Option<&mut Row> {
        self.row_mut(id)
            .filter(|row| row.is_alive(now) && row.family.owner == Owner::Standing)
    }
}

/// A use that was judged good: it defers the idle end where it counts.
fn see(family: &mut Family, activity: Activity, now: Timestamp) {
    if activity == Activity::Counts {
        family.last_seen_at = family.last_seen_at.max(now);
    }
}

impl SessionStore for MemoryStore {
    async fn insert_session(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        limit: Option<NonZeroU32>,
        revoke: Revoke,
        window: Duration,
    ) -> Result<Insertion, StoreError> {
        self.act(|rooms, now| {
            rooms.sessions.verify_unused(new.id)?;
            let Some(row) = rooms.users.find_mut(new.user).filter(|row| {
                row.user.state == UserState::Active
                    && row.user.password_version == new.password_version
            }) else {
                return Ok(Insertion::UserChanged);
            };
            row.user.last_login_at = Some(now);
            let ended = |id| Some((id, rooms.sessions.revoke(id, revoke, now)?));
            let replaced = replaced.into_iter().filter_map(ended).collect();
            let user = (new.user, new.password_version);
            let crowded_out = limit.map_or_else(Vec::new, |limit| {
                rooms.sessions.make_room(user, limit, revoke, now)
            });
            Ok(Insertion::Opened {
                is_new_device: rooms.sessions.remember_device(&new),
                opened: rooms.sessions.open(new, window, now),
                replaced,
                crowded_out,
            })
        })
    }

    async fn rotate_family(
        &self,
        session: SessionId,
        presented: Position,
        window: Duration,
        activity: Activity,
    ) -> Result<Option<FamilyAt>, StoreError> {
        self.act(|rooms, now| {
            Ok(rooms.row_mut(session).and_then(|row| {
                let family = &mut row.family;
                let rotation = rotate(family, presented, window, now);
                (rotation == Rotation::Advance).then(|| {
                    family.lineage = family.lineage.after(rotation, presented, now);
                    see(family, activity, now);
                    FamilyAt {
                        family: *family,
                        now,
                    }
                })
            }))
        })
    }

    async fn find_family(&self, session: SessionId) -> Result<Option<FamilyAt>, StoreError> {
        self.act(|rooms, now| {
            Ok(rooms.row_mut(session).map(|row| FamilyAt {
                family: row.family,
                now,
            }))
        })
    }

    async fn commit_verdict(
        &self,
        judged: &Family,
        verdict: Verdict,
    ) -> Result<Option<FamilyAt>, StoreError> {
        self.act(|rooms, now| {
            let Some(row) = rooms
                .writable(judged.session, now)
                .filter(|row| row.family.lineage == judged.lineage)
            else {
                return Ok(None);
            };
            match verdict {
                Verdict::Continue(lineage, activity) => {
                    row.family.lineage = lineage;
                    see(&mut row.family, activity, now);
                }
                Verdict::Revoke(revoke) => {
                    rooms.sessions.revoke(judged.session, revoke, now);
                }
            }
            Ok(rooms.row_mut(judged.session).map(|row| FamilyAt {
                family: row.family,
                now,
            }))
        })
    }

    async fn note_uses(
        &self,
        uses: Vec<(SessionId, Position)>,
        window: Duration,
    ) -> Result<(), StoreError> {
        self.act(|rooms, now| {
            for (session, position) in uses {
                if let Some(row) = rooms.writable(session, now) {
                    row.family.lineage = row.family.lineage.after_use(position, window, now);
                }
            }
            Ok(())
        })
    }

    async fn note_seen(&self, seen: Vec<(SessionId, Timestamp)>) -> Result<(), StoreError> {
        self.act(|rooms, now| {
            for (session, seen_at) in seen {
                if let Some(row) = rooms.writable(session, now) {
                    see(&mut row.family, Activity::Counts, seen_at.min(now));
                }
            }
            Ok(())
        })
    }

    async fn revoke_session(
        &self,
        session: SessionId,
        revoke: Revoke,
    ) -> Result<Option<UserId>, StoreError> {
        self.act(|rooms, now| Ok(rooms.sessions.revoke(session, revoke, now)))
    }

    async fn revoke_user_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        revoke: Revoke,
    ) -> Result<Vec<SessionId>, StoreError> {
        self.act(|rooms, now| Ok(rooms.sessions.revoke_all(user, except, revoke, now)))
    }

    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.act(|rooms, now| {
            let rows = rooms.sessions.rows.values();
            let mut sessions: Vec<_> = rows
                .filter(|row| row.family.user == user && row.is_alive(now))
                .filter(|row| rooms.owner(user, row.password_version) == Owner::Standing)
                .map(Row::session)
                .collect();
            sessions.sort_unstable_by_key(|session| (Reverse(session.created_at), session.id));
            Ok(sessions)
        })
    }

    async fn remember_ends_for(&self, needed: Duration) -> Result<(), StoreError> {
        self.act(|rooms, now| {
            let kept = &mut rooms.sessions.remembrance;
            *kept = Some(Remembrance::after(*kept, needed, now));
            Ok(())
        })
    }

    async fn find_revocations(
        &self,
        after: Option<LogPosition>,
        limit: u32,
    ) -> Result<RevocationPage, StoreError> {
        self.act(|rooms, now| Ok(rooms.sessions.page(self.log, after, limit, now)))
    }

    async fn purge_ended(&self, kept_for: Duration) -> Result<u64, StoreError> {
        self.act(|rooms, now| {
            let gone = rooms.sessions.purge(kept_for, now);
            Ok(u64::try_from(gone).unwrap_or(u64::MAX))
        })
    }
}
