//! Delete one's account: everything about a user goes, and every session ends.

use hardtack_core::event::Event;
use hardtack_core::password::Password;
use hardtack_core::session::RevokeReason;
use hardtack_core::{SessionId, UserId};
use hardtack_store::Store;

use super::proof::ProofError;
use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// Deletes `user`, who proves their password once more, with their codes, mails and devices,
    /// and ends every session in the same act. What the audit trail has stays until it is old: it
    /// knows users by number.
    ///
    /// # Errors
    /// [`ProofError`]; nothing was changed. A wrong password is counted.
    pub async fn delete_account(
        &self,
        user: UserId,
        session: Option<SessionId>,
        password: Password,
        client: &Client,
    ) -> Result<(), ProofError> {
        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let refused = Event::PasswordRefused { user };
        self.prove_password(&place, user, session, password, &refused, client)
            .await?;
        let (hardtack, client) = (self.clone(), client.clone());
        let deleted = see_through(async move {
            let reason = RevokeReason::UserDeleted;
            let revoke = hardtack.revoke(reason);
            let deleted = hardtack.store().delete_user(user, revoke).await?;
            Ok(deleted.map(|ended| {
                hardtack.note_revoked(user, &ended, reason, &client);
                let event = Event::UserDeleted {
                    user,
                    sessions_ended: ended.len(),
                };
                hardtack.report(&event, &client);
            }))
        });
        deleted.await?.ok_or(ProofError::UserGone)
    }
}
