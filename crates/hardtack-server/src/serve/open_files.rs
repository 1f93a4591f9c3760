//! Every connection is an open file.

use tracing::{info, warn};

/// For the database, keys, logs, and connections of our own.
const RESERVED: u64 = 64;

/// As many connections as are wanted and the system allows.
///
/// The soft limit of open files is raised to the hard one. It is low (often 1024) for the sake of
/// programs that call `select`, and this is none of them.
pub(super) fn connections(wanted: usize) -> usize {
    let allowed = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(allowed) => allowed,
        Err(error) => {
            warn!(%error, "the limit of open files is unknown");
            return wanted;
        }
    };
    let possible = usize::try_from(allowed.saturating_sub(RESERVED).max(1)).unwrap_or(usize::MAX);
    if possible < wanted {
        info!(
            server.max_connections = wanted,
            possible, "the limit of open files allows fewer connections"
        );
    }
    wanted.min(possible)
}
