//! Mails that wait, in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use hardtack_core::mail::NewMail;
use hardtack_core::one_time_code::CodeId;
use hardtack_core::{Timestamp, UserId};

use super::{MemoryStore, Rooms};
use crate::outbox::{DEAD_CODE, GIVE_UP_AT_MOST};
use crate::{MailId, OutboxStore, QueuedMail, Retry, StoreError};

#[derive(Default)]
pub(super) struct Outbox {
    /// Their `username` is not kept but looked up whenever a row is read.
    rows: BTreeMap<MailId, QueuedMail>,
    /// The highest number ever given.
    last_id: i64,
}

impl Outbox {
    pub(super) fn forget_user(&mut self, user: UserId) {
        self.rows.retain(|_, row| row.mail.user != Some(user));
    }

    /// Drops mails that carry one of `codes`.
    pub(super) fn forget_codes(&mut self, codes: &[CodeId]) {
        self.rows.retain(|_, row| {
            row.mail
                .kind
                .code()
                .is_none_or(|(_, code)| !codes.contains(&code))
        });
    }

    /// Those that are due, longest first.
    fn due(&self, now: Timestamp) -> Vec<MailId> {
        let due = self
            .rows
            .values()
            .filter(|row| row.given_up_at.is_none() && row.next_try_at <= now);
        let mut ids: Vec<_> = due.map(|row| (row.next_try_at, row.id)).collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }
}

impl Rooms {
    /// A mail to somebody who is gone goes with them.
    pub(super) fn queue(&mut self, mails: Vec<NewMail>, now: Timestamp) {
        for mail in mails {
            if mail
                .user
                .is_some_and(|user| self.users.find(user).is_none())
            {
                continue;
            }
            self.outbox.last_id += 1;
            let id = MailId(self.outbox.last_id);
            let queued = QueuedMail {
                id,
                mail,
                username: None,
                created_at: now,
                next_try_at: now,
                tries: 0,
                last_error: None,
                given_up_at: None,
            };
            self.outbox.rows.insert(id, queued);
        }
    }

    pub(super) fn mails(&self, wanted: impl Fn(&QueuedMail) -> bool) -> Vec<QueuedMail> {
        let rows = self.outbox.rows.values().filter(|row| wanted(row));
        rows.map(|row| self.with_username(row)).collect()
    }

    fn with_username(&self, row: &QueuedMail) -> QueuedMail {
        let user = row.mail.user.and_then(|user| self.users.find(user));
        QueuedMail {
            username: user.map(|found| found.user.username.as_str().to_owned()),
            ..row.clone()
        }
    }

    fn leads_nowhere(&self, id: MailId, now: Timestamp) -> bool {
        let row = self.outbox.rows.get(&id);
        let code = row.and_then(|row| row.mail.kind.code());
        code.is_some_and(|(_, code)| !self.is_good(code, now))
    }
}

impl OutboxStore for MemoryStore {
    async fn queue_mail(&self, mails: Vec<NewMail>) -> Result<(), StoreError> {
        self.act(|rooms, now| {
            rooms.queue(mails, now);
            Ok(())
        })
    }

    async fn claim_mail(&self, limit: u32, lease: Duration) -> Result<Vec<QueuedMail>, StoreError> {
        self.act(|rooms, now| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let mut claimed = Vec::new();
            let mut given_up = 0;
            for id in rooms.outbox.due(now) {
                if claimed.len() == limit || given_up == GIVE_UP_AT_MOST {
                    break;
                }
                let leads_nowhere = rooms.leads_nowhere(id, now);
                let Some(row) = rooms.outbox.rows.get_mut(&id) else {
                    continue;
                };
                if leads_nowhere {
                    row.given_up_at = Some(now);
                    row.last_error = Some(DEAD_CODE.to_owned());
                    given_up += 1;
                } else {
                    row.tries += 1;
                    row.next_try_at = now + lease;
                    claimed.push(id);
                }
            }
            let rows = claimed.iter().filter_map(|id| rooms.outbox.rows.get(id));
            Ok(rows.map(|row| rooms.with_username(row)).collect())
        })
    }

    async fn mail_sent(&self, id: MailId) -> Result<bool, StoreError> {
        self.act(|rooms, _| Ok(rooms.outbox.rows.remove(&id).is_some()))
    }

    async fn mail_failed(
        &self,
        id: MailId,
        tries: u32,
        error: String,
        retry: Retry,
    ) -> Result<bool, StoreError> {
        self.act(|rooms, now| {
            let row = rooms.outbox.rows.get_mut(&id);
            let claimed = row.filter(|row| row.tries == tries && row.given_up_at.is_none());
            let Some(row) = claimed else {
                return Ok(false);
            };
            row.last_error = Some(error);
            match retry {
                Retry::After(pause) => row.next_try_at = now + pause,
                Retry::GiveUp => row.given_up_at = Some(now),
            }
            Ok(true)
        })
    }

    async fn list_mail(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.act(|rooms, _| {
            let rows = rooms.outbox.rows.range((start, Bound::Unbounded));
            Ok(rows
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .map(|(_, row)| rooms.with_username(row))
                .collect())
        })
    }

    async fn purge_mail(&self, kept_for: Duration) -> Result<u64, StoreError> {
        self.act(|rooms, now| {
            let rows = &mut rooms.outbox.rows;
            let before = rows.len();
            let oldest = now - kept_for;
            rows.retain(|_, row| row.given_up_at.is_none_or(|at| at >= oldest));
            Ok(u64::try_from(before - rows.len()).unwrap_or(u64::MAX))
        })
    }
}
