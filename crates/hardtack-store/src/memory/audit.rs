//! The audit trail in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use hardtack_core::audit::AuditEntry;

use super::MemoryStore;
use crate::{AuditFilter, AuditPlace, AuditStore, StoreError};

#[derive(Default)]
pub(super) struct Trail {
    last_number: i64,
    entries: BTreeMap<AuditPlace, AuditEntry>,
}

impl Trail {
    fn add(&mut self, entry: AuditEntry) {
        self.last_number += 1;
        let place = AuditPlace {
            at: entry.at,
            number: self.last_number,
        };
        self.entries.insert(place, entry);
    }
}

impl AuditStore for MemoryStore {
    async fn insert_audit(&self, entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        self.act(|rooms, _| {
            for entry in entries {
                rooms.audit.add(entry);
            }
            Ok(())
        })
    }

    async fn list_audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditPlace>,
        limit: u32,
    ) -> Result<Vec<(AuditPlace, AuditEntry)>, StoreError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let is_wanted = |entry: &AuditEntry| {
            filter.user.is_none_or(|user| entry.user == Some(user))
                && filter.since.is_none_or(|since| entry.at >= since)
        };
        self.act(|rooms, _| {
            let entries = rooms.audit.entries.range((start, Bound::Unbounded));
            Ok(entries
                .filter(|(_, entry)| is_wanted(entry))
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .map(|(place, entry)| (*place, entry.clone()))
                .collect())
        })
    }

    async fn purge_audit(&self, kept_for: Duration) -> Result<u64, StoreError> {
        self.act(|rooms, now| {
            let entries = &mut rooms.audit.entries;
            let before = entries.len();
            entries.retain(|place, _| place.at >= now - kept_for);
            Ok(u64::try_from(before - entries.len()).unwrap_or(u64::MAX))
        })
    }
}
