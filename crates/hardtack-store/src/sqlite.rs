//! placeholder
pub struct SqliteStore;
