//! Points in time as the wire writes them.

use hardtack_core::Timestamp;

/// ISO 8601 in UTC with six decimals: `2026-11-22T00:48:47.652421Z` (docs/contract.md §3).
pub(crate) fn iso_date(at: Timestamp) -> String {
    at.iso_date().to_string()
}
