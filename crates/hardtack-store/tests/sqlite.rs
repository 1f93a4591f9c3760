//! The SQLite backend keeps the contract, and its file survives what may befall it.

use std::sync::Arc;

use hardtack_core::SettableClock;
use hardtack_store::SqliteStore;

hardtack_store::conformance!(conformance, |clock: Arc<SettableClock>| async move {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("hardtack.db"), clock).unwrap();
    (store, directory)
});
