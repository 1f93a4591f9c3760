//! What is asked of a store about the audit trail.

use std::future::Future;
use std::time::Duration;

use hardtack_core::audit::AuditEntry;
use hardtack_core::{Timestamp, UserId};

use crate::StoreError;

/// Which entries of the audit trail are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Only those that concern this user.
    pub user: Option<UserId>,
    /// Only those from then on.
    pub since: Option<Timestamp>,
}

/// Where a page of the audit trail ends, for the next to begin behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// When the last entry happened.
    pub at: Timestamp,
    /// Its number, which tells entries of one moment apart.
    pub number: i64,
}

/// Keeps the audit trail. Entries are added and forgotten, never changed.
pub trait AuditStore: Send + Sync + 'static {
    /// Adds entries, all or none.
    fn insert_audit(
        &self,
        entries: Vec<AuditEntry>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// At most `limit` entries behind `after`, oldest first, each with its place.
    fn list_audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditPlace>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(AuditPlace, AuditEntry)>, StoreError>> + Send;

    /// Deletes entries of what happened more than `kept_for` ago. Returns how many went, at most a
    /// thousand; call again while it returns more than 0.
    fn purge_audit(
        &self,
        kept_for: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
