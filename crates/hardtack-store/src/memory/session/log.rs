//! The log of revocations.

use std::ops::Bound;

use hardtack_core::Timestamp;

use super::Sessions;
use crate::{LogId, LogPosition, RevocationPage};

impl Sessions {
    pub(super) fn page(
        &self,
        log: LogId,
        after: Option<LogPosition>,
        limit: u32,
        now: Timestamp,
    ) -> RevocationPage {
        let newest = self.last_sequence;
        let after = after
            .filter(|after| after.log == log && after.sequence <= newest)
            .map_or(0, |after| after.sequence);
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let revocations: Vec<_> = self
            .revocations
            .range((Bound::Excluded(after), Bound::Unbounded))
            .map(|(_, revocation)| *revocation)
            .filter(|revocation| now < revocation.expires_at)
            .take(limit)
            .collect();
        let is_last = revocations.len() < limit;
        let read_to = revocations.last().map_or(after, |last| last.sequence);
        RevocationPage {
            position: LogPosition {
                log,
                sequence: if is_last { newest } else { read_to },
            },
            revocations,
            is_last,
            now,
        }
    }
}
