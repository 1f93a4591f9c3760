//! The memory backend keeps the contract.

use std::sync::Arc;

use hardtack_core::SettableClock;
use hardtack_store::MemoryStore;

hardtack_store::conformance!(conformance, |clock: Arc<SettableClock>| async move {
    (MemoryStore::new(clock), ())
});
