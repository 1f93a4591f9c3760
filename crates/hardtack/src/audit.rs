//! What happened, on its way to the store: gathered between two writes, so that nothing that
//! happens waits for its entry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hardtack_core::Timestamp;
use hardtack_core::audit::AuditEntry;
use hardtack_core::event::{Event, Weight};
use hardtack_store::{Store, StoreError};

use crate::hardtack::Hardtack;
use crate::settings::AuditSettings;

/// Entries that wait for the store at most. When it is away for long, the rest is counted.
const CAPACITY: usize = 10_000;

const MINUTE: Duration = Duration::from_secs(60);

/// The event of an entry that stands for others; its reason is how many.
const OMITTED: &str = "events_omitted";

/// Entries not written yet.
#[derive(Debug)]
pub(crate) struct AuditTrail {
    settings: AuditSettings,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    entries: Vec<AuditEntry>,
    /// When the minute began in which `refusals` were kept.
    minute: Option<Timestamp>,
    refusals: u32,
    /// Events that were not kept one by one since the last write.
    omitted: u64,
}

impl AuditTrail {
    pub(crate) fn new(settings: AuditSettings) -> Self {
        Self {
            settings,
            pending: Mutex::default(),
        }
    }

    /// Takes note of `event`. What is routine is not kept: the session's own row tells it.
    pub(crate) fn note(&self, event: &Event, address: Option<&str>, now: Timestamp) {
        let weight = event.weight();
        if weight == Weight::Routine || self.settings.kept_for.is_zero() {
            return;
        }
        let mut pending = self.lock();
        if weight == Weight::Refusal && !pending.has_room_for_a_refusal(self.settings, now)
            || pending.entries.len() >= CAPACITY
        {
            pending.omitted += 1;
            return;
        }
        pending.entries.push(AuditEntry::of(event, address, now));
    }

    /// What was noted since the last call.
    fn take(&self, now: Timestamp) -> Vec<AuditEntry> {
        let mut pending = self.lock();
        let mut entries = std::mem::take(&mut pending.entries);
        let omitted = std::mem::take(&mut pending.omitted);
        if omitted > 0 {
            entries.push(AuditEntry {
                at: now,
                event: OMITTED.to_owned(),
                user: None,
                session: None,
                address: None,
                reason: Some(omitted.to_string()),
            });
        }
        entries
    }

    /// Puts back what the store did not take, before what was noted meanwhile.
    fn put_back(&self, mut entries: Vec<AuditEntry>) {
        let mut pending = self.lock();
        entries.append(&mut pending.entries);
        let too_many = entries.len().saturating_sub(CAPACITY);
        entries.truncate(CAPACITY);
        pending.entries = entries;
        pending.omitted += u64::try_from(too_many).unwrap_or(u64::MAX);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn has_room_for_a_refusal(&mut self, settings: AuditSettings, now: Timestamp) -> bool {
        // A clock that stepped back begins a new minute too, else it would be as long as the step.
        let is_this_minute = self
            .minute
            .is_some_and(|began| began <= now && now.since(began) < MINUTE);
        if !is_this_minute {
            self.minute = Some(now);
            self.refusals = 0;
        }
        self.refusals = self.refusals.saturating_add(1);
        self.refusals <= settings.refusals_per_minute
    }
}

impl<S: Store> Hardtack<S> {
    /// Writes what was noted. What cannot be written waits for the next time.
    pub(crate) async fn flush_audit(&self) -> Result<(), StoreError> {
        let entries = self.audit().take(self.clock().now());
        if entries.is_empty() {
            return Ok(());
        }
        let written = self.store().insert_audit(entries.clone()).await;
        if written.is_err() {
            self.audit().put_back(entries);
        }
        written
    }

    pub(crate) async fn purge_audit(&self) -> Result<(), StoreError> {
        let kept_for = self.settings().audit.kept_for;
        while self.store().purge_audit(kept_for).await? > 0 {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hardtack_core::UserId;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const REFUSAL: Event = Event::CsrfRefused { reason: "origin" };

    fn trail(refusals_per_minute: u32) -> AuditTrail {
        AuditTrail::new(AuditSettings {
            refusals_per_minute,
            ..AuditSettings::default()
        })
    }

    fn taken(trail: &AuditTrail) -> Vec<(String, Option<String>)> {
        let entries = trail.take(NOW).into_iter();
        entries.map(|entry| (entry.event, entry.reason)).collect()
    }

    fn omitted(count: u32) -> (String, Option<String>) {
        (OMITTED.to_owned(), Some(count.to_string()))
    }

    /// A stranger sends what is refused, as fast as they can, to fill the disk.
    #[test]
    fn a_flood_of_refusals_is_counted_and_hides_nothing_else() {
        let trail = trail(2);
        let added = Event::UserAdded {
            user: UserId::new(1),
        };
        for _ in 0..5 {
            trail.note(&REFUSAL, None, NOW);
            trail.note(&added, None, NOW);
        }
        let taken_now = taken(&trail);
        let count = |code| taken_now.iter().filter(|(event, _)| event == code).count();
        assert_eq!((count("csrf_refused"), count("user_added")), (2, 5));
        assert_eq!(taken_now.last(), Some(&omitted(3)));
        trail.note(&REFUSAL, None, NOW + MINUTE);
        assert_eq!(taken(&trail).len(), 1);
        // The clock steps back by an hour.
        trail.note(&REFUSAL, None, NOW - 60 * MINUTE);
        assert_eq!(taken(&trail).len(), 1);
    }

    #[test]
    fn what_the_store_did_not_take_comes_again_and_is_bounded() {
        let trail = trail(u32::MAX);
        for _ in 0..CAPACITY {
            trail.note(&REFUSAL, None, NOW);
        }
        let first = trail.take(NOW);
        trail.note(
            &Event::UserAdded {
                user: UserId::new(1),
            },
            None,
            NOW,
        );
        trail.put_back(first);
        let again = taken(&trail);
        assert_eq!(again.len(), CAPACITY + 1);
        assert_eq!(again.last(), Some(&omitted(1)));
        assert_eq!(taken(&trail), []);
    }

    #[test]
    fn routine_is_not_kept_and_nothing_is_where_nothing_shall_be() {
        let routine = Event::SessionRotated {
            user: UserId::new(1),
            session: hardtack_core::SessionId::from_bytes([1; 16]),
            generation: 1,
        };
        let trail = trail(10);
        trail.note(&routine, None, NOW);
        assert_eq!(taken(&trail), []);
        let off = AuditTrail::new(AuditSettings {
            kept_for: Duration::ZERO,
            ..AuditSettings::default()
        });
        off.note(&REFUSAL, None, NOW);
        assert_eq!(taken(&off), []);
    }
}
