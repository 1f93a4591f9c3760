//! The audit trail.

use std::time::Duration;

use hardtack_core::audit::AuditEntry;
use hardtack_core::{SessionId, Timestamp, UserId};

use super::{SECOND, START, World};
use crate::{AuditFilter, Store};

const KEPT: Duration = Duration::from_secs(3 * 86_400);

fn entry(event: &str, user: Option<i64>, at: Timestamp) -> AuditEntry {
    AuditEntry {
        at,
        event: event.to_owned(),
        user: user.map(UserId::new),
        session: None,
        address: None,
        reason: None,
    }
}

impl<S: Store> World<S> {
    async fn audit(&self, filter: AuditFilter) -> Vec<AuditEntry> {
        let rows = self.store.list_audit(filter, None, u32::MAX).await.unwrap();
        rows.into_iter().map(|(_, entry)| entry).collect()
    }

    async fn purge_trail(&self) -> u64 {
        let mut gone = 0;
        loop {
            match self.store.purge_audit(KEPT).await.unwrap() {
                0 => return gone,
                rows => gone += rows,
            }
        }
    }
}

pub async fn entries_are_kept_as_they_are_and_listed_by_time<S: Store>(world: World<S>) {
    let whole = AuditEntry {
        session: Some(SessionId::from_bytes([7; 16])),
        address: Some("192.0.2.1".to_owned()),
        reason: Some("logout".to_owned()),
        ..entry("session_revoked", Some(3), START + SECOND)
    };
    let earlier = entry("csrf_refused", None, START);
    let entries = vec![whole.clone(), earlier.clone()];
    world.store.insert_audit(entries).await.unwrap();
    assert_eq!(world.audit(AuditFilter::default()).await, [earlier, whole]);
}

pub async fn a_filter_takes_one_user_and_what_is_not_too_old<S: Store>(world: World<S>) {
    let entries = [
        entry("a", Some(1), START),
        entry("b", Some(2), START + SECOND),
        entry("c", Some(1), START + 2 * SECOND),
        entry("d", None, START + 3 * SECOND),
    ];
    world.store.insert_audit(entries.to_vec()).await.unwrap();
    let [a, b, c, d] = entries;
    let user = Some(UserId::new(1));
    let since = Some(START + SECOND);
    let filter = AuditFilter { user, since: None };
    assert_eq!(world.audit(filter).await, [a, c.clone()]);
    let filter = AuditFilter { user: None, since };
    assert_eq!(world.audit(filter).await, [b, c.clone(), d]);
    let filter = AuditFilter { user, since };
    assert_eq!(world.audit(filter).await, [c]);
}

/// Many things happen in one moment, and a page may end in the middle of it.
pub async fn pages_neither_repeat_nor_skip<S: Store>(world: World<S>) {
    let names: Vec<String> = (0..7).map(|number| number.to_string()).collect();
    let entries = names.iter().map(|name| entry(name, Some(1), START));
    world.store.insert_audit(entries.collect()).await.unwrap();
    for user in [None, Some(UserId::new(1))] {
        let filter = AuditFilter { user, since: None };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = world.store.list_audit(filter, after, 3).await.unwrap();
            assert!(page.len() <= 3);
            let Some((place, _)) = page.last() else { break };
            after = Some(*place);
            seen.extend(page.into_iter().map(|(_, entry)| entry.event));
        }
        assert_eq!(seen, names);
    }
}

pub async fn an_entry_is_forgotten_after_its_time<S: Store>(world: World<S>) {
    let old = (0..1_100).map(|_| entry("old", None, START));
    world.store.insert_audit(old.collect()).await.unwrap();
    let young = entry("young", None, START + SECOND);
    world.store.insert_audit(vec![young.clone()]).await.unwrap();
    world.clock.set(START + KEPT);
    assert_eq!(world.purge_trail().await, 0);
    world.pass(SECOND);
    assert_eq!(world.purge_trail().await, 1_100);
    assert_eq!(world.audit(AuditFilter::default()).await, [young]);
}
