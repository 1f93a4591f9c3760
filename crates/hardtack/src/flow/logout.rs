//! Log out: the session ends, and its access token with it, at once.

use std::collections::BTreeSet;

use hardtack_core::SessionId;
use hardtack_core::session::RevokeReason;
use hardtack_store::Store;

use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// Ends the sessions that these tokens belong to. What is no token of ours is passed over, and
    /// a session that ended before stays so: logging out twice is logging out.
    ///
    /// When this returns, the end is durable and this process refuses the access token.
    ///
    /// # Errors
    /// [`Unavailable`]; some of the sessions may live on, and trying again is safe.
    pub async fn log_out(
        &self,
        refresh_tokens: impl Iterator<Item = &str> + Send,
        access_session: Option<SessionId>,
        client: &Client,
    ) -> Result<(), Unavailable> {
        let mut sessions: BTreeSet<SessionId> = self
            .recognise(refresh_tokens)
            .into_iter()
            .map(|(session, _)| session)
            .collect();
        sessions.extend(access_session);
        if sessions.is_empty() {
            return Ok(());
        }
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let reason = RevokeReason::Logout;
            for session in sessions {
                let revoke = hardtack.revoke(reason);
                match hardtack.store().revoke_session(session, revoke).await? {
                    Some(user) => hardtack.note_revoked(user, &[session], reason, &client),
                    // Somebody else may have ended it a moment ago, and this process not know yet.
                    None => hardtack.refuse_access_tokens(session),
                }
            }
            Ok(())
        })
        .await
    }
}
