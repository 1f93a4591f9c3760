//! The words of one generation: a hash set of fingerprints that is read without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// Open addressing with linear probing. Slots only ever go from 0 to a fingerprint, so a reader
/// that runs beside a writer sees the entry or does not, and never half of it.
pub(super) struct Table {
    pub(super) slots: Box<[AtomicU64]>,
    len: AtomicU64,
}

impl Table {
    /// Three fifths are used at most: a search for what is not there then looks at 4 words on
    /// average, mostly within one cache line.
    pub(super) fn with_room_for(entries: usize) -> Self {
        let slots = if entries == 0 {
            0
        } else {
            entries.saturating_mul(5) / 3 + 2
        };
        Self {
            slots: std::iter::repeat_with(|| AtomicU64::new(0))
                .take(slots)
                .collect(),
            len: AtomicU64::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::try_from(self.len.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    fn is_full(&self) -> bool {
        (self.len() + 1).saturating_mul(5) > self.slots.len().saturating_mul(3)
    }

    pub(super) fn contains(&self, fingerprint: u64) -> bool {
        // The common case, and one that needs no walk.
        self.len.load(Ordering::Acquire) > 0
            && self
                .walk(fingerprint)
                .map(|slot| slot.load(Ordering::Acquire))
                .take_while(|word| *word != 0)
                .any(|word| word == fingerprint)
    }

    /// `false` when there is no room: nothing was changed then. Only under the writer's lock.
    pub(super) fn insert(&self, fingerprint: u64) -> bool {
        if self.is_full() {
            return self.contains(fingerprint);
        }
        for slot in self.walk(fingerprint) {
            match slot.load(Ordering::Relaxed) {
                0 => {
                    slot.store(fingerprint, Ordering::Release);
                    self.len.fetch_add(1, Ordering::Release);
                    return true;
                }
                word if word == fingerprint => return true,
                _ => {}
            }
        }
        false
    }

    /// A copy with room for half as many again: at most 20 bytes for each entry, just after.
    pub(super) fn grown(&self) -> Self {
        let grown = Self::with_room_for((self.len() * 3 / 2).max(64));
        for slot in &self.slots {
            match slot.load(Ordering::Relaxed) {
                0 => {}
                fingerprint => drop(grown.insert(fingerprint)),
            }
        }
        grown
    }

    /// The slots in the order of their turn, from the fingerprint's own on and once around.
    fn walk(&self, fingerprint: u64) -> impl Iterator<Item = &AtomicU64> {
        // The upper half of the product is a slot for any number of slots, without a division.
        let product = u128::from(fingerprint) * self.slots.len() as u128;
        let start = usize::try_from(product >> 64).unwrap_or(0);
        let (before, from) = self.slots.split_at_checked(start).unwrap_or_default();
        from.iter().chain(before)
    }
}
