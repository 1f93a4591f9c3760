//! Everything that is held about a user, for that user (GDPR Art. 15 and 20).

use hardtack_core::UserId;
use hardtack_core::audit::AuditEntry;
use hardtack_core::event::Event;
use hardtack_store::{AuditFilter, Holdings, Store};

use super::Unavailable;
use crate::client::Client;
use crate::hardtack::Hardtack;

/// Entries of the audit trail read at once.
const PAGE: u32 = 500;

/// Pages of the audit trail that one export reads at most: a trail without end must not be an
/// answer without end.
const MOST_PAGES: usize = 20;

/// All that is held about one user. No password hash is in it, no token and no code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Export {
    /// The user, their sessions, devices, codes and mails.
    pub holdings: Holdings,
    /// What happened to them, oldest first, for as long as it is kept (`audit.kept_for`).
    pub events: Vec<AuditEntry>,
    /// Whether there was more of the latter than an export has.
    pub events_cut: bool,
}

impl<S: Store> Hardtack<S> {
    /// All that is held about `user`; `None` when there is no such user any more.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn export(
        &self,
        user: UserId,
        client: &Client,
    ) -> Result<Option<Export>, Unavailable> {
        let Some(holdings) = self.store().find_holdings(user).await? else {
            return Ok(None);
        };
        let filter = AuditFilter {
            user: Some(user),
            since: None,
        };
        let (mut events, mut after, mut events_cut) = (Vec::new(), None, true);
        for _ in 0..MOST_PAGES {
            let page = self.store().list_audit(filter, after, PAGE).await?;
            let Some((place, _)) = page.last() else {
                events_cut = false;
                break;
            };
            after = Some(*place);
            events.extend(page.into_iter().map(|(_, entry)| entry));
        }
        self.report(&Event::UserExported { user }, client);
        Ok(Some(Export {
            holdings,
            events,
            events_cut,
        }))
    }
}
