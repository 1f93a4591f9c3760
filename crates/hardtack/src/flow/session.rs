//! A user's sessions: seen and ended by their owner (ASVS 5.0 §7.5.2).

use hardtack_core::session::{RevokeReason, Session};
use hardtack_core::{SessionId, UserId};
use hardtack_store::Store;

use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// What became of a session that its owner wanted ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Ending {
    /// It has ended, durably, and this process refuses its access token.
    Ended,
    /// The user has no live session of that name. Whether somebody else has is not told.
    NotFound,
}

impl<S: Store> Hardtack<S> {
    /// The live sessions of `user`, newest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, Unavailable> {
        Ok(self.store().list_sessions(user).await?)
    }

    /// Ends one session of `user`, asked for from another one.
    ///
    /// # Errors
    /// [`Unavailable`]; trying again is safe.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        client: &Client,
    ) -> Result<Ending, Unavailable> {
        // A session never changes hands, so what is read here still holds when it is ended.
        let found = self.store().find_family(session).await?;
        if found.is_none_or(|found| found.family.user != user) {
            return Ok(Ending::NotFound);
        }
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let reason = RevokeReason::LogoutDevice;
            let revoke = hardtack.revoke(reason);
            let ended = hardtack.store().revoke_session(session, revoke).await?;
            if ended.is_none() {
                hardtack.refuse_access_tokens(session);
                return Ok(Ending::NotFound);
            }
            hardtack.note_revoked(user, &[session], reason, &client);
            Ok(Ending::Ended)
        })
        .await
    }

    /// Ends every session of `user` but `except`, in one act, and tells how many.
    ///
    /// When this returns, the ends are durable and this process refuses every one of their access
    /// tokens. A login that commits afterwards is a new one and stays.
    ///
    /// # Errors
    /// [`Unavailable`]; nothing was changed.
    pub async fn log_out_everywhere(
        &self,
        user: UserId,
        except: Option<SessionId>,
        client: &Client,
    ) -> Result<usize, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let reason = RevokeReason::LogoutAll;
            let revoke = hardtack.revoke(reason);
            let ended = hardtack
                .store()
                .revoke_user_sessions(user, except, revoke)
                .await?;
            hardtack.note_revoked(user, &ended, reason, &client);
            Ok(ended.len())
        })
        .await
    }
}
